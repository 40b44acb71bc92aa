"""The rules one by one, then simulated traffic: servers with bounded prefix caches, requests that take their time."""

import random
from collections import Counter, OrderedDict
from dataclasses import dataclass, field

import pytest

from zaphod.core.errors import ConfigError
from zaphod.server.upstream.balancing import BalancingOptions, Candidate, choose
from zaphod.server.upstream.prefixes import Prefix, PrefixOptions, PrefixTable, prefix_of

OPTIONS = BalancingOptions(max_load_ratio=1.5, load_slack=2, min_shared=0.25)


def pick(*candidates: Candidate, num_blocks: int = 10, anchor: int = 1) -> str:
    return choose(candidates, num_blocks=num_blocks, anchor=anchor, options=OPTIONS).name


def test_the_longest_shared_beginning_is_followed() -> None:
    known = [Candidate(name="a", load=1, num_shared=4), Candidate(name="b", load=1, num_shared=9)]
    choice = choose(known, num_blocks=10, anchor=1, options=OPTIONS)
    assert (choice.name, choice.follows) == ("b", True)


def test_a_short_shared_beginning_is_not_followed() -> None:
    for anchor in range(20):
        candidates = [Candidate(name="a", load=1, num_shared=2), Candidate(name="b", load=0)]
        assert pick(*candidates, anchor=anchor) == "b"


def test_a_server_with_too_much_to_do_is_not_followed() -> None:
    assert pick(Candidate(name="a", load=8, num_shared=9), Candidate(name="b", load=4)) == "a"
    assert pick(Candidate(name="a", load=9, num_shared=9), Candidate(name="b", load=4)) == "b"


def test_of_equal_beginnings_the_less_loaded_server_gets_it() -> None:
    assert pick(Candidate(name="a", load=3, num_shared=9), Candidate(name="b", load=2, num_shared=9)) == "b"


def test_new_conversations_go_to_the_less_loaded_of_their_two_servers() -> None:
    names = [f"s{index}" for index in range(6)]
    for anchor in range(50):
        idle = pick(*(Candidate(name=name, load=0) for name in names), anchor=anchor)
        other = pick(*(Candidate(name=name, load=2 * (name == idle)) for name in names), anchor=anchor)
        again = pick(*(Candidate(name=name, load=name not in (idle, other)) for name in names), anchor=anchor)
        assert idle != other
        assert again in (idle, other)


def test_the_least_loaded_server_gets_it_when_both_are_too_busy() -> None:
    candidates = [Candidate(name=name, load=load) for name, load in (("a", 9), ("b", 9), ("c", 0))]
    assert all(pick(*candidates, anchor=anchor) == "c" for anchor in range(30))


def test_every_gateway_chooses_the_same_whatever_order_it_knows_servers_in() -> None:
    candidates = [Candidate(name=f"s{index}", load=0) for index in range(7)]
    for anchor in range(30):
        assert pick(*candidates, anchor=anchor) == pick(*reversed(candidates), anchor=anchor)


def test_when_a_server_goes_only_its_conversations_move() -> None:
    all_seven = [Candidate(name=f"s{index}", load=0) for index in range(7)]
    before = [pick(*all_seven, anchor=anchor) for anchor in range(300)]
    after = [pick(*all_seven[:6], anchor=anchor) for anchor in range(300)]
    moved = [old for old, new in zip(before, after, strict=True) if old != new]
    assert set(moved) == {"s6"}
    assert 20 <= len(moved) <= 70


def test_no_candidates_is_our_own_bug() -> None:
    with pytest.raises(ValueError):
        pick()


@pytest.mark.parametrize("wrong", [{"max_load_ratio": 0.5}, {"load_slack": -1}, {"min_shared": 2.0}])
def test_options_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        BalancingOptions(**wrong)  # type: ignore[arg-type]


@dataclass
class SimulatedServer:
    """Holds the blocks of its latest prompts; each request takes as long as its blocks that were not held."""

    cache_blocks: int
    held: OrderedDict[int, None] = field(default_factory=OrderedDict)
    ends: list[int] = field(default_factory=list)

    def take(self, prefix: Prefix, now: int) -> int:
        hits = 0
        for block in prefix.blocks:
            if block not in self.held:
                break
            hits += 1
        for block in reversed(prefix.blocks):
            self.held.pop(block, None)
            self.held[block] = None
        while len(self.held) > self.cache_blocks:
            self.held.popitem(last=False)
        self.ends.append(now + 2 + len(prefix.blocks) - hits)
        return hits

    def load(self, now: int) -> int:
        self.ends = [end for end in self.ends if end > now]
        return len(self.ends)


def conversations(draw: random.Random, *, num_requests: int, num_systems: int) -> list[Prefix]:
    """Many people who go on talking, in turns, under a few system prompts."""
    systems = [f"system {index} " * 40 for index in range(num_systems)]
    talks = [[draw.choice(systems), f"person {index} asks {draw.random()} " * 12] for index in range(60)]
    prefixes = []
    for _ in range(num_requests):
        talk = draw.choice(talks)
        messages = [{"role": "user" if place else "system", "content": text} for place, text in enumerate(talk)]
        prefixes.append(prefix_of({"messages": messages}, tenant="t", options=PrefixOptions(block_chars=128)))
        talk += [f"answer {draw.random()} " * 8, f"and {draw.random()} " * 8]
        if len(talk) > 14:
            del talk[2:]
            talk[1] = f"person asks {draw.random()} " * 12
    return prefixes


def simulate(
    prefixes: list[Prefix], *, is_aware: bool, num_servers: int = 4, cache_blocks: int = 700
) -> tuple[float, float]:
    """The share of blocks that were held already, and the largest share of requests of one server times the servers."""
    draw, table = random.Random(7), PrefixTable(max_blocks=20_000)
    servers = {f"s{index}": SimulatedServer(cache_blocks=cache_blocks) for index in range(num_servers)}
    hits = 0
    counts: Counter[str] = Counter()
    for now, prefix in enumerate(prefixes):
        shared = table.matches(prefix.blocks, servers)
        loads = {name: server.load(now) for name, server in servers.items()}
        candidates = [Candidate(name=name, load=loads[name], num_shared=shared[name]) for name in servers]
        aware = choose(candidates, num_blocks=len(prefix.blocks), anchor=prefix.anchor, options=OPTIONS).name
        name = aware if is_aware else draw.choice(list(servers))
        table.record(prefix.blocks, name)
        hits += servers[name].take(prefix, now)
        counts[name] += 1
    return hits / sum(len(prefix.blocks) for prefix in prefixes), max(counts.values()) / len(prefixes) * num_servers


@pytest.mark.parametrize("num_systems", [1, 3, 12])
def test_beginnings_are_met_again_far_more_often_than_at_random_and_no_server_is_overrun(num_systems: int) -> None:
    prefixes = conversations(random.Random(num_systems), num_requests=3000, num_systems=num_systems)
    share_at_random, _ = simulate(prefixes, is_aware=False)
    share, crowding = simulate(prefixes, is_aware=True)
    most, _ = simulate(prefixes, is_aware=True, num_servers=1, cache_blocks=10**6)
    assert share_at_random < 0.65 * most
    assert share > 0.9 * most
    assert crowding < 1.2


def test_one_prompt_for_everybody_is_spread_over_all_servers_under_load() -> None:
    prefix = prefix_of({"prompt": "the same for all " * 60}, tenant="t", options=PrefixOptions(block_chars=64))
    table = PrefixTable(max_blocks=1000)
    loads = dict.fromkeys("abcd", 0)
    for _ in range(80):
        shared = table.matches(prefix.blocks, loads)
        candidates = [Candidate(name=name, load=loads[name], num_shared=shared[name]) for name in loads]
        name = choose(candidates, num_blocks=len(prefix.blocks), anchor=prefix.anchor, options=OPTIONS).name
        table.record(prefix.blocks, name)
        loads[name] += 1
        assert max(loads.values()) <= OPTIONS.max_load_ratio * min(loads.values()) + OPTIONS.load_slack + 1
    assert min(loads.values()) >= 13
