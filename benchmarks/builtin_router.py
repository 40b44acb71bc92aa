"""The built-in model as query router against hashed n-grams with logistic regression: same questions, same tests.

    python -m benchmarks.builtin_router [--model FOLDER]

The n-grams (words 1-2, characters 3-5 within words, 2^18 hashed features of each) learn from questions drawn as
training drew them; their regularisation is chosen on questions kept aside. ECE has 15 bins of equal width. Intervals:
95 %, bootstrap over questions (1,000 draws); the difference of AUROCs is drawn on the same questions.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.sparse import hstack
from sklearn.feature_extraction.text import HashingVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.multiclass import OneVsRestClassifier
from tokenizers import Tokenizer

from zaphod.data.tasks import Example
from zaphod.data.tasks.second import RoutePairs, Routes
from zaphod.model.fetching.references import BUILTIN_FOLDER
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer
from zaphod.model.transformer import Transformer
from zaphod.training.builtin_router import live_shares
from zaphod.training.greedy import answer_greedily

_FEATURES, _BINS, _DRAWS = 2**18, 15, 1000


@dataclass(frozen=True)
class Compared:
    """Lines of a Markdown table, and the figures."""

    table: list[str]
    raw: list[dict[str, Any]]


class HashedNGrams:
    """The baseline."""

    def __init__(self) -> None:
        self._words = HashingVectorizer(ngram_range=(1, 2), n_features=_FEATURES, alternate_sign=False)
        self._letters = HashingVectorizer(
            analyzer="char_wb", ngram_range=(3, 5), n_features=_FEATURES, alternate_sign=False
        )
        self._regressions: dict[str, OneVsRestClassifier] = {}

    def fit(self, examples: list[Example]) -> None:
        """Learn both labels; the strength of regularisation is the best of three on a tenth kept aside."""
        kept = len(examples) // 10
        features = self._features(examples)
        for label in ("live", "use"):
            values = np.array([e.meta[label] for e in examples])
            scored = {}
            for strength in (1.0, 10.0, 100.0):
                one = LogisticRegression(C=strength, solver="liblinear")
                fitted = OneVsRestClassifier(one).fit(features[kept:], values[kept:])
                scored[fitted.score(features[:kept], values[:kept])] = fitted
            self._regressions[label] = scored[max(scored)]

    def live(self, examples: list[Example]) -> np.ndarray:
        """Probability that live data are needed."""
        return self._regressions["live"].predict_proba(self._features(examples))[:, 1]

    def use(self, examples: list[Example]) -> np.ndarray:
        """What should answer."""
        return self._regressions["use"].predict(self._features(examples))

    def _features(self, examples: list[Example]) -> Any:
        texts = [e.prompt for e in examples]
        return hstack([self._words.transform(texts), self._letters.transform(texts)]).tocsr()


def compare_routers(
    model: Transformer, tokenizer: Tokenizer, num_training: int, num_examples: int, seed: int
) -> Compared:
    """Both routers on all tests."""
    baseline = HashedNGrams()
    baseline.fit(list(islice(Routes().examples("train", 0), num_training)))
    table = ["| router | test | n | AUROC of live | ECE | tool right |", "|---|---|---:|---|---|---|"]
    raw: list[dict[str, Any]] = []
    for test, questions in _tests(seed):
        examples = list(islice(questions, num_examples))
        labels = np.array([e.meta["live"] for e in examples])
        answers = answer_greedily(model, tokenizer, examples)
        ours = np.array(live_shares(model, tokenizer, [e.prompt for e in examples]))
        theirs = baseline.live(examples)
        ours_right = np.array([a == e.answer for a, e in zip(answers, examples, strict=True)])
        theirs_right = np.array([u == e.meta["use"] for u, e in zip(baseline.use(examples), examples, strict=True)])
        gain = _with_interval(_gain, labels, ours, theirs)
        raw += [_row("built-in", test, labels, ours, ours_right), _row("n-grams", test, labels, theirs, theirs_right)]
        table += [_line(row) for row in raw[-2:]]
        table.append(f"| built-in minus n-grams | {test} | {len(examples)} | {_said(gain)} | | |")
        raw.append({"test": test, "auroc_gain": gain})
    return Compared(table, raw)


def _tests(seed: int) -> list[tuple[str, Iterator[Example]]]:
    """Unseen words, unseen wordings, and pairs of nearly the same words of which one needs live data."""
    return [
        ("combinations", Routes().examples("combinations", seed)),
        ("wordings_2", Routes().examples("wordings_2", seed)),
        ("pairs", RoutePairs().examples("wordings_2", seed)),
    ]


def _row(router: str, test: str, labels: np.ndarray, shares: np.ndarray, right: np.ndarray) -> dict[str, Any]:
    return {
        "router": router,
        "test": test,
        "n": len(labels),
        "auroc": _with_interval(roc_auc_score, labels, shares),
        "ece": _with_interval(expected_calibration_error, labels, shares),
        "right": _with_interval(np.mean, right),
    }


def _line(row: dict[str, Any]) -> str:
    figures = " | ".join(_said(row[name]) for name in ("auroc", "ece", "right"))
    return f"| {row['router']} | {row['test']} | {row['n']} | {figures} |"


def _gain(labels: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> float:
    return float(roc_auc_score(labels, ours) - roc_auc_score(labels, theirs))


def expected_calibration_error(labels: np.ndarray, shares: np.ndarray) -> float:
    """Mean distance of said and true share over bins of what was said (Guo et al. 2017, arXiv 1706.04599, eq. 3)."""
    bins = np.minimum((shares * _BINS).astype(int), _BINS - 1)
    parts = [
        abs(labels[bins == b].mean() - shares[bins == b].mean()) * (bins == b).mean()
        for b in range(_BINS)
        if (bins == b).any()
    ]
    return float(sum(parts))


def _with_interval(figure: Callable[..., float], *columns: np.ndarray) -> tuple[float, float, float]:
    random, num = np.random.default_rng(0), len(columns[0])
    draws = (random.integers(0, num, num) for _ in range(_DRAWS))
    low, high = np.quantile([figure(*(column[rows] for column in columns)) for rows in draws], (0.025, 0.975))
    return float(figure(*columns)), float(low), float(high)


def _said(figure: tuple[float, float, float]) -> str:
    return f"{figure[0]:.4f} ({figure[1]:.4f} to {figure[2]:.4f})"


def main() -> None:
    """Print the table; nothing is kept."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=BUILTIN_FOLDER)
    parser.add_argument("--training", type=int, default=40_000)
    parser.add_argument("--examples", type=int, default=2000)
    options = parser.parse_args()
    model = load_transformer(open_model(options.model), torch.float32)
    tokenizer = Tokenizer.from_file(str(options.model / "tokenizer.json"))
    compared = compare_routers(model, tokenizer, options.training, options.examples, 2**41)
    print("\n".join(compared.table))


if __name__ == "__main__":
    main()
