"""`zaphod data topic`: learns what tells texts of a topic from others; knows no embedding."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line
from zaphod.core.errors import ConfigError
from zaphod.data.json_lines import JsonLinesSource
from zaphod.data.relevance.embedding import Embedder, LatentSemantics, SentenceTransformer
from zaphod.data.relevance.topic import Example, learn_topic, save_topic
from zaphod.data.texts import read_texts, text_files


class Curve(StrEnum):
    """How scores become probabilities."""

    PLATT = "platt"
    ISOTONIC = "isotonic"


_TRUE, _FALSE = ("true", "1", "yes"), ("false", "0", "no")


def topic(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="The topic in words.")],
    labels: Annotated[
        Path, typer.Option("--labels", metavar="FILE", help='JSON lines: {"text": …, "relevant": true or false}.')
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where the topic goes.")],
    corpus: Annotated[
        list[Path] | None, typer.Option("--corpus", metavar="TEXTS", help="Further texts to learn the embedding from.")
    ] = None,
    embedder: Annotated[
        Path | None, typer.Option("--embedder", metavar="FOLDER", help="A sentence-transformers model that you have.")
    ] = None,
    dimensions: Annotated[int, typer.Option("--dimensions", min=1, help="Of the corpus' own embedding.")] = 128,
    curve: Annotated[Curve, typer.Option("--curve", help="Tens of labels: platt; hundreds: isotonic.")] = Curve.PLATT,
    as_json: JsonFlag = False,
) -> None:
    """Learn a topic for the stage `relevance`, and tell how good it is on labels that it has not seen.

    \b
    Examples:
      zaphod data topic "network protocols and servers" --labels labels.jsonl --out topic.npz
      zaphod data topic "case law" --labels labels.jsonl --corpus texts/ --out law.npz --json
    """
    examples = _read_labels(labels)
    used: Embedder
    if embedder is not None:
        used = SentenceTransformer(embedder)
    else:
        texts = [example.text for example in examples]
        further = read_texts(text_files(corpus)) if corpus else ()
        used = LatentSemantics.learn([*texts, *further], num_dimensions=min(dimensions, len(texts)))
    learnt = learn_topic(query, examples, used, method=curve.value)
    save_topic(learnt, out)
    quality = learnt.quality
    if as_json:
        print_json({"file": str(out), **quality._asdict()})
        return
    print_line(
        f"{quality.num_labels:,} labels, {quality.num_relevant:,} relevant, judged by topics that had not seen them:"
    )
    print_line(
        f"area under the curve {quality.area:.3f}, calibration error {quality.calibration_error:.3f}, "
        f"Brier score {quality.brier:.3f}"
    )
    print_line(f'next     [[stages]] kind = "relevance", model = "{out}", min_probability = 0.5')


def _read_labels(file: Path) -> list[Example]:
    examples = []
    for document in JsonLinesSource(name="labels", path=str(file)).documents():
        label = document.metadata.get("relevant", "").lower()
        if label not in (*_TRUE, *_FALSE):
            raise ConfigError(
                f"The label of {document.id} is {label or 'missing'!r}.",
                'Each line has "relevant": true or false.',
                f"Mend {file}.",
            )
        examples.append(Example(text=document.text, is_relevant=label in _TRUE))
    return examples
