"""A server in OpenAI's format under evaluation; knows no benchmark.

Choices need `/v1/completions` with `echo` and `logprobs`, which zaphod and vLLM have; written answers need
`/v1/completions` or, as a chat, `/v1/chat/completions`. Where the server tells tokens (`/tokenize`), a context ends
where its tokens end, as in memory; elsewhere where its letters end.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from zaphod.core.endpoint import Endpoint, ask, ask_patiently
from zaphod.core.errors import RequestError, UnavailableError
from zaphod.study.evaluation.models.asked import Likelihood, Prompt, Written, with_blanks_behind


@dataclass(frozen=True, kw_only=True)
class EndpointOptions(Endpoint):
    """Which server, and how it is asked.

    Args:
        num_parallel: requests under way at one time.
        as_chat: ask for written answers as a user's message.
    """

    num_parallel: int = 8
    as_chat: bool = False


class EndpointModel:
    """Asks a server.

    Args:
        options: which, and how.
        sleep: seconds; another one in tests.

    Raises:
        UnavailableError: it does not answer.
        RequestError: it refuses what is asked, or answers in another format.
    """

    def __init__(self, options: EndpointOptions, sleep: Callable[[float], None] = time.sleep) -> None:
        self.options, self._sleep = options, sleep
        self._base = options.address("").rstrip("/")
        self._model = options.model
        self._model, self._context_tokens = self._described()
        self._tells_tokens = self._tokens("a") is not None

    @property
    def facts(self) -> Mapping[str, Any]:
        return {
            "url": self._base,
            "model": self._model,
            "chat": self.options.as_chat,
            "digest": None,
            "context_tokens": self._context_tokens,
            "contexts_end_at": "tokens" if self._tells_tokens else "letters",
        }

    def likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[Likelihood]:
        return self._side_by_side(self._likelihood, pairs)

    def write(self, prompts: Sequence[Prompt]) -> list[Written]:
        return self._side_by_side(self._written, prompts)

    def _side_by_side(self, work: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        with ThreadPoolExecutor(max(1, self.options.num_parallel)) as pool:
            return list(pool.map(work, items))

    def _likelihood(self, pair: tuple[str, str]) -> Likelihood:
        context, continuation = with_blanks_behind(*pair)
        prompt: str | list[int] = context + continuation
        num_context, is_cut = None, False
        if self._tells_tokens:
            whole = self._tokens(context + continuation) or []
            prompt = self._cut(whole, 1)
            num_lost = len(whole) - len(prompt)
            num_context, is_cut = max(1, len(self._tokens(context) or []) - num_lost), num_lost > 0
        fields = {"prompt": prompt, "max_tokens": 1, "temperature": 0, "logprobs": 1, "echo": True}
        answer = self._post("completions", fields)
        try:
            num_prompt = dict(answer.get("usage") or {}).get("prompt_tokens")
            found = _read_likelihood(answer["choices"][0]["logprobs"], len(context), num_context, num_prompt)
            return found._replace(is_cut=is_cut)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise RequestError(
                f"{self._base}/completions tells no log-probabilities of the prompt.",
                "Choices are scored by `echo` with `logprobs`.",
                "Evaluate the model's files instead, or tasks whose answers are written.",
            ) from error

    def _written(self, prompt: Prompt) -> Written:
        # Half of the context at least is for the prompt, as in memory.
        num_answer = min(prompt.max_tokens, ((self._context_tokens or sys.maxsize) + 1) // 2)
        fields: dict[str, Any] = {"max_tokens": num_answer, "temperature": prompt.temperature}
        is_cut = False
        fields |= {"seed": prompt.seed, **({"stop": list(prompt.stop)} if prompt.stop else {})}
        if self.options.as_chat:
            fields["messages"] = [{"role": "user", "content": prompt.text}]
        elif self._tells_tokens:
            whole = self._tokens(prompt.text) or []
            fields["prompt"] = self._cut(whole, num_answer + 1)
            is_cut = len(fields["prompt"]) < len(whole)
        else:
            fields["prompt"] = prompt.text
        answer = self._post("chat/completions" if self.options.as_chat else "completions", fields)
        try:
            choice = answer["choices"][0]
            text = choice["message"]["content"] if self.options.as_chat else choice["text"]
            return Written(str(text or ""), is_cut, choice.get("finish_reason") != "length")
        except (KeyError, IndexError, TypeError) as error:
            raise self._strange(answer) from error

    def _tokens(self, text: str) -> list[int] | None:
        """Of a text, where the server tells them."""
        said = ask(self.options, "/tokenize", {"model": self._model, "prompt": text})
        tokens = _parsed(said.text).get("tokens") if said.status == 200 else None
        is_told = isinstance(tokens, list) and all(type(token) is int for token in tokens)
        return tokens if is_told else None

    def _cut(self, token_ids: list[int], num_answer: int) -> list[int]:
        """Without the beginning that does not fit."""
        return token_ids if self._context_tokens is None else token_ids[-(self._context_tokens - num_answer) :]

    def _described(self) -> tuple[str, int | None]:
        """The model's name and the tokens that it can hold, where the server tells them."""
        status, body, _ = ask(self.options, "models", None)
        models = _parsed(body).get("data") if status == 200 else None
        known = [model for model in models if isinstance(model, dict)] if isinstance(models, list) else []
        for model in known:
            if isinstance(model.get("id"), str) and self._model in ("", model["id"]):
                context = model.get("max_model_len")
                return str(model["id"]), context if isinstance(context, int) and context > 1 else None
        if self._model:
            return self._model, None
        raise UnavailableError(
            f"{self._base}/models answers {status}: {body[:200]}",
            "An OpenAI-compatible server that names its models was wanted.",
            "Check the address and the key, or give --model.",
        )

    def _post(self, path: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        status, body, _ = ask_patiently(self.options, path, {"model": self._model, **fields}, self._sleep)
        if status == 200:
            return _parsed(body)
        raise RequestError(
            f"{self._base}/{path} answers {status}: {body[:300]}",
            "A completion was wanted.",
            "Check the model's longest sequence against the prompts (fewer --shots), and the key.",
        )

    def _strange(self, answer: Mapping[str, Any]) -> RequestError:
        return RequestError(
            f"{self._base} answers {json.dumps(answer)[:200]}.",
            "An answer in OpenAI's format was wanted.",
            "Check the address.",
        )


def _parsed(body: str) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _read_likelihood(
    told: Mapping[str, Any], num_letters: int, num_context: int | None, num_prompt: object
) -> Likelihood:
    """Of the tokens behind the context; where nothing says how many are the prompt's, the last one told is not."""
    end = num_prompt if type(num_prompt) is int else -1
    logprobs, tops = told["token_logprobs"][:end], told["top_logprobs"][:end]
    if num_context is None:
        offsets = told["text_offset"][:end]
        # Nothing says how likely the first token is.
        num_context = max(
            1, next((place for place, offset in enumerate(offsets) if offset >= num_letters), len(offsets))
        )
    logprobs, tops = logprobs[num_context:], tops[num_context:]
    if not logprobs:
        raise ValueError("no token is scored")
    is_greedy = all(value >= max(top.values()) for value, top in zip(logprobs, tops, strict=True))
    return Likelihood(float(sum(logprobs)), is_greedy, len(logprobs))
