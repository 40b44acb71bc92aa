"""Which scope each route wants. Deny by default: a route without a row answers nobody. Knows no key and no request."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

from zaphod.server.caller import Scope


class _Everybody(enum.Enum):
    PUBLIC = "public"


PUBLIC: Final = _Everybody.PUBLIC
"""The route answers everybody, and never looks at a key."""

Rule = Scope | Literal[_Everybody.PUBLIC] | None
"""The scope that a key must have; None for any valid key."""

ACCESS: Mapping[tuple[str, str], Rule] = MappingProxyType(
    {
        ("GET", "/live"): PUBLIC,
        ("GET", "/"): PUBLIC,
        ("GET", "/page/{name:path}"): PUBLIC,
        ("GET", "/ready"): None,
        ("GET", "/openapi.json"): None,
        ("GET", "/zaphod/status"): None,
        ("GET", "/v1/models"): None,
        ("GET", "/v1/models/{model:path}"): None,
        ("POST", "/v1/chat/completions"): "generate",
        ("POST", "/v1/completions"): "generate",
        ("POST", "/v1/responses"): "generate",
        ("GET", "/v1/responses/{response_id}"): "generate",
        ("DELETE", "/v1/responses/{response_id}"): "generate",
        ("POST", "/v1/responses/{response_id}/cancel"): "generate",
        ("GET", "/v1/responses/{response_id}/input_items"): "generate",
        ("POST", "/v1/messages"): "generate",
        ("POST", "/v1/messages/count_tokens"): "generate",
        ("POST", "/v1/embeddings"): "embed",
        ("POST", "/tokenize"): "tokenize",
        ("POST", "/detokenize"): "tokenize",
        ("GET", "/zaphod/confirmations"): "confirm",
        ("POST", "/zaphod/confirmations/{held_id}"): "confirm",
        ("GET", "/zaphod/plan"): None,
        ("POST", "/zaphod/plan"): None,
        ("GET", "/metrics"): "metrics",
    }
)
"""The one table. A new route needs a row here, or it answers 404 to whoever asks."""

WORK = frozenset({"/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages", "/v1/embeddings"})
"""Routes whose POST makes the engine work, and waits in its queue."""

_PLACEHOLDER = re.compile(r"\{[a-z_]+(:path)?\}")


@dataclass(frozen=True)
class Place:
    """A path of the table, and what each of its methods wants."""

    template: str
    rules: Mapping[str, Rule]

    @property
    def is_work(self) -> bool:
        """Whether what is posted here waits for the engine."""
        return self.template in WORK


def find_place(path: str) -> Place | None:
    """The place that a decoded path leads to. Paths that mean another one when tidied up lead nowhere."""
    if "//" in path or "\\" in path or "\0" in path or {".", ".."} & set(path.split("/")):
        return None
    plain, patterns = _places()
    if path in plain:
        return plain[path]
    return next((place for pattern, place in patterns if pattern.fullmatch(path)), None)


def routes_without_a_row(routes: Iterable[Any]) -> list[tuple[str, str]]:
    """(method, path) of an application's routes that `ACCESS` lacks; a test holds that there are none.

    Args:
        routes: `app.routes` of Starlette or FastAPI; routers inside them are opened.
    """
    return sorted({row for row in _rows(routes) if row not in ACCESS})


@functools.cache
def _places() -> tuple[Mapping[str, Place], tuple[tuple[re.Pattern[str], Place], ...]]:
    rules: dict[str, dict[str, Rule]] = {}
    for (method, template), rule in ACCESS.items():
        rules.setdefault(template, {})[method] = rule
        if method == "GET":
            rules[template]["HEAD"] = rule
    places = [Place(template, methods) for template, methods in rules.items()]
    plain = {place.template: place for place in places if "{" not in place.template}
    patterns = tuple((_pattern(place.template), place) for place in places if "{" in place.template)
    return plain, patterns


def _pattern(template: str) -> re.Pattern[str]:
    parts, end = [], 0
    for match in _PLACEHOLDER.finditer(template):
        parts += [re.escape(template[end : match.start()]), ".+" if match[1] else "[^/]+"]
        end = match.end()
    return re.compile("".join([*parts, re.escape(template[end:])]), re.DOTALL)


def _rows(routes: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for route in routes:
        included = getattr(route, "original_router", None)
        inner = included.routes if included is not None else getattr(route, "routes", None)
        added = getattr(getattr(route, "include_context", None), "prefix", "") or getattr(route, "path", None) or ""
        path = prefix + added
        if inner:
            yield from _rows(inner, path)
            continue
        # A mounted application has no methods to list: it needs a row as if it answered everything.
        for method in getattr(route, "methods", None) or {"*"}:
            if method != "HEAD":
                yield method, path
