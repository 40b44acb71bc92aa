"""A conversation laid out as the model expects it, by the template that its files bring; no tokens, no model.

A template is a program from a stranger and a message is text from another, so the template runs in jinja2's immutable
sandbox and messages are values in it, never source. A message can still spell the name of a special token: whoever must
rule that out encodes messages apart, with `allow_special=False`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn, TypedDict

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers.protocol import Tokenizer

if TYPE_CHECKING:
    from jinja2 import Template


class ChatMessage(TypedDict):
    """One message: who speaks (system, user, assistant, …) and what is said."""

    role: str
    content: str


def render_chat(tokenizer: Tokenizer, messages: Sequence[ChatMessage], *, add_generation_prompt: bool = True) -> str:
    """The text of a conversation, ready for `encode`.

    Args:
        tokenizer: whose template is used.
        messages: oldest first.
        add_generation_prompt: end with what precedes the assistant's next words.

    Raises:
        TokenizerError: there is no template, it is malformed, or it refuses these messages.
    """
    if tokenizer.chat_template is None:
        raise TokenizerError(
            "This model's files have no chat template.",
            "A conversation needs one; a base model continues plain text.",
            "Send plain text, or put a chat_template.jinja beside the tokenizer.",
        )
    names: dict[int | None, str] = {token_id: name for name, token_id in tokenizer.special_tokens.items()}
    eos_token_id = next(iter(tokenizer.eos_token_ids), None)
    try:
        return _template(tokenizer.chat_template).render(
            messages=[dict(message) for message in messages],
            add_generation_prompt=add_generation_prompt,
            bos_token=names.get(tokenizer.bos_token_id, ""),
            eos_token=names.get(eos_token_id, ""),
            pad_token=names.get(tokenizer.pad_token_id, ""),
            tools=None,
            documents=None,
        )
    except Exception as error:  # a template is a program: it can raise anything
        raise TokenizerError(
            f"The chat template fails: {error}",
            "Messages have a role and a content, in the order that the template accepts.",
            "Mend the messages, or put another chat_template.jinja beside the tokenizer.",
        ) from error


@lru_cache(maxsize=8)
def _template(source: str) -> Template:
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _strftime_now
    return environment.from_string(source)


def _raise_exception(message: str) -> NoReturn:
    from jinja2 import TemplateError

    raise TemplateError(message)


def _strftime_now(format: str) -> str:
    return datetime.now().strftime(format)


def _to_json(value: object, indent: int | None = None) -> str:
    """Plain JSON: jinja2's own filter would escape it for HTML, which models were not trained on."""
    return json.dumps(value, ensure_ascii=False, indent=indent)
