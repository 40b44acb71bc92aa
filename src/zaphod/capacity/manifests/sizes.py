"""Figures of one pod and one replica, each with where it comes from; knows no engines and no YAML."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from zaphod.capacity.manifests.options import ManifestOptions
from zaphod.capacity.manifests.yaml_text import Noted
from zaphod.capacity.plan import Plan
from zaphod.core.errors import ConfigError

GIB = 1 << 30
SHORTEST_START_S = 1800
"""A start may take half an hour whatever the plan says: images are pulled, kernels compiled, graphs captured."""
_COMPILE_S = 600
_PRE_STOP_S = 15
"""Until all proxies have heard that the pod gets nothing new."""
_RUNTIME_GIB = 32
"""Of a pod: Python, CUDA contexts, compilers, pages that are being read."""
_TRAY = 4
"""Devices of one machine where a node of the catalogue is a rack (18 trays of a GB200 NVL72)."""
_LARGEST_POD = 16


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Of the pods of a replica."""

    pods: Noted
    """How many make a replica."""
    devices: Noted
    """Of one pod."""
    resource: str
    """What Kubernetes calls the device; empty for processors."""
    cpus: Noted
    memory: Noted
    shared_memory: Noted
    start_s: Noted
    """How long a pod may take until its weights are loaded."""
    drain_s: Noted
    """How long requests may take that run when a pod is told to stop."""
    pre_stop_s: int = _PRE_STOP_S

    @property
    def grace_s(self) -> Noted:
        """From the order to stop to the end."""
        return Noted(
            self.pre_stop_s + self.drain_s.value + 15, f"preStop {self.pre_stop_s} s, requests {self.drain_s.value} s"
        )


def sizes_of(plan: Plan, options: ManifestOptions) -> Sizes:
    """What each pod of a replica needs.

    Raises:
        ConfigError: the device is none that Kubernetes hands out, or a replica cannot be cut into equal pods.
    """
    replica = plan.replica
    per_pod = _devices_per_pod(plan, options)
    shared_gib = options.shared_memory_gib_per_device * per_pod
    return Sizes(
        pods=Noted(replica.num_devices // per_pod, f"plan.replica: {replica.layout} on {replica.accelerator.name}"),
        devices=Noted(per_pod, f"plan.replica.num_devices = {replica.num_devices}, in pods of {per_pod}"),
        resource=_resource(plan),
        cpus=Noted(str(options.cpus_per_device * per_pod), "ManifestOptions.cpus_per_device x devices of the pod"),
        memory=_memory(plan, per_pod, shared_gib),
        shared_memory=Noted(f"{shared_gib}Gi", "ManifestOptions.shared_memory_gib_per_device x devices of the pod"),
        start_s=_start_s(plan, options),
        drain_s=_drain_s(plan),
    )


def weight_bytes(plan: Plan) -> float:
    """Of a whole replica."""
    return plan.memory.weights * plan.replica.num_devices


def is_processor(plan: Plan) -> bool:
    """Whether the plan is for processors: their replicas ask for no device."""
    return plan.replica.engine == "zaphod"


def _resource(plan: Plan) -> str:
    if is_processor(plan):
        return ""
    device = plan.replica.accelerator
    resource = {"nvidia": "nvidia.com/gpu", "amd": "amd.com/gpu"}.get(device.vendor)
    if resource is None or device.name.startswith(("epyc", "threadripper", "xeon")):
        raise ConfigError(
            f"The plan is for {device.title or device.name} and {plan.replica.engine}.",
            "Kubernetes hands out GPUs of nvidia and amd.",
            "Plan for one of these, or for processors with --engine zaphod.",
        )
    return resource


def _memory(plan: Plan, per_pod: int, shared_gib: int) -> Noted:
    """Of the host: where weights pass through on their way to GPUs, and where they stay without."""
    memory = plan.memory
    if is_processor(plan):
        used = memory.weights + memory.kv_cache + memory.activations + memory.overhead
        return Noted(f"{ceil(used / GIB) + 1}Gi", "plan.memory: weights, kv_cache, activations, overhead; and 1 Gi")
    return Noted(
        f"{ceil(memory.weights * per_pod / GIB) + shared_gib + _RUNTIME_GIB}Gi",
        f"plan.memory.weights x devices of the pod, /dev/shm, {_RUNTIME_GIB} Gi of the runtime",
    )


def _devices_per_pod(plan: Plan, options: ManifestOptions) -> int:
    node, whole = plan.replica.accelerator.devices_per_node, plan.replica.num_devices
    machine = node if node <= _LARGEST_POD else _TRAY
    limit = options.devices_per_pod or machine
    if limit > machine:
        raise ConfigError(
            f"devices_per_pod is {limit}, and a machine has {machine}.", "A pod lies on one machine.", "Lower it."
        )
    if whole <= limit:
        return whole
    if whole % limit:
        raise ConfigError(
            f"A replica has {whole} devices, and a pod {limit}.",
            "All pods of a replica are alike.",
            f"Plan with a multiple of {limit} devices, or set devices_per_pod to a divisor of {whole}.",
        )
    return limit


def _start_s(plan: Plan, options: ManifestOptions) -> Noted:
    """Every pod reads the whole checkpoint in the worst case: not all engines seek."""
    read_s = weight_bytes(plan) / options.storage_bytes_per_s
    needed_s = ceil(2 * read_s) + _COMPILE_S
    why = (
        f"2 x {weight_bytes(plan) / 1e9:.0f} GB (plan.memory.weights x devices)"
        f" / {options.storage_bytes_per_s / 1e9:g} GB/s + {_COMPILE_S} s"
    )
    if needed_s < SHORTEST_START_S:
        return Noted(SHORTEST_START_S, f"half an hour at least; {why} = {needed_s} s")
    return Noted(needed_s, why)


def _drain_s(plan: Plan) -> Noted:
    """Twice a mean request, within reason."""
    service, workload = plan.service, plan.workload
    request_s = service.ttft_p95_s.value + workload.output_tokens * service.itl_s.value
    return Noted(
        min(1800, max(60, ceil(2 * request_s))),
        "2 x (plan.service.ttft_p95_s + plan.workload.output_tokens x plan.service.itl_s), 60 to 1800 s",
    )
