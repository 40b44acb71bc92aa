"""KServe's InferenceService with our own container, scaled by KEDA; knows no other platform.

KServe 0.16 in its Standard mode (plain Deployments), where KEDA may scale.
"""

from __future__ import annotations

from typing import Any

from zaphod.capacity.manifests.kubernetes import replicas
from zaphod.capacity.manifests.pods import Deployed, pod_spec
from zaphod.capacity.manifests.scaling import most_replicas
from zaphod.capacity.manifests.yaml_text import Noted
from zaphod.core.errors import ConfigError


def inference_service(what: Deployed) -> dict[str, Any]:
    """The whole object.

    Raises:
        ConfigError: a replica is more than one pod, which KServe does for its own runtime only, and never scales.
    """
    if what.is_group:
        raise ConfigError(
            f"A replica has {what.sizes.pods.value} pods.",
            "KServe's InferenceService scales replicas of one pod.",
            "Take the target kubernetes (a LeaderWorkerSet), or plan with a replica that fits into one machine.",
        )
    pod = pod_spec(what, container_name="kserve-container")
    if what.engine.name == "zaphod":
        pod["containers"][0]["args"].append(Noted(f"--allowed-host={what.name}-predictor", "KServe's service"))
    metadata = what.metadata()
    metadata["annotations"] = {
        "serving.kserve.io/deploymentMode": "Standard",
        "serving.kserve.io/autoscalerClass": "keda",
    }
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": metadata,
        "spec": {
            "predictor": {
                "minReplicas": replicas(what),
                "maxReplicas": most_replicas(what),
                "autoScaling": {"metrics": _metrics(what)},
                "deploymentStrategy": {
                    "type": "RollingUpdate",
                    "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
                },
                **pod,
            }
        },
    }


def _metrics(what: Deployed) -> list[dict[str, Any]]:
    """Averages over the replicas, because KServe compares a query's value with the target as it is."""
    labels = f'pod=~"{what.name}-predictor-.*"'
    waiting = Noted(str(what.options.waiting_per_replica), "waiting in each replica: ManifestOptions")
    usage = Noted(f"{round(what.options.kv_usage * 1000)}m", "thousandths: ManifestOptions.kv_usage")
    return [
        _metric(what, f"avg({what.engine.waiting}{{{labels}}})", waiting),
        _metric(what, f"avg({what.engine.kv_usage}{{{labels}}})", usage),
    ]


def _metric(what: Deployed, query: str, value: Noted) -> dict[str, Any]:
    metric = {"backend": "prometheus", "serverAddress": what.options.prometheus, "query": query}
    return {"type": "External", "external": {"metric": metric, "target": {"type": "Value", "value": value}}}
