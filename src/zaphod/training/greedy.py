"""Answers by always taking the likeliest token, many questions at once; enough to judge a model, no engine.

Legend: B sequences, S keys so far, G key/value heads, K head size, V vocabulary.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch
from tokenizers import Tokenizer
from torch import Tensor

from zaphod.core.progress import SILENT, Progress
from zaphod.data.tasks import Example
from zaphod.model.attention import Span
from zaphod.model.transformer import Transformer
from zaphod.training.tokenizer import END_ID, encode_prompt

_MAX_SEQUENCES = 128


class GrowingSequences:
    """Key/value store of B sequences of equal length that grow together."""

    def __init__(self, num_sequences: int) -> None:
        self._num_sequences = num_sequences
        self._kept: dict[int, tuple[Tensor, Tensor]] = {}

    def extend(self, layer: int, keys_TGK: Tensor, values_TGK: Tensor) -> Sequence[Span]:
        """Append this pass's keys and values; its queries see all of their own sequence."""
        shape = (self._num_sequences, -1, *keys_TGK.shape[1:])
        new = keys_TGK.view(shape), values_TGK.view(shape)
        if layer in self._kept:
            keys_BSGK, values_BSGK = (torch.cat(pair, dim=1) for pair in zip(self._kept[layer], new, strict=True))
        else:
            keys_BSGK, values_BSGK = new
        self._kept[layer] = keys_BSGK, values_BSGK
        return (Span(slice(0, len(keys_TGK)), keys_BSGK, values_BSGK),)


def answer_greedily(
    model: Transformer,
    tokenizer: Tokenizer,
    questions: Sequence[Example],
    max_new_tokens: int = 224,
    progress: Progress = SILENT,
) -> list[str]:
    """The model's answers, in the order of `questions`. An answer that does not end in time is cut off."""
    encoded = [encode_prompt(tokenizer, question.prompt, question.context) for question in questions]
    by_length: dict[int, list[int]] = defaultdict(list)
    for index, ids in enumerate(encoded):
        by_length[len(ids)].append(index)
    answers = [""] * len(questions)
    with progress.step("answering", len(questions), "questions") as advance, torch.inference_mode():
        for same_length in by_length.values():
            for start in range(0, len(same_length), _MAX_SEQUENCES):
                chosen = same_length[start : start + _MAX_SEQUENCES]
                ids_BS = _continued(model, torch.tensor([encoded[index] for index in chosen]), max_new_tokens)
                for index, ids in zip(chosen, ids_BS, strict=True):
                    answers[index] = tokenizer.decode(ids[: ids.index(END_ID)] if END_ID in ids else ids)
                advance(len(chosen))
    return answers


def _continued(model: Transformer, ids_BS: Tensor, max_new_tokens: int) -> list[list[int]]:
    """New token ids of each sequence; after `END_ID` they mean nothing."""
    num_sequences, length = ids_BS.shape
    kept = GrowingSequences(num_sequences)
    last_rows_B = torch.arange(1, num_sequences + 1) * length - 1
    logits_BV = model(ids_BS.flatten(), torch.arange(length).repeat(num_sequences), kept, rows_R=last_rows_B)
    chosen = [logits_BV.argmax(-1)]
    has_ended_B = chosen[0] == END_ID
    while not has_ended_B.all() and len(chosen) < max_new_tokens:
        positions_B = torch.full((num_sequences,), length + len(chosen) - 1)
        chosen.append(model(chosen[-1], positions_B, kept).argmax(-1))
        has_ended_B |= chosen[-1] == END_ID
    return torch.stack(chosen, dim=1).tolist()
