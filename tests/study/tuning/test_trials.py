"""When a choice counts as faster, with runs whose speeds are given."""

import itertools
import random

from zaphod.study.tuning.trials import compare, num_rounds_of


def steady(speed):
    return lambda: speed


def shaky(speed, spread, seed):
    rng = random.Random(seed)
    return lambda: speed * (1 + rng.uniform(-spread, spread))


def test_a_choice_that_is_clearly_faster_is_kept_with_its_gain():
    trial = compare("one", {"one": steady(10), "two": steady(12), "three": steady(11)}, num_rounds=5)
    assert trial.kept == trial.best == "two"
    assert abs(trial.gain - 0.2) < 1e-9
    assert trial.noise == 0
    assert trial.ratios == {"one": 1, "two": 1.2, "three": 1.1}


def test_a_gain_within_the_noise_changes_nothing():
    for seed in range(20):
        trial = compare("one", {"one": shaky(10, 0.2, seed), "two": shaky(10.3, 0.2, seed + 100)}, num_rounds=5)
        assert trial.kept == "one" or trial.gain > trial.noise
        assert trial.noise > 0.03


def test_equal_choices_are_seldom_told_apart():
    changed = 0
    for seed in range(100):
        measures = {number: shaky(10, 0.1, (seed, number).__hash__()) for number in range(6)}
        changed += compare(0, measures, num_rounds=5, seed=seed).kept != 0
    assert changed <= 15


def test_a_choice_that_was_only_lucky_is_measured_again_and_dropped():
    lucky = itertools.chain([15.0] * 5, itertools.repeat(10.0))
    trial = compare("one", {"one": steady(10), "two": lambda: next(lucky)}, num_rounds=5)
    assert trial.best == "two"
    assert trial.gain == 0
    assert trial.kept == "one"


def test_a_gain_that_nobody_notices_is_not_kept():
    assert compare("one", {"one": steady(1000), "two": steady(1005)}, num_rounds=5).kept == "one"


def test_where_nothing_is_faster_the_default_is_the_best():
    trial = compare("one", {"one": steady(10), "two": steady(9)}, num_rounds=3)
    assert (trial.best, trial.gain, trial.kept) == ("one", 0, "one")


def test_the_default_alone_is_kept():
    assert compare("one", {"one": steady(10)}, num_rounds=3).kept == "one"


def test_every_round_measures_each_choice_once_and_the_default_twice_in_changing_order():
    calls, rounds = [], []

    def called(name):
        return lambda: calls.append(name) or 1.0

    def done():
        rounds.append(tuple(calls))
        calls.clear()

    compare("one", {name: called(name) for name in ("one", "two", "three")}, num_rounds=8, done=done)
    assert all(sorted(names) == ["one", "one", "three", "two"] for names in rounds)
    assert len(set(rounds)) > 1
    assert len(rounds) <= num_rounds_of(3, 8)
