"""What a line of the audit log says, and how it hangs on the line before; knows no file and no clock.

A line is a record's canonical JSON with one more member at its end, `hash`:

    h(i) = SHA-256(0x00 || h(i-1) || canonical JSON of record i without `hash`),    h(0) = 32 zero bytes

That is also the hash of leaf i in a tree as in RFC 6962 whose entries are h(i-1) || record i. So one hash a record
serves the chain and the tree.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json.encoder import encode_basestring as _quoted
from typing import Any

from zaphod.core.errors import RequestError
from zaphod.core.places import require_tenant
from zaphod.safety.audit.canonical import canonical_text, is_safe_integer

Detail = str | int | float | bool

VERSION = 1
GENESIS = bytes(32)
"""What the first record hangs on."""
MAX_LETTERS = 512
MAX_DETAIL_LETTERS = 256
MAX_DETAILS = 32
MAX_LINE_BYTES = 131072
"""More than the longest record takes."""

_TEXTS = ("tenant", "actor", "action", "object", "decision", "policy_hash", "model_id", "certificate_hash")
_MEMBERS = frozenset((*_TEXTS, "v", "seq", "ts_utc", "details", "prev"))
_DETAIL_NAME = re.compile(r"[a-z][a-z0-9_.]{0,63}")
_SURROGATE = re.compile("[\ud800-\udfff]")
_HASH_MEMBER = re.compile(rb',"hash":"([0-9a-f]{64})"\}')
_HASH_MEMBER_BYTES = len(',"hash":""}') + 64
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

_require_tenant = functools.lru_cache(maxsize=4096)(require_tenant)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that was done, or refused. It never holds what people said: `keyed_digest` stands for texts.

    Args:
        tenant: in whose log it is written.
        actor: who did it, such as a key's id.
        action: what was done, like `chat.request`, `privacy.erase`.
        object: what it was done to, such as a response's id.
        decision: what followed, like `allow`, `block`.
        policy_hash: which policy decided.
        model_id: which model answered.
        certificate_hash: the plan or proof that allowed it.
        details: few and short; names are small letters, digits, dots and underscores.

    Raises:
        RequestError: a text is too long for something that is no content, or a detail cannot be written.
        ConfigError: no tenant can be called so.
    """

    tenant: str
    actor: str
    action: str
    object: str
    decision: str
    policy_hash: str = ""
    model_id: str = ""
    certificate_hash: str = ""
    details: Mapping[str, Detail] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _require_tenant(self.tenant)
        for name in _TEXTS:
            text = getattr(self, name)
            if not isinstance(text, str) or len(text) > MAX_LETTERS:
                _refuse(name, text, f"It must be a text of at most {MAX_LETTERS} letters.")
            if not text.isascii():
                object.__setattr__(self, name, _whole(text))
        object.__setattr__(self, "details", _checked(self.details) if self.details else {})


@dataclass(frozen=True, kw_only=True)
class Record:
    """One line of the log, read.

    Args:
        seq: its place in its tenant's log, from 1.
        ts_utc: when it was handed in, like `2031-12-24T18:00:00.000000Z`.
        prev, hash: of the line before and of this one, in hexadecimal digits.
    """

    seq: int
    ts_utc: str
    tenant: str
    actor: str
    action: str
    object: str
    decision: str
    policy_hash: str
    model_id: str
    certificate_hash: str
    details: Mapping[str, Detail]
    prev: str
    hash: str

    @property
    def dedupe_id(self) -> str:
        """Names it among all records of a log folder."""
        return f"{self.tenant}:{self.seq}"

    def as_dict(self) -> dict[str, Any]:
        """Its members, as they stand in the log."""
        return {"v": VERSION, **vars(self)}

    @property
    def line(self) -> bytes:
        """As it stands in the log, with its end."""
        members = self.as_dict()
        value = bytes.fromhex(members.pop("hash"))
        return with_hash(_body(members), value)


def chain_hash(previous: bytes, body: bytes) -> bytes:
    """h(i) of h(i-1) and the canonical JSON of record i."""
    return hashlib.sha256(b"\x00" + previous + body).digest()


def write_record(event: Event, *, seq: int, time_ns: int, previous: bytes) -> tuple[bytes, bytes]:
    """A line, with its end, and its hash."""
    body = _body({**vars(event), "v": VERSION, "seq": seq, "ts_utc": moment(time_ns), "prev": previous.hex()})
    value = chain_hash(previous, body)
    return with_hash(body, value), value


def with_hash(body: bytes, value: bytes) -> bytes:
    """The line of a record's canonical JSON."""
    return b'%s,"hash":"%s"}\n' % (body[:-1], value.hex().encode())


def read_record(line: bytes) -> Record:
    """The record of a line that is whole and has not been changed since it was written, without its end or with it.

    Raises:
        ValueError: it is no such line; the message says why.
    """
    line = line.removesuffix(b"\n")
    tail = _HASH_MEMBER.fullmatch(line, max(0, len(line) - _HASH_MEMBER_BYTES))
    if tail is None:
        raise ValueError("it does not end in a hash")
    body = line[:-_HASH_MEMBER_BYTES] + b"}"
    members = _members(body)
    if chain_hash(bytes.fromhex(members["prev"]), body).hex().encode() != tail[1]:
        raise ValueError("its hash does not fit what it says")
    if _body(members) != body:
        raise ValueError("it is not in canonical form")
    del members["v"]
    return Record(**members, hash=tail[1].decode())


def moment(time_ns: int) -> str:
    """Nanoseconds since 1970 as records write them, to the microsecond."""
    seconds, rest_ns = divmod(time_ns, 10**9)
    return f"{_second(seconds)}.{rest_ns // 1000:06d}Z"


@functools.lru_cache(maxsize=16)
def _second(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"


def time_s(moment_utc: str) -> float:
    """A record's moment in seconds since 1970."""
    return datetime.fromisoformat(moment_utc).timestamp()


def _body(members: Mapping[str, Any]) -> bytes:
    """`canonical` of a record's members, laid out for speed: their names are ASCII, and known."""
    texts = [_quoted(members[name]) for name in _TEXTS]
    tenant, actor, action, target, decision, policy_hash, model_id, certificate_hash = texts
    return (
        f'{{"action":{action},"actor":{actor},"certificate_hash":{certificate_hash},"decision":{decision},'
        f'"details":{canonical_text(members["details"])},"model_id":{model_id},"object":{target},'
        f'"policy_hash":{policy_hash},"prev":"{members["prev"]}","seq":{canonical_text(members["seq"])},'
        f'"tenant":{tenant},"ts_utc":"{members["ts_utc"]}","v":{VERSION}}}'
    ).encode()


def _members(body: bytes) -> dict[str, Any]:
    try:
        members = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    if not isinstance(members, dict) or members.keys() != _MEMBERS:
        raise ValueError("it does not have a record's members")
    if not all(isinstance(members[name], str) for name in (*_TEXTS, "ts_utc", "prev")):
        raise ValueError("a text is none")
    if members["v"] != VERSION or type(members["seq"]) is not int or not isinstance(members["details"], dict):
        raise ValueError("its version, number or details are none")
    if not all(isinstance(value, str | int | float) for value in members["details"].values()):
        raise ValueError("a detail is no text and no number")
    if not re.fullmatch("[0-9a-f]{64}", members["prev"]) or not _MOMENT.fullmatch(members["ts_utc"]):
        raise ValueError("its time, or the hash it hangs on, is none")
    return members


def _checked(details: Mapping[str, Detail]) -> dict[str, Detail]:
    if len(details) > MAX_DETAILS:
        _refuse("details", len(details), f"There may be {MAX_DETAILS}.")
    return {_detail_name(name): _detail(name, value) for name, value in details.items()}


def _detail_name(name: str) -> str:
    if not isinstance(name, str) or not _DETAIL_NAME.fullmatch(name):
        _refuse("a detail's name", name, "Small letters, digits, dots and underscores make a name.")
    return name


def _detail(name: str, value: Detail) -> Detail:
    if isinstance(value, str):
        if len(value) > MAX_DETAIL_LETTERS:
            _refuse(f"details.{name}", value, f"It may have {MAX_DETAIL_LETTERS} letters.")
        return _whole(value)
    if isinstance(value, bool) or (isinstance(value, int) and is_safe_integer(value)):
        return value
    if not isinstance(value, float) or not math.isfinite(value):
        _refuse(f"details.{name}", value, "It must be a text, a number below 2^53, true or false.")
    return value


def _whole(text: str) -> str:
    """The text with a mark in the place of each half of a surrogate pair, which no file can hold."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _refuse(name: str, value: object, wanted: str) -> None:
    # The value stays out of the message: it may be what must not be written down.
    size = f" of {len(value)} letters" if isinstance(value, str) else ""
    raise RequestError(
        f"The audit event's {name} is a {type(value).__name__}{size}.", wanted, "Write down what it is about, not it."
    )
