"""The licence of a package's documentation, by its machine-readable copyright file; knows no law.

Source: "Machine-readable debian/copyright file", version 1.0. Such a file says which licence holds for which files of
the source. Taken is what is said of all files, and of those whose pattern speaks of documentation; several are joined
by AND. A file in free form says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_DOCUMENTATION: Final = re.compile(
    r"(?:^|[/*.])(?:docs?|documentation|man|info|html)(?:$|[/*.])|\.(?:md|rst|txt|texi)$", re.I
)
_FIELD: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9-]*):[ \t]*(.*)$")
_VERSIONED: Final = re.compile(r"(A?L?GPL|GFDL)(?:-?v?|-)(\d(?:\.\d)*)?(\+|-or-later|-only)?", re.IGNORECASE)
_SPDX: Final = {
    "expat": "MIT", "mit": "MIT", "x11": "X11", "bsd-2-clause": "BSD-2-Clause", "bsd-3-clause": "BSD-3-Clause",
    "bsd-2": "BSD-2-Clause", "bsd-3": "BSD-3-Clause", "bsd-4-clause": "BSD-4-Clause", "isc": "ISC", "zlib": "Zlib",
    "public-domain": "LicenseRef-PublicDomain", "cc0": "CC0-1.0", "cc0-1.0": "CC0-1.0", "artistic": "Artistic-1.0-Perl",
    "artistic-2": "Artistic-2.0", "artistic-2.0": "Artistic-2.0", "apache-2.0": "Apache-2.0", "apache-2": "Apache-2.0",
    "bsl-1.0": "BSL-1.0", "boost-1.0": "BSL-1.0", "mpl-2.0": "MPL-2.0", "mpl-1.1": "MPL-1.1", "psf-2": "PSF-2.0",
    "python-2.0": "Python-2.0", "postgresql": "PostgreSQL", "ftl": "FTL", "openldap-2.8": "OLDAP-2.8", "curl": "curl",
    "unlicense": "Unlicense", "w3c": "W3C", "cc-by-sa-3.0": "CC-BY-SA-3.0", "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "cc-by-3.0": "CC-BY-3.0", "cc-by-4.0": "CC-BY-4.0", "fsfap": "FSFAP", "unicode": "Unicode-DFS-2016",
}  # fmt: skip
_MAX_PARAGRAPHS: Final = 20_000


def documentation_licence(text: str) -> str:
    """An SPDX expression; empty where the file does not say, `LicenseRef-…` for what SPDX has no name for."""
    paragraphs = list(_paragraphs(text))
    if not paragraphs or "format" not in paragraphs[0]:
        return ""
    named: dict[str, None] = {}
    for paragraph in paragraphs:
        patterns = paragraph.get("files", "").split()
        if any(pattern == "*" or _DOCUMENTATION.search(pattern) for pattern in patterns):
            expression = spdx(paragraph.get("license", "").partition("\n")[0])
            if expression:
                named[expression] = None
    parts = [f"({part})" if " OR " in part and len(named) > 1 else part for part in named]
    return " AND ".join(parts)


def spdx(line: str) -> str:
    """`GPL-2+ or Expat` as `GPL-2.0-or-later OR MIT`."""
    words = re.split(r"(?:\s*,)?\s+(or|and|with)\s+|\s*,\s*", line.strip(), flags=re.IGNORECASE)
    found = [word.strip() for word in words if word and word.strip()]
    made: list[str] = []
    for word in found:
        if word.lower() in ("or", "and", "with"):
            made.append(word.upper())
        elif made and made[-1] == "WITH":
            made.append(f"LicenseRef-{_plain(word)}")
        else:
            made += ([] if not made or made[-1] in ("OR", "AND") else ["AND"]) + [_identifier(word)]
    while made and made[-1] in ("OR", "AND", "WITH"):
        made.pop()
    return " ".join(made)


def _identifier(name: str) -> str:
    match = _VERSIONED.fullmatch(name)
    if match and match[2]:
        version = match[2] if "." in match[2] else f"{match[2]}.0"
        return f"{match[1].upper()}-{version}-{'or-later' if match[3] in ('+', '-or-later') else 'only'}"
    if match:
        return f"{match[1].upper()}-1.0-or-later" if match[1].upper() != "GFDL" else "GFDL-1.1-or-later"
    return _SPDX.get(name.lower(), f"LicenseRef-{_plain(name)}")


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", name).strip("-") or "unnamed"


def _paragraphs(text: str) -> Iterator[dict[str, str]]:
    """Fields by name in lower case; a line that begins with a space goes on with the field before."""
    for number, block in enumerate(re.split(r"\n[ \t]*\n", text)):
        if number >= _MAX_PARAGRAPHS:
            return
        fields: dict[str, list[str]] = {}
        lines: list[str] = []
        for line in block.splitlines():
            match = _FIELD.match(line)
            if match:
                lines = fields.setdefault(match[1].lower(), [])
                lines.append(match[2].strip())
            elif line[:1] in (" ", "\t"):
                lines.append(line.strip())
        if fields:
            yield {name: "\n".join(values).strip() for name, values in fields.items()}
