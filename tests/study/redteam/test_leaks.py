"""Secrets are found however they are written, and nothing else is."""

from __future__ import annotations

import base64
import gzip
import json
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zaphod.study.redteam.leaks import found_in, scan_folder, sink

SECRET = "brovilek-4417"


@pytest.mark.parametrize(
    "content",
    [
        b"the word is Brovilek-4417.",
        SECRET.encode("utf-16-le"),
        SECRET.encode().hex().upper().encode(),
        "".join(f"%{byte:02X}" for byte in SECRET.encode()).encode(),
        "".join(f"\\u{ord(letter):04x}" for letter in SECRET).encode(),
        gzip.compress(b"log: " + SECRET.encode()),
    ],
    ids=["plain", "utf-16", "hex", "url", "escapes", "gzip"],
)
def test_a_secret_is_found_in_every_form(content: bytes) -> None:
    assert found_in(content, ["other", SECRET]) == (1,)


@settings(deadline=None)
@given(st.binary(max_size=20), st.binary(max_size=20))
def test_a_secret_is_found_in_base64_wherever_it_begins(before: bytes, behind: bytes) -> None:
    assert found_in(base64.b64encode(before + SECRET.encode() + behind), [SECRET]) == (0,)


@settings(deadline=None)
@given(st.binary())
def test_no_bytes_make_it_fail_and_none_are_taken_for_the_secret(content: bytes) -> None:
    assert found_in(content, [SECRET]) == found_in(b"\x1f\x8b" + content, [SECRET]) == ()


def test_every_file_of_a_folder_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "log").write_text(f"x {SECRET}")
    (tmp_path / "clean").write_text("nothing")
    assert [(place.name, place.found) for place in scan_folder(tmp_path, [SECRET])] == [
        ("a/b/log", (0,)),
        ("clean", ()),
    ]


def test_a_sink_keeps_what_is_sent_to_it() -> None:
    with sink() as traces:
        body = gzip.compress(json.dumps({"prompt": SECRET}).encode())
        urllib.request.urlopen(urllib.request.Request(traces.url, body), timeout=10).close()
    assert traces.place([SECRET, "other"]).found == (0,)
