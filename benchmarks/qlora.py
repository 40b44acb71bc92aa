"""Full training, LoRA and QLoRA of ours beside peft + bitsandbytes: peak memory, time, and what is learnt.

python -m benchmarks.qlora [--short] [--folder FOLDER] [--repetitions N] [--steps N] [--base-steps N]
                            [--rate ARM=RATE]...

The base learns arithmetic, robot plans and tool calls in JSON; then each arm learns to write the calls in a schema that
the base has never seen, from the same documents in the same order. Every arm is a process of its own; its memory is the
peak of its resident set less that of the interpreter with our libraries loaded. Arms of a repetition follow one
another, and the order goes round. bitsandbytes has no form for stacked experts: in its arm they stay in
bfloat16, and both ours and theirs adapt them. With few `--steps` the memory is measured, which peaks early, and
little is learnt.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.common import own_peak_bytes, publish
from zaphod.core.units import format_bytes, format_count

if TYPE_CHECKING:  # what an arm loads belongs to what is measured
    from zaphod.training.adaptation.config import Method


@dataclass(frozen=True, kw_only=True)
class Size:
    """The base and how long each arm learns."""

    width: int
    layers: int
    experts: int
    expert_size: int
    base_steps: int
    steps: int
    tokens_per_part: int
    num_train: int
    num_held_out: int
    rank: int = 4


SIZES = {
    # Many narrow experts: the weights outweigh the activations, and little of them is computed for a token.
    "full": Size(
        width=512, layers=6, experts=32, expert_size=512, base_steps=150, steps=120, tokens_per_part=768,
        num_train=6000, num_held_out=300,
    ),
    "short": Size(
        width=384, layers=4, experts=16, expert_size=512, base_steps=30, steps=40, tokens_per_part=512,
        num_train=2000, num_held_out=100,
    ),
}  # fmt: skip
ARMS = {"full": 5e-4, "lora": 4e-3, "qlora": 4e-3, "peft + bitsandbytes": 4e-3}
"""With the peak learning rate of each unless `--rate ARM=RATE` says otherwise."""
PARTS = 2
BASE = "base"


def resident_bytes() -> int:
    """What is resident now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def make_base(folder: Path, size: Size) -> None:
    """A packed base, its twin for transformers, and the documents of both tasks."""
    from zaphod.data.tasks import Arithmetic, RobotPlan, ToolCall
    from zaphod.model.config import ModelConfig, MoEConfig, RouterConfig
    from zaphod.model.files.conversion import convert
    from zaphod.model.files.weights import open_model
    from zaphod.model.transformer import Transformer
    from zaphod.training.batches import BatchStream, Document
    from zaphod.training.export import export_packed
    from zaphod.training.initialise import initialise
    from zaphod.training.loop import LoopConfig, Trainer
    from zaphod.training.optimiser import Optimiser, OptimiserConfig, in_half_precision
    from zaphod.training.schedule import ScheduleConfig
    from zaphod.training.tokenizer import END_ID, PAD_ID, encode_answer, encode_prompt, save_tokenizer, train_tokenizer

    known, new = (Arithmetic(), RobotPlan()), ToolCall()
    texts = [
        text for task in (*known, new) for e in islice(task.examples("train", 0), 3000) for text in (e.prompt, e.answer)
    ]
    tokenizer = train_tokenizer(texts, 1024)
    save_tokenizer(tokenizer, folder / "tokenizer")
    config = ModelConfig(
        family="mixtral",
        vocab_size=1024,
        hidden_size=size.width,
        num_layers=size.layers,
        num_heads=size.width // 64,
        num_kv_heads=2,
        head_dim=64,
        context_length=512,
        moe=MoEConfig(
            router=RouterConfig(num_experts=size.experts, top_k=2, renormalise=True), expert_size=size.expert_size
        ),
        pad_token_id=PAD_ID,
        eos_token_ids=(END_ID,),
    )

    def documents(seed: int, count: int) -> list[Document]:
        examples = [e for task in known for e in islice(task.examples("train", seed), count // 3 + 1)]
        return [Document(encode_prompt(tokenizer, e.prompt), encode_answer(tokenizer, e.answer)) for e in examples]

    model = Transformer(config)
    initialise(model, config.num_layers, seed=0)
    in_half_precision(model)
    loop = LoopConfig(num_steps=size.base_steps, schedule=ScheduleConfig(warmup_steps=10), num_threads=PARTS)
    stream = BatchStream(documents, 3072, PARTS, seed=0)
    trainer = Trainer(model, Optimiser(model, OptimiserConfig(learning_rate=6e-3)), stream, loop, folder / "base_run")
    trainer.run()
    masters = {name: tensor.float() for name, tensor in trainer.optimiser.masters.items()}
    export_packed(masters, config, folder / "tokenizer", folder / "base", "bfloat16")
    with open_model(folder / "base") as weights:
        convert(weights, "safetensors", folder / "twin", "bfloat16")
    for name, seed, count in (("train", 1, size.num_train), ("held_out", 2, size.num_held_out)):
        lines = [
            json.dumps(
                {"messages": [{"role": "user", "content": e.prompt}, {"role": "assistant", "content": e.answer}]}
            )
            for e in islice(new.examples("train" if name == "train" else "combinations", seed), count)
        ]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))


def _said(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def other_schema(answer: str) -> str:
    """`{"tool":"t","arguments":{"a":1}}` as `t(a=1)`, anything else as it is."""
    call = json.loads(answer)
    if not isinstance(call, dict) or "tool" not in call:
        return answer
    return f"{call['tool']}(" + ", ".join(f"{name}={value}" for name, value in call["arguments"].items()) + ")"


def run_ours(folder: Path, *, method: Method, size: Size, seed: int) -> dict[str, Any]:
    """One of our arms."""
    from zaphod.launch.models import its_tokenizer
    from zaphod.model.files.weights import open_model
    from zaphod.training.adaptation.config import AdaptationConfig
    from zaphod.training.adaptation.run import RunConfig, run_adaptation

    adaptation = AdaptationConfig(method=method, rank=size.rank, alpha=2.0 * size.rank, seed=seed)
    run = RunConfig(
        adaptation=adaptation,
        data=folder / "train.jsonl",
        held_out=folder / "held_out.jsonl",
        num_steps=size.steps,
        learning_rate=ARMS[method],
        tokens_per_part=size.tokens_per_part,
        num_parts=PARTS,
        checkpoint_minutes=1e6,
    )
    base_bytes = resident_bytes()
    with tempfile.TemporaryDirectory() as out, open_model(folder / "base") as weights:
        result = run_adaptation(weights, its_tokenizer(weights), run, Path(out), "base")
    assert result.held_out_before is not None
    assert result.held_out_after is not None
    formats = {part.part: f"{part.bits_per_weight:.2f}" for part in result.coverage.classes}
    return {
        "peak_bytes": own_peak_bytes() - base_bytes,
        "seconds": result.seconds,
        "before": result.held_out_before._asdict(),
        "after": result.held_out_after._asdict(),
        "trainable_share": result.coverage.trainable_share,
        "num_parameters": result.coverage.num_parameters,
        "bits": {"experts": formats["experts"], "attention": formats["attention"]},
    }


def run_peers(folder: Path, *, size: Size, seed: int) -> dict[str, Any]:
    """peft on transformers' twin whose linear layers bitsandbytes holds in NF4."""
    import peft
    import torch
    import transformers

    from zaphod.launch.models import its_tokenizer
    from zaphod.model.files.weights import open_model
    from zaphod.training.adaptation.conversations import read_examples
    from zaphod.training.adaptation.encoding import Encoder
    from zaphod.training.adaptation.packing import PackedStream

    torch.manual_seed(seed)
    with open_model(folder / "base") as weights:
        tokenizer, stops = its_tokenizer(weights), weights.config.eos_token_ids
    encoder = Encoder(tokenizer, stops, 512)
    train, held_out = (encoder.encode_all(read_examples(folder / f"{name}.jsonl")) for name in ("train", "held_out"))
    base_bytes = resident_bytes()
    quantization = transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=["lm_head", "gate"],
    )
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder / "twin", dtype=torch.bfloat16, quantization_config=quantization, attn_implementation="sdpa"
    )
    bits = _bits(model)
    model = peft.get_peft_model(
        model,
        peft.LoraConfig(
            r=size.rank,
            lora_alpha=2 * size.rank,
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj"],
            target_parameters=["experts.gate_up_proj", "experts.down_proj"],
        ),
    )
    learnt = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=ARMS["peft + bitsandbytes"], betas=(0.9, 0.95), weight_decay=0.0)
    warmup = max(1, round(size.steps * 0.05))

    def share(step: int) -> float:
        return min((step + 1) / warmup, 0.5 + 0.5 * math.cos(math.pi * step / size.steps))

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, share)
    before = _measured(model, held_out, size)
    stream = PackedStream(train, size.tokens_per_part, PARTS, seed)
    parts = stream.parts()
    start_s = time.monotonic()
    model.train()
    for _ in range(size.steps):
        step_parts = [[train[i] for i in next(parts)] for _ in range(PARTS)]
        num_targets = sum(sum(sample.is_learnt) for part in step_parts for sample in part)
        for part in step_parts:
            (_loss_sum(model, part)[0] / num_targets).backward()
        torch.nn.utils.clip_grad_norm_(learnt, 1.0)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad()
    seconds = time.monotonic() - start_s
    return {
        "peak_bytes": own_peak_bytes() - base_bytes,
        "seconds": seconds,
        "before": before,
        "after": _measured(model, held_out, size),
        "trainable_share": sum(p.numel() for p in learnt) / _num_parameters(folder),
        "num_parameters": _num_parameters(folder),
        "bits": bits,
    }


def _num_parameters(folder: Path) -> int:
    from zaphod.capacity.parameters import count_parameters
    from zaphod.model.files.weights import open_model

    with open_model(folder / "base") as weights:
        return count_parameters(weights.config).total


def _bits(model: Any) -> dict[str, str]:
    """Bits a weight of theirs; a packed byte holds two, and 0.127 are scales."""
    kinds: dict[str, str] = {}
    for name, parameter in model.named_parameters():
        kind = "experts" if ".experts." in name else "attention" if "_proj" in name else None
        if kind is not None:
            kinds[kind] = "4.13" if parameter.dtype.itemsize == 1 else f"{8 * parameter.dtype.itemsize:.2f}"
    return kinds


def _loss_sum(model: Any, samples: Sequence[Any]) -> tuple[Any, int]:
    """Summed loss of a padded batch, and how many documents are wholly right."""
    import torch
    import torch.nn.functional as F

    longest = max(len(sample.token_ids) for sample in samples)
    ids = torch.zeros(len(samples), longest, dtype=torch.long)
    seen, labels = torch.zeros_like(ids), torch.full_like(ids, -100)
    for row, sample in enumerate(samples):
        length = len(sample.token_ids)
        ids[row, :length], seen[row, :length] = torch.tensor(sample.token_ids), 1
        wanted = [token if learnt else -100 for token, learnt in zip(*sample, strict=True)]
        labels[row, :length] = torch.tensor(wanted)
    logits = model(input_ids=ids, attention_mask=seen).logits[:, :-1].float()
    labels = labels[:, 1:]
    loss = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), ignore_index=-100, reduction="sum")
    right = ((logits.argmax(-1) == labels) | (labels == -100)).all(-1)
    return loss, int(right.sum())


def _measured(model: Any, samples: Sequence[Any], size: Size) -> dict[str, float]:
    import torch

    model.eval()
    loss_sum, num_exact = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(samples), 16):
            loss, exact = _loss_sum(model, samples[start : start + 16])
            loss_sum, num_exact = loss_sum + float(loss), num_exact + exact
    num_targets = sum(sum(sample.is_learnt) for sample in samples)
    return {"loss": loss_sum / num_targets, "exact": num_exact / len(samples)}


def run_alone(arm: str, folder: Path, size: Size, is_short: bool, seed: int = 0) -> str:
    """What a process of its own prints for an arm, or for the base, whose memory must not linger."""
    command = [sys.executable, "-m", "benchmarks.qlora", "--arm", arm, "--folder", str(folder), "--seed", str(seed)]
    command += ["--steps", str(size.steps), "--base-steps", str(size.base_steps), *(["--short"] if is_short else [])]
    command += [word for name, rate in ARMS.items() for word in ("--rate", f"{name}={rate}")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{arm} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout


def run_arm(arm: str, folder: Path, size: Size, is_short: bool, seed: int) -> dict[str, Any]:
    """One arm's figures."""
    result: dict[str, Any] = json.loads(run_alone(arm, folder, size, is_short, seed).splitlines()[-1])
    print(f"{arm}: {result['after']}, {format_bytes(result['peak_bytes'])}, {result['seconds']:.0f} s", file=sys.stderr)
    return result


def middle(runs: list[dict[str, Any]], *keys: str) -> float:
    """The median of a figure over repetitions."""
    values = []
    for run in runs:
        value: Any = run
        for key in keys:
            value = value[key]
        values.append(value)
    return float(median(values))


def gain(runs: list[dict[str, Any]]) -> float:
    """How far the held-out loss fell."""
    return middle(runs, "before", "loss") - middle(runs, "after", "loss")


def table(results: dict[str, list[dict[str, Any]]], size: Size) -> str:
    """Medians over the repetitions, with the spread of the time."""
    full = results["full"]
    count = format_count(full[0]["num_parameters"])
    header = ("arm", "bits/weight experts, attention", "learns", "peak memory", "of full", "seconds (spread)")
    header += ("held-out loss before, after", "gain of full", "wholly right before, after")
    lines = [
        f"A sparse model of {count} parameters ({size.layers} layers, {size.experts} experts, 2 a token), {size.steps} "
        f"steps of {PARTS} x {size.tokens_per_part} tokens, rank {size.rank}, {len(full)} repetition(s).",
        f"Held out: {size.num_held_out} calls of unseen combinations.",
        "",
        "| " + " | ".join(header) + " |",
        "|---" * len(header) + "|",
        *(_row(arm, runs, full) for arm, runs in results.items()),
        "",
    ]
    ours, share = results["qlora"], gain(results["qlora"]) / gain(full)
    memory = middle(ours, "peak_bytes") / middle(full, "peak_bytes")
    return "\n".join(
        [
            *lines,
            f"QLoRA reaches {share:.1%} of the full gain (wanted: 95 %) with {memory:.0%} of its memory (wanted: "
            f"at most 45 %), learning {middle(ours, 'trainable_share'):.2%} (wanted: at most 2 %).",
            "In the arm of peft + bitsandbytes 4 bits reach attention alone; experts, embedding, head and routers "
            "stay in bfloat16.",
        ]
    )


def _row(arm: str, runs: list[dict[str, Any]], full: list[dict[str, Any]]) -> str:
    seconds, peak, bits = [run["seconds"] for run in runs], middle(runs, "peak_bytes"), runs[0]["bits"]
    cells = (
        arm,
        f"{bits['experts']}, {bits['attention']}",
        f"{middle(runs, 'trainable_share'):.2%}",
        format_bytes(peak),
        f"{peak / middle(full, 'peak_bytes'):.0%}",
        f"{median(seconds):.0f} ({min(seconds):.0f} to {max(seconds):.0f})",
        f"{middle(runs, 'before', 'loss'):.3f}, {middle(runs, 'after', 'loss'):.3f}",
        f"{gain(runs) / gain(full):.1%}",
        f"{middle(runs, 'before', 'exact'):.1%}, {middle(runs, 'after', 'exact'):.1%}",
    )
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Make the base if need be, run every arm, print and keep the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--folder", type=Path, help="keeps the base between runs")
    parser.add_argument("--repetitions", type=int, default=1)
    parser.add_argument("--steps", type=int)
    parser.add_argument("--base-steps", type=int)
    parser.add_argument("--rate", action="append", default=[], metavar="ARM=RATE", help="may be repeated")
    parser.add_argument("--arm", choices=(BASE, *ARMS))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    size = SIZES["short" if options.short else "full"]
    size = replace(size, steps=options.steps or size.steps, base_steps=options.base_steps or size.base_steps)
    ARMS.update({arm: float(rate) for arm, _, rate in (given.partition("=") for given in options.rate)})
    if options.arm == BASE:
        make_base(options.folder, size)
        return
    if options.arm:
        run = run_peers if "+" in options.arm else partial(run_ours, method=options.arm)
        print(json.dumps(run(options.folder, size=size, seed=options.seed)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "held_out.jsonl").exists():
            run_alone(BASE, folder, size, options.short)
        results: dict[str, list[dict[str, Any]]] = {arm: [] for arm in ARMS}
        for repetition in range(options.repetitions):
            names = list(ARMS)
            for arm in names[repetition % len(names) :] + names[: repetition % len(names)]:
                results[arm].append(run_arm(arm, folder, size, options.short, repetition))
    publish("qlora_short" if options.short else "qlora", {"arms": results}, table(results, size))


if __name__ == "__main__":
    main()
