"""Examples as token ids with a mark on what is learnt: the model's own template, as inference will lay it out.

Each answer's prompt is rendered as it is when the model is asked, so a prompt's ids are those of inference. Turns of a
conversation stay in one document as long as the later prompt begins with the earlier one's ids and answer; where a
template rewrites history, each answer becomes a document of its own. Knows text and ids, not batches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from zaphod.core.errors import ConfigError, TokenizerError
from zaphod.core.tokenizers import Tokenizer
from zaphod.core.tokenizers.chat import render_chat
from zaphod.core.tokenizers.veil import Veil
from zaphod.training.adaptation.conversations import Conversation, Example, PlainText


class Sample(NamedTuple):
    """One document."""

    token_ids: list[int]
    is_learnt: list[bool]
    """Whether the model is taught to produce the token; never the first one, which nothing comes before."""


@dataclass(kw_only=True)
class EncodingReport:
    """What became of the examples."""

    num_examples: int = 0
    num_documents: int = 0
    num_tokens: int = 0
    num_learnt: int = 0
    num_cut: int = 0
    """Documents that were longer than the limit."""
    num_tokens_cut: int = 0
    num_dropped: int = 0
    """Documents of which nothing to learn was left."""
    num_rewritten: int = 0
    """Conversations in several documents, because the template rewrites earlier turns."""
    num_without_stop: int = 0
    """Answers that end in no token at which generation stops, because the vocabulary has none."""

    def to_dict(self) -> dict[str, Any]:
        """Plain data, fit for JSON."""
        return asdict(self)


class Encoder:
    """Turns examples into documents and counts what it had to cut.

    Args:
        tokenizer: with the model's chat template, if conversations are encoded.
        stop_ids: tokens at which generation stops; an answer is learnt up to the first of them.
        max_tokens: of a document.
    """

    def __init__(self, tokenizer: Tokenizer, stop_ids: Iterable[int], max_tokens: int) -> None:
        self._tokenizer = tokenizer
        self._stop_ids = tuple(stop_ids)
        self._max_tokens = max_tokens
        self.report = EncodingReport()

    def encode_all(self, examples: Iterable[Example]) -> list[Sample]:
        """All documents. Raises `ConfigError` where there is nothing to learn in any of them."""
        samples = [sample for example in examples for sample in self.encode(example)]
        if not samples:
            raise ConfigError(
                f"{self.report.num_examples} examples leave no document to learn ({self.report.num_dropped} dropped).",
                "At least one answer must begin within the longest document.",
                "Give more examples, or raise --context.",
            )
        return samples

    def encode(self, example: Example) -> list[Sample]:
        """The documents of one example: one, or one an answer; none where the limit leaves nothing to learn.

        Raises:
            TokenizerError: there is no template, or it cannot lay the messages out.
        """
        self.report.num_examples += 1
        documents = list(self._turns(example) if isinstance(example, Conversation) else self._text(example))
        self.report.num_rewritten += len(documents) > 1
        cut = [self._cut(sample) for sample in documents]
        kept = [sample for sample in cut if any(sample.is_learnt)]
        self.report.num_dropped += len(cut) - len(kept)
        self.report.num_documents += len(kept)
        self.report.num_tokens += sum(len(sample.token_ids) for sample in kept)
        self.report.num_learnt += sum(sum(sample.is_learnt) for sample in kept)
        return kept

    def _turns(self, conversation: Conversation) -> Iterator[Sample]:
        ids: list[int] = []
        is_learnt: list[bool] = []
        for prompt_ids, answer_ids in self._answers(conversation):
            if prompt_ids[: len(ids)] != ids:
                yield Sample(ids, is_learnt)
                ids, is_learnt = [], []
            is_learnt = is_learnt + [False] * (len(prompt_ids) - len(ids))
            ids = prompt_ids + answer_ids
            num_learnt = self._num_learnt(answer_ids)
            is_learnt += [True] * num_learnt + [False] * (len(answer_ids) - num_learnt)
        yield self._stopped(Sample(ids, is_learnt))

    def _answers(self, conversation: Conversation) -> Iterator[tuple[list[int], list[int]]]:
        """Ids of each learnt answer's prompt, and of the answer with what the template puts behind it."""
        veil = Veil.over(self._tokenizer.special_tokens)
        messages, tools = veil.cover(conversation.messages), veil.cover(conversation.tools)
        for index in conversation.learnt:
            prompt = render_chat(self._tokenizer, messages[:index], tools=tools)
            whole = render_chat(self._tokenizer, messages[: index + 1], tools=tools, add_generation_prompt=False)
            if not whole.startswith(prompt):
                raise TokenizerError(
                    "The chat template lays an answer out in another way than it asks for one.",
                    "What precedes an answer must be the same in training and in inference.",
                    "Use a template whose generation prompt is the beginning of its answers.",
                )
            yield self._continued(veil, prompt, whole)

    def _text(self, example: PlainText) -> Iterator[Sample]:
        veil = Veil.over(self._tokenizer.special_tokens)
        prompt, completion = veil.cover(example.prompt), veil.cover(example.completion)
        prompt_ids, ids = self._continued(veil, prompt, prompt + completion)
        if self._tokenizer.wants_bos and self._tokenizer.bos_token_id is not None:
            prompt_ids = [self._tokenizer.bos_token_id, *prompt_ids]
        is_first = not prompt_ids  # nothing comes before the first token, so it cannot be learnt
        is_learnt = [False] * len(prompt_ids) + [not (is_first and place == 0) for place in range(len(ids))]
        yield self._stopped(Sample(prompt_ids + ids, is_learnt))

    def _continued(self, veil: Veil, prompt: str, whole: str) -> tuple[list[int], list[int]]:
        """Ids of the prompt alone, as in inference, and of what follows it."""
        prompt_ids = veil.encode(self._tokenizer, prompt)
        whole_ids = veil.encode(self._tokenizer, whole)
        if whole_ids[: len(prompt_ids)] == prompt_ids:
            return prompt_ids, whole_ids[len(prompt_ids) :]
        return prompt_ids, veil.encode(self._tokenizer, whole[len(prompt) :], is_opening=not prompt)

    def _num_learnt(self, answer_ids: Sequence[int]) -> int:
        """Up to the first stop, and it too."""
        stops = (place + 1 for place, token_id in enumerate(answer_ids) if token_id in self._stop_ids)
        return next(stops, len(answer_ids))

    def _stopped(self, sample: Sample) -> Sample:
        """With a stop to learn at the end, if the template wrote none."""
        learnt = [token_id for token_id, wanted in zip(*sample, strict=True) if wanted]
        if not learnt or learnt[-1] in self._stop_ids:
            return sample
        if not self._stop_ids:
            self.report.num_without_stop += 1
            return sample
        return Sample([*sample.token_ids, self._stop_ids[0]], [*sample.is_learnt, True])

    def _cut(self, sample: Sample) -> Sample:
        too_many = len(sample.token_ids) - self._max_tokens
        if too_many <= 0:
            return sample
        self.report.num_cut += 1
        self.report.num_tokens_cut += too_many
        return Sample(sample.token_ids[: self._max_tokens], sample.is_learnt[: self._max_tokens])
