"""The program `zaphod`: finds the verb, reads the settings, reports errors; knows nothing of what a verb does.

A verb's module is imported only when it runs, so `zaphod --help` and the verbs that need no tensors start at once.
Each module in this folder that carries a verb has one function `command`, or, where the verb has verbs of its own, an
app `verbs`; `VERBS` is the list of them.
"""

from __future__ import annotations

import difflib
import importlib
import json
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer
import typer.core
import typer.main

from zaphod import __version__
from zaphod.core.configuration import load_settings
from zaphod.core.errors import ConfigError, ZaphodError
from zaphod.core.logging import configure_logging


class Verb(NamedTuple):
    """A command before it is imported."""

    module: str
    help: str


VERBS = {
    "run": Verb("run", "Answer one prompt, or chat."),
    "serve": Verb("serve", "Serve a model over HTTP, with a page for people."),
    "show": Verb("show", "Describe a model: sizes, parameters, what fits this machine."),
    "pull": Verb("pull", "Fetch a model from the Hugging Face Hub, or Grok-1 by torrent."),
    "convert": Verb("convert", "Write a model in another file format."),
    "quantize": Verb("quantize", "Write a model with fewer bits a weight, and tell what is lost."),
    "logits": Verb("logits", "Write logits to a file, to compare with another program."),
    "train": Verb("train", "Train a model from a file of settings, or the built-in one again."),
    "consolidate": Verb("consolidate", "Make a model of what the processes of a training wrote."),
    "data": Verb("data", "Build training data from texts, and see what is in it."),
    "tokenizer": Verb("tokenizer", "Learn a vocabulary, import one, or see what one makes of a text."),
    "eval": Verb("eval", "Ask a model the known benchmarks, and count with intervals."),
    "adapt": Verb("adapt", "Teach a model from examples (LoRA, QLoRA, full), and merge what it learnt."),
    "bench": Verb("bench", "Measure a model's speed, alone or beside other programs."),
    "doctor": Verb("doctor", "Describe and measure this machine, or check a model on it."),
    "tune": Verb("tune", "Find out how this machine computes fastest, and keep it."),
    "power": Verb("power", "Find limits of GPUs that save energy, and hours that save CO2."),
    "keys": Verb("keys", "Make, list and revoke the keys that open a server."),
    "plan": Verb("plan", "Say what a deployment or a training takes: devices, speed, cost, energy."),
    "verify": Verb("verify", "Prove that a robot's plan keeps a contract, before anything moves."),
    "robot": Verb("robot", "Plan an instruction, prove the plan, and carry it out in a simulator."),
    "guard": Verb("guard", "Try a text on the guard, and read the policies that decide."),
    "vault": Verb("vault", "Make, see and change the keys that records are sealed with; seal files."),
    "audit": Verb("audit", "Verify, search, export and ship what was written down."),
    "privacy": Verb("privacy", "Export, erase, restrict and keep count of people's data; report duties."),
    "database": Verb("database", "See and upgrade the database of keys and records."),
    "redteam": Verb("redteam", "Attack a running server, and count what succeeds."),
    "config": Verb("config", "Print every setting and where its value comes from."),
}

EXIT_CODES = """\b
Exit codes:
  0  done
  1  an unforeseen error (--debug shows the traceback)
  2  a wrong verb, flag, setting or model configuration
  3  a weight file cannot be used
  4  a vocabulary cannot be used
  5  an impossible request
  6  it does not fit into this machine
  7  an optional library is missing
  8  a model could not be fetched
  9  `doctor MODEL` found a kernel that disagrees
  10  what was kept is not what was written, or its key is gone
  11  a service or device that this needs does not answer
  12  the audit log cannot be written, or has been changed
  13  a robot's plan does not keep its contract, or that could not be proved
  14  `robot run`: the planner wants nothing done
  15  `robot run`: it was done, and did not succeed
  16  `plan` refuses: nothing that was measured is near enough
  130  stopped by Ctrl-C
"""


class _LazyVerb(typer.core.TyperCommand):
    """Stands for a verb in the list of commands, and becomes it when it is called."""

    def __init__(self, name: str, verb: Verb) -> None:
        super().__init__(name, help=verb.help, callback=None)
        self._verb = verb

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        module = importlib.import_module(f"zaphod.cli.{self._verb.module}")
        app = getattr(module, "verbs", None) or _only(module.command, self.name)
        return typer.main.get_command(app).make_context(info_name, args, parent=parent, **extra)


def _only(command: Callable[..., None], name: str | None) -> typer.Typer:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(name)(command)
    return app


class _Verbs(typer.core.TyperGroup):
    """The list of verbs."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return _LazyVerb(cmd_name, VERBS[cmd_name]) if cmd_name in VERBS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in VERBS:
            nearest = difflib.get_close_matches(args[0], VERBS, n=1)
            raise ConfigError(
                f"There is no command {args[0]!r}.",
                f"The commands are {', '.join(VERBS)}.",
                f"Did you mean `zaphod {nearest[0]}`?" if nearest else "See `zaphod --help`.",
            )
        return super().resolve_command(ctx, args)


app = typer.Typer(cls=_Verbs, rich_markup_mode=None, add_completion=True)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"zaphod {__version__}")
        raise typer.Exit


@app.callback(epilog=EXIT_CODES)
def _zaphod(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings file, YAML or TOML; stands before the verb."),
    ] = None,
    log_level: Annotated[
        str | None, typer.Option("--log-level", metavar="LEVEL", help="debug, info, warning or error.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks. May stand anywhere.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Run, describe and convert Grok-1, Grok-2 and mixture-of-experts models like them.

    \b
    Examples:
      zaphod run "what is 4817 + 2944?"
      zaphod show grok-1
      zaphod pull org/name
    """
    settings = load_settings(config, flags={"log_level": log_level})
    configure_logging(settings.values.log_level)
    context.obj = settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. Every error ends here."""
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    given, is_debugging = _hoist_debug(given)
    try:
        code = typer.main.get_command(app)(given, prog_name="zaphod", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has gone: what is still buffered must not raise again when the interpreter closes.
        sys.stdout = None
        return 1
    except typer.Abort:
        return _stopped()
    except Exception as error:
        if is_debugging:
            traceback.print_exc()
        deliberate = _deliberate(error)
        _report(deliberate, as_json="--json" in given)
        return deliberate.exit_code
    return _stopped() if code == 130 else int(code or 0)


def _hoist_debug(arguments: list[str]) -> tuple[list[str], bool]:
    """Accept `--debug` after the verb too, where people type it."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = [argument for argument in arguments[:end] if argument != "--debug"]
    return options + arguments[end:], len(options) < end


def _stopped() -> int:
    print("zaphod: stopped.", file=sys.stderr)
    return 130


def _deliberate(error: Exception) -> ZaphodError:
    """The error as ours: what was found, what was wanted, what to do."""
    if isinstance(error, ZaphodError):
        return error
    if isinstance(error, typer.TyperException):
        return _usage_error(error)
    if isinstance(error, OSError):
        return ZaphodError(f"The system refuses: {error}.", "", "Check the path, its permissions and the free space.")
    if isinstance(error, MemoryError):
        return ZaphodError("The memory is full.", "", "See `zaphod show MODEL` for what fits this machine.")
    return ZaphodError(
        f"{type(error).__name__}: {error}",
        "This was not foreseen, so it is a fault in zaphod.",
        "Run the same command with --debug and report what it prints.",
    )


def _usage_error(error: typer.TyperException) -> ConfigError:
    context = getattr(error, "ctx", None)
    help_hint = f"See `{context.command_path if context else 'zaphod'} --help`."
    unknown = getattr(error, "option_name", None)
    if unknown is None or context is None:
        return ConfigError(error.format_message(), "", help_hint)
    known = [flag for parameter in context.command.params for flag in (*parameter.opts, *parameter.secondary_opts)]
    nearest = difflib.get_close_matches(unknown, [flag for flag in known if flag.startswith("-")], n=1)
    if nearest:
        help_hint = f"Did you mean {nearest[0]}? {help_hint}"
    return ConfigError(f"`{context.command_path}` has no flag {unknown}.", "", help_hint)


def _report(error: ZaphodError, as_json: bool) -> None:
    if as_json:
        parts = {"kind": type(error).__name__, "found": error.found, "wanted": error.wanted, "remedy": error.remedy}
        print(json.dumps({"error": {**parts, "exit_code": error.exit_code}}, indent=2, ensure_ascii=False))
    else:
        print("zaphod: " + str(error).replace("\n", "\n        "), file=sys.stderr)
