"""A server in OpenAI's format under evaluation; the only file here that knows HTTP, and no benchmark.

Choices need `/v1/completions` with `echo` and `logprobs`, which zaphod and vLLM have; written answers need
`/v1/completions` or, as a chat, `/v1/chat/completions`. Where the server tells tokens (`/tokenize`), a context ends
where its tokens end, as in memory; elsewhere where its letters end.
"""

from __future__ import annotations

import itertools
import json
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from zaphod.core.errors import ConfigError, RequestError, UnavailableError
from zaphod.study.evaluation.models.asked import Likelihood, Prompt, Written, with_blanks_behind

_VERSION = re.compile(r"/v\d+$")
_LATER = (429, 503)
_MAX_TRIES = 6
_MAX_BODY_BYTES = 64 << 20


@dataclass(frozen=True, kw_only=True)
class EndpointOptions:
    """Which server, and how it is asked.

    Args:
        url: with or without `/v1` at its end.
        model: as the server calls it; its first one if empty.
        api_key: sent as a bearer token.
        timeout_s: for one answer.
        num_parallel: requests under way at one time.
        as_chat: ask for written answers as a user's message.
    """

    url: str
    model: str = ""
    api_key: str | None = field(default=None, repr=False)
    timeout_s: float = 300.0
    num_parallel: int = 8
    as_chat: bool = False

    def __post_init__(self) -> None:
        if not self.url.startswith(("http://", "https://")):
            raise ConfigError(
                f"The server's address is {self.url!r}.", "It begins with http:// or https://.", "Correct it."
            )


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
        base = options.url.rstrip("/")
        self._base = base if _VERSION.search(base) else base + "/v1"
        self._model = options.model or self._first_model()
        self._tells_tokens = self._tokens("a") is not None

    @property
    def facts(self) -> Mapping[str, Any]:
        return {
            "url": self._base,
            "model": self._model,
            "chat": self.options.as_chat,
            "digest": None,
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
        num_context = None
        if self._tells_tokens:
            prompt = self._tokens(context + continuation) or []
            num_context = max(1, len(self._tokens(context) or [])) if context else 1
        fields = {"prompt": prompt, "max_tokens": 1, "temperature": 0, "logprobs": 1, "echo": True}
        answer = self._post("completions", fields)
        try:
            return _read_likelihood(answer["choices"][0]["logprobs"], len(context), num_context)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise RequestError(
                f"{self._base}/completions tells no log-probabilities of the prompt.",
                "Choices are scored by `echo` with `logprobs`.",
                "Evaluate the model's files instead, or tasks whose answers are written.",
            ) from error

    def _written(self, prompt: Prompt) -> Written:
        fields: dict[str, Any] = {"max_tokens": prompt.max_tokens, "temperature": prompt.temperature}
        fields |= {"seed": prompt.seed, **({"stop": list(prompt.stop)} if prompt.stop else {})}
        if self.options.as_chat:
            fields["messages"] = [{"role": "user", "content": prompt.text}]
        else:
            fields["prompt"] = prompt.text
        answer = self._post("chat/completions" if self.options.as_chat else "completions", fields)
        try:
            choice = answer["choices"][0]
            text = choice["message"]["content"] if self.options.as_chat else choice["text"]
            return Written(str(text or ""), is_ended=choice.get("finish_reason") != "length")
        except (KeyError, IndexError, TypeError) as error:
            raise self._strange(answer) from error

    def _tokens(self, text: str) -> list[int] | None:
        """Of a text, where the server tells them."""
        address = _VERSION.sub("", self._base) + "/tokenize"
        status, body = self._exchange(address, {"model": getattr(self, "_model", ""), "prompt": text})
        tokens = _parsed(body).get("tokens") if status == 200 else None
        is_told = isinstance(tokens, list) and all(type(token) is int for token in tokens)
        return tokens if is_told else None

    def _first_model(self) -> str:
        status, body = self._exchange(f"{self._base}/models", None)
        models = _parsed(body).get("data") if status == 200 else None
        if isinstance(models, list) and models and isinstance(models[0], dict) and isinstance(models[0].get("id"), str):
            return str(models[0]["id"])
        raise UnavailableError(
            f"{self._base}/models answers {status}: {body[:200]}",
            "An OpenAI-compatible server that names its models was wanted.",
            "Check the address and the key, or give --model.",
        )

    def _post(self, path: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        status, body = 0, ""
        for attempt in itertools.count(1):
            status, body = self._exchange(f"{self._base}/{path}", {"model": self._model, **fields})
            if status not in _LATER or attempt == _MAX_TRIES:
                break
            self._sleep(min(2.0**attempt, 30.0))
        if status == 200:
            return _parsed(body)
        raise RequestError(
            f"{self._base}/{path} answers {status}: {body[:300]}",
            "A completion was wanted.",
            "Check the model's longest sequence against the prompts (fewer --shots), and the key.",
        )

    def _exchange(self, address: str, fields: Mapping[str, Any] | None) -> tuple[int, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "zaphod-eval"}
        if self.options.api_key is not None:
            headers["Authorization"] = f"Bearer {self.options.api_key}"
        data = None if fields is None else json.dumps(fields).encode()
        try:
            request = urllib.request.Request(address, data, headers)
            with urllib.request.urlopen(request, timeout=self.options.timeout_s) as response:
                return response.status, response.read(_MAX_BODY_BYTES).decode(errors="replace")
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(_MAX_BODY_BYTES).decode(errors="replace")
        except OSError as error:
            raise UnavailableError(
                f"{address} cannot be asked: {error}.",
                "It must answer.",
                "Check the address, and that the server runs.",
            ) from error

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


def _read_likelihood(told: Mapping[str, Any], num_letters: int, num_context: int | None) -> Likelihood:
    """Of the tokens behind the context; the last one told is not the prompt's."""
    logprobs, tops = told["token_logprobs"][:-1], told["top_logprobs"][:-1]
    if num_context is None:
        offsets = told["text_offset"][:-1]
        # Nothing says how likely the first token is.
        num_context = max(
            1, next((place for place, offset in enumerate(offsets) if offset >= num_letters), len(offsets))
        )
    logprobs, tops = logprobs[num_context:], tops[num_context:]
    if not logprobs:
        raise ValueError("no token is scored")
    is_greedy = all(value >= max(top.values()) for value, top in zip(logprobs, tops, strict=True))
    return Likelihood(float(sum(logprobs)), is_greedy, len(logprobs))
