"""KubeRay's RayService: Ray starts vLLM's replicas and places them on pods; knows no other platform.

Ray 2.50.1 with KubeRay 1.4 or newer; `ray.serve.llm` is told what `vllm serve` would be told.
"""

from __future__ import annotations

import re
from typing import Any

from zaphod.capacity.manifests.engines import model_name, model_path
from zaphod.capacity.manifests.kubernetes import replicas
from zaphod.capacity.manifests.pods import (
    Deployed,
    container_security,
    environment,
    mounts,
    resources,
    security,
    volumes,
)
from zaphod.capacity.manifests.scaling import most_replicas
from zaphod.capacity.manifests.yaml_text import Noted, Verbatim, text_of
from zaphod.core.errors import ConfigError

RAY_VERSION = "2.50.1"
RAY_IMAGE = "rayproject/ray-llm:2.50.1-py311-cu124"
RAY_USER = 1000
_HEAD = {"cpu": "4", "memory": "16Gi"}


def ray_service(what: Deployed) -> dict[str, Any]:
    """The whole object.

    Raises:
        ConfigError: the plan is not for vLLM on Nvidia's GPUs, which is what the images of Ray hold.
    """
    if what.engine.name != "vllm" or what.plan.replica.accelerator.vendor != "nvidia":
        raise ConfigError(
            f"The plan is for {what.engine.name} on {what.plan.replica.accelerator.vendor}.",
            "The images of Ray Serve LLM hold vLLM for nvidia.",
            "Plan with --engine vllm on such a device, or leave rayservice out.",
        )
    if what.plan.replica.layout.data > 1:
        raise ConfigError(
            f"The plan has {what.plan.replica.layout.data} ranks of data parallelism.",
            "Ray Serve scales whole replicas.",
            "Plan with data parallelism 1.",
        )
    number, pods = replicas(what), what.sizes.pods.value
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayService",
        "metadata": what.metadata(),
        "spec": {
            "serviceUnhealthySecondThreshold": what.sizes.start_s,
            "deploymentUnhealthySecondThreshold": what.sizes.start_s,
            "serveConfigV2": Verbatim(text_of(_serve_config(what))),
            "rayClusterConfig": {
                "rayVersion": Noted(RAY_VERSION, "that of the image"),
                "enableInTreeAutoscaling": True,
                "headGroupSpec": {
                    "rayStartParams": {"num-cpus": "0", "num-gpus": "0"},
                    "template": _template(what, is_head=True),
                },
                "workerGroupSpecs": [
                    {
                        "groupName": "engines",
                        "replicas": number,
                        "minReplicas": number,
                        "maxReplicas": most_replicas(what),
                        "numOfHosts": Noted(pods, what.sizes.pods.note),
                        "rayStartParams": {"num-gpus": Noted(str(what.sizes.devices.value), what.sizes.devices.note)},
                        "template": _template(what, is_head=False),
                    }
                ],
            },
        },
    }


def _serve_config(what: Deployed) -> dict[str, Any]:
    concurrency = what.plan.service.concurrency
    source = model_path(what.plan, what.options)
    scaling = {
        "min_replicas": replicas(what),
        "max_replicas": most_replicas(what),
        "target_ongoing_requests": Noted(concurrency, "plan.service.concurrency"),
        "upscale_delay_s": 30.0,
        "downscale_delay_s": Noted(float(what.options.scale_down_s), "ManifestOptions.scale_down_s"),
    }
    waiting = what.options.waiting_per_replica
    model = {
        "model_loading_config": {"model_id": model_name(what.plan, what.options), "model_source": source},
        "engine_kwargs": _engine_arguments(what),
        "deployment_config": {
            "autoscaling_config": scaling,
            "max_ongoing_requests": Noted(concurrency + waiting, "plan.service.concurrency + waiting_per_replica"),
            "graceful_shutdown_timeout_s": Noted(float(what.sizes.drain_s.value), what.sizes.drain_s.note),
        },
    }
    application = {"name": "llms", "import_path": "ray.serve.llm:build_openai_app", "route_prefix": "/"}
    return {"applications": [{**application, "args": {"llm_configs": [model]}}]}


def _engine_arguments(what: Deployed) -> dict[str, Any]:
    """The flags of `vllm serve` under their names in Python. Ray itself tells the model's name."""
    found = {name.replace("-", "_"): flag for name, flag in what.flags.items() if name != "served-model-name"}
    return {"distributed_executor_backend": "ray", **found}


def _template(what: Deployed, *, is_head: bool) -> dict[str, Any]:
    ports = {"gcs": 6379, "dashboard": 8265, "client": 10001, "serve": 8000}
    used = {"requests": _HEAD, "limits": {"memory": _HEAD["memory"]}} if is_head else resources(what)
    own_security = {**security(), "runAsUser": Noted(RAY_USER, "the image's own"), "runAsGroup": RAY_USER}
    listed = [{"name": name, "containerPort": port, "protocol": "TCP"} for name, port in ports.items()]
    image = what.options.image or RAY_IMAGE
    if not re.search(r"ray", image):
        raise ConfigError(f"The image {image} is not Ray's.", "A RayService runs Ray.", f"Take one like {RAY_IMAGE}.")
    container = {
        "name": "ray-head" if is_head else "ray-worker",
        "image": Noted(image, "holds Ray and a vLLM older than 0.24, so Grok, too"),
        "env": [entry for entry in environment(what) if entry["name"] != "VLLM_API_KEY"],
        **({"ports": listed} if is_head else {}),
        "lifecycle": {"preStop": {"sleep": {"seconds": what.sizes.pre_stop_s}}},
        "resources": used,
        "securityContext": container_security(what),
        "volumeMounts": mounts(what),
    }
    return {
        "metadata": {"labels": {**what.labels, "role": "head" if is_head else "worker"}},
        "spec": {
            "automountServiceAccountToken": Noted(is_head, "Ray's autoscaler asks for pods" if is_head else "unused"),
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": what.sizes.grace_s,
            "securityContext": own_security,
            "containers": [container],
            "volumes": volumes(what),
        },
    }
