import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError
from zaphod.data.documents import Document
from zaphod.data.licences import LicenceKind, LicencePolicy, LicenceStage, licence_kind


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("MIT", "permissive"),
        ("PSF-2.0", "permissive"),
        ("CC-BY-4.0", "permissive"),
        ("GPL-3.0-or-later", "copyleft"),
        ("lgpl-2.1-only", "copyleft"),
        ("GFDL-1.3-or-later", "copyleft"),
        ("CC-BY-SA-4.0", "copyleft"),
        ("CC-BY-NC-4.0", "restricted"),
        ("CC-BY-ND-4.0", "restricted"),
        ("MIT OR GPL-2.0-only", "permissive"),
        ("MIT AND GPL-2.0-only", "copyleft"),
        ("(MIT OR GPL-2.0-only) AND Apache-2.0", "permissive"),
        ("GPL-2.0-or-later WITH Classpath-exception-2.0", "copyleft"),
        ("MIT AND Whatever-1.0", "unknown"),
        ("MIT OR", "unknown"),
        ("(MIT", "unknown"),
        ("MIT)", "unknown"),
        ("MIT GPL", "unknown"),
        ("MITx", "unknown"),
        ("", "unknown"),
        ("(" * 1000, "unknown"),
    ],
)
def test_an_expression_is_as_strict_as_what_must_be_kept(expression, kind):
    assert licence_kind(expression) == kind


@given(st.text() | st.lists(st.sampled_from(["MIT", "AND", "OR", "WITH", "(", ")", "GPL-2.0-only"])).map(" ".join))
def test_any_text_has_a_kind(expression):
    assert licence_kind(expression) in LicenceKind


def test_a_copyleft_source_is_refused_by_licence_and_switch():
    with pytest.raises(ConfigError) as refusal:
        LicencePolicy().require("gcide", "GPL-3.0-or-later")
    assert "GPL-3.0-or-later" in str(refusal.value)
    assert "allow_copyleft = true" in str(refusal.value)
    assert "--allow-copyleft" in str(refusal.value)


def test_a_source_without_licence_is_refused_by_its_own_switch():
    with pytest.raises(ConfigError, match="allow_unknown_licences"):
        LicencePolicy(allow_copyleft=True).require("web", "")


def test_a_switch_lets_its_own_kind_in_and_no_other():
    policy = LicencePolicy(allow_copyleft=True)
    policy.require("gcide", "GPL-3.0-or-later")
    assert [policy.allows(licence) for licence in ("MIT", "CC-BY-NC-4.0", "")] == [True, False, False]


def test_a_document_of_another_licence_than_its_source_is_dropped():
    stage = LicenceStage()
    documents = [Document(id=name, text="", licence=name) for name in ("MIT", "GPL-2.0-only", "")]
    assert [document.id for document in stage(documents)] == ["MIT"]
    assert stage.counters.dropped == {"copyleft licence": 1, "unknown licence": 1}
