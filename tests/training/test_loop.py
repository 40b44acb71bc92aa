import json
import random
from pathlib import Path

import pytest
import torch

from zaphod.core.errors import ConfigError
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.transformer import Transformer
from zaphod.training.batches import BatchStream, Document
from zaphod.training.initialise import initialise
from zaphod.training.loop import LoopConfig, Trainer
from zaphod.training.optimiser import Optimiser, OptimiserConfig, in_half_precision
from zaphod.training.schedule import ScheduleConfig

CONFIG = ModelConfig(
    family="zaphod",
    vocab_size=32,
    hidden_size=32,
    num_layers=2,
    num_heads=2,
    num_kv_heads=1,
    head_dim=16,
    context_length=64,
    moe=MoEConfig(router=RouterConfig(num_experts=4, top_k=2, renormalise=True), expert_size=32),
    qk_norm="per_head",
    tie_embeddings=True,
)


def doubled(seed: int, count: int) -> list[Document]:
    """A few documents whose answer is the question said again."""
    rng = random.Random(seed % 3)
    words = [rng.choices(range(4, 32), k=3) for _ in range(4)]
    return [Document([1, *word, 2], [*word, 3]) for word in words * (count // 4 + 1)][:count]


def make_trainer(folder: Path, num_steps: int, *, half: bool = True) -> Trainer:
    model = Transformer(CONFIG)
    initialise(model, CONFIG.num_layers, seed=0)
    if half:
        in_half_precision(model)
    optimiser = Optimiser(model, OptimiserConfig(learning_rate=0.02))
    stream = BatchStream(doubled, 128, 2, seed=0)
    config = LoopConfig(num_steps=num_steps, schedule=ScheduleConfig(warmup_steps=2), num_threads=2)
    return Trainer(model, optimiser, stream, config, folder)


def test_a_tiny_model_learns_a_few_documents_by_heart(tmp_path: Path) -> None:
    reports = make_trainer(tmp_path, 60).run()
    assert reports[0].loss > 3.0
    assert reports[-1].loss < 0.2


class _StopsAt:
    """Progress that interrupts training, as Ctrl-C would, once so many steps are done."""

    def __init__(self, num_steps: int) -> None:
        self._left = num_steps

    def step(self, label: str, total: float, unit: str = "B") -> "_StopsAt":
        return self

    def __enter__(self) -> "_StopsAt":
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def __call__(self, amount: float) -> None:
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt


def test_an_interrupted_run_goes_on_bit_by_bit_as_if_nothing_had_happened(tmp_path: Path) -> None:
    whole = make_trainer(tmp_path / "whole", 8)
    whole.run()
    with pytest.raises(KeyboardInterrupt):
        make_trainer(tmp_path / "cut", 8).run(_StopsAt(3))  # type: ignore[arg-type]
    resumed = make_trainer(tmp_path / "cut", 8)
    assert resumed.step == 3
    resumed.run()
    assert [report.loss for report in resumed.reports] == [report.loss for report in whole.reports]
    for name, parameter in whole.model.named_parameters():
        assert torch.equal(parameter, resumed.model.get_parameter(name))


def test_the_learning_rate_rises_stays_and_falls(tmp_path: Path) -> None:
    shares = [report.rate_share for report in make_trainer(tmp_path, 10).run()]
    assert shares[:3] == [0.5, 1.0, 1.0]
    assert shares[4] == 1.0
    assert shares[5:] == pytest.approx([5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6])


def test_every_step_writes_one_line_of_the_log(tmp_path: Path) -> None:
    make_trainer(tmp_path, 4).run()
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert all(len(line["loads_LE"]) == 2 and len(line["loads_LE"][0]) == 4 for line in lines)


def test_threads_and_attention_are_left_as_they_were(tmp_path: Path) -> None:
    before = torch.get_num_threads(), torch.backends.cuda.flash_sdp_enabled()
    make_trainer(tmp_path, 2).run()
    assert before == (torch.get_num_threads(), torch.backends.cuda.flash_sdp_enabled())


@pytest.mark.parametrize("end", [{}, {"minutes": 1.0, "num_steps": 3}])
def test_exactly_one_end_is_asked_for(end: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="Exactly one"):
        LoopConfig(**end)  # type: ignore[arg-type]


def test_the_clock_ends_a_run_of_minutes(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, 1)
    trainer.config = LoopConfig(minutes=1e-9, num_threads=2)
    assert len(trainer.run()) <= 1
