"""What a plan is on plain Kubernetes: a Deployment, or, where a replica spans machines, a LeaderWorkerSet."""

from __future__ import annotations

from math import ceil
from typing import Any

from zaphod.capacity.manifests.pods import Deployed, pod_template
from zaphod.capacity.manifests.sizes import weight_bytes
from zaphod.capacity.manifests.yaml_text import Noted
from zaphod.core.errors import ConfigError

MONITORING = "monitoring"


def workload(what: Deployed, *, is_scaled: bool) -> dict[str, Any]:
    """The controller of the replicas.

    Args:
        what: the plan.
        is_scaled: whether an autoscaler has the say over their number; then it is not written.
    """
    return _group(what, is_scaled) if what.is_group else _deployment(what, is_scaled)


def replicas(what: Deployed) -> Noted:
    """The plan's number, the spare one included.

    Raises:
        ConfigError: there is no spare one.
    """
    number = what.plan.running.num_replicas
    if number < 2:
        raise ConfigError(
            f"The plan has {number} replica.",
            "While one is restarted or its machine fails, another must serve: N + 1.",
            "Plan with a spare replica.",
        )
    return Noted(number, "plan.running.num_replicas, with the spare one")


def target(what: Deployed) -> dict[str, Any]:
    """What an autoscaler scales."""
    if what.is_group:
        return {"apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet", "name": what.name}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": what.name}


def service_name(what: Deployed) -> str:
    """A group's own name belongs to the headless service that LeaderWorkerSet makes."""
    return f"{what.name}-http" if what.is_group else what.name


def _deployment(what: Deployed, is_scaled: bool) -> dict[str, Any]:
    start = what.sizes.start_s
    number = replicas(what)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": what.metadata(),
        "spec": {
            **({} if is_scaled else {"replicas": number}),
            "revisionHistoryLimit": 5,
            "progressDeadlineSeconds": Noted(start.value + 600, f"the start's {start.value} s and a machine's"),
            "selector": {"matchLabels": what.selector},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": _rolling(what)},
            "template": pod_template(what),
        },
    }


def _rolling(what: Deployed) -> dict[str, Any]:
    """A new pod would wait for GPUs that the old one holds: there the spare replica pays for the update."""
    return {"maxUnavailable": 1, "maxSurge": 0} if what.sizes.resource else {"maxUnavailable": 0, "maxSurge": 1}


def _group(what: Deployed, is_scaled: bool) -> dict[str, Any]:
    if what.engine.name == "vllm" and what.plan.replica.layout.data > 1:
        raise ConfigError(
            f"The plan has data parallelism {what.plan.replica.layout.data} over {what.sizes.pods.value} pods.",
            "For vLLM only tensor and pipeline parallelism are written across pods.",
            "Plan with data parallelism 1 (more replicas do the same work), or with --engine sglang.",
        )
    number = replicas(what)
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": what.metadata(),
        "spec": {
            **({} if is_scaled else {"replicas": number}),
            "startupPolicy": Noted("LeaderCreated", "the leader waits for its workers, so they must not wait for it"),
            "rolloutStrategy": {"type": "RollingUpdate", "rollingUpdateConfiguration": _rolling(what)},
            "networkConfig": {"subdomainPolicy": "Shared"},
            "leaderWorkerTemplate": {
                "size": what.sizes.pods,
                "restartPolicy": "RecreateGroupOnPodRestart",
                "leaderTemplate": pod_template(what, role="leader"),
                "workerTemplate": pod_template(what, role="worker"),
            },
        },
    }


def companions(what: Deployed) -> list[dict[str, Any]]:
    """Service, disruption budget, network policy, and the claim if a storage class was given."""
    chosen = {**what.selector, "role": "leader"} if what.is_group else what.selector
    found = [_service(what, chosen), _budget(what, chosen), _policy(what)]
    return [*found, _claim(what)] if what.options.storage_class else found


def _service(what: Deployed, chosen: dict[str, Any]) -> dict[str, Any]:
    ports = [{"name": "http", "port": what.engine.port, "targetPort": "http", "protocol": "TCP"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": what.metadata(service_name(what)),
        "spec": {"selector": chosen, "ports": ports},
    }


def _budget(what: Deployed, chosen: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": what.metadata(),
        "spec": {
            "maxUnavailable": Noted(1, "the spare one of plan.running.num_replicas"),
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": chosen},
        },
    }


def _policy(what: Deployed) -> dict[str, Any]:
    """Clients, the gateway and Prometheus may ask; the engine asks for names, and talks to its group."""
    name_label = "kubernetes.io/metadata.name"
    askers = [
        {"namespaceSelector": {}, "podSelector": {"matchLabels": {"zaphod-client": "true"}}},
        {"podSelector": {"matchLabels": {"app.kubernetes.io/name": "zaphod-gateway"}}},
        {"namespaceSelector": {"matchLabels": {name_label: MONITORING}}},
    ]
    names = {
        "to": [{"namespaceSelector": {"matchLabels": {name_label: "kube-system"}}}],
        "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
    }
    ingress: list[dict[str, Any]] = [{"from": askers, "ports": [{"port": "http", "protocol": "TCP"}]}]
    egress: list[dict[str, Any]] = [names]
    if what.is_group:
        group = [{"podSelector": {"matchLabels": what.selector}}]
        ingress.append({"from": group})
        egress.append({"to": group})
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": what.metadata(),
        "spec": {
            "podSelector": {"matchLabels": what.selector},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": ingress,
            "egress": egress,
        },
    }


def _claim(what: Deployed) -> dict[str, Any]:
    size = ceil(1.2 * weight_bytes(what.plan) / (1 << 30))
    why = f"1.2 x {weight_bytes(what.plan) / 1e9:.0f} GB (plan.memory.weights x devices)"
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": what.metadata(what.options.weights_claim),
        "spec": {
            "accessModes": ["ReadWriteMany"],
            "storageClassName": what.options.storage_class,
            "resources": {"requests": {"storage": Noted(f"{size}Gi", why)}},
        },
    }
