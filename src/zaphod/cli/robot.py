"""`zaphod robot`: an instruction planned, proved and carried out in the simulator; knows flags, no physics."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zaphod.cli.options import JsonFlag, read_key
from zaphod.cli.output import print_json
from zaphod.cli.verify import REFUSED
from zaphod.core.configuration import MergedSettings
from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, ProgressLines

if TYPE_CHECKING:
    from zaphod.agents.robotics.planning.planner import Planned, Planner
    from zaphod.agents.robotics.recording.recording import Recording

DECLINED, FAILED = 14, 15
"""Exit codes: the planner wants nothing done; it was done, and did not succeed."""

_HELP = """A robot that only does what has been proved, in a simulator.

\b
Examples:
  zaphod robot run "Pick up the fragile glass and place it carefully on the shelf."
  zaphod robot run "Carry the glass to the shelf." --seed 7 --out episodes/7
  zaphod robot run "Carry the glass to the shelf." --endpoint http://127.0.0.1:8000 --json
  zaphod robot schema
"""

verbs = typer.Typer(add_completion=False, rich_markup_mode=None, no_args_is_help=True, help=_HELP)


@verbs.callback()
def _robot() -> None:
    pass


@verbs.command("run")
def run_command(
    context: typer.Context,
    instruction: Annotated[
        str | None, typer.Argument(metavar="INSTRUCTION", help="What is to be done, in English.")
    ] = None,
    spoken: Annotated[
        Path | None, typer.Option("--spoken", metavar="FILE.wav", help="It is said in this recording instead.")
    ] = None,
    camera: Annotated[
        bool, typer.Option("--camera", help="Where things are is seen in rendered pictures, not told.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the scene: masses, friction, wall, errors.")] = 0,
    model: Annotated[
        str, typer.Option("--model", "-m", metavar="MODEL", help="Plans: builtin, a folder, .gguf file or org/name.")
    ] = "builtin",
    endpoint: Annotated[
        str | None, typer.Option("--endpoint", metavar="URL", help="A server whose model plans instead.")
    ] = None,
    endpoint_model: Annotated[
        str, typer.Option("--endpoint-model", metavar="NAME", help="As the server calls it; its first one otherwise.")
    ] = "",
    key_file: Annotated[
        Path | None, typer.Option("--key-file", metavar="FILE", help="Of the server: holds the key.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FOLDER", help="Keep it there; episodes/SEED by default.")
    ] = None,
    audit: Annotated[
        Path | None, typer.Option("--audit", metavar="DIR", help="Write verdict and ending into the audit log there.")
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """Plan an instruction, prove the plan, carry it out under the monitor, and keep the proof and a report.

    The scene is a fragile glass on a table, a wall, and a shelf behind it. Nothing in an instruction changes what must
    be proved. Exit code 13: no plan could be proved; 14: the planner wants nothing done; 15: done without success.

    \b
    Examples:
      zaphod robot run "Pick up the fragile glass and place it carefully on the shelf."
      zaphod robot run "Carry the glass to the shelf, fast." --seed 3 --camera --json
      zaphod robot run --spoken instruction.wav
      zaphod robot run "Carry the glass to the shelf." --endpoint https://host --endpoint-model name --key-file key
    """
    from zaphod.agents.robotics.planning.planner import Task, planned
    from zaphod.agents.robotics.scene import believed, draw
    from zaphod.cli import robot_telling as telling
    from zaphod.cli.robot_episode import carry_out

    wanted = _instruction(instruction, spoken)
    scene = draw(seed)
    belief = believed(scene, seed)
    if camera:
        from zaphod.agents.robotics.perception.looking import look

        belief = look(scene, belief)
    task = Task(instruction=wanted, belief=belief)
    planner = _planner(context.obj, model, endpoint, endpoint_model, key_file)
    show = telling.Silence() if as_json else telling.Lines()
    show.task(task, planner.name)
    done = planned(planner, task, show.round)
    folder = out or Path("episodes") / str(seed)
    recording, files = carry_out(done, scene, planner.name, folder, audit, show, SILENT if as_json else ProgressLines())
    show.ending(recording, done, files)
    if as_json:
        print_json(telling.document(recording, done, files))
    code = _exit_code(recording, done)
    if code:
        raise typer.Exit(code)


@verbs.command("schema")
def schema_command(as_json: JsonFlag = False) -> None:
    """Print the JSON Schemas of both languages of plans: what a model proposes, and the whole plan that is proved.

    \b
    Examples:
      zaphod robot schema
      zaphod robot schema --json | jq .proposal
    """
    from zaphod.agents.robotics.planning.schema import plan_schema, proposal_schema
    from zaphod.agents.robotics.setting import GLASS_OVER_A_WALL

    del as_json  # it is JSON anyway
    print_json({"proposal": proposal_schema(GLASS_OVER_A_WALL), "plan": plan_schema()})


def _instruction(written: str | None, spoken: Path | None) -> str:
    if (written is None) == (spoken is None):
        found = "There is no instruction." if written is None else "There are two instructions, one of them spoken."
        raise ConfigError(found, "One is wanted: written as INSTRUCTION, or --spoken FILE.wav.", "Give one of them.")
    if written is not None:
        return written
    from zaphod.agents.robotics.speech.speech import transcribe

    assert spoken is not None
    return transcribe(spoken).text


def _planner(
    settings: MergedSettings, model: str, endpoint: str | None, endpoint_model: str, key_file: Path | None
) -> Planner:
    if endpoint is None and (endpoint_model or key_file is not None):
        raise ConfigError("A server's model or key is named, and no server.", "--endpoint names it.", "Add it.")
    if endpoint is not None:
        from zaphod.agents.robotics.planning.served import Server
        from zaphod.agents.robotics.planning.spoken import SpokenPlanner
        from zaphod.core.endpoint import Endpoint

        server = Server(Endpoint(url=endpoint, model=endpoint_model, api_key=read_key(key_file)))
        return SpokenPlanner(server, server.model)
    from zaphod.agents.robotics.planning.loaded import planner_of
    from zaphod.launch.models import load_model
    from zaphod.model.fetching.references import resolve

    values = settings.with_flags(model=model).values
    resolve(values.model, values).weights_path()  # a wrong name is told before anything is loaded
    return planner_of(load_model(values, None, None, ProgressLines()), model)


def _exit_code(recording: Recording, done: Planned) -> int:
    if done.declined:
        return DECLINED
    if done.refusal:
        return REFUSED
    return 0 if recording.outcome is not None and recording.outcome.succeeded else FAILED
