"""Lines of JSON that hold conversations or texts, read and checked; knows their layout, no tokenizer.

A line is one of: `{"messages": [...], "tools": [...]}` as OpenAI's fine-tuning has it (an assistant's `"weight": 0` is
not learnt), `{"prompt": ..., "completion": ...}` with texts or with messages, or `{"text": ...}`,
which is learnt whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from zaphod.core.errors import ConfigError
from zaphod.core.tokenizers.chat import ChatMessage

_ROLES = ("system", "developer", "user", "assistant", "tool")
_REMEDY = "Mend this line, or leave it out."


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """Messages, of which some are learnt."""

    messages: tuple[ChatMessage, ...]
    learnt: tuple[int, ...]
    """Indices of the assistant's messages that are learnt."""
    tools: tuple[Mapping[str, Any], ...] | None = None


@dataclass(frozen=True, kw_only=True)
class PlainText:
    """A text that goes on; only what comes after the prompt is learnt."""

    prompt: str
    completion: str


Example = Conversation | PlainText


def read_examples(path: Path) -> Iterator[Example]:
    """The examples of a JSONL file, line after line; empty lines are skipped.

    Raises:
        ConfigError: a line is no example; the message names it.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield parse_example(line, f"{path}, line {number}")


def parse_example(line: bytes | str, where: str = "the line") -> Example:
    """One example from one line of JSON. Raises `ConfigError` naming `where` it stands."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _refusal(where, f"is no JSON: {error}", "Each line is one JSON object.") from error
    if not isinstance(value, dict):
        raise _refusal(where, "is no JSON object", "Each line is one JSON object.")
    if "messages" in value:
        return _conversation(value["messages"], value.get("tools"), where)
    if "prompt" in value and "completion" in value:
        return _prompted(value["prompt"], value["completion"], value.get("tools"), where)
    if isinstance(value.get("text"), str):
        return PlainText(prompt="", completion=value["text"])
    names = ", ".join(sorted(value)) or "nothing"
    raise _refusal(where, f"holds {names}", "An example has messages, or prompt and completion, or text.")


def _prompted(prompt: object, completion: object, tools: object, where: str) -> Example:
    if isinstance(prompt, str) and isinstance(completion, str):
        return PlainText(prompt=prompt, completion=completion)
    if isinstance(prompt, list) and isinstance(completion, list):
        read = _conversation([*prompt, *completion], tools, where)
        return Conversation(
            messages=read.messages, learnt=tuple(i for i in read.learnt if i >= len(prompt)), tools=read.tools
        )
    raise _refusal(where, "mixes text and messages", "prompt and completion are both texts, or both lists of messages.")


def _conversation(messages: object, tools: object, where: str) -> Conversation:
    if not isinstance(messages, list) or not messages:
        raise _refusal(where, "has no list of messages", "messages is a list, oldest first.")
    if tools is not None and not (isinstance(tools, list) and all(isinstance(tool, dict) for tool in tools)):
        raise _refusal(where, "has tools that are no list of objects", "tools are described as for chat completions.")
    read = tuple(_message(message, f"{where}, message {n}") for n, message in enumerate(messages, 1))
    learnt = tuple(
        index
        for index, message in enumerate(messages)
        if message["role"] == "assistant" and message.get("weight", 1) != 0
    )
    if not learnt:
        raise _refusal(where, "has no assistant message to learn", "Only what the assistant says is learnt.")
    return Conversation(messages=read, learnt=learnt, tools=tuple(tools) if isinstance(tools, list) else None)


def _message(message: object, where: str) -> ChatMessage:
    if not isinstance(message, dict) or message.get("role") not in _ROLES:
        raise _refusal(where, "has no known role", f"Roles are {', '.join(_ROLES)}.")
    read: dict[str, Any] = {"role": message["role"], "content": _content(message.get("content"), where)}
    if message.get("weight", 1) not in (0, 1):
        raise _refusal(where, f"has the weight {message['weight']!r}", "A message is learnt (1) or not (0).")
    if message.get("tool_calls"):
        read["tool_calls"] = _calls(message["tool_calls"], where)
    elif message.get("content") is None:
        raise _refusal(where, "has neither content nor tool calls", "A message says or calls something.")
    return cast(ChatMessage, read | {key: message[key] for key in ("tool_call_id", "name") if key in message})


def _content(content: object, where: str) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list) and all(isinstance(p, dict) and isinstance(p.get("text"), str) for p in content):
        return "".join(part["text"] for part in content)
    raise _refusal(where, "has content that is no text", "Content is a text, or a list of parts of text.")


def _calls(calls: object, where: str) -> Sequence[Mapping[str, Any]]:
    """Calls with their arguments as objects, as templates want them."""
    wanted = 'A call is {"type": "function", "function": {"name": ..., "arguments": ...}}.'
    if not isinstance(calls, list):
        raise _refusal(where, "has tool calls that are no list", wanted)
    read = []
    for call in calls:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise _refusal(where, "calls no function", wanted)
        arguments = function.get("arguments", {})
        try:
            arguments = json.loads(arguments) if isinstance(arguments, str) else arguments
        except (ValueError, RecursionError) as error:
            raise _refusal(where, f"calls {function['name']} with arguments that are no JSON", wanted) from error
        read.append(call | {"function": function | {"arguments": arguments}})
    return read


def _refusal(where: str, what: str, wanted: str) -> ConfigError:
    return ConfigError(f"{where} {what}.", wanted, _REMEDY)
