"""Items of a conversation as they are kept, listed and read again; knows no store and no model.

Kept is what the guard let in: where it took something out of a text, the text without it. Ids are ours, so that no two
items of a list have the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

from pydantic import TypeAdapter

from zaphod.records.ids import new_id
from zaphod.server.api.responses_request import (
    FunctionCall,
    FunctionCallOutput,
    InputItem,
    InputText,
    Message,
    OutputText,
    Refusal,
)
from zaphod.server.api.responses_turn import joined_text
from zaphod.server.errors import ApiError

Json = dict[str, Any]

_READER: TypeAdapter[list[InputItem]] = TypeAdapter(list[InputItem])


def kept_items(items: Sequence[InputItem], texts: Sequence[str | None]) -> list[Json]:
    """What is kept of a request's items.

    Args:
        items: as they were sent.
        texts: what of each went on to the model; None where nothing of it did, which is not kept either.
    """
    pairs = zip(items, texts, strict=True)
    return [kept for item, text in pairs if text is not None for kept in _kept(item, text)]


def read_items(kept: Sequence[Json]) -> list[InputItem]:
    """Kept items, or those of an answer, as a request would bring them.

    Raises:
        ValueError: they are none.
    """
    return _READER.validate_python(list(kept))


def page_of(items: Sequence[Json], *, limit: int, after: str | None, order: Literal["asc", "desc"]) -> Json:
    """Some of the items, as OpenAI lists them.

    Args:
        items: all, the earliest first.
        limit: at most so many.
        after: the id of the last one of the page before.
        order: which come first.

    Raises:
        ApiError: 400, there is no item `after`.
    """
    listed = list(items) if order == "asc" else list(items)[::-1]
    if after is not None:
        listed = listed[_position(listed, after) + 1 :]
    page = listed[:limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(listed) > len(page),
    }


def _position(listed: Sequence[Json], item_id: str) -> int:
    found = next((index for index, item in enumerate(listed) if item["id"] == item_id), None)
    if found is None:
        message = f"There is no item {item_id[:80]!r} in this list. A page goes on behind one. Take the `last_id`."
        raise ApiError(400, "invalid_value", message, param="after")
    return found


def _kept(item: InputItem, text: str) -> Iterator[Json]:
    """One item, or none: what other models thought is not read here, and not kept."""
    if isinstance(item, Message):
        kind: Json = {"type": "message", "role": item.role, "status": "completed"}
        yield {"id": new_id("msg"), **kind, "content": _content(item, text)}
    elif isinstance(item, FunctionCall):
        called = {"call_id": item.call_id, "name": item.name, "arguments": item.arguments}
        yield {"id": new_id("fc"), "type": "function_call", "status": item.status or "completed", **called}
    elif isinstance(item, FunctionCallOutput):
        kind = {"type": "function_call_output", "status": "completed"}
        yield {"id": new_id("fco"), **kind, "call_id": item.call_id, "output": text}


def _content(message: Message, text: str) -> list[Json]:
    """The parts as they came, where all of the text went on; otherwise one with what did."""
    if not isinstance(message.content, str) and joined_text(message.content) == text:
        return [_part(part) for part in message.content]
    if message.role == "assistant":
        return [_output_part(text)]
    return [{"type": "input_text", "text": text}]


def _part(part: InputText | OutputText | Refusal) -> Json:
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.refusal}
    return _output_part(part.text) if isinstance(part, OutputText) else {"type": "input_text", "text": part.text}


def _output_part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": []}
