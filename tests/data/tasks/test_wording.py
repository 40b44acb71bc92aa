import random
import re

import pytest

from zaphod.data.tasks import arithmetic, out_of_scope, robot_wordings, tool_words
from zaphod.data.tasks.wording import Wording, invented_word, num_phrasings

WORDINGS = {
    f"{module.__name__}.{name}": wording
    for module in (out_of_scope, robot_wordings, tool_words)
    for name, wording in vars(module).items()
    if isinstance(wording, Wording)
} | {f"arithmetic.{operation}": wording for operation, wording in arithmetic.WORDINGS.items()}
each_wording = pytest.mark.parametrize("wording", WORDINGS.values(), ids=WORDINGS)


@each_wording
def test_no_frame_is_both_seen_and_held_out(wording: Wording) -> None:
    assert not set(wording.seen) & set(wording.held_out)
    assert wording.held_out


def test_the_robot_has_forty_phrasings_for_moving() -> None:
    assert sum(map(num_phrasings, robot_wordings.MOVE.seen)) >= 40


def test_alternatives_and_slots_are_filled_in() -> None:
    wording = Wording(("(take|carry) {thing}",), ())
    for seed in range(50):
        text = wording.say("train", {"thing": "Cup"}, random.Random(seed))
        assert "Cup" in text
        assert not re.search(r"[(){}|]", text)


def test_slips_spare_the_slots() -> None:
    wording = Wording(("=describe {thing} carefully",), ())
    texts = {wording.say("train", {"thing": "elephant"}, random.Random(seed)) for seed in range(300)}
    assert all("elephant" in text for text in texts)
    assert any("describe" not in text.lower() or "carefully" not in text for text in texts)


def test_a_whole_sentence_gets_a_greeting_at_most() -> None:
    wording = Wording(("=who are you",), ())
    for seed in range(200):
        assert re.search(r"(^|[,:] )\w+ \w+ \w+[.!?]?$", wording.say("train", {}, random.Random(seed)))


def test_held_out_frames_are_said_in_their_split_alone() -> None:
    wording = Wording(("=aa",), ("=bb",))
    said = {
        split: wording.say(split, {}, random.Random(1)).lower()[:2] for split in ("train", "combinations", "wordings")
    }
    assert said == {"train": "aa", "combinations": "aa", "wordings": "bb"}


def test_invented_words_are_plain_letters() -> None:
    rng = random.Random(0)
    assert all(re.fullmatch(r"[a-z]+", invented_word(rng)) for _ in range(200))
