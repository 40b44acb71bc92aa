"""What is compared, and which ratio is asked for; tables only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from zaphod.engine.throughput import Work

Kind = Literal["speed", "serving", "busy", "load", "memory", "accuracy"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One row of the table for each file."""

    name: str
    title: str
    kind: Kind
    work: Work = field(default_factory=Work)
    from_packed: bool = False
    """Ours opens the packed form of the file."""


@dataclass(frozen=True)
class Bar:
    """What is asked for: of the ratio, or, for the busy neighbour and the memory, of our own figure."""

    reach: float
    aim: float | None = None


def cases_of(*, prompt: int = 512, generate: int = 128, depth: int = 8192, streams: int = 16) -> list[Case]:
    """All cases, in the order in which they are measured."""
    decode = Work(generate=generate)
    return [
        Case(name="decode", title="decode, batch 1", kind="speed", work=decode),
        Case(name="prefill", title=f"prefill {prompt} tokens", kind="speed", work=Work(prompt=prompt)),
        Case(
            name="streams",
            title=f"{streams} concurrent streams, total decode",
            kind="speed",
            work=Work(generate=max(1, generate // 2), batch=streams),
        ),
        Case(
            name="depth",
            title=f"decode at depth {depth}",
            kind="speed",
            work=Work(generate=max(1, generate // 2), depth=depth),
        ),
        Case(name="busy", title="decode beside a busy process on one core", kind="busy", work=decode),
        Case(name="load", title="load until first token, same file", kind="load", work=Work(prompt=1)),
        Case(
            name="load-packed",
            title="load until first token, ours packed",
            kind="load",
            work=Work(prompt=1),
            from_packed=True,
        ),
        Case(
            name="memory",
            title="resident memory beyond weights and KV",
            kind="memory",
            work=Work(prompt=prompt, generate=generate),
        ),
        Case(name="accuracy", title="KL divergence from float32", kind="accuracy"),
    ]


# By case and the type of the file; "" stands for every type without a line of its own.
_BARS: Mapping[tuple[str, str], Bar] = {
    ("decode", "q8_0"): Bar(1.10, 1.25),
    ("decode", "q4_0"): Bar(1.2, 1.4),
    ("prefill", ""): Bar(2, 4),
    ("depth", "q4_0"): Bar(2, 3.5),
    ("streams", "q4_0"): Bar(2, 3.5),
    ("load-packed", ""): Bar(1.0, 3),
    ("busy", ""): Bar(0.40, 0.48),
    ("memory", ""): Bar(150e6),
    ("accuracy", ""): Bar(1.0),
}


def bar_of(case: Case, type_name: str) -> Bar | None:
    """What is asked for; None where nothing is."""
    return _BARS.get((case.name, type_name), _BARS.get((case.name, "")))
