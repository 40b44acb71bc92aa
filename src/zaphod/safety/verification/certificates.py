"""Proofs that can be kept, sent and checked again by `checker`, which trusts nothing of what made them.

A certificate is a JSON document. It names the plan and the contract by their digests, and holds every claim in full:
the polynomials, the box, and how the box was halved until Bernstein coefficients were above 0. Numbers are texts,
`-3/8`, because JSON's are floats.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any, Final

from zaphod.safety.verification.bernstein import Tree, proof_tree
from zaphod.safety.verification.claims import Claims

FORMAT: Final = "zaphod-certificate-1"

Document = Mapping[str, Any]
"""A certificate as JSON has it."""


def certify(claims: Iterable[Claims], subjects: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """A certificate of all claims, and what of them has no proof.

    Args:
        claims: exact ones.
        subjects: what they were made from, by name: digests of plan and contract, versions.

    Returns:
        The document. It proves what it was asked to only if the list beside it, of unproved claims, is empty.
    """
    proofs: list[dict[str, Any]] = []
    unproved: list[str] = []
    for group in claims:
        for row, label in enumerate(group.labels):
            tree = proof_tree(group, row)
            if tree is None:
                unproved.append(f"{label.requirement}, step {label.step + 1}: {label.what}")
            else:
                proofs.append({**label._asdict(), **written(group, row), "tree": list(tree)})
    return {"format": FORMAT, "subjects": dict(subjects), "claims": proofs}, unproved


def written(claims: Claims, row: int) -> dict[str, Any]:
    """An exact claim as a certificate has it."""
    one = claims.one(row).polynomials
    return {
        "variables": list(one.variables),
        "degrees": list(one.degrees),
        "box": [[str(end) for end in claims.box[name]] for name in one.variables],
        "polynomials": [[[*powers, str(c)] for powers, c in one.terms(n)] for n in range(claims.num_alternatives)],
    }


def digest(document: object) -> str:
    """SHA-256 of a JSON document whose keys are sorted; fractions are written as texts."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_as_text)
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _as_text(value: object) -> str:
    if isinstance(value, Fraction):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a certificate")


__all__ = ["FORMAT", "Document", "Tree", "certify", "digest", "written"]
