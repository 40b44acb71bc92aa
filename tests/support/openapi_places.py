"""Every place of every request that an OpenAPI document describes, and a request that is right but for that place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]
Path = tuple[str | int, ...]

TEXT = "what is 2 + 3?"
"""What is said in requests: the model's answer to it is short."""

_MARK = "\ue000here\ue000"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Somewhere in a request's body.

    Args:
        operation: like `POST /tokenize`.
        path: of keys and indices from the body's root.
        schema: what the document says of it.
        model: the component that it is a field of, and the field: the same one may be reached in many ways.
        body: a request with a mark at this place.
        is_key: whether it is the key of a map instead of a value.
    """

    operation: str
    path: Path
    schema: Schema
    model: tuple[str, str]
    body: Any
    is_key: bool = False

    @property
    def name(self) -> str:
        """As an error's `param` names it."""
        return ".".join(map(str, self.path))

    def filled(self, fragment: bytes, others: Mapping[str, Any]) -> bytes:
        """The request with raw JSON at this place.

        Args:
            fragment: goes there as it is.
            others: fields of the request that are set besides, if this place is not inside of them.
        """
        body = {**{name: value for name, value in others.items() if name != self.path[0]}, **self.body}
        before, after = json.dumps(body).split(json.dumps(_MARK))
        return before.encode() + fragment + after.encode()


class Document:
    """An OpenAPI document, to be walked.

    Args:
        content: the document.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        self.content = content

    def operations(self) -> Iterator[tuple[str, str, Schema]]:
        """Method, path and description of each."""
        for path, methods in self.content["paths"].items():
            for method, operation in methods.items():
                yield method.upper(), path, operation

    def operation(self, name: str) -> Schema:
        """The description of one, named like `POST /tokenize`."""
        method, path = name.split()
        found: Schema = self.content["paths"][path][method.lower()]
        return found

    def body_schemas(self) -> dict[str, Schema]:
        """What can be posted, by operation."""
        return {
            f"{method} {path}": operation["requestBody"]["content"]["application/json"]["schema"]
            for method, path, operation in self.operations()
            if "requestBody" in operation
        }

    def places(self, operation: str) -> Iterator[Place]:
        """Every place of a request, as often as it can be reached through another kind of object."""
        whole = Place(operation=operation, path=(), schema=self.body_schemas()[operation], model=("", ""), body=_MARK)
        yield from self._inside(whole, ())

    def sample(self, schema: Schema) -> Any:
        """The smallest value that is right."""
        schema = self.resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return schema["enum"][0]
        if "type" in schema:
            return getattr(self, f"_some_{schema['type']}")(schema)
        branches = schema.get("anyOf", schema.get("oneOf"))
        if not branches:
            return None
        usual = schema.get("discriminator", {}).get("mapping", {}).get("user")
        return self.sample({"$ref": usual} if usual else branches[0])

    def kinds(self, schema: Schema) -> set[str]:
        """JSON's types that a schema takes; all of them where it says nothing."""
        found = {branch["type"] for _, branch in self._branches(schema)}
        return found or {"string", "array", "object"}

    def resolved(self, schema: Schema) -> Schema:
        """The schema that a reference means."""
        while "$ref" in schema:
            found: Any = self.content
            for part in schema["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            schema = found
        return schema

    def _inside(self, place: Place, seen: tuple[str, ...]) -> Iterator[Place]:
        if place.path:
            yield place
        for name, branch in self._branches(place.schema):
            if name not in seen:
                yield from self._parts(place, name, branch, (*seen, name) if name else seen)

    def _branches(self, schema: Schema, name: str = "") -> Iterator[tuple[str, Schema]]:
        """The plain schemas of a union, each with its component's name if it has one."""
        name = schema.get("$ref", name)
        schema = self.resolved(schema)
        if "type" in schema:
            yield name, schema
            return
        for one in [*schema.get("anyOf", ()), *schema.get("oneOf", ())]:
            yield from self._branches(one)

    def _parts(self, place: Place, component: str, schema: Schema, seen: tuple[str, ...]) -> Iterator[Place]:
        if schema["type"] == "array":
            yield from self._part(place, 0, schema.get("items", {}), [_MARK], ("", ""), seen)
        elif schema["type"] == "object":
            required = self._some_object(schema)
            for name, part in schema.get("properties", {}).items():
                yield from self._part(place, name, part, {**required, name: _MARK}, (component, name), seen)
            for key, part in self._map_values(schema):
                yield from self._part(place, key, part, {key: _MARK}, (component, key), seen)
                body = _placed(place.body, {_MARK: self.sample(part)})
                yield Place(
                    operation=place.operation,
                    path=place.path,
                    schema={"type": "string"},
                    model=(place.name, "key"),
                    body=body,
                    is_key=True,
                )

    def _part(
        self, place: Place, step: str | int, schema: Schema, body: Any, model: tuple[str, str], seen: tuple[str, ...]
    ) -> Iterator[Place]:
        part = Place(
            operation=place.operation,
            path=(*place.path, step),
            schema=schema,
            model=model if model != ("", "") else (f"{place.model[0]}.{place.model[1]}", str(step)),
            body=_placed(place.body, body),
        )
        yield from self._inside(part, seen)

    def _map_values(self, schema: Schema) -> Iterator[tuple[str, Schema]]:
        """A key that the map may have, and what stands there."""
        for pattern, part in schema.get("patternProperties", {}).items():
            yield next(key for key in ("key", "1") if re.search(pattern, key)), part
        extra = schema.get("additionalProperties", False)
        if extra is not False:
            yield "key", {} if extra is True else extra

    def _some_object(self, schema: Schema) -> dict[str, Any]:
        required = [*schema.get("required", ()), *schema.get("oneOf", [{}])[0].get("required", ())]
        return {name: self.sample(schema["properties"][name]) for name in required}

    def _some_array(self, schema: Schema) -> list[Any]:
        return [self.sample(schema["items"]) for _ in range(schema.get("minItems", 0))]

    def _some_string(self, schema: Schema) -> str:
        return next(text for text in (TEXT, "a", "1") if re.search(schema.get("pattern", ""), text))

    def _some_integer(self, schema: Schema) -> int:
        return int(max(1, schema.get("minimum", 1)))

    def _some_number(self, schema: Schema) -> float:
        return float(max(1, schema.get("minimum", 1)))

    def _some_boolean(self, schema: Schema) -> bool:
        return False

    def _some_null(self, schema: Schema) -> None:
        return None


def _placed(body: Any, part: Any) -> Any:
    """The body with another part where its mark is."""
    if isinstance(body, dict):
        return {(part if key == _MARK else key): _placed(value, part) for key, value in body.items()}
    if isinstance(body, list):
        return [_placed(value, part) for value in body]
    return part if body == _MARK else body
