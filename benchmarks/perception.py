"""What two cameras see of random scenes: how far it is off, and whether the stated intervals cover the truth.

    python -m benchmarks.perception                       200 scenes (about ten minutes on two cores)
    python -m benchmarks.perception --scenes 8 --short    shows that it works; nothing is kept

Pictures are MuJoCo's, 960 by 720, spoilt by noise of every pixel (normal, 3 of 255) and an exposure off by up to 15 %;
the cameras are where they are said to be. Afterwards a part of the scenes is acted in: seen, weighed if no force is
sure, planned at random, mended until it is proved, and carried out under the monitor.

Coverage: in how many scenes the stated interval holds the truth; the interval beside it is Clopper and Pearson's, 95 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.common import publish
from benchmarks.robotics import proposed
from zaphod.agents.robotics.perception.perception import HEIGHT, WIDTH, Percept, believed, see, shots
from zaphod.agents.robotics.planning.repair import until_accepted
from zaphod.agents.robotics.recording.recording import act
from zaphod.agents.robotics.rendering.rendering import Pixels, draw, way_to_draw
from zaphod.agents.robotics.scene import Scene
from zaphod.agents.robotics.scene import believed as declared
from zaphod.agents.robotics.scene import draw as drawn
from zaphod.agents.robotics.simulation.weighing import weighed
from zaphod.agents.robotics.simulation.world import World
from zaphod.core.errors import UnseenError
from zaphod.core.progress import ProgressLines
from zaphod.study.intervals import clopper_pearson

_NOISE, _EXPOSURE = 3.0, 0.15
_AT_ONCE = 10
_POSSIBLE_KG = (0.07, 0.25)
"""What a load may weigh before it is known better."""


def truth(scene: Scene) -> dict[str, float]:
    """What a percept should say, metres."""
    return {
        "load_x": scene.start_m[0],
        "load_y": scene.start_m[1],
        "radius": scene.radius_m,
        "half_height": scene.half_height_m,
        "goal_x": scene.goal_m[0],
        "goal_y": scene.goal_m[1],
        "wall_x": scene.wall_x_m,
        "wall_half_thickness": scene.wall_half_thickness_m,
        "wall_height": scene.wall_height_m,
    }


def looked_at(seeds: list[int]) -> Iterator[tuple[int, Percept | UnseenError]]:
    """What is seen of each scene, or why nothing is."""
    with ProgressLines().step("looking", len(seeds), "scenes") as advance:
        for first in range(0, len(seeds), _AT_ONCE):
            some = seeds[first : first + _AT_ONCE]
            pixels = draw([shot for seed in some for shot in shots(drawn(seed))], width=WIDTH, height=HEIGHT)
            for number, seed in enumerate(some):
                above, side = (spoilt(picture, seed) for picture in pixels[2 * number : 2 * number + 2])
                try:
                    yield seed, see({"above": above, "side": side})
                except UnseenError as error:
                    yield seed, error
                advance(1)


def spoilt(picture: Pixels, seed: int) -> Pixels:
    """As a sensor would have it."""
    rng = np.random.default_rng(seed)
    exposure = 1 + rng.uniform(-_EXPOSURE, _EXPOSURE)
    noisy = picture * exposure + rng.normal(0, _NOISE, picture.shape)
    return np.clip(noisy.round(), 0, 255).astype(np.uint8)


def acted(seed: int, percept: Percept) -> dict[str, Any]:
    """What comes of it if nothing else is known of the scene than what was seen, weighed and declared."""
    scene, told = drawn(seed), declared(drawn(seed), seed)
    belief = believed(
        percept,
        mass_kg=_POSSIBLE_KG,
        friction=told.friction,
        breaks_at_n=told.breaks_at_n,
        force_error_n=told.force_error_n,
    )
    scale = weighed(World(scene), belief)
    if scale.refusal:
        return {"refusal": scale.refusal, "mass": None, "succeeded": False}
    low, high = scale.belief.mass_kg
    found = act(scale.belief, scene, until_accepted(proposed(seed), scale.belief), instruction=None, planner="random")
    return {
        "refusal": found.refusal,
        "mass": [low, scene.mass_kg, high],
        "succeeded": found.outcome is not None and found.outcome.succeeded,
        "misplaced_m": None if found.outcome is None else found.outcome.misplaced_m,
    }


def table(seen: dict[int, Percept], unseen: dict[int, str], deeds: dict[int, dict[str, Any]]) -> str:
    """A row for each quantity, then what was refused and what was done."""
    lines = [
        f"{len(seen) + len(unseen)} scenes, drawn by {getattr(way_to_draw(), 'name', 'nothing')}; errors in mm.",
        "",
        "| quantity | error p50 | p95 | largest | stated error (median) | covered |",
        "|---|---|---|---|---|---|",
    ]
    for name in truth(drawn(0)):
        pairs = [(getattr(percept, name), truth(drawn(seed))[name]) for seed, percept in seen.items()]
        errors = np.array([abs(measured.value - value) for measured, value in pairs]) * 1000
        stated = float(np.median([measured.error for measured, _ in pairs])) * 1000
        covered = sum(measured.covers(value) for measured, value in pairs)
        p50, p95 = np.percentile(errors, [50, 95])
        lines.append(
            f"| {name.replace('_', ' ')} | {p50:.2f} | {p95:.2f} | {errors.max():.2f} | {stated:.2f} | "
            f"{_share(covered, len(pairs))} |"
        )
    every = sum(
        all(getattr(percept, name).covers(value) for name, value in truth(drawn(seed)).items())
        for seed, percept in seen.items()
    )
    lines += ["", f"All nine covered at once: {_share(every, len(seen))}. Refused: {len(unseen)}."]
    lines += [f"- scene {seed}: {why}" for seed, why in list(unseen.items())[:5]]
    return "\n".join([*lines, *_told(deeds)])


def _told(deeds: dict[int, dict[str, Any]]) -> list[str]:
    if not deeds:
        return []
    weighed_ones = [one["mass"] for one in deeds.values() if one["mass"] is not None]
    covered = sum(low <= mass <= high for low, mass, high in weighed_ones)
    done = sum(one["succeeded"] for one in deeds.values())
    refused = {seed: one["refusal"] for seed, one in deeds.items() if one["refusal"]}
    failed = [seed for seed, one in deeds.items() if not one["succeeded"] and not one["refusal"]]
    told = f" {failed}" if failed else ""
    return [
        "",
        f"Of {len(deeds)} scenes acted in, knowing only what was seen, weighed and declared: succeeded "
        f"{_share(done, len(deeds))}, refused {len(refused)}, failed {len(failed)}{told}. The mass lay inside "
        f"what was weighed in {covered} of {len(weighed_ones)}.",
        *(f"- scene {seed}: {why}" for seed, why in list(refused.items())[:5]),
    ]


def _share(count: int, of: int) -> str:
    low, high = clopper_pearson(count, of)
    return f"{count / max(of, 1):.1%} ({low:.1%} to {high:.1%})"


def main() -> None:
    """Look, act, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=200)
    parser.add_argument("--acted", type=int, default=20, help="in how many of them to act")
    parser.add_argument("--first", type=int, default=0, help="seed of the first scene")
    parser.add_argument("--short", action="store_true", help="nothing is kept")
    chosen = parser.parse_args()
    found = dict(looked_at(list(range(chosen.first, chosen.first + chosen.scenes))))
    seen = {seed: one for seed, one in found.items() if isinstance(one, Percept)}
    unseen = {seed: one.found for seed, one in found.items() if isinstance(one, UnseenError)}
    deeds = {seed: acted(seed, seen[seed]) for seed in list(seen)[: chosen.acted]}
    text = table(seen, unseen, deeds)
    if chosen.short:
        print(text)
        return
    raw = {seed: {name: list(getattr(percept, name)) for name in truth(drawn(0))} for seed, percept in seen.items()}
    publish("perception", {"seen": raw, "unseen": unseen, "acted": deeds}, text)


if __name__ == "__main__":
    main()
