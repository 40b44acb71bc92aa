"""Every manifest against Kubernetes' own schemas, or ours for what is not Kubernetes' own; then against each other."""

import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.support.kubernetes_objects import POD, check, is_right, needs_schemas, templates
from tests.support.manifests import documents, misspelt
from tests.support.running_server import started
from typer.testing import CliRunner

from zaphod.cli.main import app

MANIFESTS = documents("kubernetes/*.yaml")
IDS = [where for where, _ in MANIFESTS]
PODS = [(where, template) for where, document in MANIFESTS for template in templates(document)]
OURS = [(where, template) for where, template in PODS if "Deployment" in where]
OUR_IDS = [where for where, _ in OURS]


def one(kind: str, name: str) -> dict[str, Any]:
    (found,) = (
        document for _, document in MANIFESTS if (document["kind"], document["metadata"]["name"]) == (kind, name)
    )
    return found


def container(template: dict[str, Any]) -> dict[str, Any]:
    (found,) = template["spec"]["containers"]
    return found  # type: ignore[no-any-return]


def flag(template: dict[str, Any], name: str) -> str:
    (found,) = (word.partition("=")[2] for word in container(template)["args"] if word.startswith(f"--{name}="))
    return found  # type: ignore[no-any-return]


@needs_schemas
@pytest.mark.parametrize("document", [document for _, document in MANIFESTS], ids=IDS)
def test_each_manifest_is_right(document: dict[str, Any]) -> None:
    check(document)


@needs_schemas
@pytest.mark.parametrize("document", [document for _, document in MANIFESTS], ids=IDS)
def test_each_misspelt_field_is_noticed(document: dict[str, Any]) -> None:
    fields = list(misspelt(document))
    assert len(fields) >= 4
    assert [field for field, changed in fields if is_right(changed)] == []


@needs_schemas
@pytest.mark.parametrize(
    ("kind", "name", "path", "wrong"),
    [
        ("Deployment", "zaphod-server", ("spec", "template", "spec", "terminationGracePeriodSeconds"), "75 s"),
        ("Deployment", "zaphod-gateway", ("spec", "replicas"), "two"),
        ("Service", "zaphod-server", ("spec", "ports"), {"port": 1}),
        ("LeaderWorkerSet", "sglang-grok", ("spec", "startupPolicy"), "LeaderIsReady"),
        ("LeaderWorkerSet", "sglang-grok", ("spec", POD, "size"), 0),
        ("LeaderWorkerSet", "sglang-grok", ("spec", POD, "restartPolicy"), "Always"),
        ("ScaledObject", "zaphod-server", ("spec", "pollingInterval"), "15s"),
        ("ScaledObject", "zaphod-server", ("spec", "triggers"), []),
        ("ServiceMonitor", "zaphod", ("spec", "endpoints"), [{"port": 8000}]),
    ],
)
def test_wrong_values_are_noticed(kind: str, name: str, path: tuple[str, ...], wrong: object) -> None:
    document = json.loads(json.dumps(one(kind, name)))
    parent = document
    for part in path[:-1]:
        parent = parent[part]
    assert path[-1] in parent
    parent[path[-1]] = wrong
    assert not is_right(document)


@pytest.mark.parametrize("template", [template for _, template in PODS])
def test_pods_ask_for_no_more_than_they_need(template: dict[str, Any]) -> None:
    own, pod = container(template)["securityContext"], template["spec"]
    assert own["allowPrivilegeEscalation"] is False
    assert own["capabilities"] == {"drop": ["ALL"]}
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert {"requests", "limits"} <= container(template)["resources"].keys()


@pytest.mark.parametrize("template", [template for _, template in OURS], ids=OUR_IDS)
def test_our_own_pods_run_without_root_on_a_read_only_disk(template: dict[str, Any]) -> None:
    assert container(template)["securityContext"]["readOnlyRootFilesystem"] is True
    assert (template["spec"]["securityContext"]["runAsNonRoot"], template["spec"]["securityContext"]["runAsUser"]) == (
        True,
        10001,
    )
    written = {mount["mountPath"] for mount in container(template)["volumeMounts"] if not mount.get("readOnly")}
    assert written == {"/data", "/tmp"}


@pytest.mark.parametrize("template", [template for _, template in PODS])
def test_images_are_pinned(template: dict[str, Any]) -> None:
    assert re.search(r":v?[0-9]+\.[0-9]+", container(template)["image"])


@pytest.mark.parametrize("template", [template for _, template in OURS], ids=OUR_IDS)
def test_pods_live_until_they_have_drained(template: dict[str, Any]) -> None:
    pause_s = container(template)["lifecycle"]["preStop"]["sleep"]["seconds"]
    needed_s = pause_s + float(flag(template, "shutdown-timeout")) + 2  # the server's last words
    assert template["spec"]["terminationGracePeriodSeconds"] >= needed_s


@pytest.mark.parametrize("template", [template for _, template in OURS], ids=OUR_IDS)
def test_probes_ask_the_right_thing(template: dict[str, Any]) -> None:
    own = container(template)
    key_file = flag(template, "api-key-file")
    assert own["livenessProbe"]["httpGet"]["path"] == "/live"
    assert own["readinessProbe"]["exec"]["command"] == ["zaphod-probe", "/ready", "--key-file", key_file]
    assert key_file in [f"{mount['mountPath']}/api-key" for mount in own["volumeMounts"]]
    assert "startupProbe" in own


@pytest.mark.parametrize("template", [template for _, template in OURS], ids=OUR_IDS)
def test_the_command_line_is_one_that_zaphod_understands(template: dict[str, Any]) -> None:
    verb, *words = container(template)["args"]
    assert verb == "serve"
    assert understood(words)


def understood(words: list[str]) -> bool:
    """Whether `zaphod serve` has these flags: all are parsed before `--help` is heeded."""
    return CliRunner().invoke(app, ["serve", *words, "--help"]).exit_code == 0


def test_a_flag_that_does_not_exist_would_be_noticed() -> None:
    assert understood(["--upstream=http://a"])
    assert not understood(["--upstreem=http://a"])


def test_services_lead_to_pods_and_ports_that_exist() -> None:
    for where, document in MANIFESTS:
        if document["kind"] != "Service":
            continue
        (template,) = (
            pod for _, pod in OURS if document["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
        )
        ports = {port["name"]: port["containerPort"] for port in container(template)["ports"]}
        assert all(port["targetPort"] in ports for port in document["spec"]["ports"]), where
        assert int(flag(template, "port")) in ports.values()
        assert flag(template, "allowed-host") == document["metadata"]["name"]


@pytest.mark.parametrize("kind", ["Deployment", "PodDisruptionBudget"])
def test_selectors_select_pods(kind: str) -> None:
    for where, document in MANIFESTS:
        if document["kind"] == kind:
            labels = document["spec"]["selector"]["matchLabels"].items()
            assert any(labels <= pod["metadata"]["labels"].items() for _, pod in OURS), where


def test_autoscalers_scale_the_server() -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "zaphod-server"}
    assert one("HorizontalPodAutoscaler", "zaphod-server")["spec"]["scaleTargetRef"] == target
    assert one("ScaledObject", "zaphod-server")["spec"]["scaleTargetRef"] == target
    assert "replicas" not in one("Deployment", "zaphod-server")["spec"]


def test_the_metric_of_the_autoscaler_is_the_one_that_the_adapter_offers() -> None:
    (metric,) = one("HorizontalPodAutoscaler", "zaphod-server")["spec"]["metrics"]
    rules = one("ConfigMap", "prometheus-adapter")["data"]["config.yaml"]
    assert f"as: {metric['pods']['metric']['name']}}}" in rules


def test_the_metric_that_scaling_reads_is_one_that_servers_tell(tmp_path: Path) -> None:
    (trigger,) = one("ScaledObject", "zaphod-server")["spec"]["triggers"]
    name = re.search(r"vllm:\w+", trigger["metadata"]["query"])
    assert name is not None
    assert name[0] in one("ConfigMap", "prometheus-adapter")["data"]["config.yaml"]
    with started(tmp_path) as server, urllib.request.urlopen(server.url + "/metrics") as answer:
        assert f"# TYPE {name[0]} gauge" in answer.read().decode()


def test_the_engine_computes_on_the_cores_that_it_asked_for() -> None:
    template = one("Deployment", "zaphod-server")["spec"]["template"]
    assert flag(template, "threads") == container(template)["resources"]["requests"]["cpu"]


def test_the_gateway_names_the_leader_of_every_group_with_its_key() -> None:
    from zaphod.server.upstream.addresses import parse_addresses

    groups, gateway = one("LeaderWorkerSet", "sglang-grok"), one("Deployment", "zaphod-gateway")["spec"]["template"]
    words = container(gateway)["args"]
    urls = [word.partition("=")[2] for word in words if word.startswith("--upstream=")]
    name, leader = groups["metadata"]["name"], container(groups["spec"][POD]["leaderTemplate"])
    port = next(port["containerPort"] for port in leader["ports"] if port["name"] == "http")
    assert urls == [f"http://{name}-{index}.{name}:{port}" for index in range(groups["spec"]["replicas"])]
    assert len(parse_addresses(urls)) == len(urls)
    assert f"--port={port}" in leader["args"]


def test_a_group_has_as_many_gpus_as_parts() -> None:
    spec = one("LeaderWorkerSet", "sglang-grok")["spec"][POD]
    leader, worker = container(spec["leaderTemplate"]), container(spec["workerTemplate"])
    num_gpus = int(leader["resources"]["limits"]["nvidia.com/gpu"]) * spec["size"]
    assert f"--tp={num_gpus}" in leader["args"]
    assert leader["args"] == worker["args"]
    assert leader["image"] == worker["image"]


def test_no_health_check_makes_the_engine_generate() -> None:
    leader = container(one("LeaderWorkerSet", "sglang-grok")["spec"][POD]["leaderTemplate"])
    values = {variable["name"]: variable.get("value") for variable in leader["env"]}
    assert values["SGLANG_ENABLE_HEALTH_ENDPOINT_GENERATION"] == "false"


def test_no_key_lies_in_a_manifest() -> None:
    assert not [where for where, document in MANIFESTS if document["kind"] == "Secret"]
    for where, document in MANIFESTS:
        assert not re.search(r"\b(zk-|sk-)[A-Za-z0-9_-]{8,}", json.dumps(document)), where


def test_every_pod_has_a_network_policy() -> None:
    policies = [document["spec"] for _, document in MANIFESTS if document["kind"] == "NetworkPolicy"]
    for direction in ("Ingress", "Egress"):
        for where, template in PODS:
            name = template["metadata"]["labels"]["app.kubernetes.io/name"]
            covering = [
                spec
                for spec in policies
                if direction in spec["policyTypes"] and name in json.dumps(spec["podSelector"])
            ]
            assert covering, f"{where}: {direction}"
