import math

import pytest

from zaphod.core.errors import ConfigError
from zaphod.data.recency import YEAR_S, RecencyConfig, parse_moment, recency_weights

NOW = parse_moment("2026-11-21")


def weights(*ages_years, **settings):
    times = [NOW - age * YEAR_S for age in ages_years]
    return recency_weights(times, RecencyConfig(reference_s=NOW, **settings)).tolist()


def test_the_weight_is_that_of_the_formula():
    assert weights(0, 1, 2, 10) == pytest.approx([1, 1 / 1.5, 1 / 2, 1 / 6])


def test_rate_and_reference_are_settings():
    assert weights(4, rate_per_year=2.0) == pytest.approx([1 / 9])
    older = RecencyConfig(reference_s=NOW - 2 * YEAR_S)
    assert recency_weights([NOW - 4 * YEAR_S], older).tolist() == pytest.approx([1 / 2])


def test_what_is_newer_than_the_reference_counts_as_new():
    assert weights(-3) == [1.0]


def test_a_text_without_time_has_the_age_that_was_set():
    config = RecencyConfig(reference_s=NOW, unknown_age_years=2.0)
    assert recency_weights([math.nan], config).tolist() == [0.5]


@pytest.mark.parametrize("settings", [{"rate_per_year": -1.0}, {"unknown_age_years": math.inf}])
def test_a_setting_that_makes_no_weight_is_refused(settings):
    with pytest.raises(ConfigError):
        RecencyConfig(reference_s=NOW, **settings)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "0001-01-01T00:00+14:00"])
def test_what_is_no_date_is_refused(text):
    if text.startswith("0001"):
        assert parse_moment(text) < 0
        return
    with pytest.raises(ConfigError, match="no date"):
        parse_moment(text)
