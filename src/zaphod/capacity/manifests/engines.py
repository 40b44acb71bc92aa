"""What each engine is called, told and asked for: image, flags, probes, metrics; knows no Kubernetes objects.

Versions are pinned, and flags and metrics are those of the pinned versions:

    sglang  0.5.10   docs.sglang.io: server arguments, production metrics
    vllm    0.24.0   docs.vllm.ai/en/v0.24.0: `vllm serve`, metrics; the last release that has Grok
    zaphod  itself   `zaphod serve --help`, docs/server.md
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil, floor

from zaphod.capacity.manifests.options import ManifestOptions
from zaphod.capacity.manifests.yaml_text import Noted
from zaphod.capacity.plan import Plan
from zaphod.core.errors import ConfigError

LAST_VLLM_WITH_GROK = (0, 24)


@dataclass(frozen=True, kw_only=True)
class Engine:
    """A program that serves models."""

    name: str
    image: str
    amd_image: str = ""
    command: tuple[str, ...]
    port: int
    health: str
    """Answers 200 only when the weights are loaded."""
    waiting: str
    """Its gauge of requests that wait."""
    kv_usage: str
    """Its gauge of the share of the KV cache in use."""


ENGINES: Mapping[str, Engine] = {
    "sglang": Engine(
        name="sglang",
        image="lmsysorg/sglang:v0.5.10",
        amd_image="lmsysorg/sglang:v0.5.10-rocm700-mi30x",
        command=("python3", "-m", "sglang.launch_server"),
        port=30000,
        health="/health",
        waiting="sglang:num_queue_reqs",
        kv_usage="sglang:token_usage",
    ),
    "vllm": Engine(
        name="vllm",
        image="vllm/vllm-openai:v0.24.0",
        amd_image="vllm/vllm-openai-rocm:v0.24.0",
        command=("vllm", "serve"),
        port=8000,
        health="/health",
        waiting="vllm:num_requests_waiting",
        kv_usage="vllm:kv_cache_usage_perc",
    ),
    "zaphod": Engine(
        name="zaphod",
        image="zaphod:0.1.0",
        command=("zaphod", "serve"),
        port=8000,
        health="/ready",
        waiting="vllm:num_requests_waiting",
        kv_usage="vllm:kv_cache_usage_perc",
    ),
}

Flags = dict[str, Noted]
"""By their names without dashes; a value of True is a flag without one."""


def engine_of(plan: Plan) -> Engine:
    """The engine that the plan was made for.

    Raises:
        ConfigError: no manifests can be written for it.
    """
    name = plan.replica.engine
    if name not in ENGINES:
        raise ConfigError(
            f"The plan is for the engine {name!r}.",
            f"Manifests can be written for {', '.join(ENGINES)}.",
            "Plan again with one of them, like --engine sglang",
        )
    return ENGINES[name]


def image_of(plan: Plan, options: ManifestOptions) -> Noted:
    """The container image. Raises `ConfigError` for a vLLM that has no Grok."""
    engine = engine_of(plan)
    if options.image:
        _check_vllm_has_grok(plan, options.image)
        return Noted(options.image, "ManifestOptions.image")
    if plan.replica.accelerator.vendor == "amd" and engine.amd_image:
        return Noted(engine.amd_image, "the tag carries ROCm's version: choose the one of your nodes' driver")
    return Noted(engine.image, f"plan.replica.engine = {engine.name}, the version whose flags are used here")


def _check_vllm_has_grok(plan: Plan, image: str) -> None:
    version = re.search(r":v?(\d+)\.(\d+)", image)
    if engine_of(plan).name != "vllm" or not is_grok(plan) or version is None:
        return
    if (int(version[1]), int(version[2])) > LAST_VLLM_WITH_GROK:
        raise ConfigError(
            f"The image {image} has no Grok.", "vLLM dropped it after 0.24.", "Take v0.24.0, or plan with sglang."
        )


def is_grok(plan: Plan) -> bool:
    """Whether the model is one of the open Grok models."""
    return "grok" in plan.replica.shape.name.lower()


def max_model_len(plan: Plan) -> Noted:
    """The longest sequence that is let in.

    Raises:
        ConfigError: the caches of a replica do not even hold one of the planned requests.
    """
    whole, room = plan.replica.shape.context_length, plan.memory.kv_tokens
    needed = plan.workload.tokens_per_request
    if room < needed:
        raise ConfigError(
            f"The caches of a replica hold {room} tokens, and a request has {needed}.",
            "At least one request must fit.",
            "Plan with more devices a replica, fewer bits a weight, or shorter requests.",
        )
    if whole <= room:
        return Noted(whole, "plan.replica.shape.context_length")
    return Noted(room, f"plan.memory.kv_tokens, fewer than the model's {whole}")


def flags_of(plan: Plan, options: ManifestOptions) -> Flags:
    """What the engine is told, apart from addresses, ranks and keys.

    Raises:
        ConfigError: the engine cannot do what the plan says.
    """
    _check_layout(plan)
    build = {"sglang": _sglang, "vllm": _vllm, "zaphod": _zaphod}[engine_of(plan).name]
    return build(plan, options)


def words_of(flags: Mapping[str, Noted]) -> list[Noted]:
    """The flags as words of a command line."""
    return [
        Noted(f"--{name}" if flag.value is True else f"--{name}={flag.value}", flag.note)
        for name, flag in flags.items()
    ]


def model_name(plan: Plan, options: ManifestOptions) -> str:
    """As clients name the model: letters, digits, `-`, `.` and `_` of its name."""
    return options.served_model_name or slug(plan.replica.shape.name)


def slug(name: str) -> str:
    """Lower-case letters, digits and hyphens of a name.

    Raises:
        ConfigError: it has none.
    """
    text = re.sub(r"[^a-z0-9]+", "-", name.lower())[:40].strip("-")
    if not text:
        raise ConfigError(f"The model is called {name!r}.", "No name of an object follows from that.", "Give a name.")
    return text


def model_path(plan: Plan, options: ManifestOptions) -> Noted:
    """Where the container finds the weights."""
    if options.model_path:
        return Noted(options.model_path, "ManifestOptions.model_path")
    return Noted(f"/models/{slug(plan.replica.shape.name)}", "plan.replica.shape.name, on the claim with the weights")


def _check_layout(plan: Plan) -> None:
    layout, engine = plan.replica.layout, plan.replica.engine
    if layout.context > 1:
        raise ConfigError(
            f"The plan splits sequences over {layout.context} devices.",
            f"{engine} is not told to do that by these manifests.",
            "Plan with context parallelism 1.",
        )
    if engine == "zaphod" and layout.num_devices > 1:
        raise ConfigError(
            f"The plan spreads a replica over {layout.num_devices} devices.",
            "Zaphod's engine serves from one machine's processors.",
            "Plan with --engine sglang or vllm, or with one device a replica.",
        )
    if engine == "sglang" and layout.pipeline > 1 and is_grok(plan):
        raise ConfigError(
            f"The plan has {layout.pipeline} pipeline stages.",
            "SGLang's Grok has none (srt/models/grok.py, 0.5.10).",
            f"Plan with tensor parallelism {layout.tensor * layout.pipeline}, or with --engine vllm.",
        )
    if engine == "vllm" and layout.expert > 1 and layout.expert != layout.tensor * layout.data:
        raise ConfigError(
            f"The plan spreads experts over {layout.expert} devices.",
            f"vLLM spreads them over all {layout.tensor * layout.data} of tensor and data parallelism, or none.",
            "Plan with one of these, or with --engine sglang.",
        )


def _sglang(plan: Plan, options: ManifestOptions) -> Flags:
    replica, layout, memory = plan.replica, plan.replica.layout, plan.memory
    share = floor((memory.weights + memory.kv_cache) / replica.accelerator.memory_bytes * 1000) / 1000
    flags: Flags = {
        "model-path": model_path(plan, options),
        "served-model-name": Noted(model_name(plan, options), "plan.replica.shape.name"),
        "tp-size": Noted(layout.tensor * layout.data, "plan.replica.layout: tensor x data"),
    }
    if layout.pipeline > 1:
        flags["pp-size"] = Noted(layout.pipeline, "plan.replica.layout.pipeline")
    if layout.data > 1:
        flags["dp-size"] = Noted(layout.data, "plan.replica.layout.data: attention, each with its own caches")
        flags["enable-dp-attention"] = Noted(True, "plan.replica.layout.data > 1")
    if layout.expert > 1:
        flags["ep-size"] = Noted(layout.expert, "plan.replica.layout.expert")
    flags |= _weights(plan)
    flags["kv-cache-dtype"] = _kv_format(plan, {"bf16": "auto", "fp16": "auto", "fp8": "fp8_e4m3"})
    if is_grok(plan):
        flags["attention-backend"] = Noted("triton", "the one that has Grok's cap on attention logits")
    flags["mem-fraction-static"] = Noted(share, "plan.memory: (weights + kv_cache) / accelerator.memory_bytes")
    flags["context-length"] = max_model_len(plan)
    flags["max-running-requests"] = Noted(plan.service.concurrency, "plan.service.concurrency")
    flags["chunked-prefill-size"] = Noted(replica.max_batched_tokens, "plan.replica.max_batched_tokens")
    return flags


def _vllm(plan: Plan, options: ManifestOptions) -> Flags:
    replica, layout = plan.replica, plan.replica.layout
    flags: Flags = {
        "served-model-name": Noted(model_name(plan, options), "plan.replica.shape.name"),
        "tensor-parallel-size": Noted(layout.tensor, "plan.replica.layout.tensor"),
        "pipeline-parallel-size": Noted(layout.pipeline, "plan.replica.layout.pipeline"),
    }
    if layout.data > 1:
        flags["data-parallel-size"] = Noted(layout.data, "plan.replica.layout.data")
    if layout.expert > 1:
        flags["enable-expert-parallel"] = Noted(True, f"plan.replica.layout.expert = {layout.expert}")
    flags |= _weights(plan)
    flags["kv-cache-dtype"] = _kv_format(plan, {"bf16": "auto", "fp16": "auto", "fp8": "fp8"})
    flags["gpu-memory-utilization"] = Noted(replica.memory_utilisation, "plan.replica.memory_utilisation")
    flags["max-model-len"] = max_model_len(plan)
    each = "" if layout.data == 1 else f" / {layout.data} engines of data parallelism"
    flags["max-num-seqs"] = Noted(ceil(plan.service.concurrency / layout.data), f"plan.service.concurrency{each}")
    flags["max-num-batched-tokens"] = Noted(replica.max_batched_tokens, "plan.replica.max_batched_tokens")
    return flags


def _zaphod(plan: Plan, options: ManifestOptions) -> Flags:
    return {
        "served-model-name": Noted(model_name(plan, options), "plan.replica.shape.name"),
        "max-num-seqs": Noted(plan.service.concurrency, "plan.service.concurrency"),
        "max-num-batched-tokens": Noted(plan.replica.max_batched_tokens, "plan.replica.max_batched_tokens"),
        "cache-tokens": Noted(plan.memory.kv_tokens, "plan.memory.kv_tokens"),
        "max-model-len": max_model_len(plan),
    }


def _weights(plan: Plan) -> Flags:
    """FP8 can be made while loading; other formats must lie in the checkpoint, whose own settings then count."""
    precision = plan.replica.precision
    if precision == "fp8":
        return {"quantization": Noted("fp8", "plan.replica.precision")}
    dtype = {"bf16": "bfloat16", "fp16": "float16"}.get(precision)
    if dtype is not None:
        return {"dtype": Noted(dtype, "plan.replica.precision")}
    return {"dtype": Noted("auto", f"plan.replica.precision = {precision}: the checkpoint must hold it")}


def _kv_format(plan: Plan, names: Mapping[str, str]) -> Noted:
    precision = plan.replica.kv_precision
    if precision not in names:
        raise ConfigError(
            f"The plan keeps keys and values as {precision}.",
            f"{plan.replica.engine} has {', '.join(names)}.",
            "Plan with one of these.",
        )
    return Noted(names[precision], f"plan.replica.kv_precision = {precision}")
