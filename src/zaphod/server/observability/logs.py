"""Lines of the server's log: one for each request and each turn in its life, and what libraries say; never content.

An event's fields are those of `FIELDS` and nothing else, so that no prompt, key, header or query can slip in. On a
terminal lines are for people, otherwise each is a JSON object.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, TextIO

from zaphod.core.errors import ConfigError
from zaphod.core.logging import LOG_LEVELS, LogLevel
from zaphod.core.units import format_duration
from zaphod.server.redaction import SecretsFilter, redact

LogStyle = Literal["auto", "people", "json"]
FieldValue = str | int | float | bool | None

FIELDS: Mapping[str, str] = {
    "request_id": "id that the response carries, too",
    "trace_id": "W3C trace id, where requests are traced",
    "key_id": "names the key, and is no secret",
    "route": "path template",
    "model": "one of the served names, or `other`",
    "status": "HTTP status; 499 where the client went away",
    "duration_s": "from arrival to end",
    "queue_s": "until the engine began, or until the first token where that is not known",
    "prefill_s": "from the engine's beginning to the first token",
    "decode_s": "from the first token to the last",
    "time_to_first_token_s": "from arrival to the first token",
    "prompt_tokens": "",
    "cached_tokens": "those of the prompt that were in the prefix cache",
    "completion_tokens": "",
    "finish_reason": "",
    "error_code": "word for programs",
    "energy_j": "joules that the request took",
    "energy_source": "RAPL, NVML or estimated",
    "reason": "of an event in the server's life, in our words",
    "pid": "process id",
    "num_restarts": "of the engine process",
}
"""Everything that an event may say, and what it means."""

_MAX_TEXT = 300
# uvicorn's line for each request would hold the query string; ours replaces it.
_REPLACED = ("uvicorn.access",)
_OWNERS = ("zaphod", "uvicorn", "uvicorn.error")


class JsonLines(logging.Formatter):
    """A record as one JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, FieldValue] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
        }
        fields = _fields(record)
        if fields is None:
            line |= {"event": "message", "logger": record.name, "message": record.getMessage()}
            line |= {"exception": record.exc_text} if record.exc_text else {}
        else:
            line |= {"event": record.getMessage(), **fields}
        return json.dumps(line, ensure_ascii=True, allow_nan=False)


class PeopleLines(logging.Formatter):
    """A record as a line for a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        head = f"{time.strftime('%H:%M:%S', time.localtime(record.created))} {record.levelname.lower():7}"
        fields = _fields(record)
        if fields is None:
            # NOTE: a line break or an escape sequence in a message must not look like another line.
            text = f"{head} {record.name}: {_printable(record.getMessage())}"
            return f"{text}\n{record.exc_text}" if record.exc_text else text
        return f"{head} {_sentence(record.getMessage(), fields)}"


class ServerLog:
    """Where the server's lines go.

    Args:
        file: appended to, and opened anew when it was moved away; standard error if None.
        style: `auto` is for people on a terminal and JSON elsewhere.
        stream: instead of standard error.
        level: lines for people below it are left out; files and JSON hold every request.

    Raises:
        ConfigError: the file cannot be written.
    """

    def __init__(
        self,
        file: Path | None = None,
        style: LogStyle = "auto",
        stream: TextIO | None = None,
        level: LogLevel = "info",
    ) -> None:
        self._handler = _handler(file, stream)
        formatter = _formatter(style, None if file else stream or sys.stderr)
        self._handler.setFormatter(formatter)
        self._least = logging.getLevelName(level.upper()) if isinstance(formatter, PeopleLines) else logging.INFO
        self._handler.addFilter(SecretsFilter())

    def event(self, name: str, *, level: int = logging.INFO, **fields: FieldValue) -> None:
        """One line. Fields that are None are left out.

        Raises:
            TypeError: a field is not in `FIELDS`.
        """
        unknown = fields.keys() - FIELDS.keys()
        if unknown:
            raise TypeError(f"the log has no field {', '.join(sorted(unknown))}")
        if level < self._least:
            return
        record = logging.LogRecord("zaphod.server", level, "", 0, name, None, None)
        record.__dict__["fields"] = {name: _safe(value) for name, value in fields.items() if value is not None}
        self._handler.handle(record)

    def adopt(self, level: str = "warning") -> None:
        """Send what all libraries of this process log here, too. Called once by a program that owns its process.

        Args:
            level: of our own loggers and uvicorn's; others speak from warnings on.

        Raises:
            ConfigError: there is no such level.
        """
        if level not in LOG_LEVELS:
            raise ConfigError(f"The log level is {level!r}.", f"It must be one of {', '.join(LOG_LEVELS)}.")
        logging.getLogger().handlers[:] = [self._handler]
        for name in _OWNERS:
            logger = logging.getLogger(name)
            logger.handlers[:] = []
            logger.propagate = True
            logger.setLevel(level.upper())
        for name in _REPLACED:
            logging.getLogger(name).handlers[:] = []
            logging.getLogger(name).propagate = False
        logging.captureWarnings(True)

    def close(self) -> None:
        """Take no more lines from libraries; close the file."""
        if self._handler in logging.getLogger().handlers:
            logging.getLogger().removeHandler(self._handler)
            logging.captureWarnings(False)
        try:
            self._handler.close()
        except OSError as error:  # a full disk, say: no reason to end in another way
            _say_unwritten(type(error))


class _QuietErrors:
    """What a handler does that cannot write: say so without repeating the line, as `logging` would."""

    def handleError(self, record: logging.LogRecord) -> None:
        kind = sys.exc_info()[0]
        if sys.stderr is not None:
            sys.stderr.write(
                f"zaphod: a line of the log could not be written ({kind.__name__ if kind else 'unknown'})\n"
            )


def _say_unwritten(kind: type[BaseException]) -> None:
    if sys.stderr is not None:
        sys.stderr.write(f"zaphod: a line of the log could not be written ({kind.__name__})\n")


class _FileHandler(_QuietErrors, logging.handlers.WatchedFileHandler):
    pass


class _StreamHandler(_QuietErrors, logging.StreamHandler[TextIO]):
    pass


def _handler(file: Path | None, stream: TextIO | None) -> logging.Handler:
    if file is None:
        return _StreamHandler(stream or sys.stderr)
    try:
        return _FileHandler(file, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"The log {file} cannot be written: {error.strerror or error}.",
            "It must lie in a folder that exists and may be written to.",
            "Choose another file, or leave the option out to log to standard error.",
        ) from error


def _formatter(style: LogStyle, stream: TextIO | None) -> logging.Formatter:
    for_people = style == "people" or (style == "auto" and stream is not None and stream.isatty())
    return PeopleLines() if for_people else JsonLines()


def _fields(record: logging.LogRecord) -> Mapping[str, FieldValue] | None:
    """Those of an event; None for what a library wrote."""
    fields: Mapping[str, FieldValue] | None = getattr(record, "fields", None)
    return fields


def _safe(value: FieldValue) -> FieldValue:
    if isinstance(value, str):
        return redact(value)[:_MAX_TEXT]
    return round(value, 6) if isinstance(value, float) else value


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _sentence(event: str, fields: Mapping[str, FieldValue]) -> str:
    """`POST` is not said: it is the same for all that is logged. `/v1/completions 200 · 12 in, 34 out · 1.2 s · …`."""
    if event != "request":
        return " ".join([event, *(f"{name}={_printable(str(value))}" for name, value in fields.items())])
    parts = [f"{fields.get('route', '')} {fields.get('status', '')}"]
    if "error_code" in fields:
        parts.append(str(fields["error_code"]))
    if "completion_tokens" in fields:
        parts.append(f"{fields.get('prompt_tokens', 0)} in, {fields['completion_tokens']} out")
    parts += _durations(fields)
    if "energy_j" in fields:
        parts.append(f"{fields['energy_j']:.3g} J {fields.get('energy_source', '')}")
    parts += [f"key {fields.get('key_id', '-')}", str(fields.get("request_id", ""))]
    return " · ".join(_printable(part) for part in parts)


def _durations(fields: Mapping[str, FieldValue]) -> list[str]:
    words = {"time_to_first_token_s": "first token after ", "duration_s": ""}
    return [
        f"{word}{format_duration(float(value))}"
        for name, word in words.items()
        if isinstance(value := fields.get(name), int | float)
    ]
