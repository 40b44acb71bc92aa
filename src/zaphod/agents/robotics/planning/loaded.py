"""A model in memory as a planner: the built-in one in its own words, any other under the grammar of proposals."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from zaphod.agents.robotics.planning.builtin import BuiltinPlanner
from zaphod.agents.robotics.planning.planner import Planner
from zaphod.agents.robotics.planning.spoken import MOST_TOKENS, SpokenPlanner
from zaphod.launch.assistant.assistant import MARK

if TYPE_CHECKING:
    from zaphod.core.tokenizers import ChatMessage
    from zaphod.engine.grammar import GrammarSpec
    from zaphod.launch.models import LoadedModel

_MOST_STEPS_TOKENS: Final = 256


def planner_of(model: LoadedModel, name: str, *, max_tokens: int = MOST_TOKENS) -> Planner:
    """The planner that a model is fit for.

    Args:
        model: in memory.
        name: for records.
        max_tokens: of a proposal; what is cut off is no proposal.
    """
    if MARK in (model.tokenizer.chat_template or ""):
        return BuiltinPlanner(
            lambda question: _answer(model, [_message("user", question)], _MOST_STEPS_TOKENS, None), name
        )

    def say(messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> str:
        from zaphod.engine.grammar import GrammarSpec

        # Properties come in the order of the schema, so that the reason is said before the numbers.
        spec = GrammarSpec("json_schema", json.dumps(schema))
        told = [_message(one["role"], one["content"]) for one in messages]
        return _answer(model, told, max_tokens, spec)

    return SpokenPlanner(say, name)


def _answer(model: LoadedModel, messages: Sequence[ChatMessage], max_tokens: int, grammar: GrammarSpec | None) -> str:
    """Greedily decoded."""
    from zaphod.engine import Request, SamplingParams

    sampling = SamplingParams(temperature=0.0, max_tokens=max_tokens, grammar=grammar)
    prompt = model.encode(messages)
    request = Request(request_id="robot", prompt_token_ids=prompt, sampling=sampling, adapter=model.adapter)
    return model.engine.generate([request])[0].text


def _message(role: str, content: str) -> ChatMessage:
    return {"role": role, "content": content}
