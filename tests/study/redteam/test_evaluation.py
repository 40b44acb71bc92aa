"""Guards shown attacks: what is counted, and that one that never ends is given up."""

from __future__ import annotations

import itertools

from zaphod.safety.guard.verdict import Stage
from zaphod.study.redteam.attacks import plain_attacks
from zaphod.study.redteam.benign import benign_texts
from zaphod.study.redteam.entrants import Entrant
from zaphod.study.redteam.evaluation import alarms_of, attacks_of, cost_of, look, recall, retention

WHOLE = attacks_of("development", "development", 1, seed=0)


def entrant(name: str) -> Entrant:
    def reasons(text: str, stage: Stage) -> list[str]:
        if name == "hangs":
            for _ in itertools.count():
                pass
        return ["found"] if name == "all" or (name == "ascii" and text.isascii()) else []

    return Entrant(name=name, reasons=reasons)


def test_plain_words_and_every_depth_are_there() -> None:
    assert {attack.depth for attack in WHOLE} == {0, 1, 2, 3}
    assert {attack.depth for attack in attacks_of("held_out", "development", 1, seed=0)} == {1, 2, 3}


def test_recall_counts_what_each_finds() -> None:
    looked = look(WHOLE, [entrant("none"), entrant("all")])
    assert (recall(looked, 0).value, recall(looked).value) == (0, 1)


def test_retention_counts_only_what_is_found_in_plain_words() -> None:
    looked = look(WHOLE, [entrant("ascii")])
    plain_found = [each for each in looked if any(turn.isascii() for turn in each.attack.plain)]
    assert 0 < retention(looked).num < retention(looked).of == len(plain_found) < len(looked)


def test_an_attack_counts_as_found_where_one_of_its_turns_is() -> None:
    several = [attack for attack in plain_attacks("development", 0) if len(attack.turns) > 1]
    only_last = Entrant(name="last", reasons=lambda text, stage: ["x"] * (text in {each.turns[-1] for each in several}))
    assert recall(look(several, [only_last])).value == 1


def test_a_guard_that_never_ends_has_found_nothing_and_is_told_of() -> None:
    looked = look(WHOLE[:2], [entrant("hangs"), entrant("all")], limit_s=0.02)
    assert [each.found for each in looked] == [(False, True)] * 2
    assert [each.is_late for each in looked] == [(True, False)] * 2


def test_alarms_and_costs_are_those_of_every_text() -> None:
    texts = benign_texts("held_out")
    assert alarms_of(texts, [entrant("ascii")]) == [(text.text.isascii(),) for text in texts]
    cost = cost_of([text.text for text in texts], entrant("all"), repetitions=3)
    assert 0 < cost.low <= cost.median <= cost.high
