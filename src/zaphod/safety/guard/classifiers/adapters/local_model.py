"""Opens a Transformers model from a folder on this machine; knows no labels and never asks the network.

Weights are read from safetensors files only (pickles can run code), and code that comes with a model is not run.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError, MissingExtraError

EXTRA = "guard-models"


@dataclass(frozen=True, kw_only=True)
class Window:
    """Characters that a model reads at once."""

    start: int
    end: int
    probabilities: tuple[float, ...]


def open_folder(folder: Path, kind: str) -> tuple[Any, Any]:
    """The tokenizer and the model (`AutoModelFor<kind>`) in a folder.

    Raises:
        MissingExtraError: Transformers is not installed.
        ConfigError: there is no such folder, or no such model in it.
    """
    try:
        import transformers
    except ImportError as error:
        raise MissingExtraError("Transformers", EXTRA) from error
    if not (folder / "config.json").is_file():
        raise ConfigError(
            f"{folder} is no folder with a config.json.",
            "An adapter reads a model from a folder on this machine; nothing is fetched.",
            "Download the model with a tool of your choice, and name its folder.",
        )
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = getattr(transformers, f"AutoModelFor{kind}").from_pretrained(
            folder, local_files_only=True, use_safetensors=True
        )
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{folder} cannot be opened: {error}",
            "It must hold a tokenizer, a config.json and weights in safetensors files.",
            "Compare the folder with the model's page.",
        ) from error
    return tokenizer, model.eval()


def without_markers(text: str, tokenizer: Any) -> str:
    """The text with the first character of each of the tokenizer's special tokens blank.

    Otherwise a text could end the conversation that the model is asked about, and answer in its name. The length stays.
    """
    for marker in sorted(tokenizer.added_tokens_encoder, key=len, reverse=True):
        if marker.strip() and marker in text:
            text = text.replace(marker, " " + marker[1:])
    return text


class SequenceModel:
    """A model that gives a text one score for each label. Thread-safe.

    Args:
        folder: where it lies.
        is_multi_label: whether labels are independent (a sigmoid each) or exclude each other (a softmax over all).
        max_tokens: of a window, special ones included; longer texts are read in windows that overlap by half.
    """

    def __init__(self, folder: Path, *, is_multi_label: bool, max_tokens: int = 512) -> None:
        self._tokenizer, self._model = open_folder(folder, "SequenceClassification")
        if not self._tokenizer.is_fast:
            raise ConfigError(
                f"The tokenizer in {folder} does not say where its tokens stand in the text.",
                "Hits need places: a tokenizer.json is wanted.",
                "Save the tokenizer once with AutoTokenizer.from_pretrained(...).save_pretrained(...).",
            )
        config = self._model.config
        self.labels: tuple[str, ...] = tuple(config.id2label[number] for number in range(config.num_labels))
        self._is_multi_label = is_multi_label
        places = getattr(config, "max_position_embeddings", None) or max_tokens
        # RoBERTa counts positions from its padding token on, so two of them are not for texts.
        self._max_tokens = min(max_tokens, places - 2)
        self._lock = threading.Lock()

    def windows(self, text: str) -> Iterator[Window]:
        """The text, window by window."""
        import torch

        with self._lock:  # fast tokenizers keep their truncation settings in themselves
            encoded = self._tokenizer(
                without_markers(text, self._tokenizer),
                truncation=True,
                max_length=self._max_tokens,
                stride=self._max_tokens // 2,
                return_overflowing_tokens=True,
                return_offsets_mapping=True,
            )
        for ids, offsets in zip(encoded["input_ids"], encoded["offset_mapping"], strict=True):
            places = [(start, end) for start, end in offsets if end > start]
            if not places:
                continue
            with torch.inference_mode():
                logits = self._model(input_ids=torch.tensor([ids])).logits[0].float()
            scores = logits.sigmoid() if self._is_multi_label else logits.softmax(-1)
            yield Window(start=places[0][0], end=places[-1][1], probabilities=tuple(scores.tolist()))
