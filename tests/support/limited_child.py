"""A program that answers from a model within whatever memory it finds, and says what it planned, foretold and measured.

python limited_child.py MODEL JSON, where the JSON object has any of: `context_tokens`, `expert_cache_bytes`, `threads`,
`runs`, `tokens`, `fill` (touch every block of keys and values), `prompt`, `mapped` (leave it to the system which pages
of the file are in memory). One JSON object is printed; a refusal is one, too.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from zaphod.core.errors import CapacityError
from zaphod.engine.batch import Scheduled, assemble
from zaphod.engine.engine import Engine
from zaphod.engine.memory_plan import BLOCK_SIZE, MemoryPlan, memory_needs, plan_memory
from zaphod.engine.native_runner import NativeRunner
from zaphod.engine.request import Request, SamplingParams
from zaphod.engine.streaming import StreamingRunner, forecast
from zaphod.model.files.weights import open_model
from zaphod.model.native import load_native


def main(model: Path, options: dict[str, Any]) -> dict[str, Any]:
    threads = options.get("threads", 1)
    with open_model(model) as weights:
        needs = memory_needs(weights, num_threads=threads)
        asked = {name: options[name] for name in ("context_tokens", "expert_cache_bytes") if name in options}
        try:
            plan = plan_memory(needs, **asked)
        except CapacityError as refusal:
            return {"refused": [refusal.found, refusal.wanted, refusal.remedy]}
        loaded = load_native(weights)
    sizes: dict[str, Any] = {
        "num_threads": threads,
        "max_len": plan.context_tokens,
        "num_blocks": plan.num_blocks,
    }
    said: dict[str, Any] = {"plan": str(plan), "verdict": plan.verdict, "slots": plan.num_slots}
    if plan.verdict == "fits" or options.get("mapped"):
        runner = NativeRunner(loaded, **sizes)
    else:
        runner = StreamingRunner(loaded, expert_cache_bytes=plan.expert_cache_bytes, **sizes)
        told = forecast(runner)
        said |= {"forecast": told.tokens_per_s, "low": told.low, "high": told.high, "sentence": str(told)}
    if options.get("fill"):
        fill(runner, plan)
    return said | answer(runner, options)


def fill(runner: NativeRunner, plan: MemoryPlan) -> None:
    """Write keys and values into every block, in sequences of one block."""
    for start in range(0, plan.num_blocks, 16):
        blocks = range(start, min(start + 16, plan.num_blocks))
        runner.forward(assemble([Scheduled([1] * BLOCK_SIZE, 0, (block,)) for block in blocks], BLOCK_SIZE))


def answer(runner: NativeRunner, options: dict[str, Any]) -> dict[str, Any]:
    """The tokens of the last run, and tokens a second of each run, the prompt's pass left out."""
    prompt, tokens = tuple(options.get("prompt", (3, 1, 2))), options.get("tokens", 8)
    speeds, token_ids = [], []
    for run in range(options.get("runs", 1)):
        engine = Engine(runner, eos_token_ids=[])
        sampling = SamplingParams(temperature=0.0, max_tokens=tokens + 1, ignore_eos=True)
        times, token_ids = [], []
        for increment in engine.stream(Request(request_id=f"run {run}", prompt_token_ids=prompt, sampling=sampling)):
            times.append(time.perf_counter())
            token_ids += list(increment.token_ids)
        speeds.append(tokens / (times[tokens] - times[0]))
    return {"token_ids": token_ids, "speeds": speeds, "torch": "torch" in sys.modules}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), json.loads(sys.argv[2]))))
