"""A training run as a job of Ray Train; knows Ray and how a run is started, nothing of training.

Every worker calls the same function as a process of `torchrun`. Ray places the workers, tells them who they are, and
starts them again when one is lost: they then go on from the run's last checkpoint, with as many workers as there are.
The folder of the run must be the same for all of them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zaphod.core.errors import ConfigError, MissingExtraError, ZaphodError
from zaphod.training.config import TrainingConfig

try:
    import ray.train
    from ray.train.torch import TorchConfig, TorchTrainer
except ImportError as error:
    raise MissingExtraError("Ray", "ray") from error

_RESULT = "result.json"  # Ray keeps what workers report only together with checkpoints of its own


@dataclass(frozen=True, kw_only=True)
class RayConfig:
    """What Ray gives to a run."""

    num_workers: int
    gpus: bool = False
    """One GPU for each worker."""
    cpus_per_worker: int = 1
    max_failures: int = 2
    """How often lost workers are replaced before the run is given up."""

    def __post_init__(self) -> None:
        if self.num_workers < 1 or self.cpus_per_worker < 1 or self.max_failures < 0:
            raise ConfigError(
                f"num_workers is {self.num_workers}, cpus_per_worker {self.cpus_per_worker}, max_failures "
                f"{self.max_failures}.",
                "The first two are at least 1, the last is at least 0.",
                "Mend them.",
            )


def train_on_ray(config: TrainingConfig, folder: Path, workers: RayConfig) -> dict[str, Any]:
    """Run a training on the cluster that `ray.init` found; what it came to, as `RunResult.plain` says it.

    Args:
        config: of the run, as for one process.
        folder: of the run, on a disk that every worker sees.
        workers: how many, and on what.

    Raises:
        ZaphodError: the run failed more often than `max_failures`.
    """
    resources = {"CPU": workers.cpus_per_worker, **({"GPU": 1} if workers.gpus else {})}
    trainer = TorchTrainer(
        _work,
        train_loop_config={"config": config, "folder": str(folder.absolute())},
        torch_config=TorchConfig(
            backend="cpu:gloo,cuda:nccl" if workers.gpus else "gloo", timeout_s=int(config.parallel.timeout_s)
        ),
        scaling_config=ray.train.ScalingConfig(
            num_workers=workers.num_workers, use_gpu=workers.gpus, resources_per_worker=resources
        ),
        run_config=ray.train.RunConfig(
            name="ray",
            storage_path=str(folder.absolute()),
            failure_config=ray.train.FailureConfig(max_failures=workers.max_failures),
        ),
    )
    result = trainer.fit()
    if result.error is not None:
        raise ZaphodError(f"The run on Ray failed: {result.error}.", "", "Start it again: it goes on where it stopped.")
    came_to: dict[str, Any] = json.loads((folder / _RESULT).read_text("utf-8"))
    return came_to


def _work(parts: dict[str, Any]) -> None:
    """In a worker, which Ray has made a rank of its process group."""
    from zaphod.training.run import train

    folder = Path(parts["folder"])
    result = train(parts["config"], folder)
    if ray.train.get_context().get_world_rank() == 0:
        (folder / _RESULT).write_text(json.dumps(result.plain(), indent=1) + "\n", encoding="utf-8")
