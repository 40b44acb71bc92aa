import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.compute.quant import BFLOAT16, FLOAT16, FLOAT32, GGML_FORMATS, Int4, Int8, format_named
from zaphod.core.errors import ConfigError

NAMED = [FLOAT32, FLOAT16, BFLOAT16, Int4(), Int8(32), Int8(None, "float32"), *GGML_FORMATS.values()]
any_int8 = st.builds(
    Int8,
    st.none() | st.integers(1, 1 << 20),
    st.sampled_from(["float32", "float16", "bfloat16"]),
    st.sampled_from([-1, -2]),
)


@pytest.mark.parametrize("number_format", NAMED, ids=str)
def test_a_name_leads_back_to_its_format(number_format):
    found = format_named(number_format.name)
    assert (found.name, type(found)) == (number_format.name, type(number_format))


@given(number_format=any_int8)
def test_every_form_of_int8_is_found_by_its_name(number_format):
    found = format_named(number_format.name)
    assert vars(found) == vars(number_format)


def test_short_names_stand_for_the_common_forms_of_int8():
    assert vars(format_named("int8")) == vars(Int8(32, "float16", -1))
    assert vars(format_named("int8-channel")) == vars(Int8(None, "float32", -1))


@pytest.mark.parametrize(("written", "meant"), [("Q4_K", "q4_k"), ("flaot16", "float16"), ("bf16", "bfloat16")])
def test_an_unknown_name_is_answered_with_the_nearest(written, meant):
    with pytest.raises(ConfigError, match=rf"{written}(.|\n)*Did you mean .*{meant}"):
        format_named(written)


def test_a_name_like_no_other_is_answered_with_all():
    with pytest.raises(ConfigError, match=r"float32.*q6_k.*int8-channel"):
        format_named("zzz")


@pytest.mark.parametrize(
    "name",
    [
        "int8x",
        "int8:block=32",
        "int8:block=many,scales=float16,axis=-1",
        "int8:block=32,scales=float64,axis=-1",
        "int8:block=32,scales=float16,axis=0",
        "int8:block=0,scales=float16,axis=-1",
    ],
)
def test_a_misspelt_form_of_int8_is_refused(name):
    with pytest.raises(ConfigError):
        format_named(name)
