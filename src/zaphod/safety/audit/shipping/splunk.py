"""Splunk's HTTP Event Collector with its acknowledgements; knows Splunk's words, not the log.

HTTP 200 only means that a request looked right. An indexer has the events when the acknowledgement of the request says
so, which is asked for by its number within a channel. What is not acknowledged in time is sent again:
https://help.splunk.com/en/splunk-enterprise/get-data-in/ (HTTP Event Collector, indexer acknowledgment)
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.safety.audit.record import Record, time_s
from zaphod.safety.audit.shipping.http import Answer, HttpClient, HttpOptions, fate_of
from zaphod.safety.audit.shipping.secret_file import read_secret
from zaphod.safety.audit.shipping.sink import STORED, Fate, Pause, all_of

_DATA_CODES = frozenset((5, 6, 12, 13, 15))
"""No data; invalid data format; event field required, blank; error in indexed fields. Others blame the set-up."""


@dataclass(frozen=True, kw_only=True)
class SplunkOptions(HttpOptions):
    """How Splunk is reached.

    Args:
        token_file: holds the collector's token.
        index: where events go; else where the token says.
        indexes: the same for some tenants. A batch is of one tenant, so one bad index spoils no other tenant's.
        source, sourcetype, host: as Splunk calls them.
        acknowledge: wait for acknowledgements; False where the token has none, and 200 must do.
        ack_timeout_s: then a request is sent again.
        ack_poll_s: between two questions.
    """

    token_file: Path
    index: str = ""
    indexes: Mapping[str, str] = field(default_factory=dict)
    source: str = "zaphod"
    sourcetype: str = "zaphod:audit"
    host: str = ""
    acknowledge: bool = True
    ack_timeout_s: float = 60.0
    ack_poll_s: float = 1.0


class SplunkSink:
    """Sends to Splunk. Not thread-safe."""

    def __init__(self, name: str, options: SplunkOptions) -> None:
        self.name = name
        self._options = options
        self._client = HttpClient(options)
        self._channel = str(uuid.uuid4())

    def send(self, batch: Sequence[Record], pause: Pause) -> list[Fate]:
        body = b"".join(self._event(record) for record in batch)
        answer = self._post("/services/collector/event", body)
        if answer.status != 200:
            return all_of(batch, _refusal(answer))
        if _member(answer, "code") != 0:
            return all_of(batch, Fate("postponed", f"this is not Splunk's answer: {answer.reason()}"))
        if not self._options.acknowledge:
            return all_of(batch, STORED)
        number = _member(answer, "ackId")
        if type(number) is not int:
            reason = "Splunk gives no ackId: switch acknowledgements on for this token, or say acknowledge = false"
            return all_of(batch, Fate("postponed", reason))
        return all_of(batch, self._acknowledged(number, pause))

    def _acknowledged(self, number: int, pause: Pause) -> Fate:
        deadline_s = time.monotonic() + self._options.ack_timeout_s
        question = json.dumps({"acks": [number]}).encode()
        while True:
            answer = self._post(f"/services/collector/ack?channel={self._channel}", question)
            acks = _member(answer, "acks")
            if answer.status == 200 and isinstance(acks, dict) and acks.get(str(number)) is True:
                return STORED
            if time.monotonic() >= deadline_s:
                return Fate("postponed", "Splunk did not acknowledge in time")
            if not pause(self._options.ack_poll_s):
                return Fate("postponed", "there was no time to wait for the acknowledgement")

    def _post(self, path: str, body: bytes) -> Answer:
        try:
            token = read_secret(self._options.token_file)
        except ConfigError as error:
            return Answer(0, problem=str(error))
        headers = {"Authorization": f"Splunk {token}", "X-Splunk-Request-Channel": self._channel}
        return self._client.post(path, body, {**headers, "Content-Type": "application/json"})

    def _event(self, record: Record) -> bytes:
        about = {
            "host": self._options.host,
            "source": self._options.source,
            "sourcetype": self._options.sourcetype,
            "index": self._options.indexes.get(record.tenant, self._options.index),
        }
        event = {**record.as_dict(), "dedupe_id": record.dedupe_id}
        entry = {"time": f"{time_s(record.ts_utc):.6f}", **{name: word for name, word in about.items() if word}}
        return json.dumps({**entry, "event": event}, ensure_ascii=False).encode() + b"\n"


def _refusal(answer: Answer) -> Fate:
    if answer.status == 400 and _member(answer, "code") not in _DATA_CODES:
        return Fate("postponed", answer.reason())
    return fate_of(answer)


def _member(answer: Answer, name: str) -> Any:
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return found.get(name) if isinstance(found, dict) else None
