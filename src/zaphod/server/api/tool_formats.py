"""How models write that they want a function called, as data; knows no request and parses nothing.

A model was trained on one way of writing calls, and its chat template tells which. Where the template knows no tools,
the model is told of them, and of a plain way to call them, in a system text.
"""

from __future__ import annotations

import functools
import json
import re
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from zaphod.core.tokenizers import Tokenizer
from zaphod.server.api.turns import Tool


@dataclass(frozen=True, kw_only=True)
class ToolFormat:
    """One way of writing calls. A call is a JSON object with a name and arguments."""

    name: str
    opening: str = ""
    """Precedes calls; where it is empty, an object at the beginning of a line is a call if it names a known tool."""
    closing: str = ""
    """Follows each call, or each list of calls."""
    is_list: bool = False
    """Whether calls stand in a JSON array, however few they are."""
    name_keys: tuple[str, ...] = ("name",)
    """Which field names the function; the first is the usual one."""
    arguments_keys: tuple[str, ...] = ("arguments", "parameters")
    is_in_template: bool = True
    """Whether the chat template tells the model of the tools, and knows calls and results in messages."""
    is_learnt: bool = False
    """Whether the model knows its tools by heart and needs not be told of them."""
    id_alphabet: str = string.ascii_lowercase + string.digits
    id_length: int = 24
    id_prefix: str = "call_"

    def new_call_id(self) -> str:
        """An id for a call that nobody can foresee."""
        letters = (secrets.choice(self.id_alphabet) for _ in range(self.id_length))
        return self.id_prefix + "".join(letters)

    def written(self, name: str, arguments: Any) -> str:
        """A call as the model would write it, without opening and closing."""
        return json.dumps({self.name_keys[0]: name, self.arguments_keys[0]: arguments}, ensure_ascii=False)

    def description(self, tools: Sequence[Tool]) -> str:
        """What a model is told whose template says nothing of tools."""
        told = [
            json.dumps(
                {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)},
                ensure_ascii=False,
            )
            for tool in tools
        ]
        example = '{"name": <name of the function>, "arguments": <object of its arguments>}'
        how = f"To call one, answer with nothing but a JSON object on a line of its own: {example}"
        return "\n".join(["You may call these functions where that helps.", how, "Functions:", *told])


BUILTIN = ToolFormat(
    name="builtin",
    name_keys=("tool", "name"),
    is_in_template=False,
    is_learnt=True,
)
SHOWN = ToolFormat(name="shown", name_keys=("tool", "name"))
"""Of the built-in model's second edition, whose template shows each tool behind a token of its own."""
GENERIC = ToolFormat(name="generic", name_keys=("name", "tool", "function"), is_in_template=False)
IN_TEMPLATE = ToolFormat(name="template", name_keys=("name", "tool", "function"))
HERMES = ToolFormat(name="hermes", opening="<tool_call>", closing="</tool_call>")
# Mistral's templates accept ids of nine letters and digits only.
MISTRAL = ToolFormat(
    name="mistral",
    opening="[TOOL_CALLS]",
    is_list=True,
    id_alphabet=string.ascii_letters + string.digits,
    id_length=9,
    id_prefix="",
)
GRANITE = ToolFormat(name="granite", opening="<|tool_call|>", is_list=True)
LLAMA = ToolFormat(name="llama", arguments_keys=("parameters", "arguments"))

_SIGNS = (
    (r"<\|tool\|>", SHOWN),
    (r"<function=", GENERIC),  # Qwen3-Coder writes calls as XML, which is not read here: it is told another way
    (r"<\|tool_call\|>|available_tools", GRANITE),
    (r"\[TOOL_CALLS\]", MISTRAL),
    (r"<tool_call>", HERMES),
    (r'"parameters": dictionary', LLAMA),
    (r"\btools\b", IN_TEMPLATE),
)


def format_of(tokenizer: Tokenizer) -> ToolFormat:
    """The format that a model's chat template speaks of."""
    source = tokenizer.chat_template or ""
    found = next((format for sign, format in _SIGNS if re.search(sign, source)), GENERIC)
    return BUILTIN if found is GENERIC and source == _builtin_template() else found


@functools.cache
def _builtin_template() -> str:
    return resources.files("zaphod.model").joinpath("builtin", "chat_template.jinja").read_text("utf-8")
