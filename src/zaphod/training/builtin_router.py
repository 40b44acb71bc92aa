"""How sure the built-in model is that a question needs live data: a probability, not an answer.

Legend: B questions of equal length, V vocabulary.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import torch
from tokenizers import Tokenizer

from zaphod.core.errors import ConfigError
from zaphod.data.tasks.second.routes import OPENING
from zaphod.model.transformer import Transformer
from zaphod.training.greedy import GrowingSequences
from zaphod.training.tokenizer import encode_prompt

_MAX_SEQUENCES = 128


def live_shares(model: Transformer, tokenizer: Tokenizer, questions: Sequence[str]) -> list[float]:
    """The probability of `true` against `false` behind `{"live":`, for each question.

    Raises:
        ConfigError: the vocabulary does not tell the two apart by their first token.
    """
    yes, no = (tokenizer.encode(word).ids[0] for word in ("true", "false"))
    if yes == no:
        raise ConfigError("'true' and 'false' begin with the same token.", "They must differ.", "Train another.")
    opening = tokenizer.encode(OPENING).ids
    encoded = [[*encode_prompt(tokenizer, question, [("route", "")]), *opening] for question in questions]
    by_length: dict[int, list[int]] = defaultdict(list)
    for index, ids in enumerate(encoded):
        by_length[len(ids)].append(index)
    shares = [0.0] * len(questions)
    with torch.inference_mode():
        for same_length in by_length.values():
            for start in range(0, len(same_length), _MAX_SEQUENCES):
                chosen = same_length[start : start + _MAX_SEQUENCES]
                logits_BV = _last_logits(model, [encoded[index] for index in chosen])
                both = logits_BV[:, [yes, no]].float().softmax(-1)[:, 0].tolist()
                for index, share in zip(chosen, both, strict=True):
                    shares[index] = share
    return shares


def _last_logits(model: Transformer, sequences: Sequence[Sequence[int]]) -> torch.Tensor:
    length = len(sequences[0])
    ids_BS = torch.tensor(sequences)
    rows_B = torch.arange(1, len(sequences) + 1) * length - 1
    kept = GrowingSequences(len(sequences))
    logits_BV: torch.Tensor = model(ids_BS.flatten(), torch.arange(length).repeat(len(sequences)), kept, rows_R=rows_B)
    return logits_BV
