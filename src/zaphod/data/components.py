"""Which class a `kind` of source or stage stands for; imports it only when it is asked for."""

from __future__ import annotations

import difflib
import importlib
import inspect
from collections.abc import Mapping
from typing import Any

from zaphod.core.errors import ConfigError
from zaphod.data.build_config import Component, require_known
from zaphod.data.documents import Source, Stage

SOURCES = {
    "folder": "sources.folders:FolderSource",
    "packages": "sources.packages:PackageSource",
    "web-archive": "sources.warc:WarcSource",
    "feeds": "sources.feeds:FeedSource",
    "json-lines": "json_lines:JsonLinesSource",
}

STAGES = {
    "extraction": "extraction.stage:Extraction",
    "url_lists": "filters.urls:UrlLists",
    "language": "filters.language:Language",
    "gopher_repetition": "filters.repetition:Repetition",
    "gopher_quality": "filters.gopher_quality:GopherQuality",
    "c4_quality": "filters.c4:C4Quality",
    "fineweb_quality": "filters.fineweb:FineWebQuality",
    "exact_duplicates": "dedup.stages:ExactDuplicates",
    "near_duplicates": "dedup.stages:NearDuplicates",
    "repeated_passages": "dedup.passages:RepeatedPassages",
    "personal_data": "privacy.personal_data:PersonalData",
    "licence": "licences:LicenceStage",
    "refinement": "refinement.stage:RefinementStage",
    "relevance": "relevance.stage:RelevanceStage",
}


def make_source(component: Component) -> Source:
    """The source that a configuration names.

    Raises:
        ConfigError: nothing is called so, or it has no such setting.
    """
    settings = {key: value for key, value in component.settings.items() if key != "domain"}
    source: Source = _made(component.kind, settings, SOURCES, "source")
    return source


def make_stage(component: Component) -> Stage:
    """The stage that a configuration names; errors as for `make_source`."""
    stage: Stage = _made(component.kind, component.settings, STAGES, "stage")
    return stage


def _made(kind: str, settings: Mapping[str, Any], table: Mapping[str, str], noun: str) -> Any:
    if kind not in table:
        nearest = difflib.get_close_matches(kind, table, n=1)
        raise ConfigError(
            f"There is no {noun} of the kind {kind!r}.",
            f"The kinds are {', '.join(table)}.",
            f"Did you mean {nearest[0]!r}?" if nearest else "See docs/data.md.",
        )
    module, _, name = table[kind].partition(":")
    made = getattr(importlib.import_module(f"zaphod.data.{module}"), name)
    parameters = inspect.signature(made).parameters
    require_known(settings, parameters, f"the {noun} {kind!r}")
    missing = [key for key, value in parameters.items() if value.default is value.empty and key not in settings]
    if missing:
        raise ConfigError(
            f"The {noun} {kind!r} lacks {', '.join(missing)}.", f"It has {', '.join(parameters)}.", "Set what it lacks."
        )
    try:
        return made(**settings)
    except (TypeError, AttributeError, ValueError) as error:
        raise ConfigError(
            f"The {noun} {kind!r} cannot be made with {dict(settings)!r:.200}: {error}.",
            "Each setting has the type of its default.",
            "Mend the value.",
        ) from error
