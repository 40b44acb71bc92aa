"""`zaphod run`: one answer, or a conversation; knows how they are shown, not how they are computed."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zaphod.cli.assisting import assistant_of
from zaphod.cli.options import (
    AdapterFlag,
    CompatFlag,
    ConfigFlag,
    ContextFlag,
    DTypeFlag,
    ExpertCacheFlag,
    JsonFlag,
    ModelFlag,
    RunnerFlag,
    ThreadsFlag,
)
from zaphod.cli.output import print_json, print_piece
from zaphod.core.configuration import MergedSettings, Settings
from zaphod.core.errors import ConfigError
from zaphod.core.progress import ProgressLines
from zaphod.model.fetching.references import names_a_model, resolve

if TYPE_CHECKING:
    from zaphod.core.tokenizers import ChatMessage
    from zaphod.engine import Completion, SamplingParams
    from zaphod.launch.assistant.assistant import Assistant
    from zaphod.launch.models import LoadedModel
    from zaphod.model.compat import Compat


def command(
    context: typer.Context,
    first: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="Folder, .gguf file, builtin, or org/name.")
    ] = None,
    second: Annotated[str | None, typer.Argument(metavar="PROMPT", help="What to ask; without one, a chat.")] = None,
    model: ModelFlag = None,
    system: Annotated[str | None, typer.Option("--system", help="What the model is told first.")] = None,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", "-n", help="Longest answer in tokens.")] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", "--temp", help="0 takes the likeliest token.")
    ] = None,
    top_k: Annotated[int | None, typer.Option("--top-k", help="Choose among so many likeliest tokens.")] = None,
    top_p: Annotated[float, typer.Option("--top-p", help="Choose among tokens of this joint probability.")] = 1.0,
    min_p: Annotated[float, typer.Option("--min-p", help="Drop tokens below this share of the likeliest.")] = 0.0,
    repetition_penalty: Annotated[
        float, typer.Option("--repetition-penalty", "--repeat-penalty", help="Above 1 repeats less.")
    ] = 1.0,
    presence_penalty: Annotated[float, typer.Option("--presence-penalty", help="Above 0 repeats less.")] = 0.0,
    frequency_penalty: Annotated[float, typer.Option("--frequency-penalty", help="Above 0 repeats less.")] = 0.0,
    stop: Annotated[list[str] | None, typer.Option("--stop", help="End before this text; may be repeated.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="The same seed gives the same answer.")] = None,
    max_model_len: ContextFlag = None,
    runner: RunnerFlag = None,
    expert_cache: ExpertCacheFlag = None,
    dtype: DTypeFlag = None,
    threads: ThreadsFlag = None,
    compat: CompatFlag = None,
    config: ConfigFlag = None,
    adapter: AdapterFlag = None,
    dictionary: Annotated[
        Path | None, typer.Option("--dictionary", help="Built-in model: file or folder of lines `word: definition`.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Answer one prompt, or chat when none is given. Without a model, the built-in one answers.

    A prompt can also come through a pipe. A model without a chat template continues the text it is given.

    \b
    Examples:
      zaphod run "what is 4817 + 2944?"
      zaphod run ./grok-1-int4 "The answer to life is" --max-tokens 40
      zaphod run org/name --temperature 0.7 --seed 42
      echo "move the red cup to the table" | zaphod run --json
    """
    chosen, prompt = _model_and_prompt(first, second, model)
    settings: MergedSettings = context.obj.with_flags(
        model=chosen,
        max_tokens=max_tokens,
        temperature=temperature,
        seed=seed,
        context=max_model_len,
        runner=runner,
        expert_cache=expert_cache,
        dtype=dtype,
        threads=threads,
    )
    if prompt is None and not sys.stdin.isatty():
        prompt = sys.stdin.read().strip()
    if prompt == "" or (as_json and prompt is None):
        raise ConfigError("There is no prompt.", "One is needed here.", 'Like zaphod run "what is 4817 + 2944?"')
    resolve(settings.values.model, settings.values).weights_path()  # a wrong name is told before anything is loaded
    sampling = _sampling(
        settings.values,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        repetition_penalty=repetition_penalty,
        presence_penalty=presence_penalty,
        frequency_penalty=frequency_penalty,
        stop=tuple(stop or ()),
    )
    loaded = _load(settings.values, config, compat, adapter)
    assistant = None if system else assistant_of(loaded, sampling, dictionary)
    _serve(loaded, settings.values.model, sampling, system, prompt, as_json, assistant)


def _load(settings: Settings, config: str | None, compat: Compat | None, adapter: Path | None) -> LoadedModel:
    from zaphod.launch.models import load_model

    return load_model(settings, config, compat, ProgressLines(), {str(adapter): adapter} if adapter else {})


def _serve(
    model: LoadedModel,
    name: str,
    sampling: SamplingParams,
    system: str | None,
    prompt: str | None,
    as_json: bool,
    assistant: Assistant | None,
) -> None:
    from zaphod.cli.chat import chat

    if prompt is None:
        chat(model, name, sampling, system, assistant)
        return
    if assistant is not None:
        outcome = assistant.answer(prompt)
        if as_json:
            print_json({"model": name, "runner": model.runner, "text": outcome.said, "note": outcome.note})
        else:
            print_piece("\n".join(filter(None, outcome)) + "\n")
        return
    messages: list[ChatMessage] = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": prompt})
    _answer(model, name, sampling, messages, as_json)


def _model_and_prompt(first: str | None, second: str | None, model: str | None) -> tuple[str | None, str | None]:
    """Which of the words is the model: two words are model and prompt, one is whichever it looks like."""
    if second is not None and model is not None:
        raise ConfigError(
            f"Two models are named: {first} and {model}.", "There must be one.", "Drop --model, or the first word."
        )
    if second is not None:
        return first, second
    if first is not None and model is None and names_a_model(first):
        return first, None
    return model, first


def _sampling(settings: Settings, **flags: Any) -> SamplingParams:
    from zaphod.engine import SamplingParams

    return SamplingParams(temperature=settings.temperature, max_tokens=settings.max_tokens, seed=settings.seed, **flags)


def _answer(
    model: LoadedModel, name: str, sampling: SamplingParams, messages: list[ChatMessage], as_json: bool
) -> None:
    """One answer: as it comes, or as an object when it is complete."""
    from zaphod.engine import Request

    if model.reads_disk and not as_json:
        print(f"The model is larger than the memory: {model.speed}.", file=sys.stderr)
    prompt_ids = model.encode(messages)
    start_s = time.perf_counter()
    first_s: float | None = None
    completion: Completion | None = None
    request = Request(request_id="run", prompt_token_ids=prompt_ids, sampling=sampling, adapter=model.adapter)
    for increment in model.engine.stream(request):
        first_s = first_s or time.perf_counter() - start_s
        completion = increment.completion
        if not as_json:
            print_piece(increment.text)
    assert completion is not None
    assert first_s is not None
    total_s = time.perf_counter() - start_s
    if as_json:
        print_json(_report(model, name, completion, len(prompt_ids), first_s, total_s))
        return
    print()
    if completion.finish_reason == "length":
        print(f"(stopped after {len(completion.token_ids)} tokens; --max-tokens allows more)", file=sys.stderr)


def _report(
    model: LoadedModel, name: str, completion: Completion, prompt_tokens: int, first_s: float, total_s: float
) -> dict[str, Any]:
    after_first = len(completion.token_ids) - 1
    decode_s = total_s - first_s
    return {
        "model": name,
        "runner": model.runner,
        "speed": model.speed,
        "text": completion.text,
        "token_ids": list(completion.token_ids),
        "prompt_tokens": prompt_tokens,
        "finish_reason": completion.finish_reason,
        "timings": {
            "load_s": model.load_s,
            "first_token_s": first_s,
            "total_s": total_s,
            "tokens_per_s": after_first / decode_s if after_first > 0 and decode_s > 0 else None,
        },
    }
