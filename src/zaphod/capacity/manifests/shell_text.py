"""Shell scripts in which a user's text can never become anything but a word; knows no schedulers."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from zaphod.capacity.manifests.yaml_text import Noted, one_line


def word(text: object) -> str:
    """One word of a command line, quoted if it must be."""
    return shlex.quote(one_line(str(text)))


def script(heading: Sequence[str], directives: Sequence[Noted], body: Sequence[str]) -> str:
    """A script of bash with Slurm's directives, each behind a comment that says where it comes from.

    Slurm reads directives up to the first command, and takes no quotes there: they must be words already.
    """
    lines = ["#!/bin/bash"]
    lines += [f"# {one_line(line)}".rstrip() for line in heading]
    for directive in directives:
        assert shlex.quote(str(directive.value)) == directive.value, directive
        lines += [f"# {one_line(directive.note)}", f"#SBATCH {directive.value}"]
    return "\n".join([*lines, "set -euo pipefail", "", *body]) + "\n"
