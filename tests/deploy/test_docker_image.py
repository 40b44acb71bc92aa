"""The image: its recipe read line by line, its parts tried without Docker."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.manifests import DEPLOY, ROOT
from tests.support.running_server import started

RECIPE = (DEPLOY / "docker" / "Dockerfile").read_text()
LINES = [line for line in RECIPE.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
STEPS = [(line.split()[0], line.split(maxsplit=1)[1]) for line in LINES]
PROBE = DEPLOY / "docker" / "probe.py"
KEY = "k" * 40


def copied() -> list[str]:
    """What the recipe takes from the repository."""
    words = [text.split() for name, text in STEPS if name == "COPY" and "--from" not in text]
    return [word for line in words for word in line[:-1] if not word.startswith("--")]


def last_stage() -> list[tuple[str, str]]:
    return STEPS[max(index for index, (name, _) in enumerate(STEPS) if name == "FROM") :]


def test_every_step_is_one_that_docker_knows() -> None:
    known = {"FROM", "RUN", "COPY", "ARG", "ENV", "LABEL", "WORKDIR", "USER", "EXPOSE", "VOLUME", "STOPSIGNAL"}
    assert {name for name, _ in STEPS} <= known | {"HEALTHCHECK", "ENTRYPOINT", "CMD"}


def test_what_builds_is_not_what_runs() -> None:
    assert [name for name, _ in STEPS].count("FROM") == 2
    assert "g++" not in " ".join(text for _, text in last_stage())


def test_base_images_are_pinned() -> None:
    (default,) = (text.partition("=")[2] for name, text in STEPS if name == "ARG" and text.startswith("PYTHON_IMAGE"))
    assert re.fullmatch(r"python:3\.1[0-9]-slim-[a-z]+", default)


def test_it_runs_without_root_and_says_so_in_numbers() -> None:
    users = [text for name, text in last_stage() if name == "USER"]
    assert users == ["10001:10001"]
    after = [name for name, _ in last_stage()[last_stage().index(("USER", users[0])) :]]
    assert "RUN" not in after
    assert "COPY" not in after


def test_packages_leave_no_lists_and_pull_in_nothing_more() -> None:
    for name, text in STEPS:
        if name == "RUN" and "apt-get install" in text:
            assert "--no-install-recommends" in text
            assert "rm -rf /var/lib/apt/lists/*" in text
        if name == "RUN" and "pip install" in text:
            assert "--no-cache-dir" in text
            assert "--constraint constraints.txt" in text


def test_its_health_is_whether_the_process_lives() -> None:
    (check,) = (text for name, text in last_stage() if name == "HEALTHCHECK")
    assert 'CMD ["zaphod-probe", "/live"]' in check


def test_commands_are_lists_so_that_signals_arrive() -> None:
    for name, text in last_stage():
        if name in ("ENTRYPOINT", "CMD"):
            assert text.startswith("["), "a shell would keep SIGTERM from the server"
    assert ("STOPSIGNAL", "SIGTERM") in last_stage()


def test_all_that_is_copied_is_there_and_let_through() -> None:
    let_through = (DEPLOY / "docker" / "Dockerfile.dockerignore").read_text().splitlines()
    assert "*" in let_through
    for path in copied():
        assert (ROOT / path).exists(), path
        assert f"!{path}" in let_through, path


def test_what_is_copied_is_enough_to_build_the_package(tmp_path: Path) -> None:
    for path in copied():
        source, target = ROOT / path, tmp_path / "context" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        ignored = shutil.ignore_patterns("__pycache__", "*.so")
        shutil.copytree(source, target, ignore=ignored) if source.is_dir() else shutil.copy(source, target)
    # The kernels take minutes to compile and have tests of their own.
    environment = os.environ | {"ZAPHOD_PURE_PYTHON": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir"]
    built = subprocess.run(
        [*command, str(tmp_path / "out"), str(tmp_path / "context")], env=environment, capture_output=True, text=True
    )
    assert built.returncode == 0, built.stderr[-2000:]
    assert list((tmp_path / "out").glob("zaphod-*.whl"))


def probe(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(PROBE), *arguments], capture_output=True, text=True)


def test_the_probe_tells_a_server_that_lives_from_one_that_is_ready(tmp_path: Path) -> None:
    key_file, data = tmp_path / "key", tmp_path / "data"
    key_file.write_text(KEY + "\n")
    data.mkdir()
    data.chmod(0o2777)  # as Kubernetes makes volumes
    with started(data, "--api-key-file", str(key_file), key=KEY) as server:
        port = server.url.rsplit(":", 1)[1]
        assert probe("/live", "--port", port).returncode == 0
        assert probe("/ready", "--port", port, "--key-file", str(key_file)).returncode == 0
        without_key = probe("/ready", "--port", port)
    assert (without_key.returncode, "401" in without_key.stderr) == (1, True)
    gone = probe("/live", "--port", port)
    assert (gone.returncode, "refused" in gone.stderr) == (1, True)


def test_the_probe_refuses_what_it_does_not_know() -> None:
    assert probe("/live", "--prot", "80").returncode == 2


def test_without_a_key_the_image_s_own_command_says_what_is_missing(tmp_path: Path) -> None:
    (words,) = (json.loads(text) for name, text in last_stage() if name == "CMD")
    environment = os.environ | {f"XDG_{kind}_HOME": str(tmp_path) for kind in ("CONFIG", "CACHE", "DATA")}
    command = [sys.executable, "-m", "zaphod", *words]
    refused = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (refused.returncode, "no key is valid" in refused.stderr) == (2, True)
