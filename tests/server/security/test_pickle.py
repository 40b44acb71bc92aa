"""Row 1: pickles, and code in general, from models and requests. Nothing of this package unpickles or evaluates."""

import ast
import base64
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.security.attacking import code, post, zaphod
from tests.server.security.conftest import Here
from tests.support.running_server import RunningServer

import zaphod as package

SOURCES = Path(package.__file__).parent
MODULES = {
    "pickle",
    "cPickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "joblib",
    "marshal",
    "shelve",
    "code",
    "runpy",
    "xmlrpc",
}
NAMES = {"eval", "exec", "compile", "__import__"}
CALLS = {"torch.load", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "os.system", "os.popen", "jinja2.Template"}
KEYWORDS = {("shell", True), ("allow_pickle", True), ("trust_remote_code", True), ("weights_only", False)}
ALLOWED = {
    ("training/checkpoint/folder.py", "torch.load"): "reads what `save` beside it wrote, with weights_only=True",
    ("data/ray_pipeline.py", "pickle"): "between workers of one Ray cluster, which pickles whatever it passes on",
    ("study/evaluation/generated/functions.py", "exec"): "of bodies that stand in this file, never of an answer",
}


def uses(source: str) -> Iterator[tuple[str, ast.AST]]:
    """What in a program could run code that comes from elsewhere."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((name.name, node) for name in node.names if name.name.split(".")[0] in MODULES)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in MODULES:
            yield str(node.module), node
        elif isinstance(node, ast.Call):
            yield from _calls(node)


def _calls(call: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    name = ast.unparse(call.func)
    if name in NAMES | CALLS:
        yield name, call
    for keyword in call.keywords:
        value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
        if (keyword.arg, value) in KEYWORDS:
            yield f"{keyword.arg}={value}", call


def test_no_source_runs_what_comes_from_elsewhere() -> None:
    found = {
        (str(file.relative_to(SOURCES)), what) for file in SOURCES.rglob("*.py") for what, _ in uses(file.read_text())
    }
    assert found == set(ALLOWED)


def test_checkpoints_are_read_as_plain_values() -> None:
    for file in (file for file, what in ALLOWED if what == "torch.load"):
        calls = [node for name, node in uses((SOURCES / file).read_text()) if name == "torch.load"]
        assert calls
        assert all("weights_only=True" in ast.unparse(call) for call in calls)


@pytest.mark.parametrize(
    "source",
    ["import pickle", "from pickle import loads", "import pickle as p", "eval('1')", "exec(x)", "torch.load(f)",
     "yaml.load(f)", "run(c, shell=True)", "np.load(f, allow_pickle=True)", "os.system('id')", "__import__('os')",
     "from_pretrained(m, trust_remote_code=True)", "import dill.source", "torch.load(f, weights_only=False)"],
)  # fmt: skip
def test_the_search_finds(source: str) -> None:
    assert list(uses(source))


class Bomb:
    """Pickles as a call that leaves a trace."""

    def __init__(self, trace: Path) -> None:
        self._trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self._trace}",)


def test_the_bomb_goes_off_where_it_is_unpickled(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(Bomb(tmp_path / "trace")))
    assert (tmp_path / "trace").exists()


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    "name", ["model.bin", "model.pt", "folder/pytorch_model.bin", "folder/ckpt-0/tensor00000_000", "plain"]
)
def test_a_pickled_model_is_refused_and_not_opened(zaphod_here: Here, tmp_path: Path, name: str, protocol: int) -> None:
    file = tmp_path / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(pickle.dumps(Bomb(tmp_path / "trace"), protocol=protocol))
    ended = zaphod_here("serve", name.split("/")[0], "--port", "0")
    assert ended.returncode in (2, 3), ended
    assert ended.stderr.count("zaphod:") == 1
    assert not (tmp_path / "trace").exists()


def test_a_pickled_adapter_is_refused_and_not_opened(tmp_path: Path) -> None:
    (tmp_path / "lora").mkdir()
    (tmp_path / "lora" / "adapter_config.json").write_text('{"peft_type": "LORA", "r": 1, "lora_alpha": 1}')
    (tmp_path / "lora" / "adapter_model.bin").write_bytes(pickle.dumps(Bomb(tmp_path / "trace")))
    ended = zaphod("serve", "--port", "0", "--adapter", "law=lora", folder=tmp_path)
    assert ended.returncode == 3, ended.stderr
    assert "pickle" in ended.stderr
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("field", ["prompt_embeds", "input_embeds", "kv_transfer_params", "image_data", "lora_path"])
def test_no_field_takes_tensors_or_files(victim: RunningServer, tmp_path: Path, field: str) -> None:
    bomb = base64.b64encode(pickle.dumps(Bomb(tmp_path / "trace"))).decode()
    refused = post(victim, "/v1/completions", {"prompt": "hi", field: bomb})
    assert (refused.status_code, code(refused)) == (400, "unknown_field")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("kind", ["application/x-python-pickle", "application/msgpack", "application/octet-stream"])
def test_a_pickle_as_a_body_is_no_json(victim: RunningServer, tmp_path: Path, kind: str) -> None:
    refused = post(victim, "/v1/completions", pickle.dumps(Bomb(tmp_path / "trace")), content_type=kind)
    assert (refused.status_code, code(refused)) == (400, "invalid_json")
    assert not (tmp_path / "trace").exists()
