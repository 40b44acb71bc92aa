"""How long a plan takes to be proved: six moves, four balls that move, six obstacles: 144 polynomials of degree 10.

    python -m benchmarks.verify_speed            300 plans, Z3 on every tenth, one thread
    python -m benchmarks.verify_speed --plans 20

Timed is all of it, from the plan that was read to the verdict; then the certificate, and the checker that reads it. Z3
decides the same exact polynomials, with a second for each; what it does not decide in that time counts as a second.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from typing import Any

from benchmarks.common import publish
from zaphod.safety.verification.checker import check
from zaphod.safety.verification.contracts import Contract, read_contract
from zaphod.safety.verification.plans import Plan, read_plan
from zaphod.safety.verification.smt import decide_by_z3
from zaphod.safety.verification.verify import all_claims, certificate, verify

_NUM_MOVES, _NUM_OBSTACLES, _NUM_BALLS = 6, 6, 4


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


def run(num_plans: int) -> dict[str, Any]:
    """Times of all plans, in seconds."""
    rng = random.Random(0)
    found: dict[str, Any] = {"verify": [], "certify": [], "check": [], "z3": [], "beside_z3": [], "accepted": 0}
    verify(*some_plan(rng))  # what is computed once
    for number in range(num_plans):
        plan, contract = some_plan(rng)
        report = verify(plan, contract)
        found["verify"].append(report.seconds)
        assert report.num_claims["clearance"] == _NUM_MOVES * _NUM_OBSTACLES * _NUM_BALLS
        if report.is_accepted:
            found["accepted"] += 1
            start_s = time.perf_counter()
            document = certificate(plan, contract)
            made_s = time.perf_counter()
            check(document)
            found["certify"].append(made_s - start_s)
            found["check"].append(time.perf_counter() - made_s)
        if number % 10 == 0:
            start_s = time.perf_counter()
            decisions = [decision for group in all_claims(plan, contract) for decision in decide_by_z3(group)]
            found["z3"].append(time.perf_counter() - start_s)
            found["beside_z3"].append(report.seconds)
            said = {decision.outcome.value for decision in decisions}
            assert ("violated" in said) <= (not report.is_accepted)
    return found


def table(found: dict[str, Any]) -> str:
    """Medians and 95th percentiles."""
    lines = [
        f"{len(found['verify'])} plans of 144 polynomials, {found['accepted']} accepted; milliseconds, one thread.",
        "",
        "| what | median | p95 | largest |",
        "|---|---|---|---|",
    ]
    rows = (("verdict", "verify"), ("certificate", "certify"), ("its check alone", "check"), ("Z3, same plans", "z3"))
    for words, key in rows:
        times = sorted(1000 * value for value in found[key])
        if times:
            p95 = times[min(len(times) - 1, int(0.95 * len(times)))]
            lines.append(f"| {words} | {statistics.median(times):.2f} | {p95:.2f} | {times[-1]:.2f} |")
    shares = [ours / z3 for ours, z3 in zip(found["beside_z3"], found["z3"], strict=True)]
    lines += [
        "",
        f"The verdict takes {statistics.median(shares):.2%} of Z3's time ({min(shares):.2%} to {max(shares):.2%}).",
    ]
    return "\n".join(lines)


def main() -> None:
    """Run, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=300)
    chosen = parser.parse_args()
    found = run(chosen.plans)
    if chosen.plans < 300:
        print(table(found))
    else:
        publish("verify_speed", found, table(found))


if __name__ == "__main__":
    main()
