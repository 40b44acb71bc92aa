import dataclasses
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.capacity.manifests.plans import GROK_1

from zaphod.capacity.catalogue.accelerators import accelerator
from zaphod.capacity.estimate import within
from zaphod.capacity.layout import Layout
from zaphod.capacity.manifests import ManifestOptions
from zaphod.capacity.manifests.training_scripts import training_scripts
from zaphod.capacity.timing.run import run_time
from zaphod.capacity.timing.training_job import TrainingJob
from zaphod.capacity.training_plan import TrainingPlan
from zaphod.core.errors import ConfigError


def planned(layout: Layout, device: str = "h100", **job: Any) -> TrainingPlan:
    step = within(16.0, 0.1, "s")
    chosen = TrainingJob(**{"global_batch": 1024, "sequence_length": 8192, **job})
    return TrainingPlan(
        shape=GROK_1,
        accelerator=accelerator(device),
        layout=layout,
        job=chosen,
        step=step,
        run=run_time(step, tokens=1e12, tokens_per_step=chosen.tokens, num_devices=layout.num_devices),
        flops=1e24,
        **dict.fromkeys(("memory", "mfu", "tokens_per_s_per_device", "energy_kwh", "co2_kg", "cost"), step),
    )


MEASURED = planned(Layout(tensor=4, pipeline=8, context=2, data=8, expert=8, virtual=8))
"""That of the Grok-1 recipe that was measured on 512 H100."""
OWN = planned(Layout(data=4, expert=2), device="epyc-9654", stack="zaphod-cpu")


def flags(text: str) -> dict[str, str]:
    command = text[text.index("exec torchrun") :]
    return dict(re.findall(r"--([a-z0-9-]+)=(\S+)", command))


@pytest.mark.parametrize("plan", [MEASURED, OWN])
def test_bash_can_read_them(plan: TrainingPlan) -> None:
    for text in training_scripts(plan).values():
        subprocess.run(["bash", "-n"], input=text, text=True, check=True)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("plan", [MEASURED, OWN])
def test_shellcheck_has_nothing_to_say(plan: TrainingPlan) -> None:
    for text in training_scripts(plan).values():
        done = subprocess.run(["shellcheck", "-"], input=text, text=True, capture_output=True, check=False)
        assert (done.returncode, done.stdout) == (0, "")


def test_megatron_is_told_the_layout() -> None:
    told = flags(training_scripts(MEASURED)["torchrun.sh"])
    degrees = [told[f"{name}-parallel-size"] for name in ("tensor-model", "pipeline-model", "context", "expert-model")]
    assert degrees == ["4", "8", "2", "8"]
    assert told["num-layers-per-virtual-pipeline-stage"] == "1"
    assert (told["nnodes"], told["nproc-per-node"]) == ("64", "8")
    assert int(told["train-iters"]) == -(-(10**12) // (1024 * 8192))


def test_checkpoints_come_as_often_as_was_planned() -> None:
    told = flags(training_scripts(MEASURED)["torchrun.sh"])
    assert abs(int(told["save-interval"]) * 16.0 - MEASURED.run.checkpoint_interval_s) <= 8.0


def test_jobs_follow_each_other_until_the_run_is_over() -> None:
    text = training_scripts(MEASURED, ManifestOptions(job_time="12:00:00"))["train.sbatch"]
    (links,) = re.findall(r"^#SBATCH --array=1-(\d+)%1$", text, re.MULTILINE)
    assert 0 <= int(links) * 0.5 - MEASURED.run.days.high < 0.5


def test_every_flag_says_where_it_comes_from() -> None:
    text = training_scripts(MEASURED)["torchrun.sh"]
    for name, value in flags(text).items():
        assert name.startswith("rdzv") or re.search(rf"^# --{name}={re.escape(value)}: .+", text, re.MULTILINE), name


def test_zaphod_is_told_its_recipe_and_where_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "torchrun").write_text('#!/bin/bash\nprintf "%s\\n" "$@"\n')
    (tmp_path / "torchrun").chmod(0o755)
    text = training_scripts(OWN, recipe="a recipe.toml", out="/shared/first run")["torchrun.sh"]
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "leader": "node-a"}
    done = subprocess.run(["bash"], input=text, text=True, capture_output=True, check=True, env=environment)
    words = done.stdout.splitlines()
    assert words[-5:] == ["-m", "zaphod", "train", "a recipe.toml", "--out=/shared/first run"]
    assert "--rdzv-endpoint=node-a:29400" in words
    assert "expert_ranks = 2" in text


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (planned(Layout(tensor=2, data=2), device="epyc-9654", stack="zaphod-cpu"), "data and expert parallelism only"),
        (planned(Layout(tensor=4, data=3)), "All nodes are alike"),
        (planned(Layout(data=8), stack="torchtitan"), "megatron and zaphod-cpu"),
        (planned(Layout(tensor=8, pipeline=3, virtual=5)), "equal pieces"),
        (dataclasses.replace(MEASURED, shape=dataclasses.replace(GROK_1, name="%")), "No name of an object"),
    ],
)
def test_the_impossible_is_refused(plan: TrainingPlan, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        training_scripts(plan)
