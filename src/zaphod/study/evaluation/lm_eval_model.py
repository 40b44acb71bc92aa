"""Our models for lm-evaluation-harness: `--model zaphod`; knows its interface and no benchmark.

The harness finds models only in its own registry, so that this module must be imported before: `python -m
zaphod.study.evaluation.lm_eval_model` takes the flags of `lm_eval` and does that first. In Python, import it and name
the model `zaphod`, or give an instance.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from zaphod.core.configuration import load_settings
from zaphod.core.errors import ConfigError, MissingExtraError
from zaphod.core.progress import ProgressLines
from zaphod.core.tokenizers import ChatMessage
from zaphod.core.tokenizers.chat import render_chat
from zaphod.engine import EngineConfig
from zaphod.launch.models import LoadedModel, load_model
from zaphod.study.evaluation.models.asked import Prompt
from zaphod.study.evaluation.models.in_memory import EngineModel, TokenPair

try:
    import lm_eval.models  # noqa: F401  # it registers its own models only where the registry is still empty
    from lm_eval.api.model import TemplateLM
    from lm_eval.api.registry import register_model
    from lm_eval.utils import get_rolling_token_windows, make_disjoint_window
except ImportError as missing:
    raise MissingExtraError("lm_eval", "evaluation") from missing

_MAX_TOKENS = 256
_LONGEST_BATCH = 256
"""Requests whose progress is told together."""


@register_model("zaphod")
class ZaphodLM(TemplateLM):  # type: ignore[misc]  # the harness is untyped
    """A model in memory.

    Args:
        model: as `--model` of our commands has it.
        runner, dtype, threads, context: settings of the same names.
        loaded: a model in memory already, in place of all others.
        max_gen_toks: of an answer whose task names no number.
        batch_size, max_batch_size, device: the harness's own, of no meaning here: the engine batches.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        runner: str | None = None,
        dtype: str | None = None,
        threads: int | None = None,
        context: int | None = None,
        loaded: LoadedModel | None = None,
        max_gen_toks: int = _MAX_TOKENS,
        batch_size: object = None,
        max_batch_size: object = None,
        device: object = None,
        **unknown: object,
    ) -> None:
        super().__init__()
        if unknown:
            raise ConfigError(
                f"The model zaphod takes no {', '.join(unknown)}.",
                "It takes model, runner, dtype, threads, context and max_gen_toks.",
                "Leave the others out of --model_args.",
            )
        if loaded is None:
            settings = load_settings().with_flags(
                model=model, runner=runner, dtype=dtype, threads=threads, context=context
            )
            loaded = load_model(settings.values, None, None, ProgressLines(), limits=EngineConfig())
        self._loaded, self._max_tokens, self._model = loaded, int(max_gen_toks), EngineModel(loaded)
        self._has_template = False

    @property
    def eot_token_id(self) -> int:
        """What ends a sequence; what begins one where nothing does."""
        return next(iter(self._loaded.tokenizer.eos_token_ids), self._model.prefix_token_id)

    @property
    def prefix_token_id(self) -> int:
        """What stands before a text that nothing stands before."""
        return self._model.prefix_token_id

    @property
    def max_length(self) -> int:
        """Tokens of context and continuation together."""
        return self._model.max_tokens

    @property
    def tokenizer_name(self) -> str:
        """Tells the harness's caches apart."""
        return f"zaphod-{self._loaded.config.family}-{self._loaded.tokenizer.vocab_size}"

    def chat_template(self, chat_template: bool | str = False) -> str | None:
        """The model's own; the harness keeps it in its results."""
        return self._loaded.tokenizer.chat_template if chat_template else None

    def apply_chat_template(self, chat_history: Sequence[ChatMessage], add_generation_prompt: bool = True) -> str:
        """A conversation as the model expects it; names of special tokens in prompts mean these from now on."""
        self._has_template = True
        return render_chat(self._loaded.tokenizer, chat_history, add_generation_prompt=add_generation_prompt)

    def tok_encode(self, string: str, add_special_tokens: bool | None = None, **fields: object) -> list[int]:
        """Tokens of a text."""
        tokenizer = self._loaded.tokenizer
        if self._has_template:
            return tokenizer.encode(string, allow_special=True, add_bos=False)
        return tokenizer.encode(
            string, allow_special=False, add_bos=tokenizer.wants_bos and add_special_tokens is not False
        )

    def _loglikelihood_tokens(
        self, requests: Sequence[tuple[object, list[int], list[int]]], disable_tqdm: bool = False, **fields: object
    ) -> list[tuple[float, bool]]:
        pairs = [self._model.cut_pair(context, continuation) for _, context, continuation in requests]
        return self._scores(pairs, disable_tqdm)

    def _scores(self, pairs: Sequence[TokenPair], is_silent: bool) -> list[tuple[float, bool]]:
        scores: list[tuple[float, bool]] = []
        progress = ProgressLines()
        with progress.step("log-likelihoods", len(pairs), "requests") as advance:
            for start in range(0, len(pairs), _LONGEST_BATCH):
                batch = pairs[start : start + _LONGEST_BATCH]
                found = self._model.token_likelihoods(batch)
                scores += [(likelihood.logprob, likelihood.is_greedy) for likelihood in found]
                if not is_silent:
                    advance(len(batch))
        return scores

    def loglikelihood_rolling(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[float]:
        """The likelihood of whole texts, in windows of the context that do not overlap in what is scored."""
        totals = []
        for request in requests:
            windows = get_rolling_token_windows(
                token_list=self.tok_encode(request.args[0], add_special_tokens=False),
                prefix_token=self.prefix_token_id,
                max_seq_len=self.max_length - 1,
                context_len=1,
            )
            pairs = [self._model.cut_pair(*make_disjoint_window(window)) for window in windows]
            totals.append(math.fsum(score for score, _ in self._scores(pairs, disable_tqdm)))
        return totals

    def generate_until(self, requests: Sequence[Any], disable_tqdm: bool = False) -> list[str]:
        """What the model writes, up to one of the texts that end an answer."""
        prompts = [self._prompt(*request.args) for request in requests]
        return [written.text for written in self._model.write(prompts)]

    def _prompt(self, context: str, fields: Mapping[str, Any]) -> Prompt:
        until = fields.get("until") or ()
        is_greedy = fields.get("do_sample") is False or not fields.get("do_sample", fields.get("temperature"))
        return Prompt(
            text=context,
            max_tokens=int(fields.get("max_gen_toks") or fields.get("max_tokens") or self._max_tokens),
            stop=(until,) if isinstance(until, str) else tuple(text for text in until if text),
            temperature=0.0 if is_greedy else float(fields.get("temperature", 1.0)),
        )


def main() -> None:
    """The harness's own command line, with `--model zaphod`."""
    from lm_eval.__main__ import cli_evaluate

    sys.exit(cli_evaluate())


if __name__ == "__main__":
    main()
