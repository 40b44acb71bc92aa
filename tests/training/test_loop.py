import dataclasses
import json
import os
import random
import signal
from pathlib import Path

import pytest
import torch

from zaphod.core.errors import ConfigError, CorruptFileError, ZaphodError
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.transformer import Transformer
from zaphod.training.balance import BalanceConfig, Method
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


@pytest.mark.parametrize("method", ["aux", "bias", "quantile"])
def test_however_often_a_run_is_interrupted_it_comes_to_the_same_numbers(tmp_path: Path, method: Method) -> None:
    def make(folder: Path) -> Trainer:
        router = RouterConfig(num_experts=4, top_k=2, score="sigmoid", selection_bias=method != "aux")
        moe = MoEConfig(router=router, expert_size=32)
        model = Transformer(dataclasses.replace(CONFIG, moe=moe))
        initialise(model, CONFIG.num_layers, seed=0)
        optimiser = Optimiser(model, OptimiserConfig(learning_rate=0.02, state_format="bfloat16"))
        config = LoopConfig(num_steps=7, balance=BalanceConfig(method=method, noise_std=0.5), seed=3)
        return Trainer(model, optimiser, BatchStream(doubled, 128, 2, seed=0), config, folder)

    whole = make(tmp_path / "whole")
    whole.run()
    for steps_before_the_next in (1, 3, 2):
        with pytest.raises(KeyboardInterrupt):
            make(tmp_path / "cut").run(_StopsAt(steps_before_the_next))  # type: ignore[arg-type]
    resumed = make(tmp_path / "cut")
    assert resumed.step == 6
    resumed.run()
    assert (tmp_path / "cut/log.jsonl").read_text().count("\n") == 7
    assert [report.loss for report in resumed.reports] == [report.loss for report in whole.reports]
    for name, parameter in whole.model.named_parameters():
        assert torch.equal(parameter, resumed.model.get_parameter(name)), name


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_behind_the_step_at_hand(tmp_path: Path, number: signal.Signals) -> None:
    trainer = make_trainer(tmp_path, 8, half=False)
    trainer.observers.append(lambda report: os.kill(os.getpid(), number) if report.step == 2 else None)
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        trainer.run()
    assert make_trainer(tmp_path, 8, half=False).step == 2
    assert signal.getsignal(number) is before


def test_an_outlier_is_skipped_counted_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trainer = make_trainer(tmp_path, 6, half=False)
    trainer.watch.load_state({"num_broken": 0, "histories": [[-9.0] * 40, [-9.0] * 40]})
    reports = trainer.run()
    assert all("against a median" in str(report.skipped) for report in reports)
    assert (trainer.step, trainer.optimiser.num_steps) == (6, 0)
    assert "step 1 skipped" in caplog.text


def test_broken_gradients_are_refused_in_the_end(tmp_path: Path) -> None:
    trainer = make_trainer(tmp_path, 60, half=False)
    with torch.no_grad():
        trainer.model.get_parameter("norm.weight").fill_(torch.nan)
    with pytest.raises(ZaphodError, match="11 steps in a row"):
        trainer.run()


def test_what_stands_behind_the_checkpoint_in_the_log_is_cut_off(tmp_path: Path) -> None:
    make_trainer(tmp_path, 3, half=False).run()
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"step": 4}\n{"step')
    assert make_trainer(tmp_path, 4, half=False).step == 3


def test_a_log_that_lacks_steps_is_refused(tmp_path: Path) -> None:
    make_trainer(tmp_path, 3, half=False).run()
    (tmp_path / "log.jsonl").write_text("")
    with pytest.raises(CorruptFileError, match="0 lines"):
        make_trainer(tmp_path, 4, half=False)


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
