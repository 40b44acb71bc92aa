"""One request's embedding in the making: the mean of its tokens' hidden states; knows no batch and no other request.

Legend: T tokens of a pass, D width.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zaphod.core.errors import RequestError
from zaphod.engine.generation import Increment
from zaphod.engine.request import Completion, FinishReason, Request
from zaphod.engine.sequence import TokenSequence


class Embedding:
    """A request that embeds and the sum over what was read of its prompt.

    Args:
        request: what was asked for.
        sequence: its tokens.
    """

    def __init__(self, request: Request, sequence: TokenSequence) -> None:
        self.request = request
        self.sequence = sequence
        self._sum_D: npt.NDArray[np.float64] = np.zeros(0)

    def add(self, states_TD: npt.NDArray[np.float32], first: int) -> Increment | None:
        """Hidden states of the tokens from `first` on; the embedding, when they are those of the last ones.

        Raises:
            RequestError: they are not numbers.
        """
        if first == 0:
            # The first pass, or the first again after the request gave way.
            self._sum_D = np.zeros(states_TD.shape[1])
        # Token after token, so that no bit depends on how the prompt was cut into passes.
        with np.errstate(invalid="ignore"):
            for state_D in states_TD:
                self._sum_D += state_D
        if first + len(states_TD) < self.sequence.num_prompt_tokens:
            return None
        return Increment(request_id=self.request.request_id, completion=self.end("stop", self._mean()))

    def end(self, reason: FinishReason, embedding_D: tuple[float, ...] | None = None) -> Completion:
        """What the request produced; nothing where it ends early."""
        return Completion(
            request_id=self.request.request_id, token_ids=(), text="", finish_reason=reason, embedding_D=embedding_D
        )

    def _mean(self) -> tuple[float, ...]:
        mean_D = (self._sum_D / self.sequence.num_prompt_tokens).astype(np.float32)
        if not np.isfinite(mean_D).all():
            raise RequestError(
                "The model produced hidden states that are not numbers.",
                "This happens when weights are damaged or a precision overflows.",
                "Run `zaphod doctor` on the model, or load it with --dtype float32.",
            )
        return tuple(mean_D.tolist())
