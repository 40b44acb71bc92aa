"""Pod templates: one container with an engine, without root, on a read-only disk; knows no controllers.

Follows `deploy/kubernetes/server.yaml` and `sglang.yaml`. What is written at run time goes to `/tmp`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from zaphod.capacity.manifests.engines import (
    Engine,
    Flags,
    engine_of,
    flags_of,
    image_of,
    model_path,
    slug,
    words_of,
)
from zaphod.capacity.manifests.options import ManifestOptions
from zaphod.capacity.manifests.sizes import Sizes, sizes_of
from zaphod.capacity.manifests.yaml_text import Noted
from zaphod.capacity.plan import Plan

USER = 10001
KEY_FOLDER = "/run/secrets/zaphod"
_PROBE_PERIOD_S = 10
_DISTRIBUTED_PORT = 20000


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """A plan with all that its objects share."""

    plan: Plan
    options: ManifestOptions
    engine: Engine
    sizes: Sizes
    flags: Flags
    name: str

    @property
    def labels(self) -> dict[str, Any]:
        return {"app.kubernetes.io/name": self.name, "app.kubernetes.io/part-of": "zaphod"}

    @property
    def selector(self) -> dict[str, Any]:
        return {"app.kubernetes.io/name": self.name}

    def metadata(self, name: str = "") -> dict[str, Any]:
        """Of an object; its name is the deployment's unless given."""
        namespace = {"namespace": self.options.namespace} if self.options.namespace else {}
        return {"name": name or self.name, **namespace, "labels": self.labels}

    @property
    def is_group(self) -> bool:
        """Whether a replica is more than one pod."""
        return bool(self.sizes.pods.value > 1)


def deployed(plan: Plan, options: ManifestOptions) -> Deployed:
    """The plan and its figures. Raises `ConfigError` where it cannot be deployed."""
    engine = engine_of(plan)
    return Deployed(
        plan=plan,
        options=options,
        engine=engine,
        sizes=sizes_of(plan, options),
        flags=flags_of(plan, options),
        name=options.name or f"{engine.name}-{slug(plan.replica.shape.name)}"[:45].strip("-"),
    )


def pod_template(what: Deployed, *, role: str = "") -> dict[str, Any]:
    """Of a Deployment, or, with the role `leader` or `worker`, of a LeaderWorkerSet."""
    labels = {**what.labels, "role": role} if role else what.labels
    return {"metadata": {"labels": labels}, "spec": pod_spec(what, role=role)}


def pod_spec(what: Deployed, *, role: str = "", container_name: str = "") -> dict[str, Any]:
    """One pod."""
    spread = [] if role else [_spread(what)]
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": what.sizes.grace_s,
        "securityContext": security(),
        **({"topologySpreadConstraints": spread} if spread else {}),
        "containers": [_container(what, role, container_name or what.engine.name)],
        "volumes": volumes(what),
    }


def security() -> dict[str, Any]:
    """Of a pod."""
    return {
        "runAsNonRoot": True,
        "runAsUser": USER,
        "runAsGroup": USER,
        "fsGroup": USER,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security(what: Deployed) -> dict[str, Any]:
    """Of a container."""
    capabilities: dict[str, Any] = {"drop": ["ALL"]}
    if what.options.fabric_resource and what.is_group:
        capabilities["add"] = Noted(["IPC_LOCK"], "RDMA pins memory")
    return {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": capabilities}


def resources(what: Deployed) -> dict[str, Any]:
    """Memory is not shared out twice; processor time is."""
    sizes, devices = what.sizes, {}
    if sizes.resource:
        devices[sizes.resource] = Noted(str(sizes.devices.value), sizes.devices.note)
    if what.options.fabric_resource and what.is_group:
        devices[what.options.fabric_resource] = Noted("1", "ManifestOptions.fabric_resource")
    return {
        "requests": {"cpu": sizes.cpus, "memory": sizes.memory, **devices},
        "limits": {"memory": sizes.memory, **devices},
    }


def volumes(what: Deployed) -> list[dict[str, Any]]:
    """The weights, `/tmp`, `/dev/shm`, and the key where the engine reads it from a file."""
    options = what.options
    claim = {"claimName": options.weights_claim, "readOnly": True}
    found: list[dict[str, Any]] = [{"name": "models", "persistentVolumeClaim": claim}]
    found.append({"name": "temporary", "emptyDir": {"sizeLimit": "64Gi" if what.sizes.resource else "1Gi"}})
    if what.sizes.resource:
        memory = {"medium": "Memory", "sizeLimit": what.sizes.shared_memory}
        found.append({"name": "shared-memory", "emptyDir": memory})
    else:
        found.append({"name": "key", "secret": {"secretName": key_secret(what), "defaultMode": 0o440}})
        found.append({"name": "data", "emptyDir": {"sizeLimit": "1Gi"}})
    return found


def mounts(what: Deployed) -> list[dict[str, Any]]:
    """Where the volumes lie."""
    found: list[dict[str, Any]] = [{"name": "models", "mountPath": "/models", "readOnly": True}]
    found.append({"name": "temporary", "mountPath": "/tmp"})
    if what.sizes.resource:
        found.append({"name": "shared-memory", "mountPath": "/dev/shm"})
    else:
        found.append({"name": "key", "mountPath": KEY_FOLDER, "readOnly": True})
        found.append({"name": "data", "mountPath": "/data"})
    return found


def key_secret(what: Deployed) -> str:
    """The secret with the key that opens the engine."""
    given, usual = what.options.key_secret, ManifestOptions().key_secret
    return "zaphod" if what.engine.name == "zaphod" and given == usual else given


def environment(what: Deployed) -> list[dict[str, Any]]:
    """Keys come from secrets; caches go to the one place that may be written."""
    secret = {"secretKeyRef": {"name": key_secret(what), "key": "engine-key"}}
    found: list[dict[str, Any]] = []
    if what.engine.name == "sglang":
        found.append({"name": "ENGINE_KEY", "valueFrom": secret})
        found.append({"name": "SGLANG_ENABLE_HEALTH_ENDPOINT_GENERATION", "value": "false"})
    elif what.engine.name == "vllm":
        found.append({"name": "VLLM_API_KEY", "valueFrom": secret})
        found.append({"name": "VLLM_CACHE_ROOT", "value": "/tmp/vllm"})
    caches = {"HOME": "/tmp", "USER": "engine", "XDG_CACHE_HOME": "/tmp/cache", "TRITON_CACHE_DIR": "/tmp/triton"}
    caches |= {"TORCHINDUCTOR_CACHE_DIR": "/tmp/inductor", "HF_HUB_OFFLINE": "1"}
    if what.sizes.resource:
        found += [{"name": name, "value": value} for name, value in caches.items()]
    return found


def _spread(what: Deployed) -> dict[str, Any]:
    return {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": what.selector},
    }


def _container(what: Deployed, role: str, name: str) -> dict[str, Any]:
    answers = role != "worker"
    command = [] if what.engine.name == "zaphod" else list(what.engine.command)
    found = environment(what)
    return {
        "name": name,
        "image": image_of(what.plan, what.options),
        **({"command": command} if command else {}),
        "args": [*_arguments(what), *_group_arguments(what, role)],
        **({"env": found} if found else {}),
        **({"ports": _ports(what, role)} if answers else {}),
        **(probes(what) if answers else {}),
        "lifecycle": {"preStop": {"sleep": {"seconds": what.sizes.pre_stop_s}}},
        "resources": resources(what),
        "securityContext": container_security(what),
        "volumeMounts": mounts(what),
    }


def _arguments(what: Deployed) -> list[Any]:
    """The command line up to addresses of the group."""
    port, words = what.engine.port, words_of(what.flags)
    own = ["--host=0.0.0.0", f"--port={port}"]
    if what.engine.name == "sglang":
        return [*words, *own, "--api-key=$(ENGINE_KEY)", "--enable-metrics"]
    path = model_path(what.plan, what.options)
    if what.engine.name == "vllm":
        drain = Noted(f"--shutdown-timeout={what.sizes.drain_s.value}", what.sizes.drain_s.note)
        return [path, *words, drain, *own]
    threads = Noted(f"--threads={what.sizes.cpus.value}", what.sizes.cpus.note)
    served = [f"--allowed-host={what.name}", f"--api-key-file={KEY_FOLDER}/api-key"]
    drain = Noted(f"--shutdown-timeout={what.sizes.drain_s.value}", what.sizes.drain_s.note)
    return ["serve", path, *own, *served, drain, threads, *words]


def _group_arguments(what: Deployed, role: str) -> list[Any]:
    if not role:
        return []
    ranks = ["--nnodes=$(LWS_GROUP_SIZE)", "--node-rank=$(LWS_WORKER_INDEX)"]
    if what.engine.name == "sglang":
        return [*ranks, f"--dist-init-addr=$(LWS_LEADER_ADDRESS):{_DISTRIBUTED_PORT}"]
    address = ["--master-addr=$(LWS_LEADER_ADDRESS)", f"--master-port={_DISTRIBUTED_PORT}"]
    headless = ["--headless"] if role == "worker" else []
    return ["--distributed-executor-backend=mp", *ranks, *address, *headless]


def _ports(what: Deployed, role: str) -> list[dict[str, Any]]:
    found = [{"name": "http", "containerPort": what.engine.port, "protocol": "TCP"}]
    if role:
        found.append({"name": "distributed", "containerPort": _DISTRIBUTED_PORT, "protocol": "TCP"})
    return found


def probes(what: Deployed) -> dict[str, Any]:
    """No traffic before the weights are loaded, and none to an engine that has died."""
    start = what.sizes.start_s
    if what.engine.name == "zaphod":
        key = f"{KEY_FOLDER}/api-key"
        asked = {"exec": {"command": ["zaphod-probe", what.engine.health, "--key-file", key]}}
        alive: dict[str, Any] = {"httpGet": {"path": "/live", "port": "http"}}
    else:
        asked = alive = {"httpGet": {"path": what.engine.health, "port": "http"}}
    limits = {"timeoutSeconds": 5}
    found = {
        "startupProbe": {
            **asked,
            "periodSeconds": _PROBE_PERIOD_S,
            **limits,
            "failureThreshold": Noted(ceil(start.value / _PROBE_PERIOD_S), f"{start.value} s: {start.note}"),
        },
        "readinessProbe": {**asked, "periodSeconds": 10, **limits, "failureThreshold": 3},
    }
    # NOTE: no liveness for SGLang: its /health fails under long prefills (sgl-project/sglang#22511).
    if what.engine.name != "sglang":
        found["livenessProbe"] = {**alive, "periodSeconds": 10, **limits, "failureThreshold": 6}
    return found
