"""Two servers under one load: the same prompts for both, every figure kept, and no figure of unequal work."""

import pytest

from zaphod.core.errors import ZaphodError
from zaphod.study.benchmarks.cases import Bar
from zaphod.study.benchmarks.noise import Noise
from zaphod.study.benchmarks.samples import Record, Sample
from zaphod.study.benchmarks.serving.client import Target
from zaphod.study.benchmarks.serving.contest import Points, Side, case_of, held_to_letters, outcomes_of, run_contest
from zaphod.study.benchmarks.serving.prompts import Shape
from zaphod.study.benchmarks.verdict import Outcome

POINTS = Points(
    file="m",
    clients=(1, 2),
    num_pairs=2,
    min_requests=3,
    shape=Shape(input_tokens=23, output_tokens=4),
    bars={case_of(2, "throughput").name: Bar(1.5)},
)


def side(server, name, model="good", **fields):
    target = Target(base_url=server.launch.base_url, model=model, extra_body=held_to_letters([7]) | fields)
    return Side(name=name, server=server, target=target)


def compared(small_process, record=None, theirs=None):
    record = record or Record()
    run_contest(POINTS, [side(small_process, "zaphod"), theirs or side(small_process, "peer")], record)
    return record.samples


def test_every_point_has_every_figure_of_both_in_every_pair(small_process):
    samples = compared(small_process)
    figures = ("throughput", "ttft-p50", "ttft-p99")
    wanted = {(f"clients-{clients}-{figure}", name, pair) for clients in (1, 2) for figure in figures
              for name in ("zaphod", "peer") for pair in (0, 1)}  # fmt: skip
    assert {(each.case, each.engine, each.pair) for each in samples} == wanted
    assert len(samples) == len(wanted)
    assert all(each.value > 0 for each in samples)


def test_every_second_pair_goes_the_other_way_round(small_process):
    samples = compared(small_process)
    order = [(each.engine, each.pair) for each in samples if each.case == case_of(1, "throughput").name]
    assert order == [("zaphod", 0), ("peer", 0), ("peer", 1), ("zaphod", 1)]


def test_outcomes_hold_ours_against_the_peer_and_the_bar(small_process):
    outcomes = outcomes_of(POINTS, compared(small_process), "zaphod")
    assert [outcome.case.name for outcome in outcomes][3] == "clients-2-throughput"
    assert [outcome.bar for outcome in outcomes] == [None] * 3 + [Bar(1.5), None, None]
    assert all(len(outcome.ratios) == 2 for outcome in outcomes)
    assert outcomes[3].verdict == "no verdict: 2 of 5 pairs"


def test_a_longer_wait_of_theirs_is_a_ratio_above_one():
    assert case_of(16, "ttft-p99").kind == "load"
    assert case_of(16, "throughput").kind == "serving"


def test_what_is_in_the_record_is_not_measured_again(small_process, tmp_path):
    first = compared(small_process, Record(tmp_path / "record", {}))
    assert compared(small_process, Record(tmp_path / "record", {})) == first


def test_answers_whose_letters_are_not_the_tokens_asked_for_are_refused(small_process):
    with pytest.raises(ZaphodError, match="8 letters"):
        compared(small_process, theirs=side(small_process, "peer", model="stammers"))


def test_a_failed_request_ends_the_comparison(small_process):
    with pytest.raises(ZaphodError, match="broken_stream"):
        compared(small_process, theirs=side(small_process, "peer", model="errs"))


def test_servers_that_count_differently_are_not_compared(small_process):
    with pytest.raises(ZaphodError, match="count tokens differently"):
        compared(small_process, theirs=side(small_process, "peer", tokens_per_word=3))


def test_answers_are_held_to_the_tokens_of_letters():
    assert held_to_letters([7, 9])["logit_bias"] == {"7": 100, "9": 100}


def test_a_server_that_rests_between_requests_is_judged_all_the_same():
    rested = Noise(load_average=0.1, cpu_share=0.5, foreign_share=0.01)
    case, sides = case_of(16, "throughput"), []
    for name, value in (("zaphod", 30.0), ("peer", 10.0)):
        sides.append(tuple(Sample(file="m", case=case.name, engine=name, pair=pair, value=value, noise=rested)
                           for pair in range(5)))  # fmt: skip
    assert Outcome(case=case, ours=sides[0], theirs=sides[1], bar=Bar(1.5)).verdict == "reached"
