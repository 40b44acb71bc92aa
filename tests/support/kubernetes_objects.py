"""Whether a Kubernetes object is right: Kubernetes' own schemas, and ours for what is not Kubernetes' own."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
from tests.support.manifests import schema

KUBERNETES = "1.33"
HAS_SCHEMAS = importlib.util.find_spec("kubernetes_validate") is not None
needs_schemas = pytest.mark.skipif(not HAS_SCHEMAS, reason="kubernetes-validate is not installed (extra `dev`)")
POD = "leaderWorkerTemplate"
OWN_SCHEMAS = {
    "LeaderWorkerSet": "leaderworkerset",
    "ScaledObject": "scaledobject",
    "ServiceMonitor": "servicemonitor",
    "RayService": "rayservice",
    "InferenceService": "inferenceservice",
}
_OF_PREDICTORS = ("minReplicas", "maxReplicas", "autoScaling", "deploymentStrategy")


def check(document: dict[str, Any]) -> None:
    """Raise if a field is unknown, missing, or has a wrong value."""
    document = json.loads(json.dumps(document))
    if document.get("kind") not in OWN_SCHEMAS:
        _check_built_in(document)
        return
    jsonschema.validate(document, schema(OWN_SCHEMAS[document["kind"]]), jsonschema.Draft202012Validator)
    for template in templates(document):
        _check_built_in({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "a"}, "template": template})


def templates(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The pod templates of an object, whatever it is."""
    spec = document.get("spec", {})
    if document["kind"] == "Deployment":
        yield spec["template"]
    elif document["kind"] == "LeaderWorkerSet":
        yield from (spec[POD][role] for role in ("leaderTemplate", "workerTemplate") if role in spec[POD])
    elif document["kind"] == "RayService":
        cluster = spec["rayClusterConfig"]
        yield from (group["template"] for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]))
    elif document["kind"] == "InferenceService":
        predictor = spec["predictor"]
        yield {"spec": {name: value for name, value in predictor.items() if name not in _OF_PREDICTORS}}


def is_right(document: dict[str, Any]) -> bool:
    """Whether `check` has nothing to say."""
    from kubernetes_validate import SchemaNotFoundError, ValidationError

    try:
        check(document)
    except (jsonschema.ValidationError, ValidationError, SchemaNotFoundError, KeyError):
        return False
    return True


def _check_built_in(document: dict[str, Any]) -> None:
    import kubernetes_validate

    kubernetes_validate.validate(document, KUBERNETES, strict=True)
