"""How far programs can be kept from this machine, and what each way leaves open; runs nothing."""

from __future__ import annotations

from typing import Literal, NamedTuple

Level = Literal["namespaces", "bubblewrap", "rlimits", "none"]
Wanted = Literal["auto", "namespaces", "bubblewrap", "rlimits", "none"]

STRONG: tuple[Level, ...] = ("namespaces", "bubblewrap")
"""In the order in which they are tried. Our own jail comes first: started by root, bubblewrap keeps root's account
outside, which no limit on processes counts."""


class Coverage(NamedTuple):
    """What a level does, and what it does not."""

    covers: tuple[str, ...]
    leaves: tuple[str, ...]


_STRONG_COVERS = (
    "no network: a namespace without any, and sockets are refused",
    "files: an empty file system in memory, with /usr, its libraries and Python read-only in it, and a /tmp of its own",
    "processes: none outside can be seen, signalled or traced; all end with the program",
    "secrets: no environment variable, home folder, /proc or /sys of this machine",
    "limits on time, memory, processes, file size, open files, output and the size of /tmp",
    "system calls: no tracing, mounts, namespaces, keys, modules, io_uring, bpf (seccomp)",
)
_STRONG_LEAVES = (
    "faults of the kernel: the program makes system calls of the same kernel",
    "what lies under /usr can be read, by any program",
    "memory as a whole: each process has its limit, so that all together may take that many times as much",
    "side channels of the processor",
    "a program that sets out to cheat its own tests: they run in its process",
)

COVERAGE: dict[Level, Coverage] = {
    "namespaces": Coverage(_STRONG_COVERS, _STRONG_LEAVES),
    "bubblewrap": Coverage(_STRONG_COVERS, _STRONG_LEAVES),
    "rlimits": Coverage(
        (
            "limits on time, memory, file size, open files and output",
            "secrets: no environment variable of this process",
            "system calls: no sockets, tracing, mounts, namespaces (seccomp, where the processor is known)",
        ),
        (
            "every file that this user can read or write",
            "other processes of this user can be seen and killed",
            "processes that leave the program's group survive it, and as root their number has no limit",
            *_STRONG_LEAVES,
        ),
    ),
    "none": Coverage(
        ("limits on time and output",),
        ("everything: the program runs as this user",),
    ),
}
