"""The main text of a page by trafilatura, precision favoured; knows no other reader."""

from __future__ import annotations

from zaphod.core.errors import MissingExtraError


def precise_text(html: str) -> str:
    """What trafilatura takes for the main text; empty where it finds none.

    Raises:
        MissingExtraError: trafilatura is not installed.
    """
    try:
        import trafilatura
    except ImportError as error:
        raise MissingExtraError("trafilatura", "data") from error
    text: str | None = trafilatura.extract(html, favor_precision=True, include_comments=False, fast=True)
    return text or ""
