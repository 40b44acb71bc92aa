"""From a plan to files: which manifests there are, what each is called and begins with; knows no fields of theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from zaphod.capacity.manifests.kserve import inference_service
from zaphod.capacity.manifests.kubernetes import companions, workload
from zaphod.capacity.manifests.options import ManifestOptions
from zaphod.capacity.manifests.pods import Deployed, deployed, key_secret
from zaphod.capacity.manifests.ray_service import ray_service
from zaphod.capacity.manifests.scaling import adapter_rules, pod_autoscaler, scaled_object
from zaphod.capacity.manifests.slurm import serving_job
from zaphod.capacity.manifests.yaml_text import one_line, text_of
from zaphod.capacity.plan import Plan
from zaphod.core.errors import ConfigError


def manifests_of(plan: Plan, options: ManifestOptions | None = None) -> Mapping[str, str]:
    """The files that deploy a plan, by their names.

    Numbers of the plan stand in them with a comment that names the field. Nothing is asked of a cluster.

    Raises:
        ConfigError: what the plan or the options say cannot be deployed so; says what could.
    """
    options = options or ManifestOptions()
    what = deployed(plan, options)
    files: dict[str, str] = {}
    for target in options.targets:
        files |= _WRITERS[target](what)
    return files


def possible_manifests(plan: Plan, options: ManifestOptions | None = None) -> Mapping[str, str]:
    """As `manifests_of`; what cannot be written is told in a file `left-out.txt` instead of raising.

    For all targets at once: no plan suits each of them.
    """
    options = options or ManifestOptions()
    files: dict[str, str] = {}
    reasons: list[str] = []
    for target in options.targets:
        try:
            files |= _WRITERS[target](deployed(plan, options))
        except ConfigError as error:
            reasons.append(f"{target}: " + " ".join(map(one_line, str(error).splitlines())))
    if reasons:
        files["left-out.txt"] = "\n".join(reasons) + "\n"
    return files


def _kubernetes(what: Deployed) -> dict[str, str]:
    is_scaled = bool({"keda", "hpa"} & set(what.options.targets))
    key = "api-key" if what.engine.name == "zaphod" else "engine-key"
    objects = [workload(what, is_scaled=is_scaled), *companions(what)]
    needs = [
        f"Needs the claim {what.options.weights_claim} with the weights, and a key:",
        "",
        f'  kubectl create secret generic {key_secret(what)} --from-literal={key}="$(openssl rand -hex 32)"',
    ]
    if what.is_group:
        needs.insert(0, "Needs LeaderWorkerSet (github.com/kubernetes-sigs/lws).")
        needs.insert(1, _fabric(what))
    if is_scaled:
        needs.append("No `replicas`: they are the autoscaler's.")
    return {"leaderworkerset.yaml" if what.is_group else "deployment.yaml": _file(what, needs, *objects)}


def _fabric(what: Deployed) -> str:
    if what.options.fabric_resource:
        return (
            f"The network between machines is {what.options.fabric_resource}, from its device plugin; no host network."
        )
    return "No fabric resource was named: NCCL uses TCP over the pods' network, slower than what was planned for."


def _keda(what: Deployed) -> dict[str, str]:
    return {"scaledobject.yaml": _file(what, ["Needs KEDA and Prometheus."], scaled_object(what))}


def _hpa(what: Deployed) -> dict[str, str]:
    needs = ["Needs Prometheus and its adapter, whose rules are the second document (as its chart mounts them)."]
    return {"autoscaler.yaml": _file(what, needs, pod_autoscaler(what), adapter_rules(what))}


def _ray(what: Deployed) -> dict[str, str]:
    needs = ["Needs KubeRay. Ray asks for no key: only a gateway or a policy of yours may reach its port 8000."]
    return {"rayservice.yaml": _file(what, needs, ray_service(what))}


def _kserve(what: Deployed) -> dict[str, str]:
    needs = ["Needs KServe 0.16 or newer in Standard mode, KEDA and Prometheus."]
    return {"inferenceservice.yaml": _file(what, needs, inference_service(what))}


def _slurm(what: Deployed) -> dict[str, str]:
    return {"serve.sbatch": serving_job(what)}


def summary(what: Deployed) -> list[str]:
    """What the plan is, in comments: the figures that all the others come from."""
    plan, service = what.plan, what.plan.service
    return [
        f"{plan.replica.shape.name} as {plan.replica.precision} on {plan.replica.accelerator.title}, "
        f"{plan.replica.layout} a replica, {plan.running.num_replicas} replicas.",
        f"Planned for {plan.workload.users} users, {plan.workload.prompt_tokens} + {plan.workload.output_tokens} "
        f"tokens a request; {service.concurrency} streams a replica at {service.itl_s.value * 1000:.1f} ms a token.",
        "Written by `zaphod plan`; what stands behind a value says where it comes from.",
    ]


def _file(what: Deployed, needs: list[str], *objects: dict[str, Any]) -> str:
    return text_of(*objects, heading=[*summary(what), *needs])


_WRITERS: Mapping[str, Callable[[Deployed], dict[str, str]]] = {
    "kubernetes": _kubernetes,
    "keda": _keda,
    "hpa": _hpa,
    "rayservice": _ray,
    "kserve": _kserve,
    "slurm": _slurm,
}
