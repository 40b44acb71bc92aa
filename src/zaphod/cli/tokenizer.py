"""`zaphod tokenizer`: learns vocabularies, imports and measures them; knows no algorithm."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from zaphod.cli.options import JsonFlag
from zaphod.cli.output import print_json, print_line, print_pairs
from zaphod.core.errors import ConfigError
from zaphod.core.progress import Progress, ProgressLines
from zaphod.core.tokenizers import Tokenizer
from zaphod.data.sentencepiece_import import Agreement, compare, import_sentencepiece
from zaphod.data.slices import open_tokenizer
from zaphod.data.texts import read_texts, text_files
from zaphod.data.tokenizer_training import (
    TokenizerReport,
    TokenizerTraining,
    measure_tokenizer,
    save_tokenizer,
    train_tokenizer,
)

_HELP = """Learn a vocabulary, import one, or see what one makes of a text.

\b
Examples:
  zaphod tokenizer train texts/ --vocab-size 32000 --out tokenizer
  zaphod tokenizer show tokenizer --text README.md --json
  zaphod tokenizer import tokenizer.model --out imported
"""
_HELD_OUT_EVERY = 20
"""One text of so many is measured and not learnt from."""

verbs = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=_HELP)

OutFlag = Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Where the tokenizer's files go.")]


@verbs.command("train")
def train(
    texts: Annotated[list[Path], typer.Argument(metavar="TEXTS…", help="Files, .jsonl files, or folders of them.")],
    out: OutFlag,
    vocab_size: Annotated[int, typer.Option("--vocab-size", "-n", help="Tokens, the 256 bytes included.")] = 32_000,
    special: Annotated[
        list[str] | None, typer.Option("--special", metavar="NAME", help="A further special token; may repeat.")
    ] = None,
    splitting: Annotated[
        str, typer.Option("--splitting", help="How text is cut: qwen2 (single digits), llama-bpe, gpt-2 …")
    ] = "qwen2",
    as_json: JsonFlag = False,
) -> None:
    """Learn a byte-level BPE vocabulary; every twentieth text is kept apart and measured.

    \b
    Examples:
      zaphod tokenizer train docs/ --out tokenizer
      zaphod tokenizer train corpus.jsonl --vocab-size 4096 --special "<|user|>" --out tokenizer
    """
    training = TokenizerTraining(
        vocab_size=vocab_size,
        special_tokens=(*TokenizerTraining().special_tokens, *(special or ())),
        splitting=splitting,
    )
    files = text_files(texts)
    learnt = train_tokenizer(_split(files, ProgressLines(), held_out=False), training)
    save_tokenizer(learnt, training, out)
    report = measure_tokenizer(open_tokenizer(str(out))[0], _split(files, ProgressLines(), held_out=True))
    _print(out, report, as_json)
    if not as_json:
        print_line(f"next     zaphod tokenizer show {out} --text FILE")


@verbs.command("show")
def show(
    tokenizer: Annotated[Path, typer.Argument(metavar="TOKENIZER", help="tokenizer.json, tokenizer.model, a folder.")],
    text: Annotated[list[Path] | None, typer.Option("--text", metavar="FILE", help="Measure on this text.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Tell a vocabulary's size and special tokens, and bytes a token on texts.

    \b
    Examples:
      zaphod tokenizer show tokenizer
      zaphod tokenizer show tokenizer.model --text README.md --json
    """
    opened, digest = open_tokenizer(str(tokenizer))
    report = measure_tokenizer(opened, read_texts(text_files(text))) if text else None
    about = {**_about(opened), "digest": digest, **(_as_dict(report) if report else {})}
    if as_json:
        print_json(about)
        return
    print_pairs((name.replace("_", " "), _as_text(value)) for name, value in about.items())


@verbs.command("import")
def import_model(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A SentencePiece model, mostly tokenizer.model.")],
    out: OutFlag,
    text: Annotated[list[Path] | None, typer.Option("--text", metavar="FILE", help="Compare on this text.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Write a SentencePiece model as tokenizer.json; with --text, count where the two disagree.

    \b
    Examples:
      zaphod tokenizer import tokenizer.model --out imported
      zaphod tokenizer import tokenizer.model --out imported --text corpus.txt
    """
    if not model.is_file():
        raise ConfigError(f"{model} is no file.", "It is a SentencePiece model.", "Check the path.")
    import_sentencepiece(model, out)
    agreement = None
    if text:
        lines = (line for piece in read_texts(text_files(text)) for line in piece.splitlines())
        agreement = compare(open_tokenizer(str(model))[0], open_tokenizer(str(out))[0], lines)
    _print_import(out, agreement, as_json)


def _split(files: list[Path], progress: Progress, *, held_out: bool) -> Iterator[str]:
    """Texts to learn from, or those kept apart; a single text is both."""
    if next(itertools.islice(read_texts(files), 1, None), None) is None:
        yield from read_texts(files)
        return
    label = "measuring" if held_out else "learning"
    with progress.step(label, sum(file.stat().st_size for file in files)) as advance:
        for number, text in enumerate(read_texts(files)):
            advance(len(text.encode("utf-8", "replace")))
            if (number % _HELD_OUT_EVERY == 1) == held_out:
                yield text


def _about(tokenizer: Tokenizer) -> dict[str, Any]:
    return {
        "vocab_size": tokenizer.vocab_size,
        "special_tokens": dict(tokenizer.special_tokens),
        "eos_token_ids": list(tokenizer.eos_token_ids),
    }


def _as_dict(report: TokenizerReport) -> dict[str, Any]:
    names = ("num_texts", "num_bytes", "num_tokens", "bytes_per_token", "num_changed", "num_unused")
    return {name: getattr(report, name) for name in names}


def _as_text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {token_id}" for name, token_id in value.items()) or "none"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def _print(out: Path, report: TokenizerReport, as_json: bool) -> None:
    opened, digest = open_tokenizer(str(out))
    if as_json:
        print_json({"folder": str(out), **_about(opened), "digest": digest, **_as_dict(report)})
        return
    unchanged = report.num_texts - report.num_changed
    print_line(f"{opened.vocab_size:,} tokens in {out}")
    print_line(
        f"{report.bytes_per_token:.2f} bytes a token on {report.num_texts:,} texts that were kept apart; "
        f"{unchanged:,} of {report.num_texts:,} come back unchanged"
    )


def _print_import(out: Path, agreement: Agreement | None, as_json: bool) -> None:
    found = None if agreement is None else {"num_texts": agreement.num_texts, "num_equal": agreement.num_equal}
    if as_json:
        print_json({"folder": str(out), "agreement": found})
        return
    print_line(f"written to {out}")
    if agreement is not None:
        print_line(f"{agreement.num_equal:,} of {agreement.num_texts:,} lines have the same ids")
        if agreement.first_difference is not None:
            print_line(f"first difference: {agreement.first_difference[:200]!r}")
