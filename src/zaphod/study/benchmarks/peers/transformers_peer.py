"""transformers as a peer: bfloat16 from a Hugging Face folder, its own cache; knows nothing of what is compared."""

from __future__ import annotations

import importlib
from typing import Any

_TOKENS_A_PASS = 512


def import_engine(options: dict[str, Any]) -> None:
    """Import the libraries."""
    for name in ("torch", "transformers"):
        importlib.import_module(name)
    importlib.import_module("transformers").AutoModelForCausalLM  # noqa: B018  (resolved when it is first named)


class Peer:
    """One loaded model and the cache of the case at hand."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.torch: Any = importlib.import_module("torch")
        self.transformers: Any = importlib.import_module("transformers")
        self.kv_token_bytes = int(options["kv_token_bytes"])
        self.torch.set_num_threads(int(options["threads"]))
        automatic = self.transformers.AutoModelForCausalLM
        self.model = automatic.from_pretrained(options["model"], dtype=self.torch.bfloat16)
        self.model.set_experts_implementation("grouped_mm")

    def about(self) -> dict[str, Any]:
        return {"version": f"transformers {self.transformers.__version__}, torch {self.torch.__version__}, bfloat16"}

    def prepare(self, *, prompt: int, generate: int, depth: int, batch: int, trials: bool = True) -> dict[str, Any]:
        """Read the case's `depth` tokens into a new cache."""
        self.prompt, self.generated, self.depth, self.sequences = prompt, generate, depth, batch
        self._empty()
        for start in range(0, depth, _TOKENS_A_PASS):
            self._pass(min(_TOKENS_A_PASS, depth - start))
        return {"variant": "", "kv_bytes": batch * (depth + prompt + generate) * self.kv_token_bytes}

    def reset(self) -> None:
        if not self.depth:
            self._empty()
        elif self.cache.get_seq_length() > self.depth:
            self.cache.crop(self.depth - self.cache.get_seq_length())  # negative: how many to remove

    def run(self) -> None:
        if self.prompt:
            self._pass(self.prompt)
        for _ in range(self.generated):
            self._pass(1)

    def logits(self, prompts: list[list[int]], out: str) -> None:
        """Save the logits of every token of every prompt, [P, T, V]."""
        import numpy as np

        with self.torch.no_grad():
            saved = [self.model(self.torch.tensor([prompt])).logits[0].float().numpy() for prompt in prompts]
        np.save(out, np.stack(saved))

    def _empty(self) -> None:
        self.cache = self.transformers.DynamicCache(config=self.model.config)

    def _pass(self, count: int) -> None:
        tokens = self.torch.randint(0, self.model.config.vocab_size, (self.sequences, count))
        with self.torch.no_grad():
            self.model(tokens, past_key_values=self.cache, use_cache=True, logits_to_keep=1)
