"""Documents that were there already, and those that were not."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zaphod.core.errors import ConfigError, IntegrityError
from zaphod.data.dedup.minhash import MinHasher, MinHashOptions
from zaphod.data.dedup.passages import RepeatedPassages
from zaphod.data.dedup.stages import ExactDuplicates, NearDuplicates
from zaphod.data.documents import Document, RememberingStage

_STAGES = (ExactDuplicates, NearDuplicates, RepeatedPassages)


def named(number: int) -> str:
    """A word for a number; figures would all be one to the shingles."""
    return "w" + "".join(chr(97 + int(digit)) for digit in str(number))


def prose(seed: int, num_words: int = 300) -> str:
    rng = random.Random(seed)
    return " ".join(named(rng.randrange(2000)) for _ in range(num_words))


def kept(stage, *texts: str, **fields) -> list[str]:
    documents = [Document(id=str(i), text=text, **fields) for i, text in enumerate(texts)]
    return [document.id for document in stage(documents)]


def edited(text: str, every: int) -> str:
    """The text with one word in so many replaced."""
    return " ".join(f"new{named(i)}" if i % every == every - 1 else word for i, word in enumerate(text.split()))


@pytest.mark.parametrize("stage", _STAGES)
def test_an_equal_text_is_dropped_and_counted(stage):
    made = stage()
    assert kept(made, prose(1), prose(2), prose(1)) == ["0", "1"]
    assert (made.counters.num_seen, made.counters.num_kept, made.counters.dropped.total()) == (3, 2, 1)


def test_case_and_white_space_make_no_other_text():
    assert kept(ExactDuplicates(), "One  text\n", "one text", "one texts") == ["0", "2"]


def test_a_similar_text_is_dropped_and_a_different_one_is_not():
    text = prose(1)
    assert kept(NearDuplicates(), text, edited(text, 100), edited(text, 4), prose(2)) == ["0", "2", "3"]


def test_texts_without_words_are_not_alike():
    assert kept(NearDuplicates(), "", "...", "!!!") == ["0", "1", "2"]


def test_short_texts_are_compared_whole():
    assert kept(NearDuplicates(), "two words", "Two words!", "other words") == ["0", "2"]


@pytest.mark.parametrize("stage", [ExactDuplicates, NearDuplicates])
def test_a_scope_parts_what_is_compared(stage):
    documents = [
        Document(id=str(i), text=prose(1), source=source, metadata={"dump": dump})
        for i, (source, dump) in enumerate([("a", "x"), ("a", "y"), ("b", "x")])
    ]
    assert [d.id for d in stage(scope="dump")(documents)] == ["0", "1"]
    assert [d.id for d in stage(scope="source")(documents)] == ["0", "2"]


@pytest.mark.parametrize("stage", _STAGES)
def test_a_new_day_is_compared_with_the_days_before(stage):
    first, second = stage(), stage()
    kept(first, prose(1), prose(2))
    memory = first.take_memory()
    assert first.take_memory() == b"", "only what is new is handed over"
    second.recall(memory)
    assert [d.id for d in second([Document(id="9", text=prose(2)), Document(id="8", text=prose(3))])] == ["8"]


@pytest.mark.parametrize("stage", _STAGES)
def test_a_changed_text_is_no_duplicate_of_its_own_past(stage):
    past, today = stage(), stage()
    kept(past, prose(1))
    today.recall(past.take_memory())
    changed = Document(id="0", text=prose(1) + " one more line.")
    assert [d.text for d in today([changed])] == [changed.text]


@pytest.mark.parametrize("stage", _STAGES)
def test_memory_that_was_cut_is_refused(stage):
    made = stage()
    kept(made, prose(1))
    with pytest.raises(IntegrityError):
        stage().recall(made.take_memory()[:-3])


@pytest.mark.parametrize("stage", _STAGES)
def test_what_is_in_files_is_found_like_what_is_in_memory(stage):
    texts = [prose(seed, 60) for seed in range(40)] * 2
    assert kept(stage(max_pending=16), *texts) == [str(i) for i in range(40)]


@pytest.mark.parametrize("stage", _STAGES)
def test_settings_build_an_equal_stage(stage):
    made = stage()
    assert isinstance(made, RememberingStage)
    assert stage(**made.settings()).settings() == made.settings()


@pytest.mark.parametrize("settings", [{"num_bands": 0}, {"shingle_words": 0}, {"hashes_per_band": -1}])
def test_impossible_hashes_are_refused(settings):
    with pytest.raises(ConfigError):
        NearDuplicates(**settings)


def test_the_share_of_equal_hashes_is_the_similarity():
    hasher = MinHasher(MinHashOptions(num_bands=250))
    text = prose(1, 2000)
    for every in (20, 50, 200):
        left, right = hasher.shingles(text), hasher.shingles(edited(text, every))
        similarity = len({*left.tolist()} & {*right.tolist()}) / len({*left.tolist()} | {*right.tolist()})
        share = float((hasher.signature(left) == hasher.signature(right)).mean())
        assert share == pytest.approx(similarity, abs=4 * (similarity * (1 - similarity) / 2000) ** 0.5)


def test_keys_match_as_often_as_the_formula_says():
    hasher = MinHasher()
    similarities, met = [], 0
    for seed in range(60):
        text = prose(seed, 200)
        other = edited(text, 33)
        left, right = ({*hasher.shingles(each).tolist()} for each in (text, other))
        similarities.append(len(left & right) / len(left | right))
        met += bool((hasher.keys(text) == hasher.keys(other)).any())
    expected = sum(map(hasher.options.probability, similarities))
    assert abs(met - expected) < 4 * (expected * (1 - expected / 60)) ** 0.5 + 1


def test_a_passage_of_another_document_is_cut_out():
    passage = prose(7, 60)
    documents = [f"{prose(1, 80)}\n{passage}", f"{prose(2, 80)}\n\n{passage} {prose(3, 80)}"]
    stage = RepeatedPassages()
    second = list(stage([Document(id=str(i), text=text) for i, text in enumerate(documents)]))[1]
    assert second.text == f"{prose(2, 80)}\n{prose(3, 80)}"
    assert stage.counters.num_changed == 1


def test_a_passage_of_its_own_is_cut_out_once():
    passage = prose(7, 60)
    [document] = RepeatedPassages()([Document(id="0", text=f"{passage} {prose(1, 80)} {passage}")])
    assert document.text == f"{passage} {prose(1, 80)}"


@given(st.integers(0, 3000), st.integers(1, 49))
def test_a_shorter_passage_stays(seed, length):
    passage = prose(seed, length)
    texts = [f"{prose(seed + 1, 60)} {passage}", f"{passage} {prose(seed + 2, 60)}"]
    stage = RepeatedPassages()
    assert [d.text for d in stage([Document(id=str(i), text=t) for i, t in enumerate(texts)])] == texts


def test_fewer_windows_still_find_a_long_passage():
    passage = prose(7, 200)
    stage = RepeatedPassages(every=8)
    texts = [f"{prose(1, 80)} {passage}", f"{prose(2, 80)} {passage}"]
    second = list(stage([Document(id=str(i), text=text) for i, text in enumerate(texts)]))[1]
    assert 80 <= len(second.text.split()) < 120
