"""The built-in model with its tools, dictionary and checks, as `run` and `chat` use it; knows no line and no flag."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zaphod.core.errors import ConfigError
from zaphod.core.tokenizers import ChatMessage, encode_chat
from zaphod.launch.assistant.assistant import MARK, Assistant
from zaphod.launch.assistant.dictionary import find_dictionary

if TYPE_CHECKING:
    from zaphod.engine import SamplingParams
    from zaphod.launch.models import LoadedModel


def assistant_of(model: LoadedModel, sampling: SamplingParams, dictionary: Path | None) -> Assistant | None:
    """What surrounds this model; None for any that is not told of tools as the built-in one is.

    Raises:
        ConfigError: a dictionary was named for a model that does not read it.
    """
    if MARK not in (model.tokenizer.chat_template or ""):
        if dictionary is not None:
            raise ConfigError(
                "A dictionary was named, and this model is not asked with one.",
                "Only the built-in model copies definitions.",
                "Leave --dictionary out.",
            )
        return None

    def generate(messages: Sequence[ChatMessage], tools: Sequence[Mapping[str, Any]]) -> str:
        from zaphod.engine import Request

        prompt = tuple(encode_chat(model.tokenizer, messages, tools=tools or None))
        request = Request(request_id="assistant", prompt_token_ids=prompt, sampling=sampling, adapter=model.adapter)
        return model.engine.generate([request])[0].text

    return Assistant(generate, find_dictionary(dictionary))
