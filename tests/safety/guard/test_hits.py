from __future__ import annotations

from zaphod.safety.guard.hits import moved, without_repeats
from zaphod.safety.guard.verdict import Hit


def hit(rule: str, start: int, end: int, views: tuple[str, ...] = (), score: float = 1.0) -> Hit:
    return Hit(rule=rule, title="", start=start, end=end, views=views, score=score)


def test_what_several_readings_show_is_told_once_with_the_shortest_chain() -> None:
    assert without_repeats([hit("a.b", 1, 5, ("fold", "leet")), hit("a.b", 1, 5), hit("a.b", 1, 5, ("fold",))]) == [
        hit("a.b", 1, 5)
    ]


def test_what_lies_in_another_hit_of_its_rule_is_dropped() -> None:
    assert without_repeats([hit("a.b", 2, 4), hit("a.b", 1, 5, ("fold",))]) == [hit("a.b", 1, 5, ("fold",))]


def test_what_only_overlaps_or_belongs_to_another_rule_stays() -> None:
    hits = [hit("a.b", 1, 5), hit("a.c", 2, 4), hit("a.b", 4, 8)]
    assert without_repeats(hits) == [hit("a.b", 1, 5), hit("a.c", 2, 4), hit("a.b", 4, 8)]


def test_a_surer_hit_is_never_dropped() -> None:
    assert without_repeats([hit("a.b", 1, 5, score=0.5), hit("a.b", 2, 4, score=0.9)]) == [
        hit("a.b", 1, 5, score=0.5),
        hit("a.b", 2, 4, score=0.9),
    ]


def test_a_hit_of_a_part_is_moved_to_its_place_in_the_whole() -> None:
    assert moved(hit("a.b", 1, 5), 10) == hit("a.b", 11, 15)
