"""`zaphod serve`: answer over HTTP; knows the flags and the greeting, not what a server does."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zaphod import __version__
from zaphod.cli.options import CompatFlag, ConfigFlag, ContextFlag, DTypeFlag, ExpertCacheFlag, RunnerFlag, ThreadsFlag
from zaphod.cli.output import print_json, print_line
from zaphod.core.configuration import MergedSettings
from zaphod.core.errors import ConfigError
from zaphod.core.progress import ProgressLines
from zaphod.core.units import format_bytes, format_count, parse_bytes
from zaphod.model.fetching.references import BUILTIN

if TYPE_CHECKING:
    from zaphod.server.assembly import Server

_GOOD_AT = "plans, tool calls, arithmetic with checked steps. Not a general chatbot: `zaphod serve org/name` loads one."


def command(
    context: typer.Context,
    model: Annotated[
        str | None, typer.Argument(metavar="MODEL", help="Folder, .gguf file, builtin, or org/name.")
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; others than loopback need a key.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", help="0 takes a free one.")] = 8000,
    served_model_name: Annotated[
        list[str] | None, typer.Option("--served-model-name", "--alias", help="Name for clients; may be repeated.")
    ] = None,
    adapter: Annotated[
        list[str] | None, typer.Option("--adapter", metavar="NAME=FOLDER", help="LoRA adapter that clients may name.")
    ] = None,
    mode: Annotated[str, typer.Option("--mode", help="How the model speaks: regular, fun or concise.")] = "regular",
    max_num_seqs: Annotated[
        int, typer.Option("--max-num-seqs", "--parallel", "-np", help="Requests answered at one time.")
    ] = 64,
    max_batch_tokens: Annotated[int, typer.Option("--max-num-batched-tokens", help="Tokens of one pass.")] = 512,
    cache_tokens: Annotated[
        int | None, typer.Option("--cache-tokens", min=1, help="Room for keys and values, of all requests together.")
    ] = None,
    max_queue: Annotated[
        int, typer.Option("--max-queue", help="Requests that may wait; more are sent away (429).")
    ] = 256,
    max_wait: Annotated[
        float, typer.Option("--max-wait", metavar="SECONDS", help="Send away who would wait longer (429).")
    ] = 60.0,
    request_timeout: Annotated[
        float | None, typer.Option("--request-timeout", metavar="SECONDS", help="Longest time for one request.")
    ] = None,
    shutdown_timeout: Annotated[
        float, typer.Option("--shutdown-timeout", metavar="SECONDS", help="For running requests, after SIGTERM.")
    ] = 30.0,
    max_body: Annotated[str, typer.Option("--max-body", metavar="SIZE", help="Largest request.")] = "8 MB",
    allowed_host: Annotated[
        list[str] | None, typer.Option("--allowed-host", help="A name under which this server is reached.")
    ] = None,
    allowed_origin: Annotated[
        list[str] | None, typer.Option("--allowed-origin", help="A web origin whose pages may call the API.")
    ] = None,
    keys_file: Annotated[Path | None, typer.Option("--keys-file", help="Where keys lie; see `zaphod keys`.")] = None,
    api_key_file: Annotated[
        Path | None, typer.Option("--api-key-file", help="A file with one more key, as containers hand it over.")
    ] = None,
    guard: Annotated[
        str,
        typer.Option(
            "--guard", metavar="POLICY", help="default, strict, observe, a file, a folder of tenants' files, or off."
        ),
    ] = "default",
    audit: Annotated[
        bool, typer.Option("--audit/--no-audit", help="Write down what is done, and do nothing that cannot be.")
    ] = True,
    audit_witness: Annotated[
        Path | None, typer.Option("--audit-witness", metavar="DIR", help="Copy the audit's checkpoints there.")
    ] = None,
    kek: Annotated[
        str | None, typer.Option("--kek", metavar="ADDRESS", help="The key above all keys; see `zaphod vault`.")
    ] = None,
    log_file: Annotated[Path | None, typer.Option("--log-file", help="Access log as JSON lines, in a file.")] = None,
    otlp_traces_endpoint: Annotated[
        str | None, typer.Option("--otlp-traces-endpoint", metavar="URL", help="Send traces there (OTLP over HTTP).")
    ] = None,
    upstream: Annotated[
        list[str] | None,
        typer.Option("--upstream", metavar="URL", help="Answer with that server instead; may be repeated."),
    ] = None,
    upstream_key_file: Annotated[
        list[Path] | None, typer.Option("--upstream-key-file", help="Keys of upstreams: lines of URL and key.")
    ] = None,
    max_model_len: ContextFlag = None,
    runner: RunnerFlag = None,
    expert_cache: ExpertCacheFlag = None,
    dtype: DTypeFlag = None,
    threads: ThreadsFlag = None,
    compat: CompatFlag = None,
    config: ConfigFlag = None,
    open_page: Annotated[bool, typer.Option("--open", help="Show the page in a browser when ready.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object when ready, instead of text.")] = False,
) -> None:
    """Serve a model to any client of OpenAI's or Anthropic's API, with a page for people.

    Listens on this machine alone; elsewhere only when a key exists. Ctrl-C lets running requests finish.

    \b
    Examples:
      zaphod serve
      zaphod serve ./grok-1-int4 --port 9000
      zaphod keys create --name alice && zaphod serve org/name --host 0.0.0.0
      zaphod serve --upstream http://gpu1:30000 --upstream http://gpu2:30000
    """
    settings: MergedSettings = context.obj.with_flags(
        model=model,
        context=max_model_len,
        runner=runner,
        expert_cache=expert_cache,
        dtype=dtype,
        threads=threads,
        kek=kek,
    )
    from zaphod.server.assembly import EngineOptions, assemble
    from zaphod.server.options import ServerOptions

    options = ServerOptions(
        host=host,
        port=port,
        served_model_names=tuple(served_model_name or ()),
        mode=mode,
        shutdown_timeout_s=shutdown_timeout,
        request_timeout_s=request_timeout,
        max_queue=max_queue,
        max_wait_s=max_wait,
        max_body_bytes=_size(max_body),
        allowed_hosts=tuple(allowed_host or ()),
        allowed_origins=tuple(allowed_origin or ()),
        keys_path=keys_file,
        database=settings.values.database,
        state_dir=settings.values.state_dir,
        guard=guard,
        audit=audit,
        audit_witness=audit_witness,
        kek=settings.values.kek,
        api_key_file=api_key_file,
        log_file=log_file,
        log_level=settings.values.log_level,
        otlp_traces_endpoint=otlp_traces_endpoint,
        upstreams=tuple(upstream or ()),
        upstream_key_files=tuple(upstream_key_file or ()),
    )
    engine = EngineOptions(
        settings=settings.values,
        config=config,
        compat=compat,
        adapters=dict(map(_named_folder, adapter or [])),
        max_num_sequences=max_num_seqs,
        max_batch_tokens=max_batch_tokens,
        cache_tokens=cache_tokens,
    )
    server = assemble(options, None if upstream else engine, ProgressLines())

    def ready() -> None:
        _greet(server, settings.values.model, as_json)
        if open_page and _has_display():
            webbrowser.open(server.url)

    raise typer.Exit(server.run(on_ready=ready))


def _has_display() -> bool:
    """Without one, `webbrowser` would start a browser for terminals, over our own lines."""
    return sys.platform in ("darwin", "win32") or any(name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _size(text: str) -> int:
    try:
        return parse_bytes(text)
    except ValueError as error:
        raise ConfigError(
            f"--max-body is {text!r}.", "It must be a number of bytes.", "Like --max-body '8 MB'"
        ) from error


def _named_folder(word: str) -> tuple[str, Path]:
    name, equals, folder = word.partition("=")
    if not (name and equals and folder):
        raise ConfigError(f"--adapter is {word!r}.", "It must be a name and a folder.", "Like --adapter law=./law-lora")
    return name, Path(folder)


def _greet(server: Server, name: str, as_json: bool) -> None:
    """What runs and how to reach it, in figures read from the running system."""
    if as_json:
        print_json(server.describe())
        return
    facts = server.describe()
    print_line(_title(facts, name))
    access = "a key is needed" if facts["needs_key"] else "loopback only; `zaphod keys create` to open it"
    rows = [("page", f"{facts['url']}      API   {facts['url']}/v1   ({access})")]
    if facts.get("speed"):
        rows.append(("speed", str(facts["speed"])))
    if name == BUILTIN and "runner" in facts:
        ask = '{"messages":[{"role":"user","content":"what is 4817 + 2944?"}]}'
        rows.append(("try", f"curl {facts['url']}/v1/chat/completions -d '{ask}'"))
        rows.append(("good at", _GOOD_AT))
    for name_of_row, value in rows:
        print_line(f"{name_of_row:<9}{value}")  # no table: it would break the command into lines that do not run


def _title(facts: dict[str, Any], name: str) -> str:
    if "runner" not in facts:
        return f"Zaphod {__version__} · gateway of {', '.join(facts['upstreams'])}"
    title = "built-in model" if name == BUILTIN else name
    counts = (format_count(facts[key]) for key in ("parameters", "active_parameters"))
    size = "{} parameters, {} active".format(*counts)
    threads = f"{facts['threads']} thread{'s' if facts['threads'] != 1 else ''}"
    memory = " of ".join(format_bytes(facts[key]) for key in ("memory_bytes", "total_memory_bytes"))
    return f"Zaphod {__version__} · {title} ({size}) · {facts['runner']}, {threads} · {memory}"
