"""Whether everything that is wrong is refused: unsafe plans, empty premises, changed certificates, units, no numbers.

    python -m benchmarks.verify_faults            all of it; goes on where it was stopped (runs/)
    python -m benchmarks.verify_faults --short    a few of each, no simulator; nothing is kept

Unsafe is what another computation shows to be so (`verify_faults_oracle`: dense sampling, of which the verifier knows
nothing); what the simulator shows is counted apart. Intervals are Clopper and Pearson's, 95 %.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import tomllib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import verify_faults_certificates as tampering
from benchmarks import verify_faults_made as made
from benchmarks.common import publish
from benchmarks.verify_faults_deciders import compared
from benchmarks.verify_faults_kept import Parts
from benchmarks.verify_faults_oracle import margins
from zaphod.core.errors import ZaphodError
from zaphod.core.progress import Advance, ProgressLines
from zaphod.safety.verification.contracts import read_contract
from zaphod.safety.verification.documents import read_json
from zaphod.safety.verification.doubts import doubts
from zaphod.safety.verification.influence import influences
from zaphod.safety.verification.plans import read_plan
from zaphod.safety.verification.verify import certificate, recheck, verify
from zaphod.study.intervals import clopper_pearson

_EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
_SURELY = 1e-7
"""Metres, newtons, seconds' speeds: an oracle in floats is believed from here on."""

_FEW = 20
"""Certificates that are all tried, however short the run."""

Counts = dict[str, Counter[str]]
"""By class, how often each answer was given."""


def example() -> made.Documents:
    """The plan and the contract that the documentation shows."""
    plan = json.loads((_EXAMPLES / "plan.json").read_text())
    return {"plan": plan, "contract": tomllib.loads((_EXAMPLES / "fragile.toml").read_text())}


def answer(documents: made.Documents) -> str:
    """Refused with a counterexample, refused as unknown, refused by the reader, or accepted."""
    try:
        report = verify(read_plan(documents["plan"]), read_contract(documents["contract"]))
    except ZaphodError:
        return "cannot be read"
    if report.is_accepted:
        return "accepted"
    return "refused" if any(finding.point is not None for finding in report.findings) else "unknown"


def unsafe_plans(num: int, advance: Advance) -> tuple[Counts, list[made.Documents]]:
    """Mutations that the oracle shows to be unsafe, by what they break first; beside them those accepted wrongly."""
    rng, base = random.Random("mutations"), example()
    counts: Counts = {}
    wrong: list[made.Documents] = []
    found = 0
    while found < num:
        documents = made.mutated(made.varied(base, rng) if rng.random() < 0.8 else base, rng)
        said = answer(documents)
        broken = _broken(documents)
        if broken is None:
            counts.setdefault("(not shown to be unsafe)", Counter())[said] += 1
            continue
        counts.setdefault(f"plan breaks {broken}", Counter())[said] += 1
        if said == "accepted":
            wrong.append(documents)
        found += 1
        advance(1)
    return counts, wrong


def _broken(documents: made.Documents) -> str | None:
    """What the oracle finds to be broken most; None where nothing is, or where the oracle cannot read it either."""
    try:
        found = margins(documents["plan"], documents["contract"])
    except (ValueError, KeyError, IndexError, TypeError, ZeroDivisionError):
        return None
    worst = min(found, key=lambda name: found[name], default="")
    return worst if worst and found[worst] < -_SURELY else None


def vacuous_premises() -> Counts:
    """Contracts and plans that would let anything pass."""
    counts: Counts = {"vacuous or contradictory premise": Counter()}
    for change in made.VACUOUS.values():
        documents = copy.deepcopy(example())
        change(documents)
        counts["vacuous or contradictory premise"][answer(documents)] += 1
    return counts


def numbers_and_units(advance: Advance, share: float) -> tuple[Counts, Counter[str]]:
    """Every quantity of both documents: of a wrong dimension, no number, or a thousand times too large or small."""
    rng, base = random.Random("units"), example()
    counts: Counts = {name: Counter() for name in ("wrong dimension", "no number", "no JSON, or two")}
    sizes: Counter[str] = Counter()
    for place, value in made.leaves(base):
        advance(1)
        if rng.random() > share:
            continue
        number, _, unit = str(value).partition(" ")
        own = made.DIMENSIONS.get(unit.split("±")[0].strip(), None)
        for other in made.UNITS:
            if other != own and "±" not in str(value):
                counts["wrong dimension"][answer(made.replaced(base, place, f"{number} {other}".strip()))] += 1
        for wrong in made.NO_NUMBERS:
            counts["no number"][answer(made.replaced(base, place, wrong))] += 1
        if "±" not in str(value) and float(number):
            for times in (1000, 0.001):
                sizes[_of_size(made.replaced(base, place, f"{float(number) * times:.12g} {unit}".strip()))] += 1
    for text in made.TEXTS.values():
        counts["no JSON, or two"][_read(text)] += 1
    return counts, sizes


def _of_size(documents: made.Documents) -> str:
    """What is said of a number of the wrong size."""
    said = answer(documents)
    if said != "accepted":
        return "refused"
    base = example()
    before = doubts(read_plan(base["plan"]), read_contract(base["contract"]))
    now = doubts(read_plan(documents["plan"]), read_contract(documents["contract"]))
    return "accepted, doubted in words" if set(now) - set(before) else "accepted in silence"


def _read(text: str) -> str:
    try:
        read_json(text, "it")
    except ZaphodError:
        return "cannot be read"
    return "accepted"


def tampered_certificates(advance: Advance, share: float) -> Counts:
    """A small certificate changed in every place, and large ones in some."""
    rng = random.Random("certificates")
    documents = example()
    small = _small(documents)
    plan, contract = read_plan(small["plan"]), read_contract(small["contract"])
    own = tampering.as_read(certificate(plan, contract))
    assert recheck(own, plan, contract)
    others = []
    for place, value in ((("plan", "steps", 1, "force"), "3.1 N"), (("contract", "load", "mass"), "150 g ± 9 %")):
        other = made.replaced(small, place, value)
        others.append(tampering.as_read(certificate(read_plan(other["plan"]), read_contract(other["contract"]))))
    classes: dict[str, Iterable[tampering.Certificate]] = {
        "certificate: a number off by one": tampering.numbers_changed(own),
        "certificate: a field changed": tampering.fields_changed(own),
        "certificate: a broken tree": tampering.trees_broken(own, rng, 400),
        "certificate: claims left out or exchanged": tampering.claims_changed(own, others[0], rng, 300),
        "certificate: of something else": tampering.others_offered(own, others),
    }
    counts: Counts = {}
    for name, changed in classes.items():
        counts[name] = Counter()
        every = list(changed)
        for one in every:
            if (rng.random() <= share or len(every) <= _FEW) and one != own:
                counts[name][_rechecked(one, plan, contract)] += 1
                advance(1)
    return counts


def _small(documents: made.Documents) -> made.Documents:
    """Few claims, all kinds of them."""
    contract = {
        key: documents["contract"][key] for key in ("name", "load", "gripper", "obstacles", "grip", "clearance")
    }
    contract["obstacles"] = contract["obstacles"][:2]
    return {"plan": {**documents["plan"], "steps": documents["plan"]["steps"][:4]}, "contract": contract}


def _rechecked(document: Any, plan: Any, contract: Any) -> str:
    try:
        recheck(document, plan, contract)
    except ZaphodError:
        return "refused"
    return "accepted"


def influence_table(advance: Advance) -> list[str]:
    """Every number of the example that may be anything, as far as it was tried."""
    base, lines, num = example(), [], 0
    for one in influences(base["plan"], base["contract"]):
        num += 1
        advance(1)
        if one.turns_at is None:
            lines.append(
                f"- {one} ({one.value:g}): " + (f"only not to be read: {one.told}" if one.told else "no value")
            )
    return [f"{num} numbers of the example changed stepwise: {num - len(lines)} turn the verdict. The others:", *lines]


def table(found: dict[str, Any]) -> str:
    """One row for each class."""
    lines = ["| fault | tried | refused | of them by the reader | unknown | accepted | refused, 95 % |"]
    lines.append("|---|---|---|---|---|---|---|")
    total: Counter[str] = Counter()
    for name, counts in sorted(found["faults"].items()):
        lines.append(_row(name, counts))
        if not name.startswith("("):
            total.update(counts)
    lines += [_row("**all faults**", total), ""]
    sizes = ", ".join(f"{count} {name}" for name, count in sorted(found["sizes"].items()))
    lines += [f"A number of the right dimension, a thousand times too large or too small: {sizes}.", ""]
    lines += _deciders(found["deciders"])
    if found["simulated"]:
        lines += ["", *_simulated(found["simulated"])]
    return "\n".join([*lines, "", *found["influence"]])


def _row(name: str, counts: dict[str, int]) -> str:
    tried, accepted = sum(counts.values()), counts.get("accepted", 0)
    low, high = clopper_pearson(tried - accepted, tried)
    unread, unknown = counts.get("cannot be read", 0), counts.get("unknown", 0)
    return f"| {name} | {tried} | {tried - accepted} | {unread} | {unknown} | {accepted} | {low:.2%} to {high:.2%} |"


def _deciders(found: dict[str, Any]) -> list[str]:
    outcomes = ", ".join(f"{count} {name}" for name, count in sorted(found["outcomes"].items()))
    lines = [
        f"{found['instances']} random instances ({outcomes}); contradictions among deciders: {found['contradicted']}.",
        "",
        "| decider | agrees with the rationals | disagrees | undecided |",
        "|---|---|---|---|",
    ]
    for name, counts in found["by"].items():
        cells = [counts.get(key, 0) for key in ("agrees", "disagrees", "undecided")]
        lines.append(f"| {name} | {' | '.join(map(str, cells))} |")
    return lines


def _simulated(plans: list[dict[str, Any]]) -> list[str]:
    from benchmarks.verify_faults_simulated import is_sound, steps_ahead, went_wrong

    wrong, num_steps = [one for one in plans if went_wrong(one)], sum(len(one["steps"]) for one in plans)
    sound = sum(map(is_sound, wrong))
    low, high = clopper_pearson(sound, len(wrong))
    lines = [
        f"{len(plans)} accepted plans made worse step by step, {num_steps} runs of the simulator: {len(wrong)} went "
        f"wrong, of which {sound} were refused by then ({low:.1%} to {high:.1%}).",
        "",
        "| made worse | plans | went wrong | accepted when it went wrong | steps refused before |",
        "|---|---|---|---|---|",
    ]
    for constant in sorted({one["constant"] for one in plans}):
        own = [one for one in plans if one["constant"] == constant]
        bad = [one for one in own if went_wrong(one)]
        ahead = [steps_ahead(one) for one in bad]
        told = f"{min(ahead)} to {max(ahead)}" if ahead else ""
        lines.append(f"| {constant} | {len(own)} | {len(bad)} | {sum(not is_sound(one) for one in own)} | {told} |")
    return lines


def main() -> None:
    """Run, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="a few of each; nothing is kept")
    parser.add_argument("--mutations", type=int, default=3000, help="unsafe plans")
    parser.add_argument("--instances", type=int, default=1000, help="for the deciders")
    parser.add_argument("--plans", type=int, default=60, help="made worse in the simulator; 0 leaves it out")
    parser.add_argument("--kept", type=Path, default=Path("runs/verify_faults.json"), help="parts done so far")
    chosen = parser.parse_args()
    if chosen.short:
        chosen.mutations, chosen.instances, chosen.plans = 100, 60, 0
    parts = Parts(None if chosen.short else chosen.kept)
    share, progress = 0.04 if chosen.short else 1.0, ProgressLines()
    with progress.step("mutating plans", chosen.mutations, "unsafe plans") as advance:
        plans, wrong = parts.kept(f"plans {chosen.mutations}", lambda: unsafe_plans(chosen.mutations, advance))
    with progress.step("units", len(list(made.leaves(example()))), "quantities") as advance:
        numbers, sizes = parts.kept("numbers", lambda: numbers_and_units(advance, share))
    with progress.step("certificates", 0, "changed") as advance:
        certificates = parts.kept("certificates", lambda: tampered_certificates(advance, share))
    with progress.step("deciders", chosen.instances, "instances") as advance:
        deciders = parts.kept(f"deciders {chosen.instances}", lambda: compared(chosen.instances, advance))
    with progress.step("influence", 0, "numbers") as advance:
        influence = [] if chosen.short else parts.kept("influence", lambda: influence_table(advance))
    found = {
        "faults": {**plans, **vacuous_premises(), **numbers, **certificates},
        "sizes": sizes,
        "deciders": deciders,
        "influence": influence,
        "simulated": _simulate(progress, chosen.plans, parts),
        "accepted_wrongly": wrong,
    }
    if chosen.short:
        print(table(found))
    else:
        publish("verify_faults", found, table(found))
        parts.forget()


def _simulate(progress: ProgressLines, num_plans: int, parts: Parts) -> list[dict[str, Any]]:
    if not num_plans:
        return []
    from benchmarks.verify_faults_simulated import campaign  # needs the extra robotics

    done = []
    with progress.step("making plans worse", num_plans, "plans") as advance:
        for one in campaign(num_plans, parts):
            done.append(one)
            advance(1)
    return done


if __name__ == "__main__":
    main()
