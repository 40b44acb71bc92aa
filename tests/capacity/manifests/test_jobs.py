import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.capacity.manifests import plans

from zaphod.capacity.layout import Layout
from zaphod.capacity.manifests import ManifestOptions, manifests_of
from zaphod.capacity.manifests.shell_text import script, word
from zaphod.capacity.manifests.yaml_text import Noted
from zaphod.capacity.plan import Plan

JOBS = {
    "one node": plans.one_node(),
    "two nodes": plans.two_nodes(),
    "two nodes of sglang": plans.plan(layout=Layout(tensor=16)),
    "processors": plans.processors(),
}


def job(plan: Plan) -> str:
    return manifests_of(plan, ManifestOptions(targets=("slurm",), partition="gpu"))["serve.sbatch"]


def directives(text: str) -> dict[str, str]:
    return dict(re.findall(r"^#SBATCH --([a-z-]+)=(.*)$", text, re.MULTILINE))


@pytest.mark.parametrize("plan", JOBS.values(), ids=JOBS)
def test_bash_can_read_it(plan: Plan) -> None:
    subprocess.run(["bash", "-n"], input=job(plan), text=True, check=True)


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
@pytest.mark.parametrize("plan", JOBS.values(), ids=JOBS)
def test_shellcheck_has_nothing_to_say(plan: Plan) -> None:
    done = subprocess.run(["shellcheck", "-"], input=job(plan), text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_task_has_the_nodes_and_devices_of_a_replica() -> None:
    told = directives(job(plans.two_nodes()))
    assert (told["nodes"], told["gpus-per-node"], told["array"]) == ("2", "8", "0-1")
    assert "gpus-per-node" not in directives(job(plans.processors()))


def run(tmp_path: Path, plan: Plan, rank: str) -> list[str]:
    """What the engine of one node is started with, where every program of the cluster is one that tells its words."""
    for name in ("vllm", "python3", "zaphod"):
        program = tmp_path / name
        program.write_text('#!/bin/bash\nprintf "%s\\n" "$(basename "$0")" "$@"\n')
        program.chmod(0o755)
    (tmp_path / "srun").write_text('#!/bin/bash\nwhile [[ "$1" == --* ]]; do shift; done\nexec "$@"\n')
    (tmp_path / "scontrol").write_text("#!/bin/bash\necho node-a\necho node-b\n")
    for name in ("srun", "scontrol"):
        (tmp_path / name).chmod(0o755)
    told = {"SLURM_JOB_NODELIST": "node-[a-b]", "SLURM_JOB_NUM_NODES": "2", "SLURM_NODEID": rank}
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "ENGINE_KEY": "a $(key) 'b'", "TMPDIR": str(tmp_path), **told}
    done = subprocess.run(["bash"], input=job(plan), text=True, capture_output=True, check=True, env=environment)
    return done.stdout.splitlines()


def test_each_node_learns_its_rank_and_the_leader(tmp_path: Path) -> None:
    for rank in ("0", "1"):
        words = run(tmp_path, plans.two_nodes(), rank)
        assert words[1:4] == ["vllm", "serve", "/models/grok-1"]
        assert {"--master-addr=node-a", "--nnodes=2", f"--node-rank={rank}"} <= set(words)
        assert ("--headless" in words) == (rank == "1")


def test_sglang_gets_its_key_as_it_is(tmp_path: Path) -> None:
    words = run(tmp_path, plans.plan(layout=Layout(tensor=16)), "1")
    assert {"--api-key=a $(key) 'b'", "--dist-init-addr=node-a:20000", "--tp-size=16"} <= set(words)


def test_zaphod_gets_its_key_in_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    words = run(tmp_path, plans.processors(), "0")
    (file,) = (Path(each.partition("=")[2]) for each in words if each.startswith("--api-key-file="))
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("a $(key) 'b'", 0o600)


def test_a_job_without_a_key_does_not_start() -> None:
    done = subprocess.run(
        ["bash"],
        input=job(plans.one_node()),
        text=True,
        capture_output=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert done.returncode != 0


@pytest.mark.parametrize("text", ["a b", "$(reboot)", "a'b", "a\nb", "", "*"])
def test_a_word_stays_one_word(text: str) -> None:
    done = subprocess.run(["bash", "-c", f"printf %s {word(text)}"], capture_output=True, text=True, check=True)
    assert done.stdout == text.replace("\n", "\\n")


def test_a_directive_that_would_need_quotes_is_a_fault_of_ours() -> None:
    with pytest.raises(AssertionError):
        script([], [Noted("--job-name=a b", "")], [])
