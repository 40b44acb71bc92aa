"""How long a plan takes to be proved: six moves, four balls that move, six obstacles: 144 polynomials of degree 10.

    python -m benchmarks.verify_speed            300 plans, Z3 on every third, one thread
    python -m benchmarks.verify_speed --short    30 plans; nothing is kept

Timed is all of it, from the plan that was read to the verdict, with a counterexample in words where there is one; then
the certificate, and the checker that reads it. Z3 decides the same polynomials, exact and made before its time begins,
with a second for each; what it does not decide in that time counts as a second. On each plan both take turns in being
first, so that what else this machine does falls on both alike; processor time leaves it out.
"""

from __future__ import annotations

import argparse
import math
import random
import statistics
import time
from collections.abc import Sequence
from typing import Any

from benchmarks.common import publish
from zaphod.core.progress import ProgressLines
from zaphod.safety.verification.bernstein import Outcome
from zaphod.safety.verification.checker import check
from zaphod.safety.verification.contracts import Contract, read_contract
from zaphod.safety.verification.plans import Plan, read_plan
from zaphod.safety.verification.smt import decide_by_z3
from zaphod.safety.verification.verify import Report, all_claims, certificate, verify

_NUM_MOVES, _NUM_OBSTACLES, _NUM_BALLS = 6, 6, 4
_DEADLINE_MS = 42.0


def some_plan(rng: random.Random) -> tuple[Plan, Contract]:
    """A path among obstacles that mostly, not always, keeps clear of them."""
    points = [[f"{rng.uniform(-0.4, 0.4):.4f} m" for _ in range(3)] for _ in range(_NUM_MOVES + 1)]
    plan = {"format": "zaphod-plan-1", "steps": [{"do": "move", "along": points, "duration": f"{_NUM_MOVES * 1.5} s"}]}
    balls = [{"at": ["0 m", "0 m", f"{0.05 * n:.2f} m"], "radius": "0.03 m"} for n in range(_NUM_BALLS)]
    obstacles = [
        {"name": f"o{n}", "at": [f"{rng.uniform(-0.6, 0.6):.4f} m" for _ in range(3)], "radius": "0.05 m"}
        for n in range(_NUM_OBSTACLES)
    ]
    contract = {
        "name": "clear",
        "gripper": {"friction": "0.5", "bodies": balls},
        "obstacles": obstacles,
        "clearance": {"margin": "5 mm"},
    }
    return read_plan(plan), read_contract(contract)


def run(num_plans: int, z3_every: int) -> dict[str, Any]:
    """Times of all plans, in milliseconds."""
    rng = random.Random(0)
    verify(*some_plan(rng))  # what is computed once
    found: dict[str, Any] = {"plans": []}
    with ProgressLines().step("proving", num_plans, "plans") as advance:
        for number in range(num_plans):
            plan, contract = some_plan(rng)
            found["plans"].append(_measured(plan, contract, number, with_z3=number % z3_every == 0))
            advance(1)
    return found


def _measured(plan: Plan, contract: Contract, number: int, *, with_z3: bool) -> dict[str, Any]:
    one: dict[str, Any] = {}
    if with_z3 and number % 2:
        one["z3_ms"], said = _by_z3(plan, contract)
    start_s, start_cpu_s = time.perf_counter(), time.process_time()
    report = verify(plan, contract)
    one["verdict_ms"] = 1000 * (time.perf_counter() - start_s)
    one["verdict_cpu_ms"] = 1000 * (time.process_time() - start_cpu_s)
    if with_z3 and not number % 2:
        one["z3_ms"], said = _by_z3(plan, contract)
    if with_z3:
        assert (Outcome.VIOLATED in said) <= (not report.is_accepted)
        one["z3_undecided"] = said.count(Outcome.UNKNOWN)
    assert report.num_claims["clearance"] == _NUM_MOVES * _NUM_OBSTACLES * _NUM_BALLS
    return one | {"is_accepted": report.is_accepted} | _certified(plan, contract, report)


def _by_z3(plan: Plan, contract: Contract) -> tuple[float, list[Outcome]]:
    groups = all_claims(plan, contract)
    start_s = time.perf_counter()
    said = [decision.outcome for group in groups for decision in decide_by_z3(group)]
    return 1000 * (time.perf_counter() - start_s), said


def _certified(plan: Plan, contract: Contract, report: Report) -> dict[str, float]:
    if not report.is_accepted:
        return {}
    start_s = time.perf_counter()
    document = certificate(plan, contract)
    made_s = time.perf_counter()
    check(document)
    return {"certificate_ms": 1000 * (made_s - start_s), "check_ms": 1000 * (time.perf_counter() - made_s)}


def table(found: dict[str, Any]) -> str:
    """Medians and 95th percentiles, accepted and refused plans apart and together; then beside Z3."""
    plans = found["plans"]
    accepted, refused = ([one for one in plans if one["is_accepted"] == is_so] for is_so in (True, False))
    beside = [one for one in plans if "z3_ms" in one]
    lines = [
        f"{len(plans)} plans of 144 polynomials, {len(accepted)} accepted; milliseconds, one thread, 95 % intervals.",
        "",
        "| what | plans | median | p95 | largest |",
        "|---|---|---|---|---|",
        _row("verdict, all plans", plans, "verdict_ms"),
        _row("verdict, accepted", accepted, "verdict_ms"),
        _row("verdict, refused, with its counterexamples", refused, "verdict_ms"),
        _row("verdict, all plans, processor time alone", plans, "verdict_cpu_ms"),
        _row("verdict, the plans that Z3 got too", beside, "verdict_ms"),
        _row("Z3 on those plans", beside, "z3_ms"),
        _row("certificate, made and read again", accepted, "certificate_ms"),
        _row("its check alone", accepted, "check_ms"),
        "",
    ]
    times = sorted(one["verdict_ms"] for one in plans)
    kept = sum(value <= _DEADLINE_MS for value in times)
    lines.append(f"{kept} of {len(times)} verdicts within {_DEADLINE_MS:g} ms.")
    shares = sorted(one["verdict_ms"] / one["z3_ms"] for one in beside)
    low, high = _interval(shares, 0.5)
    lines.append(
        f"Below Z3 by {1 - statistics.median(shares):.1%} on the median plan ({1 - high:.1%} to {1 - low:.1%}), by "
        f"{1 - shares[-1]:.1%} on the worst; Z3 left {sum(one['z3_undecided'] for one in beside)} of "
        f"{144 * len(beside)} polynomials open."
    )
    return "\n".join(lines)


def _row(words: str, plans: Sequence[dict[str, Any]], key: str) -> str:
    times = sorted(one[key] for one in plans)
    if not times:
        return f"| {words} | 0 | | | |"
    cells = [_with_interval(times, share) for share in (0.5, 0.95)]
    return f"| {words} | {len(times)} | {' | '.join(cells)} | {times[-1]:.2f} |"


def _with_interval(times: Sequence[float], share: float) -> str:
    low, high = _interval(times, share)
    return f"{_quantile(times, share):.2f} ({low:.2f} to {high:.2f})"


def _quantile(times: Sequence[float], share: float) -> float:
    return times[min(len(times) - 1, int(share * len(times)))]


def _interval(times: Sequence[float], share: float) -> tuple[float, float]:
    """Of a quantile, from the order of what was measured: no distribution is assumed."""
    num, wide = len(times), 1.96 * math.sqrt(len(times) * share * (1 - share))
    low, high = math.floor(num * share - wide), math.ceil(num * share + wide)
    return times[max(0, low)], times[min(num - 1, high)]


def main() -> None:
    """Run, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=300)
    parser.add_argument("--z3-every", type=int, default=3, help="Z3 decides every so manyth plan")
    parser.add_argument("--short", action="store_true", help="30 plans; nothing is kept")
    chosen = parser.parse_args()
    found = run(30 if chosen.short else chosen.plans, chosen.z3_every)
    if chosen.short:
        print(table(found))
    else:
        publish("verify_speed", found, table(found))


if __name__ == "__main__":
    main()
