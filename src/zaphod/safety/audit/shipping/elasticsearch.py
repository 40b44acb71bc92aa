"""Elasticsearch's and OpenSearch's `_bulk`; knows their words, not the log.

Each record is created under its dedupe id. So a record that is sent twice is stored once: the second time the answer is
409, which means that it is there. HTTP 200 hides what became of each item, so every item's status is looked at:
https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.safety.audit.record import Record
from zaphod.safety.audit.shipping.http import Answer, HttpClient, HttpOptions, fate_of
from zaphod.safety.audit.shipping.secret_file import read_secret
from zaphod.safety.audit.shipping.sink import STORED, Fate, Pause, all_of

_PATH = "/_bulk?filter_path=errors,items.*.status,items.*.error.type,items.*.error.reason"
_IS_THERE = frozenset((200, 201, 409))
_MAY_BE_MENDED = frozenset((401, 403, 404, 408, 429))
"""Too busy, or an index or a right is missing: not a fault of the record."""


@dataclass(frozen=True, kw_only=True)
class ElasticsearchOptions(HttpOptions):
    """How Elasticsearch is reached.

    Args:
        index: the index or data stream that records go into.
        indexes: the same for some tenants.
        api_key_file: holds an API key, as it stands behind `ApiKey`.
        username, password_file: instead of it.
        id_prefix: stands before each id, so that logs of several machines can share an index.
    """

    index: str = "zaphod-audit"
    indexes: Mapping[str, str] = field(default_factory=dict)
    api_key_file: Path | None = None
    username: str = ""
    password_file: Path | None = None
    id_prefix: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if bool(self.username) != (self.password_file is not None) or (self.username and self.api_key_file):
            found = "A sink for Elasticsearch has half of an identity, or two."
            raise ConfigError(found, "Give api_key_file, or username and password_file.", "Correct it.")


class ElasticsearchSink:
    """Sends to Elasticsearch."""

    def __init__(self, name: str, options: ElasticsearchOptions) -> None:
        self.name = name
        self._options = options
        self._client = HttpClient(options)

    def send(self, batch: Sequence[Record], pause: Pause) -> list[Fate]:
        body = b"".join(self._item(record) for record in batch)
        try:
            headers = {"Content-Type": "application/x-ndjson", **self._identity()}
        except ConfigError as error:
            return all_of(batch, Fate("postponed", str(error)))
        answer = self._client.post(_PATH, body, headers)
        if answer.status != 200:
            return all_of(batch, fate_of(answer))
        items = _items(answer)
        if len(items) != len(batch):
            return all_of(batch, Fate("postponed", f"{len(batch)} items were sent, {len(items)} were answered"))
        return [_fate(item) for item in items]

    def _identity(self) -> dict[str, str]:
        if self._options.api_key_file is not None:
            return {"Authorization": f"ApiKey {read_secret(self._options.api_key_file)}"}
        if self._options.password_file is not None:
            pair = f"{self._options.username}:{read_secret(self._options.password_file)}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return {}

    def _item(self, record: Record) -> bytes:
        index = self._options.indexes.get(record.tenant, self._options.index)
        action = {"create": {"_index": index, "_id": self._options.id_prefix + record.dedupe_id}}
        return b"".join(json.dumps(part, ensure_ascii=False).encode() + b"\n" for part in (action, _document(record)))


def _document(record: Record) -> dict[str, Any]:
    """The record, laid out so that no two records ask for different types of one field."""
    members = record.as_dict()
    details = members.pop("details")
    numbers = {name: value for name, value in details.items() if not isinstance(value, str | bool)}
    texts = {name: value for name, value in details.items() if isinstance(value, str)}
    truths = {name: value for name, value in details.items() if isinstance(value, bool)}
    return {
        "@timestamp": record.ts_utc,
        "event": {"original": record.line.decode().rstrip("\n"), "action": record.action},
        "zaphod": {
            **members, "dedupe_id": record.dedupe_id, "texts": texts, "numbers": _floats(numbers), "truths": truths,
        },
    }  # fmt: skip


def _floats(numbers: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(value) for name, value in numbers.items()}


def _items(answer: Answer) -> list[Any]:
    try:
        items = json.loads(answer.body)["items"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return []
    return items if isinstance(items, list) else []


def _fate(item: Any) -> Fate:
    result = item.get("create") if isinstance(item, dict) else None
    status = result.get("status") if isinstance(result, dict) else None
    if status in _IS_THERE:
        return STORED
    error = result.get("error") if isinstance(result, dict) else None
    reason = f"HTTP {status}: {json.dumps(error, ensure_ascii=False)[:300]}"
    if type(status) is not int or status in _MAY_BE_MENDED or status >= 500:
        return Fate("postponed", reason)
    return Fate("refused", reason)
