"""What a plan does not say and a manifest needs: names, volumes, limits; knows no engines."""

from __future__ import annotations

import re
from dataclasses import dataclass

from zaphod.core.errors import ConfigError

TARGETS = ("kubernetes", "keda", "hpa", "rayservice", "kserve", "slurm")
"""`kubernetes`: Deployment or LeaderWorkerSet with what belongs to it; the other names are what is written for them."""

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/-]*(:[0-9]+/[a-z0-9._/-]+)?(:v?[0-9][A-Za-z0-9._-]*|@sha256:[0-9a-f]{64})")
_RESOURCE = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_MAX_LABEL = 45
"""Kubernetes allows 63; its controllers and this module append words."""


@dataclass(frozen=True, kw_only=True)
class ManifestOptions:
    """How a plan is deployed. All texts are checked here, so that none of them can break a manifest."""

    targets: tuple[str, ...] = ("kubernetes", "keda")
    name: str = ""
    """Of all objects; from the engine's and the model's names unless given."""
    namespace: str = ""
    """Written into every object if given."""
    model_path: str = ""
    """Where the container finds the weights; `/models/` and the model's name unless given."""
    served_model_name: str = ""
    """As clients name it; the model's name unless given."""
    image: str = ""
    """Pinned by a version or a digest; the one this release was written for unless given."""
    weights_claim: str = "model-weights"
    """The persistentVolumeClaim with the weights."""
    storage_class: str = ""
    """If given, the claim is written, too."""
    storage_bytes_per_s: float = 2e9
    """How fast one pod reads the claim; the time a cold start may take follows from it."""
    key_secret: str = "zaphod-engines"
    """The secret whose `engine-key` opens the engines (with the engine `zaphod`: `zaphod`, `api-key`)."""
    prometheus: str = "http://prometheus-operated.monitoring.svc:9090"
    waiting_per_replica: int = 5
    """Requests that wait in a replica, on average, before another replica is started."""
    kv_usage: float = 0.9
    """Share of the KV cache that may be full, on average, before another replica is started."""
    peak_factor: float = 2.0
    """Replicas at most, as a multiple of the plan's."""
    scale_down_s: int = 600
    """For so long there must have been fewer needed before one is stopped; 300 or more."""
    devices_per_pod: int = 0
    """All devices of a node unless given, and 4 where a `node` is a rack."""
    cpus_per_device: int = 4
    """With the engine `zaphod`: cores of the machine. The plan counts on all that its processor has."""
    shared_memory_gib_per_device: int = 16
    """Of `/dev/shm`, for NCCL."""
    fabric_resource: str = ""
    """Of the device plugin for the network between nodes, like `rdma/ib`; without it NCCL uses TCP."""
    job_time: str = "24:00:00"
    """Slurm's limit: hours, minutes, seconds."""
    partition: str = ""
    """Slurm's, if it must be named."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "targets", tuple(self.targets))
        for target in self.targets:
            if target not in TARGETS:
                raise ConfigError(
                    f"There is no manifest {target!r}.", f"Known are {', '.join(TARGETS)}.", "Choose some of them."
                )
        if {"keda", "hpa"} <= set(self.targets):
            raise ConfigError(
                "Both keda and hpa are wanted.", "Two autoscalers would undo each other's work.", "Choose one."
            )
        self._check_texts()
        self._check_numbers()

    def _check_texts(self) -> None:
        for field in ("name", "namespace", "weights_claim", "storage_class", "key_secret"):
            text = getattr(self, field)
            if text and not (_LABEL.fullmatch(text) and len(text) <= _MAX_LABEL):
                raise ConfigError(
                    f"{field} is {text!r}.",
                    f"Kubernetes wants lower-case letters, digits and hyphens inside, here {_MAX_LABEL} at most.",
                    f"Like --{field.replace('_', '-')} grok-1",
                )
        checks = {
            "image": (_IMAGE, "It must have a tag that begins with a version, or a digest.", "vllm-openai:v0.24.0"),
            "model_path": (re.compile(r"/[A-Za-z0-9._/+-]*"), "It must be an absolute path.", "/models/grok-1"),
            "served_model_name": (
                re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:+-]{0,127}"),
                "It must be a word of letters, digits and ._/:+-",
                "grok-1",
            ),
            "prometheus": (
                re.compile(r"https?://[A-Za-z0-9.:_/-]+"),
                "It must be an address.",
                "http://prometheus:9090",
            ),
            "fabric_resource": (_RESOURCE, "It must be a device plugin's resource.", "rdma/ib"),
            "job_time": (
                re.compile(r"[0-9]{1,3}:[0-5][0-9]:[0-5][0-9]"),
                "It must be hours:minutes:seconds.",
                "24:00:00",
            ),
            "partition": (re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*"), "It must be a word.", "gpu"),
        }
        for field, (pattern, wanted, example) in checks.items():
            text = getattr(self, field)
            if text and not pattern.fullmatch(text):
                raise ConfigError(f"{field} is {text!r}.", wanted, f"Like {example}")

    def _check_numbers(self) -> None:
        for field, low, high in (
            ("storage_bytes_per_s", 1e6, 1e15),
            ("waiting_per_replica", 1, 10_000),
            ("kv_usage", 0.1, 1.0),
            ("peak_factor", 1.0, 1000.0),
            ("scale_down_s", 300, 3600),
            ("devices_per_pod", 0, 16),
            ("cpus_per_device", 1, 1024),
            ("shared_memory_gib_per_device", 1, 1024),
        ):
            number = getattr(self, field)
            if not low <= number <= high:
                raise ConfigError(f"{field} is {number}.", f"It must lie in [{low:g}, {high:g}].", f"Change {field}.")
