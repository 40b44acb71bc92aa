"""What `zaphod robot run` does once the rounds are over: proof, deed and files, in that order; plans nothing."""

from __future__ import annotations

import json
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from zaphod.agents.robotics.planning.planner import Planned
from zaphod.agents.robotics.recording import recording
from zaphod.agents.robotics.recording.evidence import Permit, Trail
from zaphod.agents.robotics.recording.recording import Recording
from zaphod.agents.robotics.report import report
from zaphod.agents.robotics.scene import Scene
from zaphod.cli.privacy_options import user
from zaphod.cli.robot_telling import Silence
from zaphod.core.errors import ConfigError
from zaphod.core.progress import Progress
from zaphod.safety.verification.verify import certificate, recheck

_NO_NAME = re.compile(r"[^A-Za-z0-9._:+/-]|^(?![A-Za-z0-9])")
_MOST_NAME = 64
_FILES = ("plan.json", "contract.toml", "certificate.json", "episode.json")


def carry_out(
    done: Planned, scene: Scene, planner: str, folder: Path, audit: Path | None, show: Silence, progress: Progress
) -> tuple[Recording, dict[str, str]]:
    """Keep what was proved with its certificate, and only then carry it out; what was refused is only told.

    Args:
        done: where the rounds ended.
        scene: what is really there.
        planner: who planned.
        folder: is made; files of the same names are replaced.
        audit: folder of the audit log; None where nothing is written down.
        show: hears of the proof.
        progress: hears of the rest.

    Returns:
        The episode, and the files by what they are.

    Raises:
        ConfigError: the folder is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise ConfigError(f"{folder} is a file.", "It is a folder, or not there yet.", "Choose another with --out.")
    folder.mkdir(parents=True, exist_ok=True)
    for name in _FILES:  # a certificate of an earlier run would speak of another plan
        (folder / name).unlink(missing_ok=True)
    files: dict[str, str] = {}
    told: dict[str, Any] = {"instruction": done.task.instruction, "planner": planner, "rounds": done.recorded_rounds()}
    with ExitStack() as stack:
        trail = None if audit is None else stack.enter_context(Trail(audit, actor=user()))
        found = _episode(done, scene, folder, trail, show, progress, files, told)
    found.write(folder / "episode.json")
    files["episode"] = str(folder / "episode.json")
    files["report"] = str(report.write(found, folder, progress=progress).report)
    return found, files


def _episode(
    done: Planned,
    scene: Scene,
    folder: Path,
    trail: Trail | None,
    show: Silence,
    progress: Progress,
    files: dict[str, str],
    told: dict[str, Any],
) -> Recording:
    outcome, belief = done.outcome, done.task.belief
    if outcome is None:
        return recording.refused(belief, scene, done.refusal, **told)
    files["plan"] = _put(folder / "plan.json", json.dumps(outcome.plan.document, indent=1))
    files["contract"] = _put(folder / "contract.toml", toml(done.contract.document))
    proof = certificate(outcome.plan, done.contract) if done.is_accepted else None
    if proof is not None:
        files["certificate"] = _put(folder / "certificate.json", json.dumps(proof, separators=(",", ":")))
        kept = json.loads(Path(files["certificate"]).read_text(encoding="utf-8"))
        show.proof(done, recheck(kept, outcome.plan, done.contract), files)
    permit = None if trail is None else _decided(trail, done, scene, told["planner"], proof)
    found = recording.act(belief, scene, outcome, contract=done.contract, certificate=proof, progress=progress, **told)
    if trail is not None and permit is not None and permit.is_given:
        document = found.document()
        trail.ended(permit, document["outcome"], recording=document)
    return found


def _decided(trail: Trail, done: Planned, scene: Scene, planner: str, proof: Any) -> Permit:
    assert done.outcome is not None
    name = _NO_NAME.sub("_", planner)[:_MOST_NAME]
    seen: dict[str, Any] = {"certificate": proof, "belief": done.task.belief, "scene": scene, "planner": name}
    return trail.decided(done.outcome.plan, done.contract, done.outcome.report, **seen)


def _put(file: Path, text: str) -> str:
    file.write_text(text + "\n", encoding="utf-8")
    return str(file)


def toml(document: Any) -> str:
    """A contract as the file that `zaphod verify` reads: a table for each section, the rest inline."""
    plain = {key: value for key, value in document.items() if not isinstance(value, dict)}
    lines = [f"{key} = {_inline(value)}" for key, value in plain.items()]
    for name, section in document.items():
        if isinstance(section, dict):
            lines += ["", f"[{name}]", *(f"{key} = {_inline(value)}" for key, value in section.items())]
    return "\n".join(lines)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_inline(one)}" for key, one in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)
