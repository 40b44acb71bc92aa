"""Slurm: a replica of a plan as a job, one array task each; knows no Kubernetes."""

from __future__ import annotations

from collections.abc import Sequence

from zaphod.capacity.manifests.engines import model_path, words_of
from zaphod.capacity.manifests.pods import Deployed
from zaphod.capacity.manifests.shell_text import script, word
from zaphod.capacity.manifests.yaml_text import Noted
from zaphod.core.errors import ConfigError

_PORT = 20000


def serving_job(what: Deployed) -> str:
    """An sbatch script: as many array tasks as replicas, each with the nodes of one.

    Raises:
        ConfigError: data parallelism across machines with vLLM.
    """
    if what.is_group and what.engine.name == "vllm" and what.plan.replica.layout.data > 1:
        raise ConfigError(
            "The plan has data parallelism over several machines.",
            "For vLLM only tensor and pipeline parallelism are written across machines.",
            "Plan with data parallelism 1, or with --engine sglang.",
        )
    sizes, options = what.sizes, what.options
    memory = sizes.memory.value.removesuffix("i")
    directives = [
        Noted(f"--job-name={what.name}", "plan.replica: engine and model"),
        Noted(f"--array=0-{what.plan.running.num_replicas - 1}", "plan.running.num_replicas tasks"),
        Noted(f"--nodes={sizes.pods.value}", sizes.pods.note),
        Noted("--ntasks-per-node=1", "the engine starts its own processes"),
        Noted(f"--cpus-per-task={sizes.cpus.value}", sizes.cpus.note),
        Noted(f"--mem={memory}", sizes.memory.note),
        Noted(f"--time={options.job_time}", "ManifestOptions.job_time"),
        Noted("--signal=TERM@120", "the engine is told to stop two minutes before the end"),
    ]
    if sizes.resource:
        directives.insert(3, Noted(f"--gpus-per-node={sizes.devices.value}", sizes.devices.note))
    if options.partition:
        directives.append(Noted(f"--partition={options.partition}", "ManifestOptions.partition"))
    return script(
        [f"{what.plan.replica.shape.name}: one replica of the plan, {what.plan.replica.layout}, a task of the array."],
        directives,
        _body(what),
    )


def _body(what: Deployed) -> Sequence[str]:
    command = [*what.engine.command]
    arguments = [word(noted.value) for noted in words_of(what.flags)]
    arguments += ["--host=0.0.0.0", f"--port={what.engine.port}"]
    if what.engine.name != "sglang":
        command.append(word(model_path(what.plan, what.options).value))
    lines, own = _key(what)
    arguments += own
    if not what.is_group:
        return [*lines, "exec srun " + _joined(command, arguments)]
    task = "exec " + _joined(command, [*arguments, *_ranks(what)])
    if what.engine.name == "vllm":
        task = 'headless=; [ "$SLURM_NODEID" = 0 ] || headless=--headless\n  ' + task + " $headless"
    assert "'" not in task, task
    note = "# shellcheck disable=SC2016  # each task expands its own variables"
    return [*lines, note, "exec srun --kill-on-bad-exit=1 bash -c '", f"  {task}", "'"]


def _key(what: Deployed) -> tuple[list[str], list[str]]:
    """Lines that hand the key over without writing it into the job, and the engine's flags for it."""
    lines = [
        # NOTE: not through `head`, which may close the pipe while scontrol still writes: then `pipefail` ends the job.
        'read -r leader < <(scontrol show hostnames "$SLURM_JOB_NODELIST")',
        "export leader",
        ': "${ENGINE_KEY:?the key that opens the engine}"',
        f'echo "replica ${{SLURM_ARRAY_TASK_ID:-0}} answers on http://$leader:{what.engine.port}"',
    ]
    if what.engine.name == "sglang":
        return lines, ['--api-key="$ENGINE_KEY"', "--enable-metrics"]
    if what.engine.name == "vllm":
        return [*lines, 'export VLLM_API_KEY="$ENGINE_KEY"'], []
    file = ['key_file="$(mktemp)"', 'printf \'%s\' "$ENGINE_KEY" > "$key_file"']
    return [*lines, *file], ['--api-key-file="$key_file"', '--allowed-host="$leader"']


def _joined(command: Sequence[str], arguments: Sequence[str]) -> str:
    return " \\\n    ".join([" ".join(command), *arguments])


def _ranks(what: Deployed) -> list[str]:
    nodes = ['--nnodes="$SLURM_JOB_NUM_NODES"', '--node-rank="$SLURM_NODEID"']
    if what.engine.name == "sglang":
        return [*nodes, f'--dist-init-addr="$leader:{_PORT}"']
    return ["--distributed-executor-backend=mp", *nodes, '--master-addr="$leader"', f"--master-port={_PORT}"]
