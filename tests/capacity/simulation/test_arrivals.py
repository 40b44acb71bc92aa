"""Arrivals and lengths have the moments they were asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zaphod.capacity.simulation.arrivals import DAY_S, DayCurve, curved_times, gamma_times
from zaphod.capacity.simulation.lengths import lognormal, read_lengths
from zaphod.core.errors import ConfigError


@pytest.mark.parametrize("cv", [0.5, 1.0, 3.0])
def test_gaps_have_the_mean_and_the_variation_asked_for(cv: float) -> None:
    gaps = np.diff(gamma_times(np.random.default_rng(1), 10.0, 20_000.0, cv))
    assert gaps.mean() == pytest.approx(0.1, rel=0.03)
    assert gaps.std() / gaps.mean() == pytest.approx(cv, rel=0.04)


def test_bursts_begin_no_earlier_and_no_later_than_the_clock() -> None:
    counts = [len(gamma_times(np.random.default_rng(seed), 1.0, 5.0, 3.0)) for seed in range(4000)]
    assert np.mean(counts) == pytest.approx(5.0, abs=4 * np.std(counts) / 4000**0.5)


@pytest.mark.parametrize("ratio", [1.0, 1.6, 2.5])
def test_a_day_has_its_peak_where_and_as_high_as_it_was_told(ratio: float) -> None:
    curve = DayCurve(peak_to_mean=ratio, peak_s=12 * 3600.0)
    share = curve.at(np.arange(0.0, DAY_S, 60.0))
    assert 1 / share.mean() == pytest.approx(ratio, rel=1e-3)
    assert curve.at(12 * 3600.0) == pytest.approx(1.0)


def test_arrivals_follow_the_day() -> None:
    curve = DayCurve(peak_to_mean=2.0)
    times = curved_times(np.random.default_rng(2), 1.0, DAY_S, curve)
    assert len(times) == pytest.approx(DAY_S / 2, rel=0.02)
    late = np.mean((times > 12 * 3600) & (times < 18 * 3600))
    assert late == pytest.approx(curve.at(np.arange(12 * 3600.0, 18 * 3600)).sum() / (DAY_S / 2), abs=0.01)


def test_lengths_have_the_mean_and_the_variation_asked_for() -> None:
    lengths = lognormal(1000, 200, prompt_cv=1.5)
    assert lengths.mean_prompt == pytest.approx(1000, rel=1e-3)
    assert lengths.prompt.std() / lengths.mean_prompt == pytest.approx(1.5, rel=0.05)
    assert np.corrcoef(lengths.prompt, lengths.output)[0, 1] == pytest.approx(0, abs=0.02)


def test_streams_met_while_they_decode_are_longer_than_streams_that_begin() -> None:
    lengths = lognormal(100, 200)
    met = lengths.output[lengths.draw_running(np.random.default_rng(3), 100_000)]
    assert met.mean() == pytest.approx((lengths.output**2).mean() / lengths.mean_output, rel=0.03)


def test_lengths_are_read_from_a_file_of_pairs(tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text("prompt,output\n12,3\n40,5\n")
    lengths = read_lengths(tmp_path / "trace.csv")
    assert lengths.prompt.tolist() == [12, 40]
    assert lengths.output.tolist() == [3, 5]


def test_a_broken_line_of_a_trace_is_named(tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text("12,3\n40\n")
    with pytest.raises(ConfigError, match="line 2"):
        read_lengths(tmp_path / "trace.csv")


def test_lengths_are_cut_to_a_context() -> None:
    cut = lognormal(1000, 500, prompt_cv=3.0).at_most(2048)
    assert (cut.prompt + cut.output).max() <= 2048
    assert min(cut.prompt.min(), cut.output.min()) >= 1
