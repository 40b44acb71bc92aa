"""A tenant of a server: what it plants, what it was given, and what may reach it; knows no route."""

from __future__ import annotations

import json
import re
import secrets
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import httpx

from zaphod.records.ids import new_id

COUNTS: Counter[str] = Counter()
"""How much was looked at."""
GUARDED_WORD = "plover"
"""Texts with this word wait for a person under the policy of these tests."""
_ID = re.compile(
    r"\b(?:hold_[A-Za-z0-9_-]{24}|(?:resp|msg|fc|call|chatcmpl|cmpl|req|key|embd)[_-](?=\S{0,16}\d)[A-Za-z0-9_-]{12,})"
)
_HELD = re.compile(r"hold_[A-Za-z0-9_-]{24}")
_STORED = re.compile(r'"id": ?"(resp_[0-9a-f]{32})"')
_MOMENT = re.compile(r"\b1[0-9]{9}\b")
_VARIABLE_HEADERS = {"date", "x-request-id", "content-length"}


class Asked(NamedTuple):
    """A request without its key."""

    method: str
    path: str
    body: Any = None
    headers: Mapping[str, str] = {}

    @property
    def text(self) -> str:
        """All that it says."""
        return f"{self.path} {json.dumps(self.body)} {dict(self.headers)}"


class Reply(NamedTuple):
    """Everything that came back, whole."""

    asked: Asked
    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def everything(self) -> str:
        """Status, headers and body."""
        return f"{self.status} {dict(self.headers)} {self.text}".lower()

    def shape(self, *names: str) -> tuple[int, list[tuple[str, str]], str]:
        """The reply with one word in the place of each name, moment and new id: equal for equal answers."""
        headers = sorted((name, value) for name, value in self.headers.items() if name not in _VARIABLE_HEADERS)
        text = self.text
        for name in names:
            text = text.replace(name, "<named>")
        return self.status, headers, _MOMENT.sub("<moment>", _ID.sub("<id>", text))


@dataclass(frozen=True, kw_only=True)
class Names:
    """What a request may name: a tenant's own things, another's, or nobody's."""

    response: str
    held: str
    approved: str
    """What a person approved, and a text for which."""
    text: str
    item: str
    word: str
    """A person, a tenant or a key, by name."""

    @classmethod
    def of_nobody(cls) -> Names:
        """Names that look like given ones."""
        return cls(
            response=new_id("resp"),
            held=f"hold_{secrets.token_urlsafe(18)}",
            approved=f"hold_{secrets.token_urlsafe(18)}",
            text=f"a {GUARDED_WORD} and {secrets.token_hex(8)}",
            item=new_id("msg"),
            word=f"word{secrets.token_hex(8)}",
        )

    @property
    def all(self) -> tuple[str, ...]:
        """In one order."""
        return (self.response, self.held, self.approved, self.text, self.item, self.word)


@dataclass
class Tenant:
    """A key and whoever holds it."""

    name: str
    key: str
    key_id: str
    key_name: str
    url: str
    marks: set[str] = field(default_factory=set)
    """What nobody else may be told."""
    kept: dict[str, str] = field(default_factory=dict)
    """Stored responses by id, as they were sent."""
    waiting: set[str] = field(default_factory=set)
    """What waits for a person's word."""
    other: Tenant | None = None
    """Of whom no answer to this one may tell anything."""

    def __post_init__(self) -> None:
        self.marks |= {self.name, self.key, self.key_id, self.key_name}
        self._client = httpx.Client(base_url=self.url, trust_env=False, timeout=120, headers={"x-api-key": self.key})

    def close(self) -> None:
        self._client.close()

    def word(self) -> str:
        """A word that nobody said before; it is this tenant's."""
        made = "qanary" + "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(12))
        self.marks.add(made)
        return made

    def ask(self, asked: Asked) -> Reply:
        """Ask, and remember what was given."""
        given = {} if asked.body is None else {"json": asked.body}
        answer = self._client.request(asked.method, asked.path, headers=asked.headers, **given)
        reply = Reply(asked, answer.status_code, dict(answer.headers), answer.text)
        self._learn(reply)
        if self.other is not None:
            require_nothing_of(self.other, reply)
        return reply

    def names(self) -> Names:
        """Things of this tenant that are there: a response, what waits, what is approved."""
        text = f"a {GUARDED_WORD} for {self.word()}"
        approved = self.hold(text)
        assert self.decide(approved, "approve").status == 200
        response = self.store()
        item = json.loads(self.kept[response])["output"][0]["id"]
        held = self.hold(f"the {GUARDED_WORD} of {self.word()}")
        return Names(response=response, held=held, approved=approved, text=text, item=item, word=self.word())

    def store(self, previous: str | None = None, user: str | None = None) -> str:
        """Have a response kept; its id."""
        words = {"input": f"tell Max that {self.word()} is here", "instructions": self.word()}
        about = {"metadata": {"of": self.word()}, "previous_response_id": previous}
        if previous is None:
            about["user"] = user or self.word()
        body = {**words, **about, "store": True, "max_output_tokens": 16}
        reply = self.ask(Asked("POST", "/v1/responses", body))
        assert reply.status == 200, reply.text
        return str(json.loads(reply.text)["id"])

    def hold(self, text: str) -> str:
        """Ask what must wait; its id."""
        reply = self.ask(chat_of(text))
        assert reply.status == 409, reply.text
        return str(_HELD.findall(reply.text)[0])

    def decide(self, held: str, decision: str) -> Reply:
        """A person's word."""
        return self.ask(Asked("POST", f"/zaphod/confirmations/{held}", {"decision": decision}))

    def require_all_is_there(self) -> None:
        """What is kept is as it was sent, and what waits still waits."""
        for response, sent in self.kept.items():
            reply = self.ask(Asked("GET", f"/v1/responses/{response}"))
            assert (reply.status, json.loads(reply.text)) == (200, json.loads(sent))
        listed = json.loads(self.ask(Asked("GET", "/zaphod/confirmations")).text)["data"]
        assert {held["id"] for held in listed} == self.waiting

    def clear(self) -> None:
        """Remove everything, so that it does not pile up."""
        for response in list(self.kept):
            assert self.ask(Asked("DELETE", f"/v1/responses/{response}")).status == 200
        for held in list(self.waiting):
            assert self.decide(held, "deny").status == 200

    def _learn(self, reply: Reply) -> None:
        asked = reply.asked
        new = {name for name in _ID.findall(reply.text) if name not in asked.text}
        self.marks |= new
        place, _, last = asked.path.partition("?")[0].rpartition("/")
        if asked.path == "/zaphod/confirmations":
            return
        if place == "/zaphod/confirmations":
            self.waiting -= {last} if reply.status == 200 else set()
            return
        self.waiting |= {name for name in new if _HELD.fullmatch(name)}
        if asked.method == "DELETE" and reply.status == 200:
            del self.kept[last]
        if asked.method == "POST" and asked.path == "/v1/responses" and (asked.body or {}).get("store"):
            self.kept |= _stored(reply)


def chat_of(text: str, **headers: str) -> Asked:
    """A question in a chat."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    messages = [{"role": "user", "content": text}]
    return Asked("POST", "/v1/chat/completions", {"messages": messages, "max_tokens": 4}, named)


def require_nothing_of(other: Tenant, reply: Reply) -> None:
    """A reply to somebody else tells nothing of this tenant but what the request itself said."""
    said = reply.asked.text.lower()
    told = reply.everything
    COUNTS.update({"answers searched": 1, "marks looked for": len(other.marks)})
    leaked = [mark for mark in other.marks if mark.lower() in told and mark.lower() not in said]
    assert not leaked, (reply.asked, leaked)


def _stored(reply: Reply) -> dict[str, str]:
    """The response that was kept, as it was sent; of a stream what its last event holds."""
    if reply.status != 200 or not _STORED.search(reply.text):
        return {}
    if reply.text.lstrip().startswith("{"):
        return {json.loads(reply.text)["id"]: reply.text}
    events = [json.loads(line[6:]) for line in reply.text.splitlines() if line.startswith("data: {")]
    whole = [event["response"] for event in events if event["type"] in ("response.completed", "response.incomplete")]
    return {response["id"]: json.dumps(response) for response in whole}
