import random
import re
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from zaphod.data.tasks.second.manner import carried, dressed, remarked, spoilt, with_odd_word

SENTENCE = "take {object} from the shelf, then put it {put}, not on {target}"
SEEDS = st.integers(0, 10**6)


def slots(text: str) -> Counter[str]:
    return Counter(re.findall(r"\{\w+\}", text))


@given(SEEDS)
def test_what_must_be_copied_is_never_spoilt(seed: int) -> None:
    rng = random.Random(seed)
    for manner in (spoilt, remarked, dressed, with_odd_word, carried):
        assert slots(manner(SENTENCE, rng)) == slots(SENTENCE)


def test_haste_spoils_some_sentences_and_leaves_most() -> None:
    same = sum(spoilt(SENTENCE, random.Random(seed)) == SENTENCE for seed in range(500))
    assert 350 < same < 450


def test_no_slip_falls_on_the_word_of_an_operation() -> None:
    assert all("minus" in spoilt("{a} minus {b}", random.Random(seed)) for seed in range(200))


def test_a_phrase_is_carried_by_many_sentences() -> None:
    for phrase in ("do it", "np:the news", "eq:what it is"):
        said = {carried(phrase, random.Random(seed)) for seed in range(600)}
        assert len(said) > 60
        assert all("{np}" not in text and "{eq}" not in text and "<" not in text for text in said)


def test_an_odd_word_stands_for_one_word_and_never_for_one_that_tells() -> None:
    said = [with_odd_word("put it back before user", random.Random(seed)) for seed in range(50)]
    assert all(text.startswith("put it ") and text.endswith(" before user") for text in said)
    assert any(text != "put it back before user" for text in said)
