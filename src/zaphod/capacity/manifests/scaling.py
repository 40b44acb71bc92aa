"""Autoscalers: more replicas when requests wait or caches fill, fewer much later; knows no pods.

CPU and GPU utilisation say nothing: an engine uses all it has at any load.
"""

from __future__ import annotations

from math import ceil
from typing import Any

from zaphod.capacity.manifests.kubernetes import replicas, service_name, target
from zaphod.capacity.manifests.pods import Deployed
from zaphod.capacity.manifests.yaml_text import Noted, Verbatim, text_of

_UP_S = 30


def most_replicas(what: Deployed) -> Noted:
    """Where scaling ends."""
    factor = what.options.peak_factor
    return Noted(
        max(replicas(what).value, ceil(what.plan.running.num_replicas * factor)),
        f"plan.running.num_replicas x {factor:g} (ManifestOptions.peak_factor)",
    )


def behaviour(what: Deployed) -> dict[str, Any]:
    """Up by half of the plan's replicas a minute, down by one every two minutes."""
    up = max(1, ceil(what.plan.running.num_replicas / 2))
    down_s = Noted(what.options.scale_down_s, "a replica that goes takes its prefix cache with it")
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": _UP_S,
            "policies": [{"type": "Pods", "value": Noted(up, "plan.running.num_replicas / 2"), "periodSeconds": 60}],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": down_s,
            "policies": [{"type": "Pods", "value": 1, "periodSeconds": 120}],
        },
    }


def waiting_query(what: Deployed) -> str:
    """Requests that wait, of all replicas."""
    return f"sum({what.engine.waiting}{{{_labels(what)}}})"


def usage_query(what: Deployed) -> str:
    """How full the caches are, on average."""
    return f"avg({what.engine.kv_usage}{{{_labels(what)}}})"


def _labels(what: Deployed) -> str:
    namespace = f',namespace="{what.options.namespace}"' if what.options.namespace else ""
    return f'service="{service_name(what)}"{namespace}'


def scaled_object(what: Deployed) -> dict[str, Any]:
    """KEDA's."""
    number, options = replicas(what), what.options
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": what.metadata(),
        "spec": {
            "scaleTargetRef": target(what),
            "pollingInterval": 15,
            "cooldownPeriod": options.scale_down_s,
            "minReplicaCount": number,
            "maxReplicaCount": most_replicas(what),
            "fallback": {"failureThreshold": 4, "replicas": number},
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behaviour(what)}},
            "triggers": [
                _trigger(
                    what,
                    "queue",
                    "AverageValue",
                    waiting_query(what),
                    Noted(str(options.waiting_per_replica), "waiting in each replica: ManifestOptions"),
                ),
                _trigger(
                    what, "caches", "Value", usage_query(what), Noted(f"{options.kv_usage:g}", "of 1: ManifestOptions")
                ),
            ],
        },
    }


def _trigger(what: Deployed, name: str, metric_type: str, query: str, threshold: Noted) -> dict[str, Any]:
    return {
        "type": "prometheus",
        "name": name,
        "metricType": metric_type,
        "metadata": {"serverAddress": what.options.prometheus, "query": query, "threshold": threshold},
    }


def pod_autoscaler(what: Deployed) -> dict[str, Any]:
    """Kubernetes' own, fed by prometheus-adapter."""
    options = what.options
    usage = Noted(f"{round(options.kv_usage * 1000)}m", "thousandths: ManifestOptions.kv_usage")
    waiting = Noted(str(options.waiting_per_replica), "ManifestOptions.waiting_per_replica")
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": what.metadata(),
        "spec": {
            "scaleTargetRef": target(what),
            "minReplicas": replicas(what),
            "maxReplicas": most_replicas(what),
            "metrics": [_pods(what.engine.waiting, waiting), _pods(what.engine.kv_usage, usage)],
            "behavior": behaviour(what),
        },
    }


def _pods(metric: str, value: Noted) -> dict[str, Any]:
    return {
        "type": "Pods",
        "pods": {"metric": {"name": _adapted(metric)}, "target": {"type": "AverageValue", "averageValue": value}},
    }


def _adapted(metric: str) -> str:
    """A colon cannot stand in the path under which the API server offers a metric."""
    return metric.replace(":", "_")


def adapter_rules(what: Deployed) -> dict[str, Any]:
    """What prometheus-adapter must be told, in the namespace and under the name that its chart was given."""
    rules = [_rule(metric) for metric in (what.engine.waiting, what.engine.kv_usage)]
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "prometheus-adapter", "labels": {"app.kubernetes.io/part-of": "zaphod"}},
        "data": {"config.yaml": Verbatim(text_of({"rules": rules}))},
    }


def _rule(metric: str) -> dict[str, Any]:
    return {
        "seriesQuery": f'{metric}{{namespace!="",pod!=""}}',
        "resources": {"overrides": {"namespace": {"resource": "namespace"}, "pod": {"resource": "pod"}}},
        "name": {"matches": f"^{metric}$", "as": _adapted(metric)},
        "metricsQuery": "sum(<<.Series>>{<<.LabelMatchers>>}) by (<<.GroupBy>>)",
    }
