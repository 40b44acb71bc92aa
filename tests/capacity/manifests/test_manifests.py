"""Every file that is written, against the schemas; then against the plan; then against what lies in deploy/."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.capacity.manifests import plans
from tests.support.kubernetes_objects import check, is_right, needs_schemas, templates
from tests.support.manifests import documents, misspelt
from typer.testing import CliRunner

from zaphod.capacity.layout import Layout
from zaphod.capacity.manifests import ManifestOptions, manifests_of, possible_manifests
from zaphod.capacity.plan import Plan
from zaphod.cli.main import app
from zaphod.core.errors import ConfigError

GOLDEN = Path(__file__).parent / "golden"
PLANS = {
    "grok-1-8xh100": (plans.one_node(), ("kubernetes", "keda", "kserve", "slurm")),
    "grok-1-2x8xh100": (plans.two_nodes(), ("kubernetes", "hpa", "rayservice", "slurm")),
    "processors": (plans.processors(), ("kubernetes", "keda", "kserve", "slurm")),
    "mi300x": (plans.plan(device="mi300x"), ("kubernetes", "keda")),
    "groups-of-sglang": (plans.plan(layout=Layout(tensor=16)), ("kubernetes", "hpa", "slurm")),
    "vllm": (plans.plan(engine="vllm", kv_precision="fp8"), ("kubernetes", "keda", "kserve", "rayservice", "slurm")),
    "deepseek-like": (
        plans.plan(
            shape=dataclasses.replace(plans.GROK_1, name="org/Sparse V3"), layout=Layout(tensor=2, data=4, expert=8)
        ),
        ("kubernetes", "keda"),
    ),
}


def written(which: str, **options: Any) -> dict[str, str]:
    plan, targets = PLANS[which]
    return dict(manifests_of(plan, ManifestOptions(targets=targets, **options)))


def objects(files: dict[str, str]) -> list[dict[str, Any]]:
    return [
        document
        for name, text in sorted(files.items())
        if name.endswith(".yaml")
        for document in yaml.safe_load_all(text)
    ]


def one(files: dict[str, str], kind: str) -> dict[str, Any]:
    (found,) = (document for document in objects(files) if document["kind"] == kind)
    return found


ALL = [(name, document) for name in PLANS for document in objects(written(name))]
IDS = [f"{name}-{document['kind']}" for name, document in ALL]
PODS = [(name, template["spec"]) for name, document in ALL for template in templates(document)]
SERVING = [(name, pod) for name, pod in PODS if "readinessProbe" in pod["containers"][0]]


def arguments(pod: dict[str, Any]) -> dict[str, str]:
    words = pod["containers"][0]["args"]
    return {word.partition("=")[0][2:]: word.partition("=")[2] for word in words if word.startswith("--")}


@needs_schemas
@pytest.mark.parametrize("document", [document for _, document in ALL], ids=IDS)
def test_each_object_is_right(document: dict[str, Any]) -> None:
    check(document)


@needs_schemas
@pytest.mark.parametrize("document", [document for _, document in ALL[:12]], ids=IDS[:12])
def test_each_misspelt_field_is_noticed(document: dict[str, Any]) -> None:
    fields = [each for each in misspelt(document) if each[0] != "spec.selector.role"]  # a label
    assert len(fields) >= 4
    assert [field for field, changed in fields if is_right(changed)] == []


@pytest.mark.parametrize("name", ["grok-1-8xh100", "grok-1-2x8xh100"])
def test_the_files_are_those_that_were_looked_at(name: str) -> None:
    files = written(name)
    assert sorted(path.name for path in (GOLDEN / name).iterdir()) == sorted(files)
    for file, text in files.items():
        assert text == (GOLDEN / name / file).read_text(), f"{name}/{file} has changed"


@pytest.mark.parametrize("namespace", ["", "team-a"])
def test_every_object_lies_in_the_namespace(namespace: str) -> None:
    found = [
        document
        for document in objects(written("grok-1-8xh100", namespace=namespace))
        if document["kind"] != "ConfigMap"
    ]
    assert {document["metadata"].get("namespace", "") for document in found} == {namespace}


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_pods_run_without_root_on_a_read_only_disk(name: str, pod: dict[str, Any]) -> None:
    own = pod["containers"][0]
    assert own["securityContext"]["readOnlyRootFilesystem"] is True
    assert own["securityContext"]["allowPrivilegeEscalation"] is False
    assert own["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert {mount["mountPath"] for mount in own["volumeMounts"] if not mount.get("readOnly")} <= {
        "/tmp",
        "/dev/shm",
        "/data",
    }


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_every_mount_has_its_volume(name: str, pod: dict[str, Any]) -> None:
    assert {mount["name"] for mount in pod["containers"][0]["volumeMounts"]} == {
        each["name"] for each in pod["volumes"]
    }


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_images_are_pinned(name: str, pod: dict[str, Any]) -> None:
    assert re.search(r":v?[0-9]+\.[0-9]+", pod["containers"][0]["image"])


@pytest.mark.parametrize(("name", "pod"), SERVING)
def test_a_start_may_take_half_an_hour_or_twice_the_reading(name: str, pod: dict[str, Any]) -> None:
    plan, probe = PLANS[name][0], pod["containers"][0]["startupProbe"]
    reading_s = plan.memory.weights * plan.replica.num_devices / 2e9
    assert probe["periodSeconds"] * probe["failureThreshold"] >= max(1800, 2 * reading_s)


def test_slow_storage_makes_a_start_longer() -> None:
    slow = one(written("grok-1-8xh100", storage_bytes_per_s=2e8), "Deployment")
    probe = slow["spec"]["template"]["spec"]["containers"][0]["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] >= 2 * 320e9 / 2e8
    assert slow["spec"]["progressDeadlineSeconds"] > 2 * 320e9 / 2e8


@pytest.mark.parametrize(("name", "pod"), SERVING)
def test_pods_live_until_they_have_drained(name: str, pod: dict[str, Any]) -> None:
    plan = PLANS[name][0]
    request_s = plan.service.ttft_p95_s.value + plan.workload.output_tokens * plan.service.itl_s.value
    pause_s = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod["terminationGracePeriodSeconds"] > pause_s + 2 * request_s
    assert float(arguments(pod).get("shutdown-timeout", 60)) >= 2 * request_s


def devices_of(files: dict[str, str]) -> int:
    resources = {"nvidia.com/gpu", "amd.com/gpu"}
    total = 0
    for document in objects(files):
        if document["kind"] == "Deployment":
            (template,) = templates(document)
            total += sum(
                int(v) for k, v in template["spec"]["containers"][0]["resources"]["limits"].items() if k in resources
            )
        elif document["kind"] == "LeaderWorkerSet":
            pods = list(templates(document))
            each = [
                int(v) for k, v in pods[0]["spec"]["containers"][0]["resources"]["limits"].items() if k in resources
            ]
            total += each[0] * document["spec"]["leaderWorkerTemplate"]["size"]
    return total


@pytest.mark.parametrize("name", [name for name in PLANS if name != "processors"])
def test_a_replica_has_as_many_devices_as_the_plan(name: str) -> None:
    assert devices_of(written(name)) == PLANS[name][0].replica.num_devices


def test_amd_has_its_own_devices_and_processors_have_none() -> None:
    assert "amd.com/gpu" in json.dumps(objects(written("mi300x")))
    assert "nvidia.com/gpu" not in json.dumps(objects(written("mi300x")))
    assert "gpu" not in json.dumps(objects(written("processors")))


def test_parts_of_vllm_are_told_of_both_kinds_of_parallelism() -> None:
    for template in templates(one(written("grok-1-2x8xh100"), "LeaderWorkerSet")):
        told = arguments(template["spec"])
        assert (told["tensor-parallel-size"], told["pipeline-parallel-size"]) == ("8", "2")
        assert told["nnodes"] == "$(LWS_GROUP_SIZE)"
        assert ("headless" in told) == (template["metadata"]["labels"]["role"] == "worker")


def test_parts_of_sglang_differ_by_rank_alone() -> None:
    leader, worker = templates(one(written("groups-of-sglang"), "LeaderWorkerSet"))
    assert leader["spec"]["containers"][0]["args"] == worker["spec"]["containers"][0]["args"]
    assert arguments(leader["spec"])["tp-size"] == "16"


def test_attention_in_parallel_over_data_uses_all_devices() -> None:
    (template,) = templates(one(written("deepseek-like"), "Deployment"))
    told = arguments(template["spec"])
    assert (told["tp-size"], told["dp-size"], told["ep-size"]) == ("8", "4", "8")
    assert "enable-dp-attention" in told


def test_limits_of_requests_are_the_plans() -> None:
    told = arguments(next(templates(one(written("grok-1-8xh100"), "Deployment")))["spec"])
    assert (told["max-running-requests"], told["context-length"], told["chunked-prefill-size"]) == (
        "64",
        "8192",
        "8192",
    )


def test_few_kv_tokens_shorten_the_longest_sequence() -> None:
    files = manifests_of(plans.plan(kv_tokens=5000))
    assert arguments(next(templates(one(dict(files), "Deployment")))["spec"])["context-length"] == "5000"


def test_services_and_budgets_lead_to_pods_that_answer() -> None:
    for name in PLANS:
        found = objects(written(name))
        answering = [
            template["metadata"]["labels"]
            for document in found
            if document["kind"] in ("Deployment", "LeaderWorkerSet")
            for template in templates(document)
            if "ports" in template["spec"]["containers"][0]
        ]
        for document in found:
            if document["kind"] == "Service":
                assert [each for each in answering if document["spec"]["selector"].items() <= each.items()] == answering
            if document["kind"] == "PodDisruptionBudget":
                chosen = document["spec"]["selector"]["matchLabels"].items()
                assert [each for each in answering if chosen <= each.items()] == answering


def test_a_group_does_not_take_the_name_of_its_headless_service() -> None:
    files = written("grok-1-2x8xh100")
    assert one(files, "Service")["metadata"]["name"] != one(files, "LeaderWorkerSet")["metadata"]["name"]


@pytest.mark.parametrize("name", PLANS)
def test_scaling_keeps_the_spare_replica_and_goes_down_slowly(name: str) -> None:
    for document in objects(written(name)):
        spec = document.get("spec", {})
        if document["kind"] == "ScaledObject":
            behaviour, least = spec["advanced"]["horizontalPodAutoscalerConfig"]["behavior"], spec["minReplicaCount"]
        elif document["kind"] == "HorizontalPodAutoscaler":
            behaviour, least = spec["behavior"], spec["minReplicas"]
        else:
            continue
        assert least == PLANS[name][0].running.num_replicas >= 2
        assert behaviour["scaleDown"]["stabilizationWindowSeconds"] >= 300
        assert behaviour["scaleUp"]["stabilizationWindowSeconds"] <= 60


def test_autoscalers_scale_what_there_is() -> None:
    for name in PLANS:
        files = written(name)
        for document in objects(files):
            if document["kind"] in ("ScaledObject", "HorizontalPodAutoscaler"):
                target = document["spec"]["scaleTargetRef"]
                scaled = one(files, target["kind"])
                assert (scaled["apiVersion"], scaled["metadata"]["name"]) == (target["apiVersion"], target["name"])
                assert "replicas" not in scaled["spec"]


def test_without_an_autoscaler_the_number_of_replicas_is_written() -> None:
    files = manifests_of(plans.one_node(), ManifestOptions(targets=("kubernetes",)))
    assert one(dict(files), "Deployment")["spec"]["replicas"] == 3


METRICS = {
    "sglang": {"sglang:num_queue_reqs", "sglang:token_usage"},
    "vllm": {"vllm:num_requests_waiting", "vllm:kv_cache_usage_perc"},
    "zaphod": {"vllm:num_requests_waiting", "vllm:kv_cache_usage_perc"},
}


@pytest.mark.parametrize("name", PLANS)
def test_scaling_reads_the_engines_own_metrics(name: str) -> None:
    for document in objects(written(name)):
        if document["kind"] in ("ScaledObject", "ConfigMap"):
            read = set(re.findall(r"(?:sglang|vllm):\w+", json.dumps(document)))
            assert read == METRICS[PLANS[name][0].replica.engine]


def test_the_adapter_offers_what_the_autoscaler_reads() -> None:
    files = written("grok-1-2x8xh100")
    rules = yaml.safe_load(one(files, "ConfigMap")["data"]["config.yaml"])["rules"]
    read = [each["pods"]["metric"]["name"] for each in one(files, "HorizontalPodAutoscaler")["spec"]["metrics"]]
    assert [rule["name"]["as"] for rule in rules] == read


def test_ray_is_told_what_vllm_would_be_told() -> None:
    spec = one(written("grok-1-2x8xh100"), "RayService")["spec"]
    (application,) = yaml.safe_load(spec["serveConfigV2"])["applications"]
    (model,) = application["args"]["llm_configs"]
    told = arguments(next(templates(one(written("grok-1-2x8xh100"), "LeaderWorkerSet")))["spec"])
    for name in ("tensor_parallel_size", "pipeline_parallel_size", "max_num_seqs", "max_model_len"):
        assert str(model["engine_kwargs"][name]) == told[name.replace("_", "-")]
    (group,) = spec["rayClusterConfig"]["workerGroupSpecs"]
    assert (group["numOfHosts"], group["minReplicas"]) == (2, 2)


def test_zaphod_understands_its_own_command_line() -> None:
    (template,) = templates(one(written("processors"), "Deployment"))
    words = template["spec"]["containers"][0]["args"]
    assert words[0] == "serve"
    assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


def test_zaphod_answers_under_the_name_of_the_service_that_leads_to_it() -> None:
    for kind, name in (("Deployment", ""), ("InferenceService", "-predictor")):
        document = one(written("processors"), kind)
        (template,) = templates(document)
        words = template["spec"]["containers"][0]["args"]
        assert f"--allowed-host={document['metadata']['name']}{name}" in words


def test_every_number_of_a_command_line_says_where_it_comes_from() -> None:
    for name in PLANS:
        for text in written(name).values():
            for line in text.splitlines():
                if re.match(r"\s+- --[a-z-]+=[0-9.]+(\s|$)", line) and "port=" not in line and "host=" not in line:
                    assert re.search(r"  # .*(plan\.|ManifestOptions)", line), line


def test_the_conventions_are_those_of_the_manifests_in_deploy() -> None:
    ours = next(document for where, document in documents("kubernetes/server.yaml") if document["kind"] == "Deployment")
    new = one(written("processors"), "Deployment")
    own, own_pod = ours["spec"]["template"]["spec"], new["spec"]["template"]["spec"]
    assert own_pod["securityContext"] == own["securityContext"]
    assert own_pod["containers"][0]["securityContext"] == own["containers"][0]["securityContext"]
    assert new["metadata"]["labels"].keys() == ours["metadata"]["labels"].keys()
    assert new["spec"]["strategy"] == ours["spec"]["strategy"]


def refused(plan: Plan, **options: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        manifests_of(plan, ManifestOptions(**options))
    assert caught.value.remedy
    return str(caught.value)


@pytest.mark.parametrize(
    ("plan", "options", "words"),
    [
        (plans.plan(layout=Layout(tensor=8, pipeline=2)), {}, "SGLang's Grok has none"),
        (plans.plan(engine="llama.cpp"), {}, "Manifests can be written for sglang, vllm, zaphod"),
        (plans.plan(engine="vllm"), {"image": "vllm/vllm-openai:v0.25.0"}, "no Grok"),
        (plans.plan(layout=Layout(tensor=8, context=2)), {}, "splits sequences"),
        (plans.plan(layout=Layout(tensor=12)), {}, "All pods of a replica are alike"),
        (plans.plan(), {"devices_per_pod": 12}, "A pod lies on one machine"),
        (plans.plan(device="epyc-9654"), {}, "hands out GPUs"),
        (plans.plan(device="m2-ultra", layout=Layout()), {}, "hands out GPUs"),
        (plans.plan(kv_tokens=1000), {}, "At least one request must fit"),
        (plans.plan(num_replicas=1), {}, "N [+] 1"),
        (plans.plan(kv_precision="int4"), {}, "keys and values as int4"),
        (plans.plan(engine="vllm", layout=Layout(tensor=8, expert=4)), {}, "vLLM spreads them"),
        (plans.plan(engine="vllm", layout=Layout(tensor=8, data=2)), {}, "across pods"),
        (plans.two_nodes(), {"targets": ("kserve",)}, "replicas of one pod"),
        (plans.one_node(), {"targets": ("rayservice",)}, "hold vLLM"),
        (plans.two_nodes(), {"targets": ("rayservice",), "image": "vllm/vllm-openai:v0.24.0"}, "is not Ray's"),
        (plans.one_node(), {"targets": ("helm",)}, "no manifest 'helm'"),
        (plans.one_node(), {"targets": ("keda", "hpa")}, "undo each other's work"),
        (plans.one_node(), {"image": "sglang:latest"}, "a tag that begins with a version"),
        (plans.one_node(), {"scale_down_s": 60}, "scale_down_s is 60"),
        (plans.one_node(), {"kv_usage": 1.5}, "kv_usage is 1.5"),
        (plans.one_node(), {"storage_bytes_per_s": 0}, "storage_bytes_per_s is 0"),
        (plans.one_node(), {"name": "Grok_1"}, "lower-case letters"),
        (plans.plan(shape=dataclasses.replace(plans.GROK_1, name="模型")), {}, "No name of an object follows"),
    ],
)
def test_the_impossible_is_refused_with_a_way_out(plan: Plan, options: dict[str, Any], words: str) -> None:
    assert re.search(words, refused(plan, **options))


def test_what_suits_no_plan_is_told_beside_the_rest() -> None:
    files = possible_manifests(
        plans.one_node(), ManifestOptions(targets=("kubernetes", "keda", "rayservice", "kserve"))
    )
    assert sorted(files) == ["deployment.yaml", "inferenceservice.yaml", "left-out.txt", "scaledobject.yaml"]
    assert files["left-out.txt"].startswith("rayservice: The plan is for sglang")
    assert list(possible_manifests(plans.plan(engine="llama.cpp"))) == ["left-out.txt"]


def test_racks_are_cut_into_machines() -> None:
    files = dict(manifests_of(plans.plan(device="gb200", layout=Layout(tensor=8))))
    spec = one(files, "LeaderWorkerSet")["spec"]["leaderWorkerTemplate"]
    assert (spec["size"], devices_of(files)) == (2, 8)


def test_a_fabric_is_asked_for_in_groups_alone() -> None:
    assert "rdma/ib" not in json.dumps(objects(written("grok-1-8xh100", fabric_resource="rdma/ib")))
    for template in templates(one(written("groups-of-sglang", fabric_resource="rdma/ib"), "LeaderWorkerSet")):
        own = template["spec"]["containers"][0]
        assert own["resources"]["limits"]["rdma/ib"] == "1"
        assert own["securityContext"]["capabilities"]["add"] == ["IPC_LOCK"]


@needs_schemas
def test_a_claim_for_the_weights_is_larger_than_they_are() -> None:
    claim = one(written("grok-1-8xh100", storage_class="fast"), "PersistentVolumeClaim")
    check(claim)
    assert int(claim["spec"]["resources"]["requests"]["storage"].removesuffix("Gi")) * 2**30 > 320e9


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            "a\n---\nkind: Secret",
            "x: {y: z}",
            "$(reboot)",
            "`id`",
            "a'b",
            'a"b',
            "../../etc",
            "a #b",
            "--privileged",
            "{{ .Values }}",
        ]
        + [
            "\x00",
            "\u2028kind: Pod",
            "grok\r\nhostNetwork: true",
            "$(ENGINE_KEY)",
            "a;b",
            "!!python/object/apply:os.system [id]",
        ]
    ),
)


@settings(max_examples=60, deadline=None)
@given(HOSTILE)
def test_a_models_name_changes_texts_and_nothing_else(name: str) -> None:
    plan = plans.plan(shape=dataclasses.replace(plans.GROK_1, name=name))
    try:
        files = dict(manifests_of(plan, ManifestOptions(targets=("kubernetes", "keda", "slurm"))))
    except ConfigError:
        return
    like = plans.plan(shape=dataclasses.replace(plans.GROK_1, name="grok" if "grok" in name.lower() else "other"))
    usual = objects(dict(manifests_of(like)))
    assert [shape_of(document) for document in objects(files)] == [shape_of(document) for document in usual]


def shape_of(value: Any) -> Any:
    """The names of all fields and the lengths of all lists, without the values."""
    if isinstance(value, dict):
        return {key: shape_of(item) for key, item in value.items()}
    return [shape_of(item) for item in value] if isinstance(value, list) else type(value).__name__


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [
            "name",
            "namespace",
            "model_path",
            "served_model_name",
            "image",
            "weights_claim",
            "storage_class",
            "key_secret",
        ]
        + ["prometheus", "fabric_resource", "job_time", "partition"]
    ),
    HOSTILE,
)
def test_no_option_brings_in_a_field_or_a_command(field: str, text: str) -> None:
    try:
        files = written("grok-1-2x8xh100", **{field: text})
    except ConfigError:
        return
    claims = int(field == "storage_class" and text != "")
    assert len(objects(files)) == len(objects(written("grok-1-2x8xh100"))) + claims
    assert not re.search(r"reboot|`|;b|\$\(r", files["serve.sbatch"])
