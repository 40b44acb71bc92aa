"""Are a benchmark's problems in the training data? 13-grams of words in common; knows no model.

Words are runs of letters and digits in lower case. Thirteen in a row are GPT-3's measure (arXiv 2005.14165, C).
A problem with fewer words cannot be looked for, and is counted as such.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, Progress
from zaphod.data.shards import ShardSet
from zaphod.study.evaluation.problems import ChoiceProblem, CodeProblem, TextProblem

LENGTH = 13
_WORD = re.compile(r"\w+")
_TEXTS = (".txt", ".md", ".rst", ".html", ".jsonl", ".json")
_MANIFEST = "manifest.json"

Gram = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Training data.

    Args:
        texts: makes the texts anew, one document after another.
        num_documents: how many there are.
        name: where they are.
    """

    texts: Callable[[], Iterable[str]]
    num_documents: int
    name: str

    @property
    def facts(self) -> dict[str, Any]:
        """Which data, for the results' file."""
        return {"name": self.name, "num_documents": self.num_documents, "gram_words": LENGTH}

    def look_for(self, problems: Sequence[Any], progress: Progress = SILENT) -> dict[str, float]:
        """Of each problem that is long enough, by its key: the share of its 13-grams that stand in the data."""
        wanted = {problem.key: grams(text_of(problem)) for problem in problems}
        wanted = {key: own for key, own in wanted.items() if own}
        missing: set[Gram] = set().union(*wanted.values()) if wanted else set()
        found: set[Gram] = set()
        with progress.step("looking for the problems in the data", self.num_documents, "documents") as advance:
            for text in self.texts():
                found |= grams(text) & missing
                advance(1)
        return {key: len(own & found) / len(own) for key, own in wanted.items()}


def grams(text: str) -> set[Gram]:
    """Thirteen words in a row, wherever they begin."""
    words = _WORD.findall(text.lower())
    return {tuple(words[place : place + LENGTH]) for place in range(len(words) - LENGTH + 1)}


def text_of(problem: Any) -> str:
    """What a model would have had to read to know the problem."""
    match problem:
        case ChoiceProblem():
            return " ".join((problem.stem, *problem.options))
        case TextProblem():
            return problem.question
        case CodeProblem():
            return problem.prompt
    raise AssertionError(f"no problem: {problem!r}")


def open_corpus(folder: Path, decode: Callable[[Sequence[int]], str] | None = None) -> Corpus:
    """A folder of shards, which `decode` makes texts of, or of text files; JSON objects count by their field `text`.

    Raises:
        ConfigError: there is nothing to read, or shards come without their tokenizer.
    """
    if (folder / _MANIFEST).is_file():
        return _shards(folder, decode)
    files = sorted(path for path in folder.rglob("*") if path.suffix in _TEXTS and path.is_file())
    if not files:
        raise ConfigError(
            f"{folder} holds no training data.",
            f"A folder of shards was wanted, or one with {', '.join(_TEXTS)} files.",
            "Give another folder with --contamination.",
        )
    return Corpus(texts=lambda: _file_texts(files), num_documents=len(files), name=str(folder))


def _shards(folder: Path, decode: Callable[[Sequence[int]], str] | None) -> Corpus:
    shards = ShardSet.open(folder)
    if decode is None:
        raise ConfigError(
            f"{folder} holds tokens.",
            "The tokenizer that made them is needed to read them.",
            "Evaluate the model's files, not a server.",
        )
    make_text = decode
    return Corpus(
        texts=lambda: (make_text(shards.document(number).tolist()) for number in range(len(shards))),
        num_documents=len(shards),
        name=str(folder),
    )


def _file_texts(files: Sequence[Path]) -> Iterator[str]:
    for path in files:
        content = path.read_text(encoding="utf-8", errors="replace")
        if path.suffix not in (".jsonl", ".json"):
            yield content
            continue
        for line in content.splitlines() if path.suffix == ".jsonl" else [content]:
            yield _json_text(line)


def _json_text(line: str) -> str:
    """The field `text`, or else all that the line holds."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return line
    text = value.get("text") if isinstance(value, dict) else None
    return text if isinstance(text, str) else line
