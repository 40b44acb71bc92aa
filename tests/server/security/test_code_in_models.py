"""Row 3: programs that lie beside weights. Nothing in a model's folder is imported, whatever its settings ask for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.server.security.attacking import builtin_copy, chat, post, zaphod
from tests.server.security.conftest import Here
from tests.support.running_server import StartServer
from tests.support.tiny_models import open_tiny

from zaphod.model.files.conversion import convert

TRAP = "import pathlib\npathlib.Path(__file__).with_suffix('.sprung').touch()\nraise SystemExit(77)\n"
# Beside what `auto_map` names: modules that every server imports, and those that Python or pip run by themselves.
TRAPPED = (
    "modeling_evil", "configuration_evil", "tokenization_evil", "evil", "__init__", "setup", "sitecustomize",
    "usercustomize", "conftest", "select", "json", "numpy", "msgspec", "psutil", "resource", "torch", "zaphod",
    "uvicorn", "llguidance", "tokenizers", "jinja2",
)  # fmt: skip
AUTO_MAP = {
    "AutoConfig": "configuration_evil.EvilConfig",
    "AutoModelForCausalLM": "modeling_evil.EvilModel",
    "AutoTokenizer": ["tokenization_evil.EvilTokenizer", None],
}


def set_traps(folder: Path) -> None:
    for name in TRAPPED:
        (folder / f"{name}.py").write_text(TRAP)
    for name in ("config.json", "tokenizer_config.json", "generation_config.json", "preprocessor_config.json"):
        file = folder / name
        settings = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps({**settings, "auto_map": AUTO_MAP, "trust_remote_code": True}))


def sprung(folder: Path) -> list[str]:
    return sorted(file.stem for file in folder.rglob("*.sprung"))


def test_a_trap_springs_where_something_imports_it(tmp_path: Path) -> None:
    set_traps(tmp_path)
    subprocess.run([sys.executable, "-c", "import modeling_evil"], cwd=tmp_path, check=False, capture_output=True)
    assert "modeling_evil" in sprung(tmp_path)


def test_a_server_that_is_started_inside_a_trapped_folder_imports_nothing_of_it(
    start_server: StartServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = builtin_copy(tmp_path / "trapped")
    set_traps(folder)
    monkeypatch.chdir(folder)
    with start_server(".", folder=tmp_path / "own") as server:
        schema = {"type": "object", "properties": {"a": {"type": "string"}}}
        shape = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
        assert post(server, "/v1/chat/completions", chat(response_format=shape)).status_code == 200
        server.engine.kill()  # the one that is started in its place has the same folder around it
        while post(server, "/v1/chat/completions", chat()).status_code != 200:
            assert server.process.poll() is None
    assert sprung(folder) == []


def test_a_folder_in_hugging_face_format_is_read_and_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with open_tiny(tmp_path / "source", "mixtral") as source:
        convert(source, "safetensors", folder)
    set_traps(folder)
    assert "auto_map" in json.loads((folder / "config.json").read_text())
    shown = zaphod("show", ".", "--json", folder=folder)
    assert shown.returncode == 0, shown.stdout
    assert sprung(folder) == []


@pytest.mark.parametrize(
    "flag", ["--trust-remote-code", "--trust_remote_code", "--tool-parser-plugin", "--custom-code"]
)
def test_there_is_no_flag_to_run_it(zaphod_here: Here, flag: str) -> None:
    assert zaphod_here("serve", flag).returncode == 2
