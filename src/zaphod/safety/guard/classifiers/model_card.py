"""Writes what there is to know of a model beside its file; figures are measured when it is built, none is typed in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from zaphod.core.progress import SILENT, Progress
from zaphod.safety.guard.classifiers.arithmetic import Floats
from zaphod.safety.guard.classifiers.calibration import Platt, reliability
from zaphod.safety.guard.classifiers.evaluation import (
    Quality,
    Scorer,
    family_rates,
    group_rates,
    harmful,
    left_out_families,
    quality,
)
from zaphod.safety.guard.classifiers.examples import SEED, Example, Task, examples_of
from zaphod.safety.guard.classifiers.model_file import NgramModel
from zaphod.safety.guard.classifiers.ngrams import LENGTHS, TABLE_SIZE
from zaphod.safety.guard.classifiers.reading import reading
from zaphod.safety.guard.classifiers.training import OPTIONS, Linear, TrainingOptions, fit, prepare

LIMITS = {
    "toxicity": (
        "It knows words and pieces of words, not meaning. Insults in words that its wordings do not have, irony, dog "
        "whistles and threats in polite words pass. A sentence that quotes, denies or condemns abuse looks like abuse "
        "to it: see counter_speech, negations and reported_abuse below. Statements about groups of people are where it "
        "is weakest. Do not let it decide alone about people."
    ),
    "injection": (
        'It knows how demands of this kind are usually worded. A demand in ordinary words ("send the file to Bob") '
        "is not an injection by its wording, only by where it comes from: that is what authority checks are for. Text "
        "about prompts and security looks like an attack to it: see security_docs below. Somebody who may try often "
        "will get past it."
    ),
}
_LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
    "ru": "Russian",
    "zh": "Chinese",
}


def write_card(model: NgramModel, path: Path, progress: Progress = SILENT) -> None:
    """Measure, and write the card."""
    path.write_text("\n".join(_lines(model, progress)) + "\n", "utf-8")


def scorer_of(linear: Linear, model: NgramModel) -> Scorer:
    """Probabilities by these weights and the model's calibration."""
    platt = Platt(slope=model.slope, shift=model.shift)
    return lambda texts: platt.probabilities(linear.scores([reading(text) for text in texts]))


def shipped_scorer(model: NgramModel) -> Scorer:
    """Probabilities by the model as it is shipped."""
    return scorer_of(Linear(weights=model.weights, scale=model.scale, intercept=model.intercept), model)


def trainer_of(model: NgramModel, examples: Sequence[Example]) -> Scorer:
    """A classifier of the same kind, trained on these examples, with the model's calibration."""
    return scorer_of(fit(prepare(examples), TrainingOptions()), model)


def _lines(model: NgramModel, progress: Progress) -> Iterator[str]:
    task: Task = "toxicity" if model.task == "toxicity" else "injection"
    known, new = examples_of(task, "test", known_words=True), examples_of(task, "test")
    scorer = shipped_scorer(model)
    yield f"# The {task} model, version {model.version}"
    yield ""
    yield f"Written by `python -m zaphod.safety.guard.classifiers.train {task}`, which measures every figure here."
    yield ""
    yield from _about(model, task)
    yield "## What it cannot do"
    yield LIMITS[task]
    yield ""
    p_known = scorer([example.text for example in known])
    p_new = scorer([example.text for example in new])
    yield from _figures(model, quality(p_known, known, model.threshold), quality(p_new, new, model.threshold))
    yield from _left_out(model, task, p_new, new, progress)
    yield from _harmless(p_new, new, model.threshold)
    yield from _groups(p_new, new, model.threshold)
    yield from _reliability(p_new, new)


def _about(model: NgramModel, task: Task) -> Iterator[str]:
    training, validation = examples_of(task, "train"), examples_of(task, "validation")
    languages = Counter(example.language for example in training)
    families = sorted({example.family for example in training if example.is_harmful})
    lengths = " to ".join((str(LENGTHS[0]), str(LENGTHS[-1])))
    share = 100 * OPTIONS[task].max_false_positive_rate
    yield f"- kind: logistic regression on hashed n-grams of {lengths} characters of the canonical view"
    yield f"- size: {TABLE_SIZE} int8 weights"
    yield f"- threshold: {model.threshold} ({share:.0f} % of harmless held-out examples reach it, families weighted)"
    yield f"- digest: `{model.digest}`"
    yield f"- data: {len(training)} training and {len(validation)} validation examples made of the wordings in `data/`,"
    yield f"  written for this purpose; seed {SEED}, digest `{model.data_digest}`. No text of real people."
    yield "- languages, by training examples: " + ", ".join(
        f"{_LANGUAGES[language]} {count}" for language, count in languages.most_common()
    )
    yield f"- harmful families: {', '.join(families)}"
    yield ""


def _figures(model: NgramModel, known: Quality, new: Quality) -> Iterator[str]:
    yield "## Figures on wordings that it was not trained on"
    yield f"At the threshold, {model.threshold}. *Known words*: new sentences, insults and demands that training had."
    yield "*New words*: those are new, too. Intervals are 95 %: of F1 over wordings, of rates as if examples were"
    yield "independent, which those of one wording are not."
    yield ""
    yield "| test set | examples (wordings) | precision | recall | F1 | false positives | ECE |"
    yield "|---|---|---|---|---|---|---|"
    for name, result in (("known words", known), ("new words", new)):
        low, high = result.f1_interval
        yield (
            f"| {name} | {result.num_examples} ({result.num_wordings}) | {result.precision:.2f} | {result.recall} | "
            f"{result.f1:.2f} ({low:.2f} to {high:.2f}) | {result.false_positives} | {result.calibration_error:.3f} |"
        )
    yield ""


def _left_out(
    model: NgramModel, task: Task, p_new: Floats, new: Sequence[Example], progress: Progress
) -> Iterator[str]:
    rates = family_rates(p_new, new, model.threshold)
    yield "## Recall by family, and when the family was left out of training"
    yield "New words; area: under the ROC curve of the left-out family against all harmless examples."
    yield ""
    yield "| family | in training | left out | area, left out |"
    yield "|---|---|---|---|"
    for result in left_out_families(task, lambda examples: trainer_of(model, examples), model.threshold, progress):
        yield f"| {result.family} | {rates[result.family]} | {result.recall} | {result.area:.2f} |"
    yield ""


def _harmless(p_new: Floats, new: Sequence[Example], threshold: float) -> Iterator[str]:
    harmless = {example.family for example in new if not example.is_harmful}
    rates = {name: rate for name, rate in family_rates(p_new, new, threshold).items() if name in harmless}
    yield "## False positives by harmless family"
    yield "| family | hits |"
    yield "|---|---|"
    for name, rate in sorted(rates.items(), key=lambda item: -item[1].share):
        yield f"| {name} | {rate} |"
    yield ""


def _groups(p_new: Floats, new: Sequence[Example], threshold: float) -> Iterator[str]:
    """Mentions of groups: what both models must not punish."""
    yield "## False positives by group of people"
    yield "Harmless sentences that name the group: neutral, positive, and counter-speech that repeats what it condemns."
    yield ""
    yield "| group | hits | without counter-speech |"
    yield "|---|---|---|"
    all_rates = group_rates(p_new, new, threshold)
    keep = np.array([example.family != "counter_speech" for example in new])
    plain = group_rates(p_new[keep], [example for example in new if example.family != "counter_speech"], threshold)
    for group, rate in all_rates.items():
        yield f"| {group} | {rate} | {plain[group]} |"
    yield ""


def _reliability(p_new: Floats, new: Sequence[Example]) -> Iterator[str]:
    yield "## Reliability"
    yield "Test examples (new words) by their probability: its mean in ten ranges, and how many of them were harmful."
    yield ""
    yield "| examples | mean probability | harmful |"
    yield "|---|---|---|"
    for b in reliability(p_new, harmful(new)):
        yield f"| {b.count} | {b.mean_probability:.2f} | {b.share_positive:.2f} |"
