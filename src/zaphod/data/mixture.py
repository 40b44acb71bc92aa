"""Which document comes when: shares of sources, recency, bounds on repetition; knows no texts and no batches.

A plan draws about `num_tokens` tokens. Each source gets its share; inside a source a document is drawn as often as its
weight asks, but at most `max_epochs` times. What a source cannot give within that bound goes to the others. The draws
are then shuffled. All is a function of the shards, the settings and the seed, so draw number `n` is the same on every
machine and after every interruption.

A plan keeps one number a draw in memory (8 bytes).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import ConfigError
from zaphod.data.build_config import require_known
from zaphod.data.recency import RecencyConfig, recency_weights

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Corpus(Protocol):
    """What a mixture must know of documents; a `ShardSet` and a `Snapshot` know it."""

    @property
    def sources(self) -> list[str]: ...
    @property
    def lengths(self) -> Ints: ...
    @property
    def source_ids(self) -> Ints: ...
    @property
    def timestamps_s(self) -> Floats: ...


@dataclass(frozen=True, kw_only=True)
class MixtureConfig:
    """How sources are mixed."""

    weights: Mapping[str, float] = field(default_factory=dict)
    """Shares of tokens, in any unit; a source that is not named has the share of its size among those not named. When
    only some are named, their weights are shares of the whole and must leave room."""
    temperature: float = 1.0
    """Sizes are raised to 1 / temperature before they become shares: 1 is proportional, larger is more even."""
    max_epochs: int = 4
    """No document is drawn more often."""
    max_upsampling: float = float("inf")
    """No source gets more than so many times its proportional share."""
    recency: RecencyConfig | None = None

    def __post_init__(self) -> None:
        if not (self.temperature > 0 and self.max_epochs >= 1 and self.max_upsampling >= 1):
            raise ConfigError(
                f"The mixture has temperature {self.temperature}, max_epochs {self.max_epochs} and max_upsampling "
                f"{self.max_upsampling}.",
                "The first is above 0, the others are 1 or more.",
                "Mend the value.",
            )
        if any(not 0 <= weight < float("inf") for weight in self.weights.values()):
            raise ConfigError(
                f"The weights are {dict(self.weights)}.", "They are finite and 0 or more.", "Mend the weights."
            )


class SourceShare(NamedTuple):
    """What a plan draws of one source."""

    source: str
    num_tokens: int
    """Drawn, repetitions included."""
    share: float
    """Of all tokens drawn."""
    wanted_share: float
    """Before bounds."""
    epochs: float
    """Tokens drawn over tokens there are."""
    max_repetitions: int
    """Of one document."""


class MixturePlan:
    """The draws of a run, in order: `plan.documents[n]` is the number of the document that comes n-th."""

    def __init__(self, documents: Ints, shares: list[SourceShare]) -> None:
        self.documents, self.shares = documents, shares

    def __len__(self) -> int:
        return len(self.documents)

    def __getitem__(self, index: int) -> int:
        return int(self.documents[index])

    def __iter__(self) -> Iterator[int]:
        return map(int, self.documents)

    @property
    def num_tokens(self) -> int:
        return sum(share.num_tokens for share in self.shares)


def plan_mixture(corpus: Corpus, config: MixtureConfig, num_tokens: int, seed: int) -> MixturePlan:
    """Plan about `num_tokens` tokens: each document's repetitions are rounded up or down, without bias.

    Raises:
        ConfigError: a weight names no source, or the bounds leave fewer tokens than wanted.
    """
    require_known(config.weights, corpus.sources, "the mixture")
    lengths, sources = corpus.lengths, corpus.source_ids
    wanted = _shares(corpus, config)
    capacity = config.max_epochs * _sizes(corpus)
    targets = _bounded(wanted * num_tokens, capacity, num_tokens, "max_epochs")
    weights = np.ones(len(lengths))
    if config.recency is not None:
        weights = recency_weights(corpus.timestamps_s, config.recency)
    counts = np.zeros(len(lengths), np.int64)
    for source, target in enumerate(targets):
        rows = np.flatnonzero(sources == source)
        repetitions = _repetitions(weights[rows], lengths[rows], target, config.max_epochs)
        counts[rows] = np.minimum(_rounded(repetitions, (seed, 0, source)), config.max_epochs)
    draws = np.repeat(np.arange(len(lengths)), counts)
    np.random.default_rng((seed, 1)).shuffle(draws)
    return MixturePlan(draws, _report(corpus, counts, wanted))


def _shares(corpus: Corpus, config: MixtureConfig) -> Floats:
    """Shares of the sources, before any bound on epochs."""
    sizes = _sizes(corpus)
    if not sizes.sum():
        raise ConfigError("There are no documents to mix.", "A mixture draws from some.", "Check the build's report.")
    proportional = sizes / sizes.sum()
    tempered = np.where(sizes > 0, proportional, 0.0) ** (1.0 / config.temperature)
    named = np.array([source in config.weights for source in corpus.sources])
    given = np.array([config.weights.get(source, 0.0) for source in corpus.sources])
    given = np.where(sizes > 0, given, 0.0)
    if named.all():
        shares = _normalised(given)
    else:
        rest = 1.0 - given.sum()
        if rest < 0 or (rest == 0 and tempered[~named].sum() > 0):
            raise ConfigError(
                f"The weights of {', '.join(config.weights)} add up to {given.sum():g}, and other sources have none.",
                "Where only some sources are named, their weights are shares of the whole and leave room for others.",
                "Name every source, with 0 for those that are not wanted, or lower the weights.",
            )
        shares = given + rest * _normalised(np.where(named, 0.0, tempered))
    return _bounded(shares, config.max_upsampling * proportional, 1.0, "max_upsampling")


def _sizes(corpus: Corpus) -> Floats:
    """Tokens of each source."""
    return np.bincount(corpus.source_ids, corpus.lengths, len(corpus.sources)).astype(np.float64)


def _normalised(values: Floats) -> Floats:
    total = values.sum()
    if not total:
        raise ConfigError(
            "Every source that has documents has the weight 0.", "One at least is above 0.", "Raise a weight."
        )
    result: Floats = values / total
    return result


def _bounded(wanted: Floats, bounds: Floats, total: float, name: str) -> Floats:
    """Amounts near to those wanted, none above its bound, adding up to `total`; what is cut goes to the others."""
    if np.where(wanted > 0, bounds, 0.0).sum() < total * (1 - 1e-9):
        available = np.where(wanted > 0, bounds, 0.0).sum()
        raise ConfigError(
            f"Of {total:,.0f} tokens that are wanted, {name} leaves {available:,.0f}.",
            "The sources that have a weight must hold enough.",
            f"Ask for fewer tokens, raise {name}, or add texts.",
        )
    amounts = wanted * (total / wanted.sum())
    for _ in range(len(wanted)):
        over = amounts > bounds
        if not over.any():
            break
        amounts = np.where(over, bounds, amounts)
        free = (amounts < bounds) & (wanted > 0)
        missing = total - amounts.sum()
        if missing <= 0 or not free.any():
            break
        amounts = np.where(free, amounts + missing * np.where(free, wanted, 0.0) / wanted[free].sum(), amounts)
    bounded: Floats = np.minimum(amounts, bounds)
    return bounded


def _repetitions(weights: Floats, lengths: Ints, target: float, most: float) -> Floats:
    """How often each document is drawn: in proportion to its weight, at most `most` times, `target` tokens in all."""
    if not len(weights) or not target:
        return np.zeros(len(weights))
    # Documents reach the bound in order of their weight; behind the first k that do, the scale follows from the rest.
    order = np.argsort(-weights, kind="stable")
    sorted_weights, sorted_lengths = weights[order], lengths[order].astype(np.float64)
    full = np.concatenate([[0.0], np.cumsum(sorted_lengths)[:-1]]) * most
    rest = np.cumsum((sorted_weights * sorted_lengths)[::-1])[::-1]
    scales = np.maximum(target - full, 0.0) / rest
    first = int(np.argmax(scales * sorted_weights <= most * (1 + 1e-12)))
    if scales[first] * sorted_weights[first] > most * (1 + 1e-12):
        return np.full(len(weights), most)
    repetitions: Floats = np.minimum(weights * scales[first], most)
    return repetitions


def _rounded(repetitions: Floats, seed: tuple[int, ...]) -> Ints:
    """Whole numbers next to these with the same mean and nearly the same sum (systematic sampling in random order)."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(repetitions))
    ends = np.floor(np.cumsum(repetitions[order]) + rng.random())
    counts = np.empty(len(repetitions), np.int64)
    counts[order] = np.diff(ends, prepend=0.0).astype(np.int64)
    return counts


def _report(corpus: Corpus, counts: Ints, wanted: Floats) -> list[SourceShare]:
    drawn = np.bincount(corpus.source_ids, counts * corpus.lengths, len(corpus.sources))
    sizes = _sizes(corpus)
    return [
        SourceShare(
            source=name,
            num_tokens=int(drawn[number]),
            share=float(drawn[number] / max(drawn.sum(), 1.0)),
            wanted_share=float(wanted[number]),
            epochs=float(drawn[number] / max(sizes[number], 1.0)),
            max_repetitions=int(counts[corpus.source_ids == number].max(initial=0)),
        )
        for number, name in enumerate(corpus.sources)
    ]
