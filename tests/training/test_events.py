from pathlib import Path

import pytest

from zaphod.core.errors import MissingExtraError
from zaphod.training import events
from zaphod.training.events import Events
from zaphod.training.reports import StepReport

REPORT = StepReport(
    step=1,
    seconds=1.0,
    loss=2.5,
    rate_share=1.0,
    num_tokens=10,
    gradient_norm=1.0,
    skipped=None,
    max_violation=0.5,
    entropy=0.9,
    num_dead=0,
    loads_LE=((0.75, 0.25),),
)


def test_what_is_written_can_be_read_back(tmp_path: Path) -> None:
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    writer = Events(tmp_path)
    for step in (1, 2):
        writer(REPORT._replace(step=step, loss=3.0 - step))
    writer.close()
    read = event_accumulator.EventAccumulator(str(tmp_path))
    read.Reload()
    assert [(event.step, event.value) for event in read.Scalars("loss")] == [(1, 2.0), (2, 1.0)]
    assert read.Scalars("max_violation/layer 0")[0].value == 0.5


def test_without_tensorboard_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "is_installed", lambda: False)
    with pytest.raises(MissingExtraError, match="zaphod\\[train\\]"):
        Events(tmp_path)
