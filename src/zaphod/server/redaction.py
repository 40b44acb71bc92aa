"""Takes secrets and content out of log records, whoever wrote them; knows no log's format.

Two rules. Whatever looks like a key is replaced, in messages and in tracebacks. Of an exception only its type and the
places it passed are kept: its message may quote what a client sent.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from types import TracebackType

WITHHELD = "[withheld]"

_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(bearer|basic)\s+[^\s\"',;]+", re.IGNORECASE), rf"\1 {WITHHELD}"),
    (
        re.compile(
            r"((?:proxy-)?authorization|x-api-key|api[-_]key|set-cookie|cookie|password|secret)"
            r"(\s*['\"]?\s*[:=,]\s*b?['\"]?)[^\s'\"&;,)\]}]+",
            re.IGNORECASE,
        ),
        rf"\1\2{WITHHELD}",
    ),
    # Keys by the beginnings that we, OpenAI, Anthropic and Hugging Face give them.
    (re.compile(r"\b(zk|sk|pk|rk)-[A-Za-z0-9_.\-]{4,}"), WITHHELD),
    (re.compile(r"\bhf_[A-Za-z0-9]{8,}"), WITHHELD),
    (re.compile(r"(://)[^/\s:@]+:[^/\s@]+@"), r"\1"),
    # Query strings: of addresses, and of the request line that HTTP libraries print.
    (re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]*"), r"\1"),
    (re.compile(r"((?:GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) [^\s?\"']+)\?[^\s\"']*"), r"\1"),
)
# asyncio prints the arguments of callbacks, and tasks with their exceptions, into its messages.
_ASYNCIO_DETAIL = re.compile(r"(?s)( callback) .*|\n.*")


# Numbers, names and paths of ours, which most fields hold: what has none of these letters is no secret of any kind.
_SUSPICIOUS = re.compile(r"[^A-Za-z0-9_/.]|hf_")


def redact(text: str) -> str:
    """The text without anything that looks like a secret."""
    if _SUSPICIOUS.search(text) is None:
        return text
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def exception_text(error: BaseException) -> str:
    """Types and places of an exception and of those before it; never its message.

    Like a traceback, the oldest exception comes first.
    """
    return "\n".join(line for one in reversed(list(_chain(error))) for line in _lines(one))


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)


def _lines(error: BaseException) -> Iterator[str]:
    yield from _places(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__} (its message is withheld)"
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from ("  | " + line for line in _lines(inner))


def _places(traceback: TracebackType | None) -> Iterator[str]:
    while traceback is not None:
        code = traceback.tb_frame.f_code
        yield f'  File "{code.co_filename}", line {traceback.tb_lineno}, in {code.co_qualname}'
        traceback = traceback.tb_next


class SecretsFilter(logging.Filter):
    """Belongs on a handler, so that it sees the records of all loggers below."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(_message(record)), None
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = redact(exception_text(record.exc_info[1]))
        elif record.exc_text:
            record.exc_text = WITHHELD
        record.exc_info = None
        record.stack_info = None
        return True


def _message(record: logging.LogRecord) -> str:
    try:
        text = record.getMessage()
    except (TypeError, ValueError):  # arguments that do not fit the format: without them, then
        return f"{record.msg} (its arguments do not fit)"
    return _ASYNCIO_DETAIL.sub(r"\1", text) if record.name == "asyncio" else text
