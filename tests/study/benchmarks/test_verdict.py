"""A verdict follows from the median of pairs, and none is given where a run was disturbed."""

import dataclasses

import pytest

from zaphod.study.benchmarks.cases import Bar, bar_of, cases_of
from zaphod.study.benchmarks.noise import Noise
from zaphod.study.benchmarks.samples import Sample
from zaphod.study.benchmarks.verdict import Outcome

CASES = {case.name: case for case in cases_of()}
BAR = Bar(1.1, 1.25)
QUIET = Noise(load_average=0.1, cpu_share=0.99, foreign_share=0.01)


def samples(engine, values, noise=QUIET):
    pairs = enumerate(values)
    return tuple(Sample(file="m", case="", engine=engine, pair=pair, value=value, noise=noise) for pair, value in pairs)


def outcome(case, ours, theirs, bar=BAR, noise=QUIET):
    return Outcome(case=CASES[case], ours=samples("zaphod", ours, noise), theirs=samples("peer", theirs), bar=bar)


@pytest.mark.parametrize(("ours", "verdict"), [(126, "aim reached"), (112, "reached"), (109, "missed")])
def test_the_median_of_the_pairs_decides(ours, verdict):
    assert outcome("decode", [ours] * 5, [100, 100, 100, 90, 110]).verdict == verdict


def test_without_a_bar_there_is_no_verdict():
    assert outcome("decode", [100] * 5, [100] * 5, bar=None).verdict == ""


def test_four_pairs_are_too_few():
    assert outcome("decode", [200] * 4, [100] * 4).verdict == "no verdict: 4 of 5 pairs"


def test_samples_without_a_partner_make_no_pair():
    assert outcome("decode", [200] * 5, [100] * 3).ratios == [2, 2, 2]


@pytest.mark.parametrize("sides", [([200, 200, 200, 200, 251], [100] * 5), ([200] * 5, [100, 100, 100, 126, 100])])
def test_figures_that_spread_over_more_than_a_quarter_are_too_noisy(sides):
    assert "too noisy" in outcome("decode", *sides).verdict
    assert "spreads" in outcome("decode", *sides).verdict


@pytest.mark.parametrize(
    ("change", "words"),
    [({"cpu_share": 0.8}, "got 80% of its threads' time"), ({"foreign_share": 0.2}, "others used 20%")],
)
def test_a_disturbed_program_is_too_noisy(change, words):
    assert words in outcome("decode", [200] * 5, [100] * 5, noise=dataclasses.replace(QUIET, **change)).verdict


def test_a_system_that_tells_nothing_of_others_is_not_held_against_the_figures():
    unknown = dataclasses.replace(QUIET, foreign_share=None)
    assert outcome("decode", [200] * 5, [100] * 5, noise=unknown).verdict == "aim reached"


def test_loading_in_half_the_time_is_a_ratio_of_two():
    assert outcome("load", [1.0] * 5, [2.0] * 5).ratios == [2.0] * 5


def test_beside_a_busy_process_our_own_quiet_speed_counts():
    assert outcome("busy", [0.45] * 5, [0.1] * 5, bar=Bar(0.40, 0.48)).verdict == "reached"


@pytest.mark.parametrize(("ours", "verdict"), [(149e6, "reached"), (151e6, "missed")])
def test_memory_is_judged_by_itself(ours, verdict):
    assert outcome("memory", [ours], [1e6], bar=Bar(150e6)).verdict == verdict


@pytest.mark.parametrize(
    ("ours", "theirs", "verdict"),
    [(0.01, 0.02, "reached"), (0.02, 0.01, "missed"), (0, 0, "reached"), (1, 0, "missed")],
)
def test_a_divergence_must_not_be_above_theirs(ours, theirs, verdict):
    assert outcome("accuracy", [ours], [theirs], bar=Bar(1.0)).verdict == verdict


def test_the_bar_depends_on_the_number_format_where_the_aim_does():
    assert bar_of(CASES["decode"], "q4_0") == Bar(1.2, 1.4)
    assert bar_of(CASES["decode"], "bfloat16") is None
    assert bar_of(CASES["prefill"], "bfloat16") == Bar(2, 4)
