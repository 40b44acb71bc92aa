"""One arm of `benchmarks.training_speed` in a process of its own: trains some steps and prints what they took, as JSON.

    python -m benchmarks.training_arms ours --threads 2 --steps 5

Every arm begins with the same weights, sees the same batches and learns by AdamW with the same settings.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.common import own_peak_bytes
from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
from zaphod.model.transformer import Transformer
from zaphod.training.balance import BalanceConfig
from zaphod.training.batches import Batch, Group
from zaphod.training.initialise import initialise
from zaphod.training.loop import LoopConfig, Trainer
from zaphod.training.optimiser import Optimiser, OptimiserConfig, in_half_precision
from zaphod.training.schedule import ScheduleConfig

CONFIG = ModelConfig(
    family="zaphod",
    vocab_size=4096,
    hidden_size=256,
    num_layers=6,
    num_heads=4,
    num_kv_heads=4,
    head_dim=64,
    context_length=512,
    moe=MoEConfig(router=RouterConfig(num_experts=8, top_k=2, renormalise=True), expert_size=512),
    activation="silu",
    tie_embeddings=True,
)
DENSE = replace(CONFIG, moe=None, dense_size=1024)
"""As many numbers multiplied for a token as in two experts."""

ARMS = ("ours", "dense", "transformers", "transformers-grouped", "gemm")
_RATE, _BETAS, _DECAY, _NORM = 1e-3, (0.9, 0.95), 0.1, 1.0


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Tokens of a step."""

    num_sequences: int
    length: int


def tokens(step: int, shape: Shape) -> Tensor:
    """[B, T + 1] ids that can be learnt: most tokens have one usual follower, the rest are drawn at random."""
    generator = torch.Generator().manual_seed(step)
    follower_V = torch.randperm(CONFIG.vocab_size, generator=torch.Generator().manual_seed(0))
    size = (shape.length + 1, shape.num_sequences)
    drawn = (torch.rand(size, generator=generator) ** 3 * CONFIG.vocab_size).long()
    follows = torch.rand(size, generator=generator) < 0.7
    rows = [drawn[0]]
    for n in range(1, shape.length + 1):
        rows.append(torch.where(follows[n], follower_V[rows[-1]], drawn[n]))
    return torch.stack(rows, dim=1)


@dataclass
class Stream:
    """The batches, cut into parts."""

    shape: Shape
    num_parts: int

    def batches(self, first: int = 0) -> Iterator[list[Batch]]:
        while True:
            yield [self._batch(part) for part in tokens(first, self.shape).chunk(self.num_parts)]
            first += 1

    def _batch(self, ids_BT: Tensor) -> Batch:
        num, length = len(ids_BT), self.shape.length
        return Batch(
            token_ids_T=ids_BT[:, :-1].reshape(-1),
            positions_T=torch.arange(length).repeat(num),
            rows_R=torch.arange(num * length),
            targets_R=ids_BT[:, 1:].reshape(-1),
            groups=(Group(num, length),),
        )


@dataclass
class Step:
    """What one step took."""

    loss: float
    wall_s: float
    cpu_s: float
    waited_s: float
    """Time that threads were ready to run and no processor was free."""


def waited_s() -> float:
    """Of all threads that live."""
    files = Path("/proc/self/task").glob("*/schedstat")
    return sum(int(file.read_text().split()[1]) for file in files) / 1e9


class Clock:
    """Measures steps that somebody else takes."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._last = (time.perf_counter(), time.process_time(), waited_s())

    def tick(self, loss: float) -> None:
        now = (time.perf_counter(), time.process_time(), waited_s())
        self.steps.append(Step(loss, *(b - a for a, b in zip(self._last, now, strict=True))))
        self._last = now


def train_ours(config: ModelConfig, shape: Shape, num_steps: int, threads: int, half: bool) -> list[Step]:
    """Through the trainer, one part for each thread."""
    model = _weights(config)
    if half:
        in_half_precision(model)
    rules = OptimiserConfig(
        rule="adamw", learning_rate=_RATE, weight_decay=_DECAY, max_gradient_norm=_NORM, betas=_BETAS
    )
    loop = LoopConfig(
        num_steps=num_steps,
        num_threads=threads,
        schedule=ScheduleConfig(warmup_steps=1, floor=1.0),
        balance=BalanceConfig(method="none", z_weight=0.0),
    )
    with tempfile.TemporaryDirectory() as folder:
        clock = Clock()
        optimiser, stream = Optimiser(model, rules), Stream(shape, max(threads, 2))
        Trainer(model, optimiser, stream, loop, Path(folder), [lambda report: clock.tick(report.loss)]).run()
    return clock.steps


def train_transformers(implementation: str, shape: Shape, num_steps: int, threads: int, half: bool) -> list[Step]:
    """MixtralForCausalLM under autocast with float32 weights and the fused AdamW."""
    torch.set_num_threads(threads)
    model = mixtral(implementation)
    decayed = [p for name, p in model.named_parameters() if p.ndim > 1 and "embed_tokens" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim == 1 or "embed_tokens" in name]
    groups = [{"params": decayed, "weight_decay": _DECAY}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=_RATE, betas=_BETAS, eps=1e-8, fused=True)
    clock = Clock()
    for step in range(num_steps):
        ids = tokens(step, shape)
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            logits = model(input_ids=ids[:, :-1], use_cache=False).logits
        loss = nn.functional.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten())
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), _NORM)
        optimiser.step()
        clock.tick(loss.item())
    return clock.steps


def mixtral(implementation: str) -> nn.Module:
    """The same network with the same weights."""
    from transformers import MixtralConfig, MixtralForCausalLM

    assert CONFIG.moe is not None
    config = MixtralConfig(
        vocab_size=CONFIG.vocab_size,
        hidden_size=CONFIG.hidden_size,
        intermediate_size=CONFIG.moe.expert_size,
        num_hidden_layers=CONFIG.num_layers,
        num_attention_heads=CONFIG.num_heads,
        num_key_value_heads=CONFIG.num_kv_heads,
        max_position_embeddings=CONFIG.context_length,
        rms_norm_eps=CONFIG.rms_norm_epsilon,
        rope_parameters={"rope_type": "default", "rope_theta": CONFIG.rope_theta},
        num_local_experts=CONFIG.moe.router.num_experts,
        num_experts_per_tok=CONFIG.moe.router.top_k,
        tie_word_embeddings=True,
        sliding_window=None,
        pad_token_id=None,
    )
    model = MixtralForCausalLM._from_config(config, experts_implementation=implementation)
    assert model.config._experts_implementation == implementation
    names = {"model.embed_tokens.weight": "embedding.weight", "model.norm.weight": "norm.weight"}
    ours = dict(_weights(CONFIG).named_parameters())
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(_ours_of(names.get(name, name), ours))
    return model.train()


def _ours_of(name: str, ours: dict[str, nn.Parameter]) -> Tensor:
    for theirs, mine in (
        ("model.layers.", "layers."),
        ("input_layernorm", "attention_norm"),
        ("post_attention_layernorm", "ffn_norm"),
        ("self_attn", "attention"),
        ("mlp.gate.weight", "moe.router.weight"),
        ("mlp.experts.down_proj", "moe.experts.down"),
    ):
        name = name.replace(theirs, mine)
    if name.endswith("mlp.experts.gate_up_proj"):
        prefix = name.removesuffix("mlp.experts.gate_up_proj") + "moe.experts."
        return torch.cat((ours[prefix + "gate"], ours[prefix + "up"]), dim=1)
    return ours[name]


def _weights(config: ModelConfig) -> Transformer:
    model = Transformer(config)
    initialise(model, config.num_layers, seed=0)
    return model


def gemm_flops(threads: int) -> float:
    """The best of bfloat16 products of 2048 and 4096 rows and columns, in operations a second."""
    torch.set_num_threads(threads)
    best = 0.0
    for size, repetitions in ((2048, 8), (4096, 3)):
        a, b = (torch.randn(size, size).bfloat16() for _ in range(2))
        for _ in range(repetitions):
            start_s = time.perf_counter()
            nn.functional.linear(a, b)
            best = max(best, 2 * size**3 / (time.perf_counter() - start_s))
    return best


def main() -> None:
    """Run the arm named."""
    parser = argparse.ArgumentParser()
    parser.add_argument("arm", choices=ARMS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=4)
    parser.add_argument("--sequences", type=int, default=32)
    parser.add_argument("--length", type=int, default=256)
    parser.add_argument("--float32", action="store_true")
    chosen = parser.parse_args()
    if chosen.arm == "gemm":
        print(json.dumps({"flops": gemm_flops(chosen.threads)}))
        return
    base_bytes = own_peak_bytes()
    arguments = (Shape(num_sequences=chosen.sequences, length=chosen.length), chosen.steps, chosen.threads)
    arms: dict[str, Callable[[], list[Step]]] = {
        "ours": lambda: train_ours(CONFIG, *arguments, not chosen.float32),
        "dense": lambda: train_ours(DENSE, *arguments, not chosen.float32),
        "transformers": lambda: train_transformers("eager", *arguments, not chosen.float32),
        "transformers-grouped": lambda: train_transformers("grouped_mm", *arguments, not chosen.float32),
    }
    steps = arms[chosen.arm]()
    print(json.dumps({"steps": [vars(step) for step in steps], "peak_bytes": own_peak_bytes() - base_bytes}))


if __name__ == "__main__":
    main()
