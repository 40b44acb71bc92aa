"""What an answer's text must look like, as `response_format` asks for it; knows grammars by name, not by rule."""

from __future__ import annotations

import json
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from zaphod.core.errors import RequestError
from zaphod.engine.grammar import MAX_TEXT_BYTES, GrammarKind, GrammarSpec
from zaphod.server.api.fields import JsonObject, Name, RequestModel, ShortText
from zaphod.server.api.refusing import only_types, type_of
from zaphod.server.errors import ApiError

ANY_OBJECT = GrammarSpec("json_schema", '{"type": "object"}')

_Grammar = Annotated[str, Field(min_length=1, max_length=MAX_TEXT_BYTES)]


class TextFormat(RequestModel):
    """Plain text."""

    type: Literal["text"]


class JsonObjectFormat(RequestModel):
    """Some JSON object."""

    type: Literal["json_object"]


class JsonSchema(RequestModel):
    """A schema and its name."""

    name: Name
    description: ShortText | None = None
    schema_: Annotated[JsonObject | None, Field(alias="schema")] = None
    strict: Annotated[bool | None, Field(description="Either way the schema holds.")] = None


class JsonSchemaFormat(RequestModel):
    """JSON that a schema describes."""

    type: Literal["json_schema"]
    json_schema: JsonSchema


class GrammarFormat(RequestModel):
    """Zaphod: text of a grammar in llama.cpp's notation."""

    type: Literal["grammar"]
    grammar: _Grammar


class RegexFormat(RequestModel):
    """Zaphod: text that a regular expression matches as a whole."""

    type: Literal["regex"]
    regex: _Grammar


_TYPES = ("text", "json_object", "json_schema", "grammar", "regex")

ResponseFormat = Annotated[
    Annotated[TextFormat, Tag("text")]
    | Annotated[JsonObjectFormat, Tag("json_object")]
    | Annotated[JsonSchemaFormat, Tag("json_schema")]
    | Annotated[GrammarFormat, Tag("grammar")]
    | Annotated[RegexFormat, Tag("regex")],
    Discriminator(type_of()),
    only_types(_TYPES, f"Known are {', '.join(_TYPES)}"),
]


def checked_grammar(kind: GrammarKind, text: str, param: str) -> GrammarSpec:
    """A grammar of a client's.

    Args:
        kind: how it is written.
        text: it.
        param: the request's field that it came in.

    Raises:
        ApiError: 400, it is larger or nested deeper than allowed.
    """
    try:
        return GrammarSpec(kind, text)
    except RequestError as error:
        raise ApiError(400, "invalid_grammar", str(error).replace("\n", " "), param=param) from error


def grammar_of(format: ResponseFormat | None) -> GrammarSpec | None:
    """The grammar that holds a format.

    Raises:
        ApiError: 400, it is larger or nested deeper than allowed.
    """
    match format:
        case JsonObjectFormat():
            return ANY_OBJECT
        case JsonSchemaFormat(json_schema=JsonSchema(schema_=schema)):
            return checked_grammar("json_schema", json.dumps(schema or {}), "response_format")
        case GrammarFormat(grammar=text):
            return checked_grammar("gbnf", text, "response_format")
        case RegexFormat(regex=text):
            return checked_grammar("regex", text, "response_format")
        case _:
            return None
