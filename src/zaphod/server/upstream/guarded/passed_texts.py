"""Which texts a passed request holds, and who vouches for each; knows the APIs' shapes, no rule and no connection.

Engines have fields of their own, so everything that is text counts, wherever it stands in a message: what is not known
to be a name or a kind is looked at.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from zaphod.safety.guard.verdict import Stage
from zaphod.server.errors import ApiError
from zaphod.server.guarding.conversation import Conversation, Passage

_NAMES = frozenset(
    {"role", "type", "id", "call_id", "tool_call_id", "tool_use_id", "item_id", "detail", "status", "media_type",
     "image_url", "input_audio", "file_id", "url", "data", "cache_control", "signature", "encrypted_content"}
)  # fmt: skip
"""Fields that no model reads as words."""
_ROLES: dict[str, tuple[Stage | None, bool]] = {
    "system": (None, True),
    "developer": (None, True),
    "user": ("input", True),
    "assistant": ("input", False),
    "tool": ("retrieval", False),
    "function": ("retrieval", False),
}
_FOREIGN_KINDS = frozenset({"tool_result", "document", "search_result", "web_search_tool_result"})
_OUTPUT_KINDS = ("_call_output", "_search_call", "mcp_call")


@dataclass(frozen=True)
class _Slot:
    """A text and the place where it can be replaced."""

    holder: Any
    key: Any
    passage: Passage


async def inspected_fields(fields: dict[str, Any], conversation: Conversation | None) -> dict[str, Any]:
    """The request as it may go on.

    Raises:
        ApiError: 400 or 409, a text may not go on, or nobody here can read it.
    """
    if conversation is None:
        return fields
    fields = copy.deepcopy(fields)
    slots = list(_slots(fields))
    if conversation.checks:
        _require_readable(fields)
        slots += _joined(slots)
    texts = await conversation.inspect([slot.passage for slot in slots])
    for slot, text in zip(slots, texts, strict=True):
        if slot.holder is not None:
            slot.holder[slot.key] = text
        elif text != slot.passage.text:
            raise _split(slot.passage)
    return fields


def _slots(fields: dict[str, Any]) -> Iterator[_Slot]:
    for name in ("system", "instructions"):
        yield from _leaves(fields, name, name, (None, True))
    for name in ("prompt", "suffix", "content", "text"):
        yield from _leaves(fields, name, name, ("input", True))
    if isinstance(fields.get("input"), str):
        yield from _leaves(fields, "input", "input", ("input", True))
    for name in ("messages", "input"):
        items = fields.get(name)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            yield from _item(items, index, item, f"{name}.{index}")


def _item(items: Any, index: int, item: Any, where: str) -> Iterator[_Slot]:
    """A message, an item of the Responses API, or one text of several."""
    if not isinstance(item, dict):
        yield from _leaves(items, index, where, ("input", True))
        return
    kind = str(item.get("type", ""))
    trust = (
        ("retrieval", False) if kind.endswith(_OUTPUT_KINDS) else _ROLES.get(str(item.get("role")), ("input", False))
    )
    for name in list(item):
        if name not in _NAMES:
            yield from _leaves(item, name, f"{where}.{name}", trust)


def _leaves(holder: Any, key: Any, where: str, trust: Any) -> Iterator[_Slot]:
    """All texts below a place."""
    try:
        value = holder[key]
    except (KeyError, IndexError):
        return
    if isinstance(value, str):
        stage, is_vouched = trust
        yield _Slot(holder, key, Passage(text=value, where=where, stage=stage, is_vouched=is_vouched))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from _leaves(value, index, f"{where}.{index}", trust)
    elif isinstance(value, dict):
        inner = ("retrieval", False) if value.get("type") in _FOREIGN_KINDS else trust
        for name in list(value):
            if name not in _NAMES:
                yield from _leaves(value, name, f"{where}.{name}", inner)


def _joined(slots: list[_Slot]) -> list[_Slot]:
    """Neighbouring parts of one message once more as one text, because engines join them before the model reads."""
    groups: dict[str, list[_Slot]] = {}
    for slot in slots:
        groups.setdefault(".".join(slot.passage.where.split(".")[:2]), []).append(slot)
    several = [(where, group) for where, group in groups.items() if len(group) > 1]
    return [
        _Slot(None, None, _together(where, group)) for where, group in several if group[0].passage.stage is not None
    ]


def _together(where: str, group: list[_Slot]) -> Passage:
    first = group[0].passage
    text = "".join(slot.passage.text for slot in group)
    return Passage(text=text, where=where, stage=first.stage, is_vouched=all(slot.passage.is_vouched for slot in group))


def _require_readable(fields: dict[str, Any]) -> None:
    """Token ids are words of a model that is elsewhere: they cannot be checked here."""
    for name in ("prompt", "input"):
        value = fields.get(name)
        first = value[0] if isinstance(value, list) and value else None
        if isinstance(first, int | list) and not isinstance(first, bool):
            message = f"{name} holds token ids. This gateway checks what goes in, and cannot read them. Send text."
            raise ApiError(400, "invalid_value", message, param=name)


def _split(passage: Passage) -> ApiError:
    message = (
        f"{passage.where} holds something in several parts that is withheld as a whole. "
        "Parts cannot be changed one by one. Send it as one text, or without it."
    )
    return ApiError(400, "content_blocked", message, param=passage.where)
