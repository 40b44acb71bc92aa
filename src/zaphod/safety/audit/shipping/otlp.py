"""OpenTelemetry logs over OTLP/HTTP in its JSON form; knows OpenTelemetry's words, not the log.

https://opentelemetry.io/docs/specs/otlp/ . Written out here because the SDK's exporter tells only success or failure,
and neither how many records were refused nor when to come again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.safety.audit.record import Record, time_s
from zaphod.safety.audit.shipping.http import Answer, HttpClient, HttpOptions, fate_of
from zaphod.safety.audit.shipping.secret_file import read_secret
from zaphod.safety.audit.shipping.sink import STORED, Fate, Pause, all_of

_INFO, _WARN = 9, 13
_WARNED_OF = frozenset(("block", "deny", "refuse", "fail", "cut"))


@dataclass(frozen=True, kw_only=True)
class OtlpOptions(HttpOptions):
    """How a collector is reached.

    Args:
        path: behind the address.
        token_file: holds what stands behind `Bearer`; none if it is left out.
        service_name: the resource's name.
        resource: more attributes of the resource.
    """

    path: str = "/v1/logs"
    token_file: Path | None = None
    service_name: str = "zaphod"
    resource: Mapping[str, str] = field(default_factory=dict)


class OtlpSink:
    """Sends to a collector."""

    def __init__(self, name: str, options: OtlpOptions) -> None:
        self.name = name
        self._options = options
        self._client = HttpClient(options)

    def send(self, batch: Sequence[Record], pause: Pause) -> list[Fate]:
        headers = {"Content-Type": "application/json"}
        try:
            if self._options.token_file is not None:
                headers["Authorization"] = f"Bearer {read_secret(self._options.token_file)}"
        except ConfigError as error:
            return all_of(batch, Fate("postponed", str(error)))
        answer = self._client.post(self._options.path, self._body(batch), headers)
        if answer.status != 200:
            return all_of(batch, fate_of(answer))
        return all_of(batch, _fate(answer))

    def _body(self, batch: Sequence[Record]) -> bytes:
        resource = {"service.name": self._options.service_name, **self._options.resource}
        scope = {"scope": {"name": "zaphod.audit"}, "logRecords": [_log_record(record) for record in batch]}
        logs = {"resource": {"attributes": _attributes(resource)}, "scopeLogs": [scope]}
        return json.dumps({"resourceLogs": [logs]}, ensure_ascii=False).encode()


def _log_record(record: Record) -> dict[str, Any]:
    members = {**record.as_dict(), "dedupe_id": record.dedupe_id}
    details = members.pop("details")
    attributes = {f"zaphod.audit.{name}": value for name, value in members.items()}
    attributes |= {f"zaphod.audit.details.{name}": value for name, value in details.items()}
    nanoseconds = str(round(time_s(record.ts_utc) * 1e6) * 1000)
    is_warning = record.decision in _WARNED_OF
    return {
        "timeUnixNano": nanoseconds,
        "observedTimeUnixNano": nanoseconds,
        "severityNumber": _WARN if is_warning else _INFO,
        "severityText": "WARN" if is_warning else "INFO",
        "eventName": "zaphod.audit",
        "body": {"stringValue": record.line.decode().rstrip("\n")},
        "attributes": _attributes(attributes),
    }


def _attributes(members: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(value)} for name, value in members.items()]


def _value(value: str | int | float | bool) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}  # 64-bit integers are texts in protobuf's JSON
    return {"doubleValue": value} if isinstance(value, float) else {"stringValue": value}


def _fate(answer: Answer) -> Fate:
    """What a success means: it may be a part only, and whoever answers may be no collector."""
    try:
        partial = json.loads(answer.body or b"{}").get("partialSuccess") or {}
        num_rejected = int(partial.get("rejectedLogRecords") or 0)
    except (ValueError, RecursionError, AttributeError, TypeError):
        return Fate("postponed", f"this is not a collector's answer: {answer.reason()}")
    if num_rejected > 0:
        return Fate("unclear", f"{num_rejected} refused: {str(partial.get('errorMessage', ''))[:300]}")
    return STORED
