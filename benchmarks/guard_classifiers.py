"""The guard's own classifiers: how good, how calibrated, how fast, and whether the built-in language model does better.

Everything is measured on wordings that no model was trained on: with words of training in them, with new words, and for
each harmful family with a model that never saw the family. Then on texts that nobody wrote for the purpose: manual
pages of this machine and this project's documentation.

    python -m benchmarks.guard_classifiers [--skip-rebuild] [--probe-examples 6000]
"""

from __future__ import annotations

import argparse
import gzip
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.common import publish
from zaphod.core.progress import ProgressLines
from zaphod.safety.guard.classifiers.calibration import reliability
from zaphod.safety.guard.classifiers.classifier import load_classifier
from zaphod.safety.guard.classifiers.evaluation import (
    Rate,
    area_under_curve,
    family_rates,
    group_rates,
    harmful,
    left_out_families,
    quality,
)
from zaphod.safety.guard.classifiers.examples import TASKS, Example, Task, examples_of
from zaphod.safety.guard.classifiers.logistic import LogisticOptions, SparseRows, fit_logistic
from zaphod.safety.guard.classifiers.model_card import shipped_scorer, trainer_of
from zaphod.safety.guard.classifiers.scoring import score_sentences
from zaphod.safety.guard.classifiers.training import TrainingOptions, fit, prepare, row_weights, train
from zaphod.safety.guard.views import canonical, views_of
from zaphod.safety.guard.views.view import RawView

Floats = npt.NDArray[np.float64]
PROGRESS = ProgressLines()
MANUALS = Path("/usr/share/man/man1")
PENALTIES = (1e-4, 1e-3, 1e-2)
DRAWS = 300
ORDINARY = (
    "questions", "cooking_travel", "mail", "news_science", "code", "stories_chat", "finance_law", "encyclopaedia",
    "reference", "dialogue", "documentation", "life", "everyday_prose",
)  # fmt: skip


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skip-rebuild", action="store_true", help="do not train the shipped models again")
    parser.add_argument("--probe-examples", type=int, default=6000, help="training examples of the probe; 0: no probe")
    options = parser.parse_args()
    result: dict[str, Any] = {}
    lines: list[str] = []
    for task in TASKS:
        result[task] = {}
        lines += [f"## {task}", ""]
        if not options.skip_rebuild:
            lines += _rebuilt(task, result[task])
        lines += [*_quality(task, result[task]), *_groups(task, result[task]), *_elsewhere(task, result[task])]
        if options.probe_examples:
            lines += _probe(task, result[task], options.probe_examples)
    lines += _speed(result)
    publish("guard_classifiers", result, "\n".join(lines))


def _rebuilt(task: Task, result: dict[str, Any]) -> list[str]:
    digest = train(task, progress=PROGRESS).digest
    shipped = load_classifier(task).model.digest
    result["rebuilt"] = digest == shipped
    return [f"Trained again from the wordings: {'the same bits' if digest == shipped else 'OTHER BITS'}.", ""]


def _quality(task: Task, result: dict[str, Any]) -> list[str]:
    """In distribution and with families left out, side by side."""
    model = load_classifier(task).model
    scorer = shipped_scorer(model)
    known, new = examples_of(task, "test", known_words=True), examples_of(task, "test")
    p_known, p_new = scorer([e.text for e in known]), scorer([e.text for e in new])
    rows = [
        ("known words", quality(p_known, known, model.threshold)),
        ("new words", quality(p_new, new, model.threshold)),
    ]
    lines = [f"Threshold {model.threshold}; F1's interval by bootstrap over wordings, the others' by Wilson.", ""]
    lines += [
        "| test set | n (wordings) | precision | recall | F1 | false positives | ECE |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, q in rows:
        lines.append(
            f"| {name} | {q.num_examples} ({q.num_wordings}) | {q.precision:.3f} | {q.recall} | {q.f1:.3f} "
            f"({q.f1_interval[0]:.3f} to {q.f1_interval[1]:.3f}) | {q.false_positives} | {q.calibration_error:.3f} |"
        )
        result[name] = {"f1": q.f1, "f1_interval": q.f1_interval, "recall": q.recall.share, "precision": q.precision}
    lines += ["", *_thresholds(model.threshold, (p_known, known), (p_new, new))]
    rates = family_rates(p_new, new, model.threshold)
    lines += [
        "",
        "| family (new words) | recall, in training | recall, left out | area, left out |",
        "|---|---|---|---|",
    ]
    left_out = list(left_out_families(task, lambda e: trainer_of(model, e), model.threshold, PROGRESS))
    for found in left_out:
        lines.append(f"| {found.family} | {rates[found.family]} | {found.recall} | {found.area:.3f} |")
        result.setdefault("families", {})[found.family] = {
            "in_training": rates[found.family].share, "left_out": found.recall.share, "area": found.area,
        }  # fmt: skip
    macro_in = statistics.mean(rates[found.family].share for found in left_out)
    macro_out = statistics.mean(found.recall.share for found in left_out)
    area = statistics.mean(found.area for found in left_out)
    lines += [f"| **mean of families** | {100 * macro_in:.1f} % | {100 * macro_out:.1f} % | {area:.3f} |", ""]
    lines += ["Reliability (new words), probability: share harmful (n). " + "; ".join(
        f"{b.mean_probability:.2f}: {b.share_positive:.2f} ({b.count})" for b in reliability(p_new, harmful(new))
    ), ""]  # fmt: skip
    return lines


def _thresholds(own: float, *sets: tuple[Floats, Sequence[Example]]) -> list[str]:
    """What a policy gets that asks for other probabilities."""
    lines = ["| at least | recall, known words | recall, new words | false positives, new words |", "|---|---|---|---|"]
    for threshold in sorted({own, 0.5, 0.9, 0.97, 0.99, 0.998}):
        known, new = (quality(p, examples, threshold) for p, examples in sets)
        lines.append(f"| {threshold} | {known.recall} | {new.recall} | {new.false_positives} |")
    return lines


def _groups(task: Task, result: dict[str, Any]) -> list[str]:
    """False positives of harmless sentences that name a group, without those that repeat abuse to condemn it."""
    model = load_classifier(task).model
    tests = [e for e in examples_of(task, "test") if e.group and not e.is_harmful]
    plain = [e for e in tests if e.family != "counter_speech"]
    scorer = shipped_scorer(model)
    every = group_rates(scorer([e.text for e in tests]), tests, model.threshold)
    without = group_rates(scorer([e.text for e in plain]), plain, model.threshold)
    result["groups"] = {group: [rate.share, *rate.interval, rate.total] for group, rate in without.items()}
    lines = ["| group | false positives | with counter-speech |", "|---|---|---|"]
    return [*lines, *(f"| {group} | {rate} | {every[group]} |" for group, rate in without.items()), ""]


def _elsewhere(task: Task, result: dict[str, Any]) -> list[str]:
    """One harmful sentence among harmless ones, and texts that were not written for this."""
    dice = random.Random(0)
    tests = examples_of(task, "test")
    common = [e.text for e in tests if e.family in ORDINARY]
    bad = dice.sample([e.text for e in tests if e.is_harmful], 400)
    scorer, threshold = shipped_scorer(load_classifier(task).model), load_classifier(task).threshold
    documents = [dice.sample(common, 10) for _ in bad]
    clean = scorer([" ".join(document) for document in documents]) >= threshold
    mixed = [" ".join([*document[:5], text, *document[5:]]) for document, text in zip(documents, bad, strict=True)]
    alone, among = scorer(bad) >= threshold, scorer(mixed) >= threshold
    lines = ["| text | hits |", "|---|---|"]
    for name, hits in (
        ("a harmful sentence alone", alone),
        ("the same among ten harmless ones", among),
        ("the ten", clean),
    ):
        lines.append(f"| {name} | {Rate(count=int(hits.sum()), total=len(hits))} |")
    for name, texts in (("manual pages", _manuals()), ("this project's documentation", _documentation())):
        lines.append(_natural(task, name, texts, result))
    return [*lines, ""]


def _natural(task: Task, name: str, texts: Sequence[str], result: dict[str, Any]) -> str:
    if not texts:
        return f"| sentences of {name} | not run: none on this machine |"
    classifier = load_classifier(task)
    model = classifier.model
    hits = sentences = characters = 0
    for text in texts:
        spans, _ = score_sentences(canonical(text).text, model.weights, model.scale, model.intercept)
        hits += sum(1 for _ in classifier.find((RawView(text),), "retrieval"))
        sentences += len(spans)
        characters += len(text)
    rate = Rate(count=hits, total=sentences)
    result[name] = {"hits": hits, "sentences": sentences, "characters": characters, "texts": len(texts)}
    return f"| sentences of {name} ({len(texts)} texts, {characters / 1000:.0f} kB) | {rate} |"


def _manuals() -> list[str]:
    """Every fiftieth page of section 1, without its markup."""
    pages = sorted(MANUALS.glob("*.1.gz"))[::50] if MANUALS.is_dir() else []
    return [text for page in pages if len(text := _without_markup(_unpacked(page))) > 500]


def _unpacked(page: Path) -> str:
    return gzip.decompress(page.read_bytes()).decode("utf-8", "replace")


def _without_markup(roff: str) -> str:
    text = re.sub(r"^[.'].*$", "", roff, flags=re.MULTILINE)
    text = re.sub(r"\\f(?:\[.*?\]|\(..|.)|\\&|\\/|\\,", "", text)
    return re.sub(r"\\(?:\[(\w+)\]|\((..)|(.))", lambda found: "-" if found[3] == "-" else "", text)


def _documentation() -> list[str]:
    return [
        path.read_text("utf-8") for path in sorted(Path("docs").glob("*.md")) if path.name != "guard-classifiers.md"
    ]


# --- the built-in language model


def _probe(task: Task, result: dict[str, Any], num_examples: int) -> list[str]:
    """A linear probe on its mean hidden state against n-grams, both trained on the same examples, families left out."""
    dice = random.Random(1)
    training = dice.sample(examples_of(task, "train"), min(num_examples, len(examples_of(task, "train"))))
    tests = dice.sample(examples_of(task, "test"), min(num_examples // 2, len(examples_of(task, "test"))))
    embed = _embedder()
    states, test_states = embed([e.text for e in training]), embed([e.text for e in tests])
    penalty = _best_penalty(training, states)
    lines = [
        f"Linear probe on the mean hidden state of the built-in model ({states.shape[1]} numbers, penalty {penalty}), "
        f"the same {len(training)} training and {len(tests)} test examples for both; area under the ROC curve:",
        "",
        "| family left out | n-grams | built-in model | difference (95 %) |",
        "|---|---|---|---|",
    ]
    differences = []
    for family in sorted({e.family for e in training if e.is_harmful}):
        row, drawn = _compare(family, training, tests, states, test_states, penalty)
        differences.append(drawn)
        lines.append(row)
    low, high = np.quantile(np.mean(differences, axis=0), (0.025, 0.975))
    mean = float(np.mean(differences))
    verdict = "may take over" if low > 0 else "does not take over"
    result["probe"] = {"mean_difference": mean, "interval": [float(low), float(high)], "takes_over": bool(low > 0)}
    return [
        *lines, f"| **mean** | | | {mean:+.3f} ({low:+.3f} to {high:+.3f}) |", "",
        f"By the rule (better on families left out, beyond chance) the built-in model **{verdict}** for {task}.", "",
    ]  # fmt: skip


def _embedder() -> Callable[[Sequence[str]], Floats]:
    from zaphod.core.configuration import Settings
    from zaphod.core.progress import SILENT
    from zaphod.engine import Request
    from zaphod.launch.models import load_model

    loaded = load_model(Settings(model="builtin"), None, None, SILENT)

    def embed(texts: Sequence[str]) -> Floats:
        states: list[tuple[float, ...]] = []
        with PROGRESS.step("hidden states", len(texts), "texts") as advance:
            for start in range(0, len(texts), 256):
                part = texts[start : start + 256]
                prompts = [tuple(loaded.tokenizer.encode(text, add_bos=loaded.tokenizer.wants_bos)) for text in part]
                requests = [Request(request_id=str(n), prompt_token_ids=p, embeds=True) for n, p in enumerate(prompts)]
                states += [c.embedding_D for c in loaded.engine.generate(requests) if c.embedding_D is not None]
                advance(len(part))
        return np.array(states)

    return embed


def _best_penalty(training: Sequence[Example], states: Floats) -> float:
    """Chosen on every fifth wording of training."""
    held_out = np.array([int(e.wording, 16) % 5 == 0 for e in training])
    labels = harmful(training)
    areas = {}
    for penalty in PENALTIES:
        score = _fit_probe(
            [e for e, out in zip(training, held_out, strict=True) if not out], states[~held_out], penalty
        )
        areas[penalty] = area_under_curve(score(states[held_out]), labels[held_out])
    return max(areas, key=lambda penalty: areas[penalty])


def _fit_probe(training: Sequence[Example], states: Floats, penalty: float) -> Callable[[Floats], Floats]:
    mean, spread = states.mean(axis=0), states.std(axis=0) + 1e-6
    dense = (states - mean) / spread
    rows = SparseRows(
        rows_E=np.repeat(np.arange(dense.shape[0]), dense.shape[1]),
        features_E=np.tile(np.arange(dense.shape[1]), dense.shape[0]),
        values_E=dense.ravel(),
        num_rows=dense.shape[0],
        num_features=dense.shape[1],
    )
    weights, intercept = fit_logistic(rows, harmful(training), row_weights(training), LogisticOptions(penalty=penalty))
    return lambda new: ((new - mean) / spread) @ weights + intercept


def _compare(
    family: str,
    training: Sequence[Example],
    tests: Sequence[Example],
    states: Floats,
    test_states: Floats,
    penalty: float,
) -> tuple[str, Floats]:
    """One row, and the difference of areas in draws of whole wordings."""
    keep = np.array([e.family != family for e in training])
    kept = [e for e, is_kept in zip(training, keep, strict=True) if is_kept]
    chosen = np.array([e.family == family or not e.is_harmful for e in tests])
    part = [e for e, is_chosen in zip(tests, chosen, strict=True) if is_chosen]
    ngrams = fit(prepare(kept), TrainingOptions()).scores([canonical(e.text).text for e in part])
    probe = _fit_probe(kept, states[keep], penalty)(test_states[chosen])
    labels = harmful(part)
    drawn = np.array([
        area_under_curve(probe[draw], labels[draw]) - area_under_curve(ngrams[draw], labels[draw])
        for draw in _draws(part)
    ])  # fmt: skip
    low, high = np.quantile(drawn, (0.025, 0.975))
    areas = area_under_curve(ngrams, labels), area_under_curve(probe, labels)
    row = f"| {family} | {areas[0]:.3f} | {areas[1]:.3f} | {areas[1] - areas[0]:+.3f} ({low:+.3f} to {high:+.3f}) |"
    return row, drawn


def _draws(examples: Sequence[Example]) -> Iterator[npt.NDArray[np.int64]]:
    """Examples of as many wordings as there are, drawn with replacement, each label from its own."""
    dice = np.random.default_rng(0)
    by_wording: dict[bool, dict[str, list[int]]] = {True: {}, False: {}}
    for number, example in enumerate(examples):
        by_wording[example.is_harmful].setdefault(example.wording, []).append(number)
    pools = [list(wordings.values()) for wordings in by_wording.values()]
    for _ in range(DRAWS):
        yield np.concatenate([pool[n] for pool in pools for n in dice.integers(len(pool), size=len(pool))])


# --- speed


def _speed(result: dict[str, Any]) -> list[str]:
    """Microseconds for each 1000 characters: of English prose, and of what people hide."""
    prose = " ".join(e.text for e in examples_of("toxicity", "test") if e.language == "en" and not e.is_harmful)
    rows = [
        "## Cost",
        "",
        "| text | characters | canonical view | sentences and scores | finder, views given |",
        "|---|---|---|---|---|",
    ]
    classifier = load_classifier("toxicity")
    model = classifier.model
    for name, text in (("English", prose[:1000]), ("English", prose[:100]), ("English", prose[:100_000])):
        form, views = canonical(text).text, views_of(text)
        steps: dict[str, Callable[[], object]] = {
            "view": lambda text=text: canonical(text),
            "score": lambda form=form: score_sentences(form, model.weights, model.scale, model.intercept),
            "find": lambda views=views: list(classifier.find(views, "input")),
        }
        times = {step: _microseconds(run, max(20_000 // len(text), 3)) for step, run in steps.items()}
        result.setdefault("us_per_kb", []).append({"characters": len(text)} | times)
        per_kb = {step: [t * 1000 / len(text) for t in found] for step, found in times.items()}
        rows.append(f"| {name} | {len(text)} | " + " | ".join(
            f"{statistics.median(found):.0f} ({min(found):.0f} to {max(found):.0f}) µs/kB" for found in per_kb.values()
        ) + " |")  # fmt: skip
    return [*rows, "", "Median (min to max) of 15 rounds, one thread."]


def _microseconds(run: Callable[[], object], number: int) -> list[float]:
    run()
    times = []
    for _ in range(15):
        start = time.perf_counter()
        for _ in range(number):
            run()
        times.append((time.perf_counter() - start) / number * 1e6)
    return times


if __name__ == "__main__":
    main()
