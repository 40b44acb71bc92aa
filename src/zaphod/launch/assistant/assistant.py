"""One question to the built-in model with what surrounds it: tools are told and run, words looked up, sums checked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from zaphod.core.errors import RequestError
from zaphod.core.tokenizers import ChatMessage
from zaphod.launch.assistant.calculating import calculated, converted
from zaphod.launch.assistant.checking import check_steps, looks_worked
from zaphod.launch.assistant.dictionary import Dictionary

Generate = Callable[[Sequence[ChatMessage], Sequence[Mapping[str, Any]]], str]
"""A conversation and tools to the model's answer."""

MARK = "<|tool|>"
"""In the chat template of a model that is told of tools one by one."""

NO_DICTIONARY = "There is no dictionary here: name one with --dictionary, or install the package dict-wn."

_MAX_ENTRIES = 4
_COMMON = frozenset(
    (
        *(
            "a",
            "about",
            "an",
            "and",
            "are",
            "be",
            "by",
            "can",
            "could",
            "define",
            "definition",
            "describe",
            "dictionary",
        ),
        *(
            "do",
            "does",
            "entry",
            "exactly",
            "explain",
            "expression",
            "for",
            "give",
            "have",
            "how",
            "i",
            "in",
            "is",
            "it",
        ),
        *("know", "look", "mean", "meaning", "means", "meant", "me", "my", "of", "on", "or", "please", "say", "says"),
        *("search", "sense", "show", "tell", "term", "text", "that", "the", "this", "to", "understand", "up", "use"),
        *("want", "what", "whats", "which", "who", "with", "word", "words", "would", "you", "your"),
    )
)


class Outcome(NamedTuple):
    """What the model said, and what came of it."""

    said: str
    note: str
    """A tool's result, what a check found, what is asked for; empty where the answer stands for itself."""


def tools(dictionary: Dictionary | None) -> list[dict[str, Any]]:
    """The tools that can be run here, as OpenAI describes functions; as the model was trained to see them."""
    text = {"type": "string"}
    told = [
        _function(
            "convert_units",
            "Converts an amount to another unit.",
            value={"type": "integer"},
            **{"from": text, "to": text},
        ),
        _function("calculator", "Computes an expression.", expression=text),
    ]
    if dictionary is not None:
        told.append(_function("define_word", "Meaning of a word in the dictionary.", word=text))
    return told


def _function(name: str, description: str, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


class Assistant:
    """Answers single questions.

    Args:
        generate: asks the model.
        dictionary: where words are looked up, if anywhere.
    """

    def __init__(self, generate: Generate, dictionary: Dictionary | None) -> None:
        self._generate, self._dictionary = generate, dictionary

    def answer(self, question: str) -> Outcome:
        """The model's answer, and what a tool, the dictionary or a check says of it."""
        if self._use_of(question) == "definition":
            return self._defined(question)
        user: ChatMessage = {"role": "user", "content": question}
        return self._outcome(self._generate([user], tools(self._dictionary)))

    def _use_of(self, question: str) -> str:
        """Where the model would send the question; empty where it says nothing that can be read."""
        messages: list[ChatMessage] = [{"role": "system", "content": "Route"}, {"role": "user", "content": question}]
        route = _object(self._generate(messages, []))
        return str(route.get("use", "")) if route else ""

    def _defined(self, question: str) -> Outcome:
        """Copied by the model from the entries of the question's words."""
        if self._dictionary is None:
            return Outcome("", NO_DICTIONARY)
        words = [w for w in dict.fromkeys(re.findall(r"[\w'-]+", question.lower())) if w not in _COMMON]
        entries = [(word, gloss) for word in words if (gloss := self._dictionary.define(word)) is not None]
        if not entries:
            return Outcome("", f"None of its words is in {self._dictionary.name}.")
        page = "\n".join(f"{word}: {gloss}" for word, gloss in entries[:_MAX_ENTRIES])
        messages: list[ChatMessage] = [
            {"role": "system", "content": f"Text:{page}"},
            {"role": "user", "content": question},
        ]
        said = self._generate(messages, [])
        is_copied = said.strip() in {gloss for _, gloss in entries}
        return Outcome(said, f"from {self._dictionary.name}" if is_copied else f"Not as it stands there:\n{page}")

    def _outcome(self, said: str) -> Outcome:
        if looks_worked(said):
            checked = check_steps(said)
            return Outcome(said, "checked: every step is right" if checked.is_right else f"WRONG: {checked.reason}")
        answer = _object(said)
        if answer and set(answer) == {"ask", "for"}:
            return Outcome(said, f"Say the {answer['ask']}, please.")
        if answer and set(answer) == {"tool", "arguments"} and isinstance(answer["arguments"], dict):
            return Outcome(said, self._result(str(answer["tool"]), answer["arguments"]))
        return Outcome(said, "")

    def _result(self, tool: str, arguments: Mapping[str, Any]) -> str:
        try:
            return f"= {self._run(tool, arguments)}"
        except RequestError as error:
            return str(error)

    def _run(self, tool: str, arguments: Mapping[str, Any]) -> str:
        match tool, arguments:
            case "calculator", {"expression": str(expression)}:
                return calculated(expression)
            case "convert_units", {"value": int() | float() as value, "from": str(source), "to": str(target)}:
                return converted(value, source, target)
            case "define_word", {"word": str(word)} if self._dictionary is not None:
                return self._dictionary.define(word) or f"{word} is not in {self._dictionary.name}"
        raise RequestError(
            f"{tool} cannot be run with {json.dumps(dict(arguments))}.",
            "Here run calculator, convert_units and, with a dictionary, define_word.",
            "Ask in other words.",
        )


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
