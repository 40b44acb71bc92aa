import hashlib
from importlib import resources
from itertools import islice

import pytest

from zaphod.data.tasks.second import Beyond, Household
from zaphod.data.tasks.second.danger import frames_of
from zaphod.data.tasks.second.frozen import held_out, wordings_2
from zaphod.data.tasks.second.wordings import call_wordings, household_wordings, route_wordings, sum_wordings

DIGESTS = {
    "wordings_2.toml": "459315ebb6e7114231c48e089538215f461127400914b53e15ba01c9ca4c74f6",
    "route_pairs.toml": "1e6869eaf476b4d255ee7ddd9bb80bd465e67295a21ce0114955a99e2bf4ecc3",
}


@pytest.mark.parametrize("name", DIGESTS)
def test_the_frozen_wordings_are_those_from_before_the_training(name: str) -> None:
    file = resources.files("zaphod.data.tasks.second").joinpath(name)
    assert hashlib.sha256(file.read_bytes()).hexdigest() == DIGESTS[name]


def test_no_frame_of_training_is_one_of_the_tests() -> None:
    frames = [
        *household_wordings.MOVE,
        *household_wordings.BRING,
        *household_wordings.GO,
        *route_wordings.SEARCH,
        *route_wordings.KNOWLEDGE,
        *call_wordings.ANY_TOOL,
        *(frame for operation in "+-*" for frame in sum_wordings.FRAMES[operation]),
        *(frame for danger in ("harm", "hazard", "limits", "disabling") for frame in frames_of(danger)),
    ]
    tested = {frame for intents in wordings_2().values() for frames in intents.values() for frame in frames}
    assert not tested & set(frames)


def test_training_keeps_silent_where_it_would_say_a_held_out_phrasing(monkeypatch: pytest.MonkeyPatch) -> None:
    forbidden = "{object} goes back {put} today, you will spot it {at}"
    assert held_out().is_in(forbidden)
    monkeypatch.setattr(household_wordings, "MOVE", (forbidden, "move {object} {from} {to}"))
    prompts = [example.prompt for example in islice(Household().examples("train", 1), 400)]
    assert not any("you will spot it" in prompt for prompt in prompts)


def test_the_test_says_nothing_but_its_own_phrasings() -> None:
    first_words = {frame.split()[0].lower() for frame in wordings_2()["out_of_scope"]["talk"]}
    talk = [e.prompt for e in islice(Beyond().examples("wordings_2", 1), 60)]
    assert any(prompt.split()[0].lower() in first_words for prompt in talk)
