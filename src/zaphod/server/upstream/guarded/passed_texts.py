"""Which texts a passed request holds, and who vouches for each; knows the APIs' shapes, no rule and no connection.

Engines have fields of their own, so everything that is text counts, wherever it stands in a message: what is not known
to be a name or a kind is looked at. Engines join the parts of a message, so what only the parts together say is looked
for, too.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

from zaphod.safety.guard.verdict import Stage
from zaphod.server.errors import ApiError
from zaphod.server.guarding.conversation import Conversation, Passage

_NAMES = frozenset(
    {"role", "type", "id", "call_id", "tool_call_id", "tool_use_id", "item_id", "file_id", "detail", "status",
     "media_type", "url", "image_url", "audio_url", "video_url", "input_audio", "data", "file_data", "cache_control",
     "signature", "encrypted_content"}
)  # fmt: skip
"""Fields that no model reads as words."""
_UNREADABLE = ("prompt_token_ids", "input_ids", "prompt_embeds", "input_embeds")
_FOREIGN_KINDS = ("tool_result", "document", "search_result", "input_file", "file", "_call_output", "_search_call",
                  "mcp_call")  # fmt: skip
"""What blocks and items end with that hold what strangers may have written."""
_JOINTS = ("", "\n")
"""What engines put between the parts of a message; a blank is as good as a line's end."""


class _Trust(NamedTuple):
    """How a text is checked, and whether somebody stands behind it."""

    stage: Stage | None
    is_vouched: bool


_OPERATOR, _PERSON, _MODEL = _Trust(None, True), _Trust("input", True), _Trust("input", False)
_STRANGER = _Trust("retrieval", False)
_ROLES = {"system": _OPERATOR, "developer": _OPERATOR, "user": _PERSON, "tool": _STRANGER, "function": _STRANGER}
_FIELDS = {
    "system": _OPERATOR, "instructions": _OPERATOR, "prompt": _PERSON, "suffix": _PERSON, "content": _PERSON,
    "text": _PERSON, "documents": _STRANGER,
}  # fmt: skip
_LISTS = ("messages", "input")


@dataclass(frozen=True)
class _Slot:
    """A text and the place where it can be replaced."""

    holder: Any
    key: Any
    passage: Passage

    @property
    def field(self) -> tuple[str, Stage | None]:
        """What it is a part of: `messages.2.content`, where other parts are trusted differently."""
        return ".".join(self.passage.where.split(".")[:3]), self.passage.stage


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
    texts = await conversation.inspect([slot.passage for slot in slots], partial(_together, slots))
    for slot, text in zip(slots, texts, strict=True):
        slot.holder[slot.key] = text
    return fields


def _slots(fields: dict[str, Any]) -> Iterator[_Slot]:
    for name, trust in _FIELDS.items():
        if name in fields:
            yield from _leaves(fields, name, name, trust)
    for name in _LISTS:
        items = fields.get(name)
        if isinstance(items, str):
            yield from _leaves(fields, name, name, _PERSON)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            trust = _ROLES.get(str(item.get("role")), _MODEL) if isinstance(item, dict) else _PERSON
            yield from _leaves(items, index, f"{name}.{index}", trust)


def _leaves(holder: Any, key: Any, where: str, trust: _Trust) -> Iterator[_Slot]:
    """All texts at a place and below it."""
    value = holder[key]
    if isinstance(value, str):
        passage = Passage(text=value, where=where, stage=trust.stage, is_vouched=trust.is_vouched)
        yield _Slot(holder, key, passage)
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from _leaves(value, index, f"{where}.{index}", trust)
    elif isinstance(value, dict):
        kind = value.get("type")
        inner = _STRANGER if isinstance(kind, str) and kind.endswith(_FOREIGN_KINDS) else trust
        for name in value:
            # A document's `data` is text where its kind says so, and otherwise bytes.
            if name not in _NAMES or (name == "data" and kind == "text"):
                yield from _leaves(value, name, f"{where}.{name}", inner)


def _together(slots: Sequence[_Slot], texts: Sequence[str]) -> Iterator[Passage]:
    """What the parts of each message say as one."""
    groups: dict[tuple[str, Stage | None], list[str]] = {}
    for slot, text in zip(slots, texts, strict=True):
        groups.setdefault(slot.field, []).append(text)
    for (where, stage), parts in groups.items():
        if len(parts) > 1 and stage is not None:
            for joint in _JOINTS:
                ends = accumulate(len(part) + len(joint) for part in parts[:-1])
                seams = tuple((end - len(joint), end) for end in ends)
                yield Passage(text=joint.join(parts), where=where, stage=stage, seams=seams)


def _require_readable(fields: dict[str, Any]) -> None:
    """Token ids are words of a model that is elsewhere: they cannot be checked here."""
    unreadable = [name for name in _UNREADABLE if fields.get(name) is not None]
    unreadable += [name for name in ("prompt", "input") if _holds_numbers(fields.get(name))]
    if unreadable:
        message = f"{unreadable[0]} holds token ids. This gateway checks what goes in, and cannot read them. Send text."
        raise ApiError(400, "invalid_value", message, param=unreadable[0])


def _holds_numbers(value: Any) -> bool:
    """Whether a list holds them, at any depth."""
    if isinstance(value, list):
        return any(isinstance(one, int | float) or _holds_numbers(one) for one in value)
    return False
