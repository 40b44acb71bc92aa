"""Under a control group's memory limit: what cannot fit is refused, what is planned is enough, nobody is killed."""

import json
import os
import sys
from pathlib import Path

import pytest
from tests.support.limited_child import main
from tests.support.memory_group import NoGroupError, memory_group
from tests.support.tiny_models import open_tiny

from zaphod.compute.kernels import dispatch
from zaphod.core.units import format_bytes, format_rate
from zaphod.model.config import MoEConfig, RouterConfig
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import open_model
from zaphod.study.benchmarks.random_files import random_config, write_random_gguf

if not dispatch.native_is_available():
    pytest.skip(f"native kernels: {dispatch.why_not()}", allow_module_level=True)

CHILD = Path(__file__).parents[1] / "support" / "limited_child.py"
MB = 1_000_000


@pytest.fixture(scope="module")
def long_model(tmp_path_factory):
    """A tiny model that was made for texts of eight million tokens."""
    folder = tmp_path_factory.mktemp("long")
    with open_tiny(folder / "source", "mixtral", context_length=8 << 20) as source:
        convert(source, "packed", folder / "packed", "q8_0")
    return folder / "packed"


@pytest.fixture(scope="module")
def wide_model(tmp_path_factory):
    """40 MB of experts, and little else."""
    folder = tmp_path_factory.mktemp("wide")
    moe = MoEConfig(router=RouterConfig(num_experts=16, top_k=2, renormalise=True), expert_size=768)
    with open_tiny(folder / "source", "mixtral", hidden_size=512, moe=moe) as source:
        convert(source, "packed", folder / "packed", "q8_0")
    return folder / "packed"


def under(limit_bytes, model, **options):
    """What the child says under that limit. Whatever it says, it was not killed, and nothing else was."""
    try:
        with memory_group(limit_bytes) as group:
            done = group.run([sys.executable, str(CHILD), str(model), json.dumps(options)])
            assert (done.returncode, group.num_kills) == (0, 0), done.stderr
            said = json.loads(done.stdout)
            print(f"peak {format_bytes(group.peak_bytes or 0)} of {format_bytes(limit_bytes)}: {said}")
            return said
    except NoGroupError as error:
        pytest.skip(str(error))


def test_a_text_that_is_too_long_is_refused_with_one_that_is_not(long_model):
    found, _, remedy = under(160 * MB, long_model, context_tokens=8 << 20)["refused"]
    assert "keys and values of 8388608 tokens" in found
    largest = int(remedy.split("at most ")[1].split(" ")[0])
    # What the refusal names is true, to the last block.
    said = under(160 * MB, long_model, context_tokens=largest * 9 // 10, fill=True)
    assert len(said["token_ids"]) == 9


def test_the_largest_plan_is_enough_for_everything_it_promises(long_model):
    assert len(under(160 * MB, long_model, fill=True)["token_ids"]) == 9


def test_a_model_that_does_not_fit_answers_as_one_that_does(wide_model):
    options = {"context_tokens": 64, "expert_cache_bytes": 6 * MB}
    said = under(160 * MB, wide_model, **options)
    assert (said["verdict"], said["torch"]) == ("streams", False)
    assert said["token_ids"] == main(wide_model, {"context_tokens": 64})["token_ids"]


def test_a_cache_that_is_too_large_is_refused_with_one_that_fits(wide_model):
    _, _, remedy = under(88 * MB, wide_model, context_tokens=64, expert_cache_bytes=30 * MB)["refused"]
    assert "State a cache of experts" in remedy


@pytest.mark.skipif("ZAPHOD_TEST_LARGE" not in os.environ, reason="writes 2.6 GB: make test-large")
@pytest.mark.timeout(900)
def test_a_file_four_times_the_limit_answers(tmp_path, capsys):
    limit = 318 * MB
    gguf = write_random_gguf(random_config("grok", "1.2B"), "q8_0", tmp_path / "model.gguf")
    with open_model(gguf) as source:
        convert(source, "packed", tmp_path / "packed")
    gguf.unlink()
    size = sum(file.stat().st_size for file in (tmp_path / "packed").iterdir())
    assert size >= 4 * limit
    options = {"context_tokens": 512, "tokens": 32, "runs": 3, "threads": 2}
    said = under(limit, tmp_path / "packed", **options)
    assert said["verdict"] == "streams"
    assert said["token_ids"] == main(tmp_path / "packed", options | {"runs": 1})["token_ids"]
    with capsys.disabled():
        print(f"\n{format_bytes(size)} under a limit of {format_bytes(limit)}: {said['plan']}")
        print(f"forecast: {said['sentence']}")
        print("measured: " + ", ".join(format_rate(speed, "tok") for speed in said["speeds"]))
