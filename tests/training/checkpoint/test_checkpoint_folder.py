import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from zaphod.core.errors import CorruptFileError, MissingTensorError
from zaphod.training.checkpoint.folder import CheckpointFolder, read_rest, tensor_shapes


def tensors(value: float) -> dict[str, torch.Tensor]:
    return {"masters.a": torch.full((3, 2), value), "masters.b": torch.full((4,), value)}


def loaded(folder: Path) -> tuple[dict[str, torch.Tensor], dict[str, object] | None]:
    found = tensors(0.0)
    return found, CheckpointFolder(folder).load(found)


def test_what_was_saved_comes_back(tmp_path: Path) -> None:
    CheckpointFolder(tmp_path).save(7, tensors(7.0), {"seconds": 1.5, "random": torch.get_rng_state()})
    found, rest = loaded(tmp_path)
    assert all(torch.equal(found[name], value) for name, value in tensors(7.0).items())
    assert rest is not None
    assert rest["seconds"] == 1.5


def test_an_empty_folder_has_no_checkpoint(tmp_path: Path) -> None:
    assert loaded(tmp_path / "nowhere")[1] is None


def test_the_newest_checkpoint_counts_and_older_ones_go(tmp_path: Path) -> None:
    folder = CheckpointFolder(tmp_path, num_kept=2)
    for step in (9, 10, 101):
        folder.save(step, tensors(step), {})
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["step-00000010", "step-00000101"]
    assert loaded(tmp_path)[0]["masters.b"][0] == 101


def test_a_step_can_be_saved_twice(tmp_path: Path) -> None:
    for value in (1.0, 2.0):
        CheckpointFolder(tmp_path).save(5, tensors(value), {})
    assert loaded(tmp_path)[0]["masters.b"][0] == 2.0
    assert len(list(tmp_path.iterdir())) == 1


def test_another_shape_is_refused(tmp_path: Path) -> None:
    CheckpointFolder(tmp_path).save(1, tensors(1.0), {})
    with pytest.raises(MissingTensorError, match=r"masters\.b of shape \(4,\)"):
        CheckpointFolder(tmp_path).load({"masters.b": torch.zeros(5)})
    with pytest.raises(MissingTensorError, match=r"no masters\.c"):
        CheckpointFolder(tmp_path).load({"masters.c": torch.zeros(5)})


def test_a_damaged_checkpoint_is_called_damaged(tmp_path: Path) -> None:
    saved = CheckpointFolder(tmp_path).save(1, tensors(1.0), {})
    (saved / ".metadata").write_bytes(b"no pickle")
    with pytest.raises(CorruptFileError, match="no readable checkpoint"):
        tensor_shapes(saved)
    (saved / "rest.pt").unlink()
    with pytest.raises(CorruptFileError, match=r"rest\.pt"):
        read_rest(saved)


SAVES_FOREVER = """
import sys, pathlib, torch
from zaphod.training.checkpoint.folder import CheckpointFolder
folder, step = CheckpointFolder(pathlib.Path(sys.argv[1])), 0
while True:
    step += 1
    folder.save(step, {f"masters.{n}": torch.full((256, 256), float(step)) for n in range(8)}, {"step": step})
    print(step, flush=True)
"""


def test_a_program_killed_while_it_saves_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    newest = 0
    program = [sys.executable, "-c", SAVES_FOREVER, str(tmp_path)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as saving:
        assert saving.stdout is not None
        while newest < 3:
            newest = int(saving.stdout.readline())
        _wait_for(lambda: any(tmp_path.glob("*.partial/*.distcp")))
        saving.send_signal(signal.SIGKILL)
    found = {f"masters.{n}": torch.zeros(256, 256) for n in range(8)}
    rest = CheckpointFolder(tmp_path).load(found)
    assert rest is not None
    assert rest["step"] >= newest
    assert all(bool((tensor == rest["step"]).all()) for tensor in found.values())
    CheckpointFolder(tmp_path).save(10**6, tensors(1.0), {})
    assert [path.name for path in tmp_path.iterdir()] == ["step-01000000"]


def _wait_for(condition: "object") -> None:
    deadline_s = time.monotonic() + 60
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline_s
        os.sched_yield()
