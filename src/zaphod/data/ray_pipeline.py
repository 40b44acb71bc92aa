"""Stages of a build on Ray Data: the same segments in actors, on this machine or a cluster; knows no stage.

The driver reads the sources and keeps order; the actors sort out, change and encode. Stages that remember stay with the
driver. Slices travel in windows, so that memory is bounded however large the sources are, and results are those of one
process: each slice is worked on whole, and comes back in its place.
"""

from __future__ import annotations

import itertools
import os
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from zaphod.core.errors import MissingExtraError
from zaphod.data.slices import Segment, Slice


@dataclass(frozen=True, kw_only=True)
class RayExecutor:
    """The executor that `Build.run` takes.

    Args:
        num_workers: actors; None asks the cluster for its cores and leaves one to the driver.
        slices_per_worker: of a window; more hide the wait between windows, and take more memory.
    """

    num_workers: int | None = None
    slices_per_worker: int = 8

    def __call__(self, segment: Segment, slices: Iterator[Slice]) -> Iterator[Slice]:
        ray, data = _ray()
        if not ray.is_initialized():
            # RAY_ADDRESS names a cluster; without it Ray starts here. Its own lines would stand between ours.
            ray.init(log_to_driver=False, logging_level="error", include_dashboard=False)
        data.DataContext.get_current().execution_options.preserve_order = True
        data.DataContext.get_current().enable_progress_bars = False
        num_workers = self.num_workers or max(1, int(ray.cluster_resources().get("CPU", os.cpu_count() or 1)) - 1)
        size = num_workers * self.slices_per_worker
        while window := list(itertools.islice(slices, size)):
            yield from self._window(data, segment, window, num_workers)

    def _window(self, data: Any, segment: Segment, window: list[Slice], num_workers: int) -> Iterator[Slice]:
        num_workers = min(num_workers, len(window))
        rows = [{"slice": pickle.dumps(part)} for part in window]
        worked = data.from_items(rows, override_num_blocks=len(rows)).map_batches(
            _Worker,
            fn_constructor_args=(segment,),
            batch_size=1,
            batch_format="numpy",
            compute=data.ActorPoolStrategy(size=num_workers),
        )
        for row in worked.iter_rows():
            part: Slice = pickle.loads(row["slice"])  # written by our own worker a moment ago
            yield part


class _Worker:
    """An actor: builds the segment's stages once, then works on one slice after the other."""

    def __init__(self, segment: Segment) -> None:
        self._segment = segment

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        return {"slice": [pickle.dumps(self._segment(pickle.loads(part))) for part in batch["slice"]]}


def _ray() -> tuple[Any, Any]:
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtraError("Ray Data", "ray") from error
    return ray, ray.data
