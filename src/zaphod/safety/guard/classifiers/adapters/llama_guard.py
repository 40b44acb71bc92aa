"""Hazards by a Llama Guard model of Meta; knows how it is asked and how it answers, not its weights.

The prompt is the model's own chat template, which holds its list of hazards. The answer begins with `safe` or `unsafe`;
the score is the probability of the latter's first token against the former's, as the model card does it (some
versions say a line end first). After `unsafe` come the codes of the hazards, whose names the prompt has.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.safety.guard.classifiers.adapters.local_model import open_folder, without_markers
from zaphod.safety.guard.classifiers.reading import readings_of
from zaphod.safety.guard.finder import View
from zaphod.safety.guard.verdict import Hit, Stage

_HAZARD = re.compile(r"^\s*([SO]\d{1,2}): *([^\n]{1,60}?)\.?\s*$", re.MULTILINE)
_CODE = re.compile(r"\b[SO]\d{1,2}\b")
_FRAME = re.compile(r"<(?=(?:BEGIN|END) (?:CONVERSATION|UNSAFE CONTENT))|\[(?=/?INST\])")
"""Where a text would pretend that the conversation which is judged is over."""
_MAX_BLANKS = 3
_MAX_CODE_TOKENS = 24


class LlamaGuardFinder:
    """A `Finder`. Thread-safe: one text at a time.

    Args:
        folder: a Transformers folder with a Llama Guard model and its chat template.
        threshold: the probability of `unsafe` from which on a text is a hit.
        max_characters: of a piece; longer texts are read in pieces that overlap by an eighth.
    """

    name = "classifier.llama_guard"

    def __init__(self, folder: Path, threshold: float = 0.5, max_characters: int = 8000) -> None:
        self._tokenizer, self._model = open_folder(folder, "CausalLM")
        template = self._tokenizer.chat_template
        if not isinstance(template, str) or "unsafe" not in template:
            raise ConfigError(
                f"The tokenizer in {folder} has no chat template of Llama Guard.",
                "The template asks for `safe` or `unsafe` and lists the hazards.",
                "Take chat_template from the model's tokenizer_config.json or chat_template.jinja.",
            )
        self._wants_parts = "type" in template and "'text'" in template
        self._safe, self._unsafe = (
            self._tokenizer.encode(word, add_special_tokens=False) for word in ("safe", "unsafe")
        )
        if self._safe[:1] == self._unsafe[:1]:
            raise ConfigError(
                f"The tokenizer in {folder} begins `safe` and `unsafe` with the same token.",
                "Then the answer's first token does not tell them apart.",
                "Use the tokenizer that came with the model.",
            )
        self._names = dict(_HAZARD.findall(self.prompt("", "input")))
        self._threshold = threshold
        self._max_characters = max_characters
        self._lock = threading.Lock()

    def find(self, views: Sequence[View], stage: Stage) -> Iterable[Hit]:
        """Pieces of each reading that the model calls unsafe, once for each hazard it names."""
        for view in readings_of(views):
            for start, end in self._pieces(len(view.text)):
                with self._lock:
                    score, hazards = self._judge(view.text[start:end], stage)
                if score >= self._threshold:
                    raw_start, raw_end = view.raw_span(start, end)
                    for code, title in hazards:
                        yield Hit(
                            rule=f"toxicity.llama_guard.{code.lower()}",
                            title=f"{title}, by Llama Guard",
                            start=raw_start,
                            end=raw_end,
                            score=score,
                            views=view.chain,
                        )

    def prompt(self, text: str, stage: Stage) -> str:
        """What the model is asked: whether what a user said is safe, or what the assistant answered to nothing."""
        text = _FRAME.sub(" ", without_markers(text, self._tokenizer))
        content: Any = [{"type": "text", "text": text}] if self._wants_parts else text
        nothing: Any = [{"type": "text", "text": ""}] if self._wants_parts else ""
        chat = [{"role": "user", "content": content}]
        if stage in ("output", "tool_call"):
            chat = [{"role": "user", "content": nothing}, {"role": "assistant", "content": content}]
        return str(self._tokenizer.apply_chat_template(chat, tokenize=False))

    def _pieces(self, length: int) -> Iterator[tuple[int, int]]:
        step = self._max_characters - self._max_characters // 8
        for start in range(0, max(length, 1), step):
            yield start, min(start + self._max_characters, length)
            if start + self._max_characters >= length:
                return

    def _judge(self, text: str, stage: Stage) -> tuple[float, list[tuple[str, str]]]:
        """The probability of `unsafe`, and the hazards."""
        ids: list[int] = self._tokenizer.encode(self.prompt(text, stage), add_special_tokens=False)
        scores = self._next_scores(ids)
        for _ in range(_MAX_BLANKS):
            best = int(scores.argmax())
            if self._tokenizer.decode([best]).strip():
                break
            ids.append(best)
            scores = self._next_scores(ids)
        chances = scores[[self._safe[0], self._unsafe[0]]].softmax(-1)
        score = float(chances[1])
        return score, self._hazards(ids) if score >= self._threshold else []

    def _hazards(self, ids: list[int]) -> list[tuple[str, str]]:
        """Codes that follow `unsafe`, with their names; `other` if there is none."""
        import torch

        start = [*ids, *self._unsafe]
        with torch.inference_mode():
            out = self._model.generate(
                input_ids=torch.tensor([start]),
                attention_mask=torch.ones(1, len(start), dtype=torch.long),
                max_new_tokens=_MAX_CODE_TOKENS,
                do_sample=False,
                pad_token_id=self._tokenizer.eos_token_id or 0,
            )
        answer = self._tokenizer.decode(out[0, len(start) :].tolist(), skip_special_tokens=True)
        codes = [code for code in dict.fromkeys(_CODE.findall(answer)) if code in self._names]
        return [(code, self._names[code].lower()) for code in codes] or [("other", "unsafe content")]

    def _next_scores(self, ids: list[int]) -> Any:
        import torch

        with torch.inference_mode():
            return self._model(input_ids=torch.tensor([ids])).logits[0, -1].float()
