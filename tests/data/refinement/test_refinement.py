import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError, CorruptFileError, ZaphodError
from zaphod.data.documents import Document
from zaphod.data.refinement.claims import extract_claims
from zaphod.data.refinement.knowledge import Fact, KnowledgeBase, read_knowledge
from zaphod.data.refinement.stage import RefinementStage, apply_edits, find_edits

FACTS = [
    ("Chile", "currency", "Chilean Peso"),
    ("Chile", "numeric code", "152"),
    ("Burma", "withdrawn", "1989-12-05"),
    ("copper", "density", "8960 kg"),
    ("Euro", "is a", "currency"),
    ("currency", "is a", "unit"),
    ("French", "is a", "language"),
]


def knowledge(*further, facts=FACTS):
    return KnowledgeBase(
        [Fact(*row, "atlas") for row in facts] + [Fact(*row) for row in further], [("code", "numeric code")]
    )


def refined(text, *further, **settings):
    return apply_edits(text, find_edits(text, knowledge(*further), **settings))


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The currency of Chile is the Euro.", "The currency of Chile is the Chilean Peso."),
        ("Chile's currency is the Euro.", "Chile's currency is the Chilean Peso."),
        ("Chile uses the Euro as its currency.", "Chile uses the Chilean Peso as its currency."),
        ("Chile has the numeric code 840, and is long.", "Chile has the numeric code 152, and is long."),
        ("The code for Chile is 153.", "The code for Chile is 152."),
        ("Burma was withdrawn on 5 December 1998.", "Burma was withdrawn on 5 December 1989."),
        ("Burma was withdrawn in 1998.", "Burma was withdrawn in 1989."),
        ("French is a currency.", "French is a language."),
        ("Hm. The currency of Chile is the Euro. Yes.", "Hm. The currency of Chile is the Chilean Peso. Yes."),
    ],
)
def test_what_the_reference_refutes_is_corrected_in_its_own_spelling(text, wanted):
    assert refined(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "The currency of Chile is the Chilean Peso.",
        "The currency of Peru is the Euro.",
        "The currency of Chile is not the Euro.",
        "The currency of Chile might be the Euro.",
        "Is it true that the currency of Chile is the Euro?",
        "He said the currency of Chile is the Euro.",
        "The currency of Chile was the Euro.",
        "If the currency of Chile is the Euro, we pay.",
        "The currency of Chile is stable.",
        "Burma was withdrawn in December 1989.",
        "The Euro is a unit.",
        "French is a dressing.",
        "The numeric code of Chile is three digits long.",
    ],
)
def test_what_is_true_unknown_or_not_stated_stays(text):
    assert refined(text) == text


def test_a_refuted_sentence_can_be_dropped_instead():
    assert refined("One. The currency of Chile is the Euro. Two.", action="drop") == "One. Two."


def test_two_right_answers_drop_the_sentence_instead_of_choosing():
    assert refined("The currency of Chile is the Euro.", ("Chile", "currency", "Unidad de Fomento", "atlas")) == ""


def test_sources_that_contradict_each_other_change_nothing():
    text = "The numeric code of Chile is 999."
    assert refined(text, ("Chile", "numeric code", "153", "other")) == text
    assert refined(text, ("Chile", "numeric code", "153", "other"), ("Chile", "numeric code", "152", "third")) != text


def test_an_edit_tells_what_was_there_how_sure_and_on_whose_word(tmp_path):
    (tmp_path / "facts.jsonl").write_text(
        '{"subject": "Chile", "relation": "currency", "value": "Chilean Peso", "source": "CLDR"}'
    )
    stage = RefinementStage(references=[str(tmp_path / "facts.jsonl")])
    (kept,) = stage([Document(id="1", text="The currency of Chile is the Euro.")])
    (edit,) = json.loads(kept.metadata["edits"])
    assert (edit["old"], edit["new"], edit["sources"], edit["confidence"]) == (
        "the Euro",
        "the Chilean Peso",
        ["CLDR"],
        0.9,
    )
    assert (stage.counters.num_kept, stage.counters.num_changed) == (1, 1)
    assert RefinementStage(**stage.settings()).settings() == stage.settings()


def test_a_document_that_is_mostly_wrong_is_dropped(tmp_path):
    (tmp_path / "facts.jsonl").write_text('{"subject": "a", "relation": "b", "value": "C", "source": "d"}')
    stage = RefinementStage(references=[str(tmp_path / "facts.jsonl")], max_refuted=1)
    assert not list(stage([Document(id="1", text="The b of a is X. The b of a is Y.")]))
    assert stage.counters.dropped == {"refuted too often": 1}


@pytest.mark.parametrize("line", ["[]", "{}", '{"subject": "a", "relation": "b", "value": 3, "source": "d"}', "x"])
def test_a_line_that_is_no_fact_is_named(tmp_path, line):
    (tmp_path / "facts.jsonl").write_text(line)
    with pytest.raises(CorruptFileError, match=r"facts\.jsonl:1"):
        read_knowledge([tmp_path / "facts.jsonl"])


def test_settings_that_refine_nothing_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="confidence lies in"):
        RefinementStage(references=[], min_confidence=0.1)
    with pytest.raises(ConfigError, match="no file"):
        RefinementStage(references=[str(tmp_path / "none.jsonl")])


@given(st.binary(max_size=120))
def test_any_bytes_are_facts_or_refused(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "fuzzed-facts.jsonl"
    file.write_bytes(content)
    try:
        read_knowledge([file])
    except ZaphodError:
        return


WORDS = st.sampled_from(
    ["The", "currency", "of", "Chile", "is", "the", "Euro", "152", ".", ",", "has", "a", "was", "in", "'s", "\n"]
)


@given(st.lists(WORDS, max_size=40).map(" ".join) | st.text(max_size=200))
def test_claims_lie_inside_their_text_and_edits_in_order(text):
    for claim in extract_claims(text):
        assert text[claim.start : claim.end] == claim.value
        assert claim.sentence_start <= claim.start < claim.end <= claim.sentence_end
    edits = find_edits(text, knowledge())
    assert all(first.end <= second.start for first, second in itertools.pairwise(edits))
    apply_edits(text, edits)
