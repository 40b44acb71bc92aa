"""How `zaphod robot run` is told: lines as things happen, or one document at the end; plans and proves nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zaphod.agents.robotics.planning.margins import margins
from zaphod.agents.robotics.planning.planner import Planned, Round, Task, Unreadable
from zaphod.agents.robotics.planning.schema import written
from zaphod.agents.robotics.recording.recording import Recording
from zaphod.cli.output import print_line, print_pairs, print_table, visible
from zaphod.safety.verification.telling import assumptions

_WIDTH = 11
_PLAN = "{grip_force} at each pad, {crossing_height} high, up and down in {lift_time}, across in {crossing_time}, pads "
_PLAN += "close with {closing_speed}"


class Silence:
    """Tells nothing on the way."""

    def task(self, task: Task, planner: str) -> None:
        pass

    def round(self, one: Round) -> None:
        pass

    def proof(self, done: Planned, num_claims: int, files: Mapping[str, str]) -> None:
        pass

    def ending(self, recording: Recording, done: Planned, files: Mapping[str, str]) -> None:
        pass


class Lines(Silence):
    """For people, as it happens."""

    def __init__(self) -> None:
        self._num_rounds = 0
        self._task: Task | None = None

    def task(self, task: Task, planner: str) -> None:
        self._task, known = task, task.belief
        load, wall = task.setting.load.name, [round(height * 1000) for height in known.wall_height_m]
        mass = " to ".join(f"{mass * 1000:.0f}" for mass in known.mass_kg)
        friction = " to ".join(f"{friction:.2f}" for friction in known.friction)
        told = f"a {load} of {mass} g, friction {friction}, breaks at {known.breaks_at_n:g} N; on the "
        told += f"{task.setting.start.name}; the {task.setting.goal.name} is behind a wall of {wall[0]} to {wall[1]} mm"
        _rows(("wanted", visible(task.instruction)), ("measured", told), ("planner", visible(planner)))

    def round(self, one: Round) -> None:
        self._num_rounds += 1
        assert self._task is not None
        numbers = one.document(self._task.setting)
        said = visible(numbers["said"]) if isinstance(one.answer, Unreadable) else _PLAN.format(**numbers)
        print_line()
        _rows((f"round {self._num_rounds}", said))
        if one.is_accepted:
            _rows(("", "proved"))
        for finding in one.findings:
            _rows(("", f"refused: {visible(finding)}"))

    def proof(self, done: Planned, num_claims: int, files: Mapping[str, str]) -> None:
        assert done.outcome is not None
        found = margins(done.outcome.plan, done.contract)
        print_line()
        rows = [(one.requirement, one.limit, one.plan, one.left) for one in found]
        print_table(rows, header=("contract", "must hold", "plan", "left"), right=(2, 3))
        report = done.outcome.report
        claims = ", ".join(f"{name} {count}" for name, count in report.num_claims.items())
        print_line()
        _rows(
            ("proved", f"{claims} claims in {report.seconds * 1000:.0f} ms"),
            ("assuming", assumptions(done.contract)),
            ("certificate", f"{num_claims} claims, read again from {files['certificate']}: every proof holds"),
        )

    def ending(self, recording: Recording, done: Planned, files: Mapping[str, str]) -> None:
        print_line()
        if done.refusal:
            _rows(("declined" if done.declined else "refused", visible(done.refusal)), ("result", "nothing was moved"))
        _rows(*_acted(recording))
        _rows(("report", files["report"]), ("episode", files["episode"]))
        if "certificate" in files:
            again = f"zaphod verify {files['plan']} -c {files['contract']} --check {files['certificate']}"
            print_line(f"Check the proof again: {again}", style="dim")


def document(recording: Recording, done: Planned, files: Mapping[str, str]) -> dict[str, Any]:
    """The whole run as `--json` prints it; the samples are in the episode's file."""
    told = recording.document()
    outcome = done.outcome
    return {
        "instruction": told["instruction"],
        "planner": told["planner"],
        "refused_by": "planner" if done.declined else "verifier" if done.refusal else None,
        "refusal": done.refusal,
        "rounds": told["rounds"],
        "proposal": None if outcome is None else written(outcome.proposal, done.task.setting),
        "margins": [one._asdict() for one in margins(outcome.plan, done.contract)]
        if outcome and done.is_accepted
        else [],
        "proof": told["proof"],
        "assuming": told["assuming"],
        "certificate_sha256": told["certificate_sha256"],
        "outcome": told["outcome"],
        "files": dict(files),
    }


def _acted(recording: Recording) -> list[tuple[str, str]]:
    end, limits = recording.outcome, recording.limits
    if end is None or limits is None:
        return []
    rungs = [rung for rung in dict.fromkeys(recording.samples.rung) if rung != "go"]
    monitor = f"the monitor went to {', '.join(rungs)}" if rungs else "the monitor let it go on all the time"
    nearest = min(recording.samples.clearance_m, default=0.0) * 1000
    done = f"{end.seconds:.1f} s; pads pressed with {end.peak_force_n:.2f} N at most, it breaks at "
    done += f"{limits.breaks_at_n:g} N; nearest {nearest:.1f} mm; {monitor}"
    return [("acted", done), ("result", _result(recording))]


def _result(recording: Recording) -> str:
    end = recording.outcome
    assert end is not None
    if end.succeeded:
        return f"it stands at its goal, whole and upright, {end.misplaced_m * 1000:.1f} mm from the middle"
    faults = [f"stopped: {end.stopped}"] if end.stopped else []
    faults += [f"touched the {name}" for name in end.collisions]
    faults += ["dropped"] if end.dropped else []
    if recording.limits and recording.limits.breaks_at_n and end.peak_force_n > recording.limits.breaks_at_n:
        faults.append("pressed too hard")
    return "NOT done: " + ("; ".join(faults) or f"it is {end.misplaced_m * 1000:.0f} mm from its goal")


def _rows(*rows: tuple[str, str]) -> None:
    if rows:
        print_pairs([(name.ljust(_WIDTH), value) for name, value in rows])
