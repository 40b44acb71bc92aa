"""How much more often a new document is drawn than an old one; knows times, not texts.

A document of age `a` years has the weight `1 / (1 + rate * a)`. It is the weight with which the mixture draws it, and
nothing is thrown away: at the default rate a text ten years old comes a sixth as often as one of today.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import ConfigError

YEAR_S = 365.2425 * 86400.0


@dataclass(frozen=True, kw_only=True)
class RecencyConfig:
    """How fast texts age."""

    reference_s: float
    """The moment at which a text has the age 0, seconds since 1970; what is newer has the age 0 too."""
    rate_per_year: float = 0.5
    unknown_age_years: float = 5.0
    """Taken for texts that tell no time."""

    def __post_init__(self) -> None:
        values = (self.reference_s, self.rate_per_year, self.unknown_age_years)
        if not all(map(np.isfinite, values)) or min(self.rate_per_year, self.unknown_age_years) < 0:
            raise ConfigError(
                f"Recency has the reference {values[0]}, rate {values[1]} a year and unknown age {values[2]} years.",
                "All are finite; the rate and the age are 0 or more.",
                "Mend the value.",
            )


def recency_weights(timestamps_s: npt.ArrayLike, config: RecencyConfig) -> npt.NDArray[np.float64]:
    """Weights in (0, 1] of documents published then; NaN stands for an unknown time."""
    ages_years = (config.reference_s - np.asarray(timestamps_s, np.float64)) / YEAR_S
    ages_years = np.where(np.isnan(ages_years), config.unknown_age_years, np.maximum(ages_years, 0.0))
    weights: npt.NDArray[np.float64] = 1.0 / (1.0 + config.rate_per_year * ages_years)
    return weights


def parse_moment(text: str) -> float:
    """Seconds since 1970 of an ISO 8601 date or time, UTC where it names no zone.

    Raises:
        ConfigError: it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise ConfigError(f"{text!r} is no date.", "A date is written like 2026-11-21.", "Mend the date.") from error
