"""llama.cpp as a peer, through the C interface that llama-cpp-python exposes; knows batches, not what is compared.

As llama-bench sets it up: mapped file, repacked weights where llama.cpp wants them, 2,048 tokens in a batch and 512 in
a micro-batch, keys and values in float16, the same number of threads for both. Flash attention, and for several
sequences one cache or one each: every variant is tried when a case is prepared, and the fastest is kept.
"""

from __future__ import annotations

import ctypes
import importlib
import random
import time
from typing import Any

_BATCH, _MICRO_BATCH = 2048, 512
_TRIALS = 2
_MAP_FILE = 1  # LLAMA_LOAD_MODE_MMAP
llama: Any = None
log_callback: Any = None


def import_engine(options: dict[str, Any]) -> None:
    """Import the library; what it prints is dropped."""
    global llama, log_callback
    llama = importlib.import_module("llama_cpp")
    # The library calls it for as long as it lives.
    log_callback = llama.llama_log_callback(lambda level, text, data: None)
    llama.llama_log_set(log_callback, ctypes.c_void_p(0))
    llama.llama_backend_init()


class Peer:
    """One loaded model and the context of the case at hand."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.threads = int(options["threads"])
        self.kv_token_bytes = int(options["kv_token_bytes"])
        parameters = llama.llama_model_default_params()
        parameters.n_gpu_layers = 0
        if hasattr(parameters, "load_mode"):
            parameters.load_mode = _MAP_FILE
        else:
            parameters.use_mmap = True
        self.model = llama.llama_model_load_from_file(options["model"].encode(), parameters)
        if not self.model:
            raise RuntimeError(f"llama.cpp cannot load {options['model']}")
        self.num_tokens = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(self.model))
        self.batch = llama.llama_batch_init(_BATCH, 0, 64)
        self.context: Any = None
        self.rng = random.Random(0)

    def about(self) -> dict[str, Any]:
        return {"version": f"llama-cpp-python {llama.__version__}", "info": llama.llama_print_system_info().decode()}

    def prepare(self, *, prompt: int, generate: int, depth: int, batch: int, trials: bool = True) -> dict[str, Any]:
        """Open the fastest context for the case, with its `depth` tokens read."""
        self.prompt, self.generated, self.depth, self.sequences = prompt, generate, depth, batch
        variants = [(flash, shared) for flash in (1, 0) for shared in ((False, True) if batch > 1 else (True,))]
        speeds = {}
        for variant in variants if trials else variants[:1]:
            self._open(*variant)
            speeds[variant] = min(self._trial() for _ in range(_TRIALS if trials else 0)) if trials else 0.0
        best = min(speeds, key=lambda variant: speeds[variant])
        if best != variants[-1] and trials:
            self._open(*best)
        words = ["flash attention " + ("on" if best[0] else "off")]
        words += [f"cache {'shared' if best[1] else 'of each'}"] if batch > 1 else []
        kv_tokens = llama.llama_n_ctx(self.context)
        return {"variant": ", ".join(words), "kv_bytes": kv_tokens * self.kv_token_bytes}

    def reset(self) -> None:
        memory = llama.llama_get_memory(self.context)
        for sequence in range(self.sequences):
            llama.llama_memory_seq_rm(memory, sequence, self.depth, -1)

    def run(self) -> None:
        self._read(self.depth, self.prompt)
        start = self.depth + self.prompt
        for position in range(start, start + self.generated):
            self._decode([(sequence, position, True) for sequence in range(self.sequences)])

    def logits(self, prompts: list[list[int]], out: str) -> None:
        """Save the logits of every token of every prompt, [P, T, V]."""
        import numpy as np

        length = max(map(len, prompts))
        self.prompt, self.generated, self.depth, self.sequences = length, 0, 0, 1
        self._open(1, True)
        rows = []
        for prompt in prompts:
            self.reset()
            self._decode([(0, position, True) for position in range(len(prompt))], prompt)
            rows += [
                np.ctypeslib.as_array(llama.llama_get_logits_ith(self.context, row), (self.num_tokens,)).copy()
                for row in range(len(prompt))
            ]
        np.save(out, np.stack(rows).reshape(len(prompts), length, self.num_tokens))

    def _open(self, flash: int, shared: bool) -> None:
        if self.context is not None:
            llama.llama_free(self.context)
        parameters = llama.llama_context_default_params()
        parameters.n_ctx = self.sequences * (self.depth + self.prompt + self.generated)
        parameters.n_batch, parameters.n_ubatch = _BATCH, _MICRO_BATCH
        parameters.n_seq_max = self.sequences
        parameters.n_threads = parameters.n_threads_batch = self.threads
        parameters.flash_attn_type = flash
        parameters.kv_unified = shared
        parameters.no_perf = True
        self.context = llama.llama_init_from_model(self.model, parameters)
        if not self.context:
            raise RuntimeError("llama.cpp cannot open a context")
        self._read(0, self.depth)

    def _trial(self) -> float:
        self.reset()
        start_s = time.perf_counter()
        self.run()
        return time.perf_counter() - start_s

    def _read(self, start: int, count: int) -> None:
        """Read `count` tokens of every sequence from position `start` on, logits of each one's last only."""
        step, end = max(1, _BATCH // self.sequences), start + count
        for first in range(start, end, step):
            positions = range(first, min(first + step, end))
            rows = [(sequence, at, at == end - 1) for sequence in range(self.sequences) for at in positions]
            self._decode(rows)

    def _decode(self, rows: list[tuple[int, int, bool]], tokens: list[int] | None = None) -> None:
        """One call: rows of sequence, position, and whether logits are wanted; random tokens unless given."""
        batch = self.batch
        batch.n_tokens = len(rows)
        for row, (sequence, position, wants_logits) in enumerate(rows):
            batch.token[row] = self.rng.randrange(self.num_tokens) if tokens is None else tokens[row]
            batch.pos[row] = position
            batch.n_seq_id[row] = 1
            batch.seq_id[row][0] = sequence
            batch.logits[row] = wants_logits
        if llama.llama_decode(self.context, batch):
            raise RuntimeError(f"llama.cpp refuses a batch of {len(rows)} tokens")
        llama.llama_synchronize(self.context)
