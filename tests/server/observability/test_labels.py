from __future__ import annotations

import re
from pathlib import Path

import pytest

import zaphod.server
from zaphod.server.observability.labels import REASONS, finish_label, reason_label, request_id_field, status_label


def test_every_code_that_the_server_gives_is_counted_by_itself() -> None:
    """A new code needs a word in `labels.REASONS`; until then it is counted by its status."""
    raised = re.compile(r'ApiError\(\s*(?:status=)?\w+,\s*(?:code=)?"([a-z_]+)"')
    sources = Path(zaphod.server.__file__).parent.rglob("*.py")
    codes = {code for source in sources for code in raised.findall(source.read_text(encoding="utf-8"))}
    assert len(codes) > 20
    assert codes <= REASONS, f"missing in labels.REASONS: {sorted(codes - REASONS)}"


@pytest.mark.parametrize(
    ("code", "status", "label"),
    [
        ("queue_full", 429, "queue_full"),
        ("made_up", 429, "rate_limit_exceeded"),
        (None, 503, "other"),
        ("made_up", 418, "other"),
        ("client_gone", 499, "client_disconnected"),
        ("user text", 400, "invalid_value"),
    ],
)
def test_reasons_are_words_of_ours(code: str | None, status: int, label: str) -> None:
    assert reason_label(code, status) == label


@pytest.mark.parametrize(("status", "label"), [(200, "200"), (499, "499"), (0, "other"), (10**6, "other")])
def test_statuses_are_those_of_http(status: int, label: str) -> None:
    assert status_label(status) == label


@pytest.mark.parametrize("text", ["", "with spaces", "line\nbreak", "x" * 129, "<script>", "ünicode"])
def test_an_id_that_is_a_text_is_not_told(text: str) -> None:
    assert request_id_field(text) == "other"


def test_a_stream_that_broke_off_is_no_success() -> None:
    assert finish_label("stop", 502) == "error"
