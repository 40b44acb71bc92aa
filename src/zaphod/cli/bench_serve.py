"""`zaphod bench serve`: a server's speed and latency under load; knows neither how it is measured nor HTTP."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from zaphod.cli.options import JsonFlag, read_key
from zaphod.cli.output import print_json, print_line, print_pairs, print_table
from zaphod.core.errors import ConfigError
from zaphod.core.progress import ProgressLines

if TYPE_CHECKING:
    from zaphod.study.benchmarks.serving.arrivals import Arrivals

_NUM_PROMPTS = 100


def serve(
    base_url: Annotated[str, typer.Option("--base-url", metavar="URL", help="With or without /v1.")],
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Default: the first that the server names.")
    ] = None,
    endpoint: Annotated[Literal["completions", "chat"], typer.Option("--endpoint", help="What is asked.")] = (
        "completions"
    ),
    api_key_file: Annotated[
        Path | None, typer.Option("--api-key-file", metavar="FILE", help="Holds the key; flags are seen by others.")
    ] = None,
    request_rate: Annotated[
        float | None,
        typer.Option(help="Open loop: requests a second, inf for all at once."),
    ] = None,
    burstiness: Annotated[float, typer.Option(help="Shape of the gaps: 1 Poisson, less in bursts, inf equal.")] = 1.0,
    max_concurrency: Annotated[
        int | None,
        typer.Option(help="Requests at a time; without --request-rate the clients of a closed loop, default 1."),
    ] = None,
    num_prompts: Annotated[int | None, typer.Option(help=f"Requests to send; default {_NUM_PROMPTS}.")] = None,
    duration: Annotated[float | None, typer.Option(help="Seconds to send for, instead.")] = None,
    num_warmups: Annotated[int, typer.Option(min=0, help="Requests before the clock starts.")] = 0,
    dataset: Annotated[
        Literal["random", "shared-prefix", "tasks"], typer.Option(help="Random words, or the built-in tasks.")
    ] = "random",
    input_len: Annotated[int, typer.Option(help="Tokens of a prompt.")] = 512,
    output_len: Annotated[int, typer.Option(help="Tokens of an answer, at most.")] = 128,
    range_ratio: Annotated[float, typer.Option(help="Lengths vary by so much, uniformly: 0.5 is half to 1.5.")] = 0.0,
    prefix_len: Annotated[int, typer.Option(help="Tokens that all prompts of shared-prefix begin with.")] = 256,
    num_prefixes: Annotated[int, typer.Option(help="Different beginnings of shared-prefix.")] = 1,
    ignore_eos: Annotated[
        bool, typer.Option("--ignore-eos", help="Ask for answers of exactly the wanted length (vLLM's field).")
    ] = False,
    temperature: Annotated[float | None, typer.Option(help="Default: the server's.")] = None,
    extra_body: Annotated[str | None, typer.Option(metavar="JSON", help="More fields for every request.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Default: another each time, which is printed.")] = None,
    goodput: Annotated[
        list[str] | None, typer.Option(metavar="GOAL...", help="Of ttft, tpot, e2el, in ms, like: ttft:2000 tpot:150")
    ] = None,
    more_goals: Annotated[list[str] | None, typer.Argument(hidden=True, metavar="GOAL")] = None,
    metric_percentiles: Annotated[str, typer.Option(help="Of every latency.")] = "90,95,99",
    timeout: Annotated[float, typer.Option(help="Seconds after which a request has failed.")] = 600.0,
    save_detailed: Annotated[bool, typer.Option("--save-detailed", help="List every request in the JSON.")] = False,
    result_file: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the JSON there, too.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Measure a server under load: any that speaks OpenAI's API.

    Latencies in the open loop count from the instant at which a request was due, so a stalled server looks as bad as it
    is. TPOT is (E2EL - TTFT) / (tokens - 1). Ctrl-C prints what was measured so far.

    \b
    Examples:
      zaphod bench serve --base-url http://127.0.0.1:8000 --max-concurrency 16 --ignore-eos
      zaphod bench serve --base-url http://127.0.0.1:8000 --request-rate 2 --duration 60 --goodput ttft:2000 tpot:150
      zaphod bench serve --base-url http://127.0.0.1:8000 --endpoint chat --dataset tasks --json
    """
    from zaphod.study.benchmarks.environment import describe_environment
    from zaphod.study.benchmarks.serving.client import Target
    from zaphod.study.benchmarks.serving.goodput import Goals
    from zaphod.study.benchmarks.serving.load import Load
    from zaphod.study.benchmarks.serving.prompts import Shape
    from zaphod.study.benchmarks.serving.session import Session, run_session

    if more_goals and not goodput:
        raise ConfigError(f"{more_goals[0]!r} stands alone.", "Only goals have no flag of their own.", "See --help.")
    chosen_seed = secrets.randbelow(1 << 31) if seed is None else seed
    if num_prompts is None and duration is None:
        num_prompts = _NUM_PROMPTS
    session = Session(
        target=Target(
            base_url=base_url,
            model=model or "",
            endpoint=endpoint,
            api_key=read_key(api_key_file),
            ignore_eos=ignore_eos,
            temperature=temperature,
            extra_body=_fields(extra_body),
            timeout_s=timeout,
        ),
        shape=Shape(
            dataset=dataset,
            input_tokens=input_len,
            output_tokens=output_len,
            range_ratio=range_ratio,
            prefix_tokens=prefix_len,
            num_prefixes=num_prefixes,
            seed=chosen_seed,
        ),
        load=Load(
            arrivals=_arrivals(request_rate, burstiness, max_concurrency),
            num_prompts=num_prompts,
            duration_s=duration,
            num_warmups=num_warmups,
            seed=chosen_seed,
        ),
        goals=Goals.parse([*(goodput or ()), *(more_goals or ())]),
        percentiles=_percentiles(metric_percentiles),
        is_detailed=save_detailed,
    )
    result = run_session(session, ProgressLines()) | {"machine": describe_environment()}
    if result_file is not None:
        result_file.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if as_json:
        print_json(result)
    else:
        _print(result, session.percentiles)
    if result["was_stopped"]:
        raise typer.Exit(130)


def _arrivals(request_rate: float | None, burstiness: float, max_concurrency: int | None) -> Arrivals:
    from zaphod.study.benchmarks.serving.arrivals import Arrivals

    if request_rate is None and max_concurrency is None:
        max_concurrency = 1
    rate = math.inf if request_rate is None else request_rate
    return Arrivals(request_rate=rate, burstiness=burstiness, max_concurrency=max_concurrency)


def _fields(text: str | None) -> dict[str, Any]:
    try:
        fields = {} if text is None else json.loads(text)
    except ValueError as error:
        raise ConfigError(f"--extra-body is no JSON: {error}.", "It must be an object.") from error
    if not isinstance(fields, dict):
        raise ConfigError(f"--extra-body is {text}.", "It must be an object.", 'Write it like: {"top_k": 1}')
    return fields


def _percentiles(text: str) -> tuple[float, ...]:
    try:
        shares = tuple(float(word) for word in text.split(","))
    except ValueError as error:
        raise ConfigError(f"--metric-percentiles is {text!r}.", "Numbers and commas were wanted.") from error
    if not all(0 <= share <= 100 for share in shares):
        raise ConfigError(f"--metric-percentiles is {text!r}.", "Each must lie between 0 and 100.")
    return shares


def _print(result: dict[str, Any], percentiles: Sequence[float]) -> None:
    from zaphod.study.benchmarks.serving import table

    print_pairs(
        [
            ("server", f"model {result['model_id']}, {result['backend']}"),
            *table.pairs(result),
            ("measured on", _where(result["machine"])),
        ]
    )
    print_line()
    header = table.header(percentiles)
    print_table(table.rows(result, percentiles), header=header, right=range(1, len(header)))
    for line in table.warnings(result):
        print_line(line, style="yellow")


def _where(machine: dict[str, Any]) -> str:
    load = f"load average {machine['load_average']:.2f}"
    return f"{machine['date']}, {machine['cpu_model']}, {machine['num_cores']} cores, {load}"
