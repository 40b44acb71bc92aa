from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tests.support.parallel_jobs import Job, save_model, tiny_model, train_alone
from tests.support.ranks import RankPool
from tests.support.tiny_models import tiny_config, write_tiny

from zaphod.compute.quant import format_named
from zaphod.core.errors import MissingTensorError
from zaphod.model.files.conversion import convert
from zaphod.model.files.weights import open_model
from zaphod.model.loading import load_transformer
from zaphod.training.checkpoint.consolidation import CheckpointMasters, consolidate
from zaphod.training.checkpoint.folder import CheckpointFolder

WAYS = [Job(expert_ranks=2), Job(parameters="sharded")]


def newest(run: Path) -> Path:
    checkpoint = CheckpointFolder(run / "checkpoints").newest()
    assert checkpoint is not None
    return checkpoint


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    return {name: tensor for file in folder.glob("*.safetensors") for name, tensor in load_file(file).items()}


@pytest.mark.parametrize("job", WAYS, ids=["experts dealt", "sharded"])
@pytest.mark.parametrize("number_format", ["float32", "bfloat16"])
def test_complaint_13_a_mixtral_from_hugging_face_goes_through_two_ranks_and_back_byte_for_byte(
    two_ranks: RankPool, tmp_path: Path, job: Job, number_format: str
) -> None:
    config = tiny_config("mixtral")
    with open_model(write_tiny(tmp_path / "packed", config, number_format=format_named(number_format))) as source:
        convert(source, "safetensors", tmp_path / "theirs")
    two_ranks.run(save_model, str(tmp_path / "theirs"), str(tmp_path / "run"), job)
    masters = CheckpointMasters(newest(tmp_path / "run"))
    ledger = consolidate(masters, config, None, tmp_path / "ours", matrices=number_format)
    with open_model(tmp_path / "ours") as ours:
        convert(ours, "safetensors", tmp_path / "back")
    theirs, back = tensors(tmp_path / "theirs"), tensors(tmp_path / "back")
    assert theirs.keys() == back.keys()
    assert any("block_sparse_moe.experts.3.w2" in name for name in theirs)
    for name, tensor in theirs.items():
        assert tensor.dtype == back[name].dtype, name
        assert torch.equal(tensor.view(torch.uint8), back[name].view(torch.uint8)), name
    assert {entry.name for entry in ledger} == set(masters)


def test_complaint_13_the_ledger_tells_every_tensor_and_its_pieces(two_ranks: RankPool, tmp_path: Path) -> None:
    config = tiny_config("mixtral")
    write_tiny(tmp_path / "packed", config)
    two_ranks.run(save_model, str(tmp_path / "packed"), str(tmp_path / "run"), Job(expert_ranks=2))
    ledger = consolidate(CheckpointMasters(newest(tmp_path / "run")), config, None, tmp_path / "ours")
    lines = {entry.name: entry.line() for entry in ledger}
    assert lines["layers.0.moe.experts.gate"].endswith("4 x 32 x 64  2 pieces -> bfloat16, 16384 bytes")
    assert lines["norm.weight"].endswith("64  1 piece -> float32, 256 bytes")


def test_a_consolidated_model_answers_like_the_trained_one(tmp_path: Path) -> None:
    trained = train_alone(Job(num_steps=2, folder=str(tmp_path / "run")))
    config = tiny_model(Job()).config
    consolidate(CheckpointMasters(newest(tmp_path / "run")), config, None, tmp_path / "ours", matrices="float32")
    with open_model(tmp_path / "ours") as weights:
        model = load_transformer(weights, torch.float32)
    torch.testing.assert_close(
        model.forward_sequences(torch.arange(1, 25).view(2, 12)), trained.logits, atol=1e-5, rtol=1e-4
    )


def test_another_model_is_refused(tmp_path: Path) -> None:
    train_alone(Job(num_steps=1, folder=str(tmp_path / "run")))
    with pytest.raises(MissingTensorError, match=r"lacks \[head\.weight\]"):
        consolidate(CheckpointMasters(newest(tmp_path / "run")), tiny_config("mixtral"), None, tmp_path / "ours")
