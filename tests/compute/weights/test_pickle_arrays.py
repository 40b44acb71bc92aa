import builtins
import copyreg
import datetime
import os
import pickle
import struct

import ml_dtypes
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import official_grok1

from zaphod.compute.weights.mapped import map_array
from zaphod.compute.weights.pickle_arrays import locate_arrays
from zaphod.core.errors import CorruptFileError, UnsafeFileError, WeightsError

HEAD = b"\x80\x04"


def text(value: str) -> bytes:
    return b"\x8c" + bytes([len(value)]) + value.encode()


def name_global(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


FRESH_ARRAY = name_global("numpy._core.multiarray", "_reconstruct") + name_global("numpy", "ndarray") + b")C\x00\x87R"


def locate(tmp_path, content: bytes):
    path = tmp_path / "tensor00000_000"
    path.write_bytes(content)
    return locate_arrays(path)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8, ml_dtypes.bfloat16])
@pytest.mark.parametrize("shape", [(), (3,), (2, 300), (4, 100, 200), (0, 4)])
def test_an_array_that_pickle_wrote_is_found_with_its_values(tmp_path, dtype, shape):
    path = tmp_path / "array"
    values = (np.arange(np.prod(shape, dtype=int)) % 100).reshape(shape).astype(dtype)
    official_grok1.dump(path, values)
    stored = locate_arrays(path)["values"]
    np.testing.assert_array_equal(map_array(path, stored.offset, stored.spec), values)


def test_an_array_in_column_order_keeps_its_values(tmp_path):
    path = tmp_path / "array"
    values = np.asfortranarray(np.arange(12, dtype=np.float32).reshape(3, 4))
    official_grok1.dump(path, values)
    stored = locate_arrays(path)["values"]
    assert stored.fortran_order
    np.testing.assert_array_equal(map_array(path, stored.offset, stored.spec, order="F"), values)


@pytest.mark.parametrize("columns", [4, 70_000])
def test_a_quantised_weight_that_pickle_wrote_is_found_with_both_arrays(tmp_path, columns):
    path = tmp_path / "weight"
    weight = np.full((3, columns), 7, np.int8)
    scales = np.full((1, columns), 0.5, ml_dtypes.bfloat16)
    official_grok1.dump(path, official_grok1.QuantizedWeight8bit(weight, scales))
    stored = locate_arrays(path)
    assert list(stored) == ["weight", "scales"]
    np.testing.assert_array_equal(map_array(path, stored["weight"].offset, stored["weight"].spec), weight)
    np.testing.assert_array_equal(map_array(path, stored["scales"].offset, stored["scales"].spec), scales)


class Runs:
    """Would leave a mark if unpickling it ran anything."""

    def __init__(self, callee, *arguments):
        self.reduced = (callee, arguments)

    def __reduce__(self):
        return self.reduced


@pytest.fixture
def mark(tmp_path):
    path = tmp_path / "executed"
    yield path
    assert not path.exists()


@pytest.mark.parametrize(
    ("callee", "wanted"),
    [(os.system, "'posix'.'system'"), (builtins.eval, "'builtins'.'eval'"), (builtins.getattr, "'getattr'")],
)
def test_a_pickle_that_calls_a_function_is_refused_by_its_name(tmp_path, mark, callee, wanted):
    with pytest.raises(UnsafeFileError, match=wanted):
        locate(tmp_path, pickle.dumps(Runs(callee, f"touch {mark}"), protocol=4))


def test_a_call_hidden_in_the_scales_is_refused(tmp_path, mark):
    hidden = official_grok1.QuantizedWeight8bit(np.zeros((2, 2), np.int8), Runs(os.system, f"touch {mark}"))
    path = tmp_path / "weight"
    official_grok1.dump(path, hidden)
    with pytest.raises(UnsafeFileError, match="system"):
        locate_arrays(path)


def test_an_object_with_a_state_is_refused(tmp_path):
    with pytest.raises(UnsafeFileError, match="datetime"):
        locate(tmp_path, pickle.dumps(datetime.timedelta(1), protocol=4))


def test_setting_the_state_of_a_named_class_is_refused(tmp_path):
    program = name_global("__main__", "QuantizedWeight8bit") + b"}" + b"b."
    with pytest.raises(UnsafeFileError, match="sets the state"):
        locate(tmp_path, HEAD + program)


def test_a_second_state_for_the_same_array_is_refused(tmp_path):
    whole = pickle.dumps(np.zeros(2, np.float32), protocol=4)
    with pytest.raises(UnsafeFileError, match="sets the state"):
        locate(tmp_path, whole[:-1] + b"}b.")


def test_calling_an_allowed_class_with_arguments_of_its_own_is_refused(tmp_path):
    program = name_global("numpy", "ndarray") + b"K\x02\x85R."
    with pytest.raises(UnsafeFileError, match="calls something else"):
        locate(tmp_path, HEAD + program)


def test_making_an_array_without_its_constructor_is_refused(tmp_path):
    with pytest.raises(UnsafeFileError, match="makes an object"):
        locate(tmp_path, HEAD + name_global("numpy", "ndarray") + b")\x81.")


def test_an_array_of_python_objects_is_refused(tmp_path):
    with pytest.raises(UnsafeFileError, match="O8"):
        locate(tmp_path, pickle.dumps(np.array([print], dtype=object), protocol=4))


def test_the_extension_registry_is_refused(tmp_path):
    copyreg.add_extension("posix", "system", 0x7F)
    try:
        with pytest.raises(UnsafeFileError, match="EXT1"):
            locate(tmp_path, HEAD + b"\x82\x7f)R.")
    finally:
        copyreg.remove_extension("posix", "system", 0x7F)


@pytest.mark.parametrize(
    ("program", "opcode"),
    [
        (b"cposix\nsystem\n.", "GLOBAL"),
        (b"(iposix\nsystem\n.", "INST"),
        (b"Pname\n.", "PERSID"),
        (b")Q.", "BINPERSID"),
        (b"(o.", "OBJ"),
        (b"\x97.", "NEXT_BUFFER"),
        (b"]\x8f.", "EMPTY_LIST"),
        (b"\x8f.", "EMPTY_SET"),
        (b"I1\n.", "INT"),
        (b"\x8b\xff\xff\xff\x7f.", "LONG4"),
    ],
)
def test_an_opcode_outside_the_allow_list_is_refused_by_name(tmp_path, program, opcode):
    with pytest.raises(UnsafeFileError, match=rf"\b{opcode}\b"):
        locate(tmp_path, HEAD + program)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 5])
def test_another_pickle_protocol_is_refused(tmp_path, protocol):
    with pytest.raises(WeightsError):
        locate(tmp_path, pickle.dumps(np.zeros(3, np.float32), protocol=protocol))


def test_a_tuple_that_doubles_at_every_step_costs_nothing(tmp_path):
    doubling = b")\x94" + b"".join(b"h" + bytes([i]) + b"\x86\x94" for i in range(200))
    with pytest.raises(CorruptFileError, match="holds neither"):
        locate(tmp_path, HEAD + doubling + b".")


def test_deep_nesting_ends_at_the_limit_of_opcodes(tmp_path):
    with pytest.raises(CorruptFileError, match="1000 opcodes"):
        locate(tmp_path, HEAD + b")" + b"\x85" * 1_000_000 + b".")


@pytest.mark.parametrize("program", [b"B\xff\xff\xff\xff", b"\x8e" + b"\xff" * 8, b"\x95" + b"\xff" * 8, b"C\xff"])
def test_a_declared_size_beyond_the_file_is_refused(tmp_path, program):
    with pytest.raises(CorruptFileError, match="cut off"):
        locate(tmp_path, HEAD + program + b"abc")


@pytest.mark.parametrize(
    "program", [b"h\x00.", b"j\xff\xff\xff\xff.", b"0.", b"R.", b"t.", b"\x87.", b"(\x94.", b"u.", b"b.", b"."]
)
def test_a_program_that_makes_no_sense_is_refused(tmp_path, program):
    with pytest.raises(WeightsError):
        locate(tmp_path, HEAD + program)


@pytest.mark.parametrize(
    ("program", "complaint"),
    [
        (b")).", "leaves values"),
        (b"\x8c\x01\xff.", "not UTF-8"),
        (b"))\x93.", "by something else than text"),
        (b")(u.", "fills a dictionary"),
        (b"}(NNu.", "fills a dictionary"),
        (name_global("__main__", "QuantizedWeight8bit") + b")\x81}b.", "'weight' and 'scales'"),
        (
            name_global("numpy._core.multiarray", "_reconstruct") + name_global("numpy", "ndarray") + b")C\x00\x87R)b.",
            "wrongly",
        ),
        (b"\xff.", "no pickle opcode"),
    ],
)
def test_a_refusal_says_what_is_wrong(tmp_path, program, complaint):
    with pytest.raises(CorruptFileError, match=complaint):
        locate(tmp_path, HEAD + program)


def test_a_file_of_zeros_is_refused(tmp_path):
    with pytest.raises(CorruptFileError, match="00 00"):
        locate(tmp_path, bytes(5000))


def test_a_truncated_file_is_refused_by_name(tmp_path):
    whole = pickle.dumps(np.zeros(1000, np.float32), protocol=4)
    for length in (0, 1, 2, 50, 200, len(whole) // 2, len(whole) - 1):
        with pytest.raises(CorruptFileError, match="tensor00000_000"):
            locate(tmp_path, whole[:length])


def test_bytes_after_the_pickle_are_refused(tmp_path):
    with pytest.raises(CorruptFileError, match="after the end"):
        locate(tmp_path, pickle.dumps(np.zeros(2, np.float32), protocol=4) + b"x")


def test_a_shape_that_does_not_fit_the_payload_is_refused(tmp_path):
    whole = pickle.dumps(np.zeros((7, 9), np.float32), protocol=4)
    assert whole.count(b"K\x07K\x09") == 1
    with pytest.raises(CorruptFileError, match="252 bytes"):
        locate(tmp_path, whole.replace(b"K\x07K\x09", b"K\x07K\x0a"))


def test_a_negative_shape_is_refused(tmp_path):
    whole = pickle.dumps(np.zeros(70_000, np.int8), protocol=4)
    old, new = (b"J" + struct.pack("<i", size) for size in (70_000, -70_000))
    with pytest.raises(CorruptFileError, match="negative"):
        locate(tmp_path, whole.replace(old, new))


def test_a_big_endian_array_is_refused(tmp_path):
    with pytest.raises(CorruptFileError, match="big-endian"):
        locate(tmp_path, pickle.dumps(np.zeros(2, ">f4"), protocol=4))


ALLOWED = b"\x94h\x8cCKMJN\x88\x89()\x85\x86\x87t}u\x93R\x81b.\x00\x01\x02"
VALID = pickle.dumps(np.arange(6, dtype=np.float32).reshape(2, 3), protocol=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400, deadline=None)
@given(st.integers(0, len(VALID) - 1), st.integers(0, 255), st.integers(0, 40))
def test_a_changed_byte_gives_arrays_inside_the_file_or_a_weights_error(tmp_path, position, byte, cut):
    content = VALID[:position] + bytes([byte]) + VALID[position + 1 : len(VALID) - cut]
    try:
        stored = locate(tmp_path, content)["values"]
    except WeightsError:
        return
    assert stored.offset + stored.spec.num_bytes <= len(content)
    map_array(tmp_path / "tensor00000_000", stored.offset, stored.spec)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400, deadline=None)
@given(
    st.lists(
        st.sampled_from(b"\x94h\x8cCKMJN\x88\x89()\x85\x86\x87t}u\x93R\x81b.\x00\x01\x02").map(lambda c: bytes([c]))
    )
)
def test_random_programs_of_allowed_opcodes_end_in_a_weights_error(tmp_path, program):
    with pytest.raises(WeightsError):
        locate(tmp_path, HEAD + b"".join(program))
