"""An episode as it can be kept, sent and shown again: who wanted what, what was proved of it, and what happened.

Knows no simulator: only `act` needs one. JSON, format `zaphod-episode-1`; `docs/robotics.md` tells each field.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import msgspec

from zaphod.agents.robotics.scene import Belief, Scene
from zaphod.core.errors import ConfigError
from zaphod.core.progress import SILENT, Progress
from zaphod.safety.verification.certificates import digest
from zaphod.safety.verification.contracts import Contract, read_contract
from zaphod.safety.verification.plans import Plan, read_plan
from zaphod.safety.verification.requirements import grip
from zaphod.safety.verification.telling import assumptions
from zaphod.safety.verification.verify import Report, subjects

if TYPE_CHECKING:
    from zaphod.agents.robotics.monitoring.supervised import Fault
    from zaphod.agents.robotics.planning.repair import Outcome
    from zaphod.agents.robotics.simulation.execution import Episode

FORMAT: Final = "zaphod-episode-1"
SAMPLES_PER_S: Final = 50
_MOST_SAMPLES: Final = 100_000
_MOST_BYTES: Final = 64_000_000

Point = tuple[float, float, float]
Pair = tuple[float, float]
RungName = Literal["go", "clamp", "slow", "stop", "hold"]


@dataclass(frozen=True, kw_only=True)
class Round:
    """One plan of a planner, and what was wrong with it."""

    proposal: Mapping[str, Any]
    accepted: bool
    findings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What the verifier said of the last plan."""

    accepted: bool
    claims: dict[str, int]
    """How many, by requirement."""
    seconds: float
    subjects: dict[str, str]
    """Digests of plan and contract, and the version."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Lines that must not be crossed."""

    breaks_at_n: float | None
    force_n: Pair | None
    """Forces of a pad that were proved to keep the grip; None where there are none."""
    margin_m: float | None
    """Of the clearance that was proved for the path; following it costs some of it."""


@dataclass(frozen=True, kw_only=True)
class Samples:
    """What was measured, 50 times a simulated second; N of each. Positions to 0.1 mm, forces to 1 mN."""

    time_s: tuple[float, ...] = ()
    position_m: tuple[Point, ...] = ()
    """Of the point between the pads."""
    load_m: tuple[Point, ...] = ()
    load_quaternion: tuple[tuple[float, float, float, float], ...] = ()
    """w, x, y, z."""
    pads_m: tuple[Pair, ...] = ()
    """How far left and right pad are from the middle."""
    pad_forces_n: tuple[Pair, ...] = ()
    """Largest since the sample before: a blow lasts less than a sample."""
    clearance_m: tuple[float, ...] = ()
    """Smallest since the sample before; below 0 where something is inside what it must not touch."""
    rung: tuple[RungName, ...] = ()
    """Highest of the monitor since the sample before."""
    pace: tuple[float, ...] = ()
    """Smallest that the monitor ordered since the sample before."""

    def __len__(self) -> int:
        return len(self.time_s)


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What came of it."""

    succeeded: bool
    collisions: tuple[str, ...]
    peak_force_n: float
    dropped: bool
    misplaced_m: float
    upright: bool
    seconds: float
    stopped: str
    """Why the monitor ended it; empty where it did not."""


@dataclass(frozen=True, kw_only=True)
class Recording:
    """One episode. What was never made (a plan, a proof, samples) is None or empty, and `refusal` says why."""

    format: Literal["zaphod-episode-1"] = FORMAT
    instruction: str | None
    planner: str
    scene: Scene
    belief: Belief
    rounds: tuple[Round, ...] = ()
    plan: Mapping[str, Any] | None = None
    contract: Mapping[str, Any] | None = None
    assuming: str = ""
    proof: Proof | None = None
    certificate_sha256: str | None = None
    refusal: str = ""
    limits: Limits | None = None
    samples: Samples = Samples()
    outcome: Ending | None = None

    def to_json(self) -> bytes:
        """One line of JSON."""
        return msgspec.json.encode(self)

    def document(self) -> dict[str, Any]:
        """The same as JSON has it, parsed."""
        found: dict[str, Any] = msgspec.json.decode(self.to_json())
        return found

    def write(self, file: Path) -> None:
        """At every moment the file is whole or absent.

        Raises:
            OSError: it cannot be written.
        """
        unfinished = file.with_name(file.name + ".partial")
        unfinished.write_bytes(self.to_json() + b"\n")
        unfinished.replace(file)


def open_recording(file: Path) -> Recording:
    """A recording out of a file.

    Raises:
        ConfigError: it cannot be read, or as `read_recording`.
    """
    try:
        with file.open("rb") as opened:
            data = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{file} cannot be read: {error.strerror or error}.", "A recording is a JSON file.", "Check its name."
        ) from error
    return read_recording(data)


def read_recording(data: bytes | str) -> Recording:
    """A recording out of JSON, its plan and contract read as well.

    Raises:
        ConfigError: it is no recording, a field is missing or of another kind, lists differ in length, or a number
            cannot be.
    """
    if len(data) > _MOST_BYTES:
        raise _refused(f"it has more than {_MOST_BYTES // 1_000_000} MB")
    try:
        recording = msgspec.json.decode(data, type=Recording)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise _refused(str(error)) from error
    _check_samples(recording.samples)
    _check_numbers(dataclasses.asdict(recording.scene) | dataclasses.asdict(recording.belief))
    if recording.plan is not None:
        read_plan(recording.plan)
    if recording.contract is not None:
        read_contract(recording.contract)
    if len(recording.samples) and (recording.plan is None or recording.contract is None or recording.outcome is None):
        raise _refused("something was carried out, and plan, contract or outcome are missing")
    if not len(recording.samples) and not recording.refusal:
        raise _refused("nothing was carried out, and no refusal says why")
    return recording


def _check_samples(samples: Samples) -> None:
    num = len(samples)
    if num > _MOST_SAMPLES:
        raise _refused(f"samples has {num} of them, and at most {_MOST_SAMPLES} are read")
    for name, values in vars(samples).items():
        if len(values) != num:
            raise _refused(f"samples.{name} has {len(values)} values, and samples.time_s {num}")
        if name != "rung":
            flat = values if values and isinstance(values[0], float) else [one for row in values for one in row]
            if not all(map(math.isfinite, flat)):
                raise _refused(f"samples.{name} has what is no number")
    if any(before >= after for before, after in pairwise(samples.time_s)):
        raise _refused("samples.time_s does not grow")
    if any(abs(math.hypot(*turn) - 1) > 0.01 for turn in samples.load_quaternion):
        raise _refused("samples.load_quaternion has what is no rotation")
    if not all(0 <= pace <= 1 for pace in samples.pace):
        raise _refused("samples.pace is not from 0 to 1")


def _check_numbers(fields: Mapping[str, object]) -> None:
    for name, value in fields.items():
        numbers = value if isinstance(value, tuple) else (value,)
        if not all(math.isfinite(one) for one in numbers if isinstance(one, float)):
            raise _refused(f"{name} has what is no number")


def _refused(found: str) -> ConfigError:
    return ConfigError(
        f"This is no recording: {found}.", f"A recording is JSON of the format {FORMAT}.", "Record it again."
    )


def refused(
    belief: Belief,
    scene: Scene,
    refusal: str,
    *,
    instruction: str | None,
    planner: str,
    rounds: Sequence[Round] = (),
) -> Recording:
    """What was turned down before there was a plan."""
    return Recording(
        instruction=instruction,
        planner=planner,
        scene=scene,
        belief=belief,
        rounds=tuple(rounds),
        refusal=refusal,
    )


def act(
    belief: Belief,
    scene: Scene,
    outcome: Outcome,
    *,
    instruction: str | None,
    planner: str,
    rounds: Sequence[Round] = (),
    contract: Contract | None = None,
    certificate: Mapping[str, Any] | None = None,
    fault: Fault | None = None,
    progress: Progress = SILENT,
) -> Recording:
    """Carries an accepted plan out under the monitor, and tells all of it; what was refused is only told.

    Args:
        belief: what the plan was made from.
        scene: what is there.
        outcome: of the repair rounds.
        instruction: what a person said; None where nobody said anything.
        planner: who planned.
        rounds: all of them, in order; by default the last one, which is what `outcome` knows.
        contract: what the plan was held against; by default the belief's own.
        certificate: of the proof, where one was made.
        fault: spoils measurements on their way to the monitor.
        progress: is told of the simulated time.
    """
    from zaphod.agents.robotics.planning.carrying import contract_document  # here, because reading needs no simulator
    from zaphod.agents.robotics.recording.recorder import carried_out
    from zaphod.agents.robotics.simulation.world import World

    held = contract or read_contract(contract_document(belief))
    told = tuple(str(finding) for finding in outcome.report.findings)
    last = Round(proposal=dataclasses.asdict(outcome.proposal), accepted=outcome.report.is_accepted, findings=told)
    recording = Recording(
        instruction=instruction,
        planner=planner,
        scene=scene,
        belief=belief,
        rounds=tuple(rounds) or (last,),
        plan=outcome.plan.document,
        contract=held.document,
        assuming=assumptions(held),
        proof=_proof(outcome.report, outcome.plan, held),
        certificate_sha256=None if certificate is None else digest(certificate),
        refusal=outcome.refusal,
        limits=_limits(outcome.plan, held),
    )
    if outcome.refusal or not outcome.report.is_accepted:
        return dataclasses.replace(recording, refusal=outcome.refusal or told[0])
    episode, samples = carried_out(World(scene), outcome.plan, held, fault, progress)
    return dataclasses.replace(recording, samples=samples, outcome=_ending(episode, scene))


def _proof(report: Report, plan: Plan, contract: Contract) -> Proof:
    return Proof(
        accepted=report.is_accepted,
        claims=dict(report.num_claims),
        seconds=round(report.seconds, 6),
        subjects=subjects(plan, contract),
    )


def _limits(plan: Plan, contract: Contract) -> Limits:
    has_grip = contract.grip is not None and any(piece.grip is not None for piece in plan.pieces)
    force = grip.feasible_force(plan, contract) if has_grip else None
    breaks_at = contract.load.breaks_at if contract.load else None
    return Limits(
        breaks_at_n=None if breaks_at is None else float(breaks_at),
        force_n=None if force is None else (round(float(force.low), 4), round(float(force.high), 4)),
        margin_m=float(contract.clearance.margin) if contract.clearance else None,
    )


def _ending(episode: Episode, scene: Scene) -> Ending:
    return Ending(
        succeeded=episode.succeeded(scene.breaks_at_n),
        collisions=tuple(sorted(episode.collisions)),
        peak_force_n=round(episode.peak_force_n, 3),
        dropped=episode.dropped,
        misplaced_m=round(episode.misplaced_m, 4),
        upright=episode.upright,
        seconds=round(episode.seconds, 3),
        stopped=episode.stopped,
    )
