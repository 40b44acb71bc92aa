"""What a run learns from, opened: documents as token ids and the tokenizer they belong to; knows no batches.

Legend: N documents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, Progress
from zaphod.core.tokenizers import Tokenizer
from zaphod.data.mixture import MixtureConfig, plan_mixture
from zaphod.data.shards import ShardSet, require_same_vocabulary
from zaphod.data.slices import open_tokenizer
from zaphod.data.tokenizer_training import TokenizerTraining, save_tokenizer, train_tokenizer
from zaphod.training.config import DataConfig
from zaphod.training.pretraining_stream import Numbers, Selection, ShardSelection, TokenArrays, split


class Corpus(NamedTuple):
    """Documents to learn from and documents kept apart."""

    training: Selection
    validation: Selection
    tokenizer: Tokenizer
    tokenizer_place: str
    """Folder, file, or `bytes`."""
    domains: Sequence[str]
    """Names by number."""
    manifest: dict[str, object]
    """Where the documents come from, for the report."""


def open_corpus(
    config: DataConfig, vocab_size: int, run_folder: Path, seed: int, progress: Progress = SILENT
) -> Corpus:
    """Open shards, or read and encode texts.

    Raises:
        ConfigError: there is nothing to read, or the tokenizer does not suit the model or the shards.
    """
    if config.shards is not None:
        corpus = _from_shards(config, Path(config.shards), seed, progress)
    else:
        corpus = _from_texts(config, vocab_size, run_folder, seed, progress)
    if corpus.tokenizer.vocab_size > vocab_size:
        raise ConfigError(
            f"The tokenizer has {corpus.tokenizer.vocab_size} tokens, and model.vocab_size is {vocab_size}.",
            "Every token needs a row of the embedding.",
            f"Set model.vocab_size to {corpus.tokenizer.vocab_size} or more.",
        )
    return corpus


def mixed_order(documents: Selection, mixture: MixtureConfig, num_tokens: int, seed: int) -> Callable[[int], Numbers]:
    """The documents of each epoch of about `num_tokens`, as a mixture draws them."""
    assert isinstance(documents, ShardSelection)
    return lambda epoch: plan_mixture(documents, mixture, num_tokens, seed * 2**16 + epoch).documents


def _from_shards(config: DataConfig, folder: Path, seed: int, progress: Progress) -> Corpus:
    if config.tokenizer == "train":
        raise ConfigError(
            "data.tokenizer is 'train', and data.shards hold token ids already.",
            "The model is written with the tokenizer of its ids.",
            "Set data.tokenizer to the folder of the tokenizer that the shards were made with.",
        )
    shards = ShardSet.open(folder, progress=progress)
    tokenizer, digest = open_tokenizer(config.tokenizer)
    require_same_vocabulary(shards, digest)
    kept, held_out = split(len(shards), config.validation_share, seed)
    sources = [
        {
            "name": source.name,
            "documents": source.num_documents,
            "tokens": source.num_tokens,
            "licences": source.licences,
        }
        for source in shards.manifest.sources
    ]
    return Corpus(
        ShardSelection(shards, kept),
        ShardSelection(shards, held_out),
        tokenizer,
        config.tokenizer,
        shards.domains,
        {"shards": str(folder), "sha256": shards.manifest.sha256, "sources": sources},
    )


def _from_texts(config: DataConfig, vocab_size: int, run_folder: Path, seed: int, progress: Progress) -> Corpus:
    files = _files(config.texts)
    texts = [file.read_text("utf-8", errors="replace") for file in files]
    place = config.tokenizer
    if place == "train":
        place = str(run_folder / "tokenizer")
        if not (run_folder / "tokenizer" / "tokenizer.json").exists():
            training = TokenizerTraining(vocab_size=vocab_size)
            save_tokenizer(train_tokenizer(texts, training), training, run_folder / "tokenizer")
    tokenizer, _ = open_tokenizer(place)
    domains = sorted({file.parent.name for file in files})
    arrays = []
    with progress.step("encoding texts", sum(map(len, texts)), "characters") as advance:
        for text in texts:
            ids = [*tokenizer.encode(text, allow_special=False), *tokenizer.eos_token_ids[:1]]
            arrays.append(np.array(ids, np.uint32))
            advance(len(text))
    documents = TokenArrays(
        arrays,
        np.array([len(text.encode()) for text in texts], np.int64),
        np.array([domains.index(file.parent.name) for file in files], np.int64),
    )
    kept, held_out = split(len(files), config.validation_share, seed)
    entries = [{"name": str(file), "tokens": len(array)} for file, array in zip(files, arrays, strict=True)]
    return Corpus(
        Selection(documents, kept), Selection(documents, held_out), tokenizer, place, domains, {"texts": entries}
    )


def _files(places: Sequence[str]) -> list[Path]:
    """The files named, and those below the folders named, sorted. A file's folder is its domain."""
    files: list[Path] = []
    for place in map(Path, places):
        if not place.exists():
            raise ConfigError(f"{place} is not there.", "data.texts names text files and folders.", "Check the path.")
        files += sorted(file for file in place.rglob("*") if file.is_file()) if place.is_dir() else [place]
    if not files:
        raise ConfigError(f"There are no files in {', '.join(places)}.", "A run learns from some.", "Check data.texts.")
    return files
