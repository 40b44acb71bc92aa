"""Ranks that are processes of torch.distributed, gloo on CPUs and nccl on GPUs; knows groups, not models.

Started by `torchrun` or by `training.parallel.launch`: both say in the environment who is who.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.device_mesh import DeviceMesh

from zaphod.core.errors import ConfigError, UnavailableError
from zaphod.training.parallel.config import ParallelConfig
from zaphod.training.parallel.launch import watch_starter
from zaphod.training.parallel.ranks import Part

# NOTE: gloo reports a closed connection as a plain RuntimeError that names its own source files.
_MARKS_OF_SILENCE = ("gloo", "Connection closed", "Connection reset", "Timed out waiting", "pair closure")


class ProcessRanks:
    """This process among those of the run.

    Args:
        config: how the model is dealt.
        device: where this rank computes.
    """

    def __init__(self, config: ParallelConfig, device: torch.device) -> None:
        self.config, self.device = config, device
        self.rank, self.size = dist.get_rank(), dist.get_world_size()
        if self.size % config.expert_ranks:
            raise ConfigError(
                f"The experts are dealt over {config.expert_ranks} ranks, and the run has {self.size}.",
                "The number of ranks is a multiple of expert_ranks.",
                f"Set expert_ranks to a divisor of {self.size}.",
            )
        # Ranks of one group of experts are neighbours: they exchange most, and neighbours share a machine.
        # Experts come first among the dimensions, so that a stack is cut by expert before its copies cut it further.
        numbers = torch.arange(self.size)
        self.world = DeviceMesh(device.type, numbers, mesh_dim_names=("world",))
        self.mesh = DeviceMesh(
            device.type, numbers.view(-1, config.expert_ranks).T, mesh_dim_names=("experts", "copies")
        )

    def share(self, parts: Sequence[Part]) -> list[Part]:
        if len(parts) % self.size:
            raise ConfigError(
                f"A step has {len(parts)} parts, and there are {self.size} ranks.",
                "Every rank computes as many parts as every other.",
                f"Make the number of parts a multiple of {self.size}.",
            )
        return list(parts[self.rank :: self.size])

    def totals(self, values: Tensor) -> Tensor:
        return self._together(values, dist.ReduceOp.SUM)

    def maxima(self, values: Tensor) -> Tensor:
        return self._together(values, dist.ReduceOp.MAX)

    def any(self, flag: bool) -> bool:
        return bool(self.maxima(torch.tensor(int(flag))))

    def all(self, flag: bool) -> bool:
        return not self.any(not flag)

    def barrier(self) -> None:
        self.totals(torch.zeros(1))

    def _together(self, values: Tensor, operation: dist.ReduceOp.RedOpType) -> Tensor:
        on_device = values.detach().to(self.device, copy=True)
        with answered():
            dist.all_reduce(on_device, operation)
        return on_device.to(values.device)


@contextmanager
def process_ranks(config: ParallelConfig) -> Iterator[ProcessRanks]:
    """Join the other processes of the run; leave them at the end.

    Raises:
        ConfigError: this process was not started as a rank, or the numbers do not divide.
        UnavailableError: another rank is gone.
    """
    if "RANK" not in os.environ:
        raise ConfigError(
            "This process was not started as a rank.",
            "RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT are in the environment of a rank.",
            "Start it with torchrun, or with --processes.",
        )
    device = own_device()
    if dist.is_initialized():  # by Ray Train, which ends it, too
        yield ProcessRanks(config, device)
        return
    watch_starter()
    with answered():
        # What lies in main memory (checkpoints, flags) travels by gloo on machines with GPUs too.
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
        dist.init_process_group(backend, timeout=timedelta(seconds=config.timeout_s))
    try:
        yield ProcessRanks(config, device)
    finally:
        dist.destroy_process_group()


def own_device() -> torch.device:
    """The GPU of this rank's number on its machine; the CPU where there is none."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(device)
    return device


@contextmanager
def answered() -> Iterator[None]:
    """Say in plain words that another rank is gone, or silent for too long."""
    try:
        yield
    except dist.DistError as error:
        raise _gone(error) from error
    except RuntimeError as error:
        if any(
            mark in str(error)
            for mark in ("gloo", "Connection closed", "Connection reset", "Timed out waiting", "pair closure")
        ):
            raise _gone(error) from error
        raise


def _gone(error: Exception) -> UnavailableError:
    reason = re.sub(r"^\[[^\]]*\] ", "", str(error).splitlines()[0])  # without a place in gloo's source
    return UnavailableError(
        f"Another rank does not answer ({reason[:200]}).",
        "All ranks of a run live until its end.",
        "Look for the first error among the ranks' messages; then start the run again: it goes on from its checkpoint.",
    )
