"""A conversation laid out as the model expects it, by the template that its files bring; no model.

A template is a program from a stranger and a message is text from another, so the template runs in jinja2's immutable
sandbox and messages are values in it, never source. The sandbox bounds neither time nor memory: whoever serves others
renders in a process of its own (`server/api/rendering.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn, NotRequired, TypedDict

from zaphod.core.errors import TokenizerError
from zaphod.core.tokenizers.protocol import Tokenizer
from zaphod.core.tokenizers.veil import Veil

if TYPE_CHECKING:
    from jinja2 import Template


class ChatMessage(TypedDict):
    """One message: who speaks (system, user, assistant, tool) and what is said."""

    role: str
    content: str
    tool_calls: NotRequired[Sequence[Mapping[str, Any]]]
    """Of an assistant: `{"id", "type": "function", "function": {"name", "arguments"}}`, the arguments as an object."""
    tool_call_id: NotRequired[str]
    """Of a tool: the call that is answered."""
    name: NotRequired[str]
    """Of a tool: its name."""


def token_names(tokenizer: Tokenizer) -> dict[str, str]:
    """The names that templates know a tokenizer's special tokens by."""
    names: dict[int | None, str] = {token_id: name for name, token_id in tokenizer.special_tokens.items()}
    eos_token_id = next(iter(tokenizer.eos_token_ids), None)
    ids = {"bos_token": tokenizer.bos_token_id, "eos_token": eos_token_id, "pad_token": tokenizer.pad_token_id}
    return {name: names.get(token_id, "") for name, token_id in ids.items()}


def stream_chat(
    source: str,
    names: Mapping[str, str],
    messages: Sequence[Mapping[str, Any]],
    *,
    tools: Sequence[Mapping[str, Any]] | None = None,
    add_generation_prompt: bool = True,
) -> Iterator[str]:
    """The text of a conversation, piece by piece; raises whatever a stranger's program may raise.

    Args:
        source: the template.
        names: see `token_names`.
        messages: oldest first.
        tools: functions that may be called, as OpenAI describes them.
        add_generation_prompt: end with what precedes the assistant's next words.
    """
    return _template(source).generate(
        messages=[dict(message) for message in messages],
        add_generation_prompt=add_generation_prompt,
        tools=None if tools is None else [dict(tool) for tool in tools],
        documents=None,
        **names,
    )


def render_chat(
    tokenizer: Tokenizer,
    messages: Sequence[ChatMessage],
    *,
    tools: Sequence[Mapping[str, Any]] | None = None,
    add_generation_prompt: bool = True,
) -> str:
    """The text of a conversation. A name of a special token in a message is not told from the template's own.

    Args:
        tokenizer: whose template is used.
        messages: oldest first.
        tools: functions that may be called, as OpenAI describes them.
        add_generation_prompt: end with what precedes the assistant's next words.

    Raises:
        TokenizerError: there is no template, it is malformed, or it refuses these messages.
    """
    source = required_template(tokenizer)
    try:
        pieces = stream_chat(
            source, token_names(tokenizer), messages, tools=tools, add_generation_prompt=add_generation_prompt
        )
        return "".join(pieces)
    except Exception as error:  # a template is a program: it can raise anything
        raise failed_template(str(error)) from error


def encode_chat(
    tokenizer: Tokenizer,
    messages: Sequence[ChatMessage],
    *,
    tools: Sequence[Mapping[str, Any]] | None = None,
    add_generation_prompt: bool = True,
) -> list[int]:
    """Token ids of a conversation; names of special tokens in its texts are ordinary text. Raises as `render_chat`."""
    veil = Veil.over(tokenizer.special_tokens)
    text = render_chat(
        tokenizer, veil.cover(messages), tools=veil.cover(tools), add_generation_prompt=add_generation_prompt
    )
    return veil.encode(tokenizer, text)


def required_template(tokenizer: Tokenizer) -> str:
    """The tokenizer's template. Raises `TokenizerError` where there is none."""
    if tokenizer.chat_template is None:
        raise TokenizerError(
            "This model's files have no chat template.",
            "A conversation needs one; a base model continues plain text.",
            "Send plain text, or put a chat_template.jinja beside the tokenizer.",
        )
    return tokenizer.chat_template


def failed_template(reason: str) -> TokenizerError:
    """What a user is told when the template raised this."""
    return TokenizerError(
        f"The chat template fails: {reason}",
        "Messages have a role and a content, in the order that the template accepts.",
        "Mend the messages, or put another chat_template.jinja beside the tokenizer.",
    )


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


def _to_json(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Plain JSON: jinja2's own filter would escape it for HTML, which models were not trained on."""
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
