"""compose.yaml against the Compose specification, against itself, and against what it mounts."""

import copy
import json
import shutil
import subprocess
from typing import Any

import jsonschema
import pytest
import yaml
from tests.support.manifests import DEPLOY, misspelt, schema

COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose" / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OWN_NAMES = ("services", "networks", "volumes", "secrets", "environment", "depends_on")


def check(document: dict[str, Any]) -> None:
    """Raise if a field is unknown or has a wrong value, or something is used that is not declared."""
    jsonschema.validate(document, schema("compose"), jsonschema.Draft202012Validator)
    for service in document["services"].values():
        for kind in ("networks", "secrets"):
            assert set(service.get(kind, ())) <= document[kind].keys(), kind
        named = {mount.split(":")[0] for mount in service.get("volumes", ()) if not mount.startswith(".")}
        assert named <= document["volumes"].keys()
        assert service.get("depends_on", {}).keys() <= document["services"].keys()


def is_right(document: dict[str, Any]) -> bool:
    try:
        check(document)
    except (jsonschema.ValidationError, AssertionError, KeyError):
        return False
    return True


def test_it_is_right() -> None:
    check(COMPOSE)


def test_each_misspelt_field_is_noticed() -> None:
    fields = list(misspelt(COMPOSE, OWN_NAMES))
    assert len(fields) > 40
    assert [field for field, changed in fields if is_right(changed)] == []


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("ports", ["8000:8000"]),
        ("ports", ["0.0.0.0:8000:8000"]),
        ("image", "zaphod:latest"),
        ("image", "zaphod"),
        ("cap_drop", []),
        ("restart", "sometimes"),
        ("stop_grace_period", "60"),
        ("secrets", ["absent"]),
        ("volumes", ["absent:/data"]),
    ],
)
def test_wrong_values_are_noticed(name: str, wrong: object) -> None:
    changed = copy.deepcopy(COMPOSE)
    changed["services"]["server"][name] = wrong
    assert not is_right(changed)


def test_what_is_mounted_is_there() -> None:
    for service in SERVICES.values():
        for mount in service.get("volumes", ()):
            if mount.startswith("."):
                assert (DEPLOY / "compose" / mount.split(":")[0]).resolve().exists(), mount


def test_the_image_is_built_from_our_dockerfile() -> None:
    build = SERVICES["server"]["build"]
    assert ((DEPLOY / "compose" / build["context"]).resolve() / build["dockerfile"]).is_file()


def test_the_container_lives_until_the_server_has_drained() -> None:
    (drain,) = (
        word.partition("=")[2] for word in SERVICES["server"]["command"] if word.startswith("--shutdown-timeout")
    )
    assert float(SERVICES["server"]["stop_grace_period"].removesuffix("s")) >= float(drain) + 2


def test_prometheus_asks_the_server_under_a_name_that_it_answers_to() -> None:
    config = yaml.safe_load((DEPLOY / "compose" / "prometheus.yml").read_text())
    (job,) = config["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    name, port = target.split(":")
    assert name in SERVICES
    assert f"--allowed-host={name}" in SERVICES[name]["command"]
    assert SERVICES[name]["ports"][0].endswith(f":{port}")
    assert job["authorization"]["credentials_file"] == "/run/secrets/api-key"
    assert "api-key" in SERVICES["prometheus"]["secrets"]


def test_the_dashboard_has_its_data_source() -> None:
    provisioning = DEPLOY / "compose" / "grafana"
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "zaphod.yaml").read_text())["providers"]
    assert (source["type"], source["url"]) == ("prometheus", "http://prometheus:9090")
    folder = next(mount.split(":") for mount in SERVICES["grafana"]["volumes"] if mount.startswith("../grafana"))
    assert folder[1] == provider["options"]["path"]
    dashboards = list((DEPLOY / "compose" / folder[0]).resolve().glob("*.json"))
    assert dashboards
    assert all(json.loads(path.read_text())["panels"] for path in dashboards)


def test_docker_itself_finds_nothing_wrong() -> None:
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("`docker compose` is not installed")
    command = [docker, "compose", "--file", str(DEPLOY / "compose" / "compose.yaml"), "config", "--quiet"]
    found = subprocess.run(command, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
