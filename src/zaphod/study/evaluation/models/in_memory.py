"""A model of ours under evaluation: prompts through the engine, their tokens scored; knows no benchmark and no HTTP.

Choices of one question share its tokens: the first choice of each question is computed before the others, which then
find the question in the prefix cache.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from zaphod.core.errors import RequestError
from zaphod.core.tokenizers import encode_chat
from zaphod.engine import Completion, Request, SamplingParams
from zaphod.launch.models import LoadedModel
from zaphod.study.evaluation.models.asked import Likelihood, Prompt, Written, with_blanks_behind

_WAVE = 64
"""Requests that are given to the engine at one time."""
_WHOLE_BYTES = 4 << 30
_END_BYTES = 1 << 20


class TokenPair(NamedTuple):
    """A context and what follows it, as one sequence of tokens."""

    token_ids: tuple[int, ...]
    first_scored: int
    """Position of the first token that is scored, 1 or more."""
    is_cut: bool


class EngineModel:
    """Asks an engine.

    Args:
        loaded: the model.
        facts: what is known of it beside that.
        as_chat: lay prompts out as a user's message, as the model's template has it.
    """

    def __init__(self, loaded: LoadedModel, facts: Mapping[str, Any] | None = None, *, as_chat: bool = False) -> None:
        self._engine, self._tokenizer = loaded.engine, loaded.tokenizer
        self._adapter, self._as_chat = loaded.adapter, as_chat
        self._names = (f"evaluation-{number}" for number in itertools.count())
        # The engine wants room for one token of an answer.
        self.max_tokens = loaded.context_tokens - 1
        self._facts = {
            "runner": loaded.runner,
            "context_tokens": loaded.context_tokens,
            "chat": as_chat,
            **(facts or {}),
        }

    @property
    def facts(self) -> Mapping[str, Any]:
        return self._facts

    def likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[Likelihood]:
        return self.token_likelihoods([self.encode_pair(context, following) for context, following in pairs])

    def token_likelihoods(self, pairs: Sequence[TokenPair]) -> list[Likelihood]:
        """The same of tokens."""
        found: dict[int, Likelihood] = {}
        for wave in _waves(pairs):
            requests = [self._scoring(pairs[index]) for index in wave]
            for index, completion in zip(wave, self._engine.generate(requests), strict=True):
                found[index] = _likelihood(pairs[index], completion)
        return [found[index] for index in range(len(pairs))]

    def write(self, prompts: Sequence[Prompt]) -> list[Written]:
        written: list[Written] = []
        for start in range(0, len(prompts), _WAVE):
            asked = [self._asking(prompt) for prompt in prompts[start : start + _WAVE]]
            completions = self._engine.generate([request for request, _ in asked])
            for (_, is_cut), completion in zip(asked, completions, strict=True):
                written.append(Written(completion.text, is_cut, completion.finish_reason == "stop"))
        return written

    def encode(self, text: str) -> list[int]:
        """Tokens of a text that begins a sequence; names of special tokens in it are plain text."""
        return self._tokenizer.encode(text, allow_special=False, add_bos=self._tokenizer.wants_bos)

    @property
    def prefix_token_id(self) -> int:
        """What stands before a text that has nothing before it.

        Raises:
            RequestError: the vocabulary has no such token.
        """
        for token_id in (self._tokenizer.bos_token_id, *self._tokenizer.eos_token_ids):
            if token_id is not None:
                return token_id
        raise RequestError(
            "A text with nothing before it is to be scored.",
            "The vocabulary has no token that begins or ends a sequence.",
            "Give it a context.",
        )

    def encode_pair(self, context: str, continuation: str) -> TokenPair:
        """Both texts as one sequence, cut from the left to what the model can hold.

        Raises:
            RequestError: the continuation adds no token.
        """
        context, continuation = with_blanks_behind(context, continuation)
        begin = self.encode(context) if context else []
        whole = self.encode(context + continuation)
        if not begin:
            begin = [self.prefix_token_id]
            whole = whole if whole[:1] == begin else begin + whole
        return self.cut_pair(begin, whole[len(begin) :])

    def cut_pair(self, context_ids: Sequence[int], continuation_ids: Sequence[int]) -> TokenPair:
        """Tokens of both as one sequence, cut from the left."""
        if not continuation_ids:
            raise RequestError(
                "A continuation adds no token to its context.", "There must be something to score.", "Make it longer."
            )
        whole = (*context_ids, *continuation_ids)
        num_lost = max(0, len(whole) - self.max_tokens)
        return TokenPair(whole[num_lost:], max(1, len(context_ids) - num_lost), num_lost > 0)

    def _scoring(self, pair: TokenPair) -> Request:
        return Request(
            request_id=next(self._names),
            prompt_token_ids=pair.token_ids,
            sampling=SamplingParams(max_tokens=1, logprobs=1),
            adapter=self._adapter,
            scored_from=pair.first_scored,
        )

    def _asking(self, prompt: Prompt) -> tuple[Request, bool]:
        if self._as_chat:
            token_ids = list(encode_chat(self._tokenizer, [{"role": "user", "content": prompt.text}]))
        else:
            token_ids = self.encode(prompt.text) or [self.prefix_token_id]
        # Half of the context at least is for the prompt, which is cut where lm-evaluation-harness cuts it.
        num_answer = min(prompt.max_tokens, (self.max_tokens + 1) // 2)
        room = self.max_tokens - num_answer
        request = Request(
            request_id=next(self._names),
            prompt_token_ids=tuple(token_ids[-room:]),
            sampling=SamplingParams(
                max_tokens=num_answer, stop=prompt.stop, temperature=prompt.temperature, seed=prompt.seed
            ),
            adapter=self._adapter,
        )
        return request, len(token_ids) > room


def files_digest(path: Path) -> tuple[str, str]:
    """SHA-256 of a model's files with their names, and what of them it covers.

    Of files beyond 4 GB together only the sizes, the first and the last MB count: hashing 300 GB takes an hour.
    """
    files = sorted(part for part in path.rglob("*") if part.is_file()) if path.is_dir() else [path]
    is_whole = sum(file.stat().st_size for file in files) <= _WHOLE_BYTES
    digest = hashlib.sha256()
    for file in files:
        name = file.relative_to(path).as_posix() if path.is_dir() else file.name
        digest.update(f"{name} {file.stat().st_size}\n".encode())
        for piece in _pieces(file, is_whole):
            digest.update(piece)
    return digest.hexdigest(), "whole files" if is_whole else "sizes, first and last MB"


def _pieces(path: Path, is_whole: bool) -> Iterator[bytes]:
    with path.open("rb") as file:
        if is_whole:
            while piece := file.read(_END_BYTES):
                yield piece
        else:
            yield file.read(_END_BYTES)
            file.seek(max(0, path.stat().st_size - _END_BYTES))
            yield file.read(_END_BYTES)


def _waves(pairs: Sequence[TokenPair]) -> Iterator[list[int]]:
    """Indices in the order in which prefixes are of most use."""
    seen: set[tuple[int, ...]] = set()
    firsts: list[int] = []
    others: list[int] = []
    for index, pair in enumerate(pairs):
        context = pair.token_ids[: pair.first_scored]
        (others if context in seen else firsts).append(index)
        seen.add(context)
    # The first one alone: examples that all questions begin with are then computed once.
    for wave in (firsts[:1], firsts[1:], others):
        yield from (list(part) for part in _batched(wave, _WAVE))


def _batched(items: Iterable[int], size: int) -> Iterator[list[int]]:
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def _likelihood(pair: TokenPair, completion: Completion) -> Likelihood:
    scores = completion.prompt_logprobs
    assert len(scores) == len(pair.token_ids) - pair.first_scored, "the engine scored other tokens"
    return Likelihood(
        logprob=sum(score.logprob for score in scores),
        is_greedy=all(score.top[0][0] == score.token_id for score in scores),
        num_tokens=len(scores),
        is_cut=pair.is_cut,
    )
