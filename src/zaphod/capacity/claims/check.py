"""Claims held against the planner: each figure computed, each verdict derived; prints nothing."""

from __future__ import annotations

from dataclasses import dataclass

from zaphod.capacity.claims.claim import Checked, Claim, Verdict, checked, claims, verdict
from zaphod.capacity.claims.registry import functions
from zaphod.core.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Result:
    """A claim, its figures and its verdict."""

    claim: Claim
    figures: tuple[Checked, ...]
    verdict: Verdict


def check(claim: Claim) -> Result:
    """Compute all figures of a claim.

    Raises:
        ConfigError: a row names a function that there is not, or gives it other inputs than it takes.
    """
    found: list[Checked] = []
    for figure in claim.figures:
        if figure.compute not in functions():
            raise ConfigError(
                f"Claim {claim.name} asks for {figure.compute!r}.", f"Known are {', '.join(functions())}.", ""
            )
        try:
            computed = functions()[figure.compute](**figure.inputs)
        except TypeError as error:
            raise ConfigError(
                f"Claim {claim.name}, {figure.what}: {error}.", "", "Compare with the function."
            ) from error
        found.append(checked(figure, computed))
    return Result(claim=claim, figures=tuple(found), verdict=verdict(found))


def results() -> tuple[Result, ...]:
    """All claims, checked."""
    return tuple(check(claim) for claim in claims())
