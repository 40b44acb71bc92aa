import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from zaphod.compute.weights.safetensors import SafetensorsCheckpoint
from zaphod.core.errors import CorruptFileError, MissingTensorError

RANKS = 8
GATE = torch.arange(RANKS * 2 * 3, dtype=torch.float32).reshape(RANKS * 2, 3).to(torch.bfloat16)
DOWN = torch.arange(3 * RANKS * 2, dtype=torch.float32).reshape(3, RANKS * 2).to(torch.bfloat16)
NORM = torch.ones(3, dtype=torch.bfloat16)


@pytest.fixture
def release(tmp_path):
    save_file({"norm": NORM}, tmp_path / "pytorch_model-00000-TP-common.safetensors")
    for rank, (gate, down) in enumerate(zip(GATE.chunk(RANKS, 0), DOWN.chunk(RANKS, 1), strict=True)):
        save_file({"e.w1": gate.contiguous()}, tmp_path / f"pytorch_model-00001-TP-{rank:03d}.safetensors")
        save_file({"e.w2": down.contiguous()}, tmp_path / f"pytorch_model-00002-TP-{rank:03d}.safetensors")
    return tmp_path


def file(release, group, rank):
    return release / f"pytorch_model-{group:05d}-TP-{rank:03d}.safetensors"


def test_slices_come_in_rank_order(release):
    checkpoint = SafetensorsCheckpoint(release)
    gate = np.concatenate([shard.decode() for shard in checkpoint.shards("e.w1")], axis=0)
    down = np.concatenate([shard.decode() for shard in checkpoint.shards("e.w2")], axis=1)
    np.testing.assert_array_equal(gate, GATE.float().numpy())
    np.testing.assert_array_equal(down, DOWN.float().numpy())


def test_every_name_occurs_once(release):
    checkpoint = SafetensorsCheckpoint(release)
    assert checkpoint.names() == ["norm", "e.w1", "e.w2"]
    assert [checkpoint.num_shards(name) for name in checkpoint.names()] == [1, 8, 8]


def test_a_common_tensor_is_whole(release):
    checkpoint = SafetensorsCheckpoint(release)
    np.testing.assert_array_equal(checkpoint.tensor("norm").decode(), np.ones(3))
    assert len(checkpoint.shards("norm")) == 1


@pytest.mark.parametrize("method", ["info", "tensor"])
def test_asking_for_a_sliced_tensor_whole_says_to_use_shards(release, method):
    with pytest.raises(MissingTensorError, match=r"shards\(\)"):
        getattr(SafetensorsCheckpoint(release), method)("e.w1")


@pytest.mark.parametrize("rank", [0, 3, 7])
def test_a_missing_rank_is_named(release, rank):
    file(release, 1, rank).unlink()
    with pytest.raises(MissingTensorError, match=f"pytorch_model-00001-TP-00{rank}"):
        SafetensorsCheckpoint(release)


def test_the_last_rank_missing_from_every_group_is_noticed(release):
    for group in (1, 2):
        file(release, group, 7).unlink()
    with pytest.raises(MissingTensorError, match="TP-007"):
        SafetensorsCheckpoint(release)


@pytest.mark.parametrize("slice_", [torch.ones(2, 4, dtype=torch.bfloat16), torch.ones(2, 3)])
def test_ranks_that_differ_in_shape_or_dtype_are_refused(release, slice_):
    save_file({"e.w1": slice_}, file(release, 1, 5))
    with pytest.raises(CorruptFileError, match=r"'e\.w1' differ.*TP-000.*TP-005"):
        SafetensorsCheckpoint(release)


def test_a_rank_that_lacks_a_tensor_is_named(release):
    save_file({"other": torch.ones(1)}, file(release, 1, 5))
    with pytest.raises(MissingTensorError, match="TP-005"):
        SafetensorsCheckpoint(release)


def test_a_name_in_two_groups_is_refused(release):
    save_file({"e.w1": NORM}, release / "pytorch_model-00003-TP-common.safetensors")
    with pytest.raises(MissingTensorError, match=r"00001-TP-000\S+ and again in \S+00003-TP-common"):
        SafetensorsCheckpoint(release)
