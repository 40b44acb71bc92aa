"""A planned training as scripts: torchrun on each node, and Slurm that starts it on all; knows no serving.

With the stack `megatron` Megatron-LM's `pretrain_gpt.py` is told layout and job, and reads the model's own flags from a
file. Stacks that begin with `zaphod` run `zaphod train`, which deals experts and data, and reads all else from its
recipe.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from zaphod.capacity.manifests.engines import slug
from zaphod.capacity.manifests.options import ManifestOptions
from zaphod.capacity.manifests.shell_text import script, word
from zaphod.capacity.manifests.yaml_text import Noted
from zaphod.capacity.training_plan import TrainingPlan
from zaphod.core.errors import ConfigError

_PORT = 29400


def training_scripts(
    plan: TrainingPlan, options: ManifestOptions | None = None, *, recipe: str = "run.toml", out: str = "run"
) -> Mapping[str, str]:
    """`torchrun.sh`, for every node, and `train.sbatch`, which starts it.

    Args:
        plan: the training.
        options: Slurm's limits are used, and `devices_per_pod` as devices of a node.
        recipe: the file with what the plan does not know: `zaphod train`'s, or flags of Megatron-LM, one a line.
        out: the folder for checkpoints; all nodes must see it.

    Raises:
        ConfigError: the layout cannot be cut into nodes, or the stack cannot do what it says.
    """
    options = options or ManifestOptions()
    return {
        "torchrun.sh": _torchrun(plan, options, recipe, out),
        "train.sbatch": _sbatch(plan, options),
    }


def _nodes(plan: TrainingPlan, options: ManifestOptions) -> tuple[int, int]:
    """How many, and devices of each."""
    whole, node = plan.layout.num_devices, options.devices_per_pod or plan.accelerator.devices_per_node
    each = min(whole, node)
    if whole % each:
        raise ConfigError(
            f"The layout has {whole} devices, and a node {each}.", "All nodes are alike.", f"Use a multiple of {each}."
        )
    return whole // each, each


def _torchrun(plan: TrainingPlan, options: ManifestOptions, recipe: str, out: str) -> str:
    nodes, each = _nodes(plan, options)
    start = [
        Noted("torchrun", f"plan.layout: {plan.layout}"),
        Noted(f"--nnodes={nodes}", f"plan.layout.num_devices / {each}"),
        Noted(f"--nproc-per-node={each}", f"devices of a node of {plan.accelerator.name}"),
        Noted("--rdzv-backend=c10d", "the first node keeps the list"),
    ]
    told = [f"# {noted.value}: {noted.note}" for noted in [*start, *_program(plan, recipe, out)]]
    words = [word(noted.value) for noted in start]
    words += ['--rdzv-endpoint="$leader:' + f'{_PORT}"', '--rdzv-id="${SLURM_JOB_ID:-zaphod}"']
    words += [word(noted.value) for noted in _program(plan, recipe, out)]
    body = [': "${leader:?the name of the first node}"']
    if plan.job.stack == "megatron":
        body += [
            f"mapfile -t model < {word(recipe)}  # the model's own flags, one a line",
            # The order in which kernels are launched decides whether transfers hide behind products.
            "export CUDA_DEVICE_MAX_CONNECTIONS=1",
        ]
        words.append('"${model[@]}"')
    heading = [f"Trains {plan.shape.name}: run on every node with leader=NAME-OF-THE-FIRST.", *_facts(plan)]
    return script([*heading, *(line[2:] for line in told)], [], [*body, "exec " + " \\\n    ".join(words)])


def _facts(plan: TrainingPlan) -> list[str]:
    days, step = plan.run.days, plan.step
    return [
        f"Planned: {step.value:.3g} s a step ({step.low:.3g} to {step.high:.3g}), {plan.run.num_steps} steps, "
        f"{days.value:.3g} days ({days.low:.3g} to {days.high:.3g}) on {plan.run.num_devices} devices.",
    ]


def _program(plan: TrainingPlan, recipe: str, out: str) -> list[Noted]:
    if plan.job.stack.startswith("zaphod"):
        return _zaphod(plan, recipe, out)
    if plan.job.stack == "megatron":
        return _megatron(plan, out)
    raise ConfigError(
        f"The training is planned for {plan.job.stack!r}.",
        "Scripts can be written for megatron and zaphod-cpu.",
        "Write the layout into that program's own settings.",
    )


def _zaphod(plan: TrainingPlan, recipe: str, out: str) -> list[Noted]:
    layout = plan.layout
    if max(layout.tensor, layout.pipeline, layout.context) > 1:
        raise ConfigError(
            f"The layout is {layout}.",
            "`zaphod train` has data and expert parallelism only.",
            "Plan with the stack megatron, or with TP1 PP1 CP1.",
        )
    return [
        Noted("-m", "a module"),
        Noted("zaphod", f"its recipe must have: [parallel] expert_ranks = {layout.expert} (plan.layout.expert)"),
        Noted("train", f"and {plan.job.tokens} tokens a step (plan.job.tokens)"),
        Noted(recipe, "the recipe"),
        Noted(f"--out={out}", "checkpoints; the same command goes on from the last one"),
    ]


def _megatron(plan: TrainingPlan, out: str) -> list[Noted]:
    layout, job = plan.layout, plan.job
    interval = max(1, round(plan.run.checkpoint_interval_s / plan.step.value))
    flags = {
        "tensor-model-parallel-size": Noted(layout.tensor, "plan.layout.tensor"),
        "pipeline-model-parallel-size": Noted(layout.pipeline, "plan.layout.pipeline"),
        "context-parallel-size": Noted(layout.context, "plan.layout.context"),
        "expert-model-parallel-size": Noted(layout.expert, "plan.layout.expert"),
        "expert-tensor-parallel-size": Noted(job.expert_tensor, "plan.job.expert_tensor"),
        "micro-batch-size": Noted(job.micro_batch, "plan.job.micro_batch"),
        "global-batch-size": Noted(job.global_batch, "plan.job.global_batch"),
        "seq-length": Noted(job.sequence_length, "plan.job.sequence_length"),
        "train-iters": Noted(plan.run.num_steps, "plan.run.num_steps"),
        "save-interval": Noted(interval, "plan.run.checkpoint_interval_s / plan.step"),
        "save": Noted(out, "checkpoints"),
        "load": Noted(out, "goes on from the last one"),
    }
    if layout.virtual > 1:
        flags["num-layers-per-virtual-pipeline-stage"] = Noted(
            _layers_of_a_piece(plan), "plan.shape.num_layers / (plan.layout.pipeline x plan.layout.virtual)"
        )
    words = [Noted("pretrain_gpt.py", "Megatron-LM's, in the working folder")]
    words += [Noted(f"--{name}={flag.value}", flag.note) for name, flag in flags.items()]
    words += [Noted("--bf16", "plan.job.precision"), Noted("--use-distributed-optimizer", "as memory was planned")]
    if job.precision == "fp8":
        words.append(Noted("--fp8-format=hybrid", "plan.job.precision"))
    if layout.tensor > 1:
        words.append(Noted("--sequence-parallel", "plan.layout.tensor > 1"))
    if job.recompute != "none":
        words.append(Noted(f"--recompute-granularity={job.recompute}", "plan.job.recompute"))
    if job.recompute == "full":
        words += [Noted("--recompute-method=uniform", "all layers"), Noted("--recompute-num-layers=1", "each alone")]
    return words


def _layers_of_a_piece(plan: TrainingPlan) -> int:
    pieces = plan.layout.pipeline * plan.layout.virtual
    if plan.shape.num_layers % pieces:
        raise ConfigError(
            f"{plan.shape.num_layers} layers are cut into {pieces} pieces.",
            "Megatron-LM wants equal pieces of an interleaved schedule.",
            "Choose degrees whose product divides the layers.",
        )
    return plan.shape.num_layers // pieces


def _sbatch(plan: TrainingPlan, options: ManifestOptions) -> str:
    nodes, each = _nodes(plan, options)
    hours, minutes, seconds = (int(part) for part in options.job_time.split(":"))
    limit_h = hours + minutes / 60 + seconds / 3600
    if limit_h == 0:
        raise ConfigError("job_time is 0.", "A job takes longer.", "Like 24:00:00")
    links = ceil(plan.run.days.high * 24 / limit_h)
    directives = [
        Noted(f"--job-name=train-{slug(plan.shape.name)}", "plan.shape.name"),
        Noted(f"--nodes={nodes}", f"plan.layout.num_devices / {each}"),
        Noted("--ntasks-per-node=1", "torchrun starts one process a device"),
        Noted(f"--cpus-per-task={options.cpus_per_device * each}", "ManifestOptions.cpus_per_device x devices"),
        Noted("--exclusive", "the network between the nodes was planned with nobody else's traffic"),
        Noted(f"--time={options.job_time}", "ManifestOptions.job_time"),
        Noted(f"--array=1-{links}%1", f"one after another, until plan.run.days at most: {plan.run.days.high:.3g}"),
        Noted("--requeue", "a job whose node fails begins again, from the last checkpoint"),
    ]
    if not plan.job.stack.startswith("zaphod"):
        directives.insert(3, Noted(f"--gpus-per-node={each}", f"devices of a node of {plan.accelerator.name}"))
    if options.partition:
        directives.append(Noted(f"--partition={options.partition}", "ManifestOptions.partition"))
    body = [
        'read -r leader < <(scontrol show hostnames "$SLURM_JOB_NODELIST")',
        "export leader",
        'exec srun --kill-on-bad-exit=1 bash "$SLURM_SUBMIT_DIR/torchrun.sh"',
    ]
    return script([f"Trains {plan.shape.name}; torchrun.sh lies beside this.", *_facts(plan)], directives, body)
