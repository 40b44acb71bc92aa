"""What a model must be able to do to be evaluated; knows no benchmark and no way of computing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol


class Likelihood(NamedTuple):
    """How likely a text is behind another one."""

    logprob: float
    """Natural logarithm, over all its tokens."""
    is_greedy: bool
    """Whether each of its tokens is the likeliest."""
    num_tokens: int
    is_cut: bool = False
    """Whether the beginning did not fit into the model's context."""


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """A text to continue, or, where the model is asked as a chat, to answer."""

    text: str
    max_tokens: int
    stop: tuple[str, ...] = ()
    temperature: float = 0.0
    seed: int = 0


class Written(NamedTuple):
    """What a model wrote."""

    text: str
    is_cut: bool = False
    """Whether the prompt's beginning did not fit."""
    is_ended: bool = True
    """Whether the answer came to its end, and not to `max_tokens`."""


class AskedModel(Protocol):
    """A model under evaluation."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Which model it is, and how it computes, for the results' file."""

    def likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[Likelihood]:
        """How likely each second text is behind the first."""

    def write(self, prompts: Sequence[Prompt]) -> list[Written]:
        """What the model writes."""


def with_blanks_behind(context: str, continuation: str) -> tuple[str, str]:
    """Blanks at the context's end belong to the continuation: tokenizers join them with the word that follows."""
    bare = context.rstrip()
    return bare, context[len(bare) :] + continuation
