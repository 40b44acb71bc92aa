"""`zaphod redteam` against a real server with known behaviour."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod
from tests.study.redteam.known_server import KnownServer, known_server

SMALL = ("--budget", "4", "--goals", "1", "--benign", "3")


@pytest.fixture
def server() -> Iterator[KnownServer]:
    with known_server() as known:
        yield known


def test_the_json_has_shares_with_intervals_for_families_channels_and_transforms(
    zaphod: Zaphod, server: KnownServer
) -> None:
    report = zaphod("redteam", server.url, *SMALL, "--json").json
    assert report["model"] == "echoes"
    override = report["findings"]["families"]["override"]
    assert override["attempts"]["of"] == 2
    assert override["attempts"]["interval"][0] <= override["attempts"]["share"] <= override["attempts"]["interval"][1]
    assert set(report["findings"]["channels"]) == {"user", "document", "turns"}


def test_the_tables_are_for_people(zaphod: Zaphod, server: KnownServer) -> None:
    outcome = zaphod("redteam", server.url, *SMALL, "--families", "override, tool_abuse")
    assert outcome.code == 0
    for words in ("attempts that succeeded", "goals reached", "tool_abuse", "canary leaked", "exact"):
        assert words in outcome.out
    assert "plan_hijack" not in outcome.out


def test_reports_are_written_as_their_names_say(zaphod: Zaphod, server: KnownServer, tmp_path: Path) -> None:
    for name, beginning in (("a.html", "<!doctype html>"), ("a.json", "{")):
        zaphod("redteam", server.url, *SMALL, "--report", str(tmp_path / name))
        assert (tmp_path / name).read_text().startswith(beginning)
    refused = zaphod("redteam", server.url, "--report", "a.txt")
    assert (refused.code, "It ends in .html or .json." in refused.err) == (2, True)


def test_a_second_run_asks_nothing_again(zaphod: Zaphod, server: KnownServer, tmp_path: Path) -> None:
    arguments = ("redteam", server.url, *SMALL, "--json", "--resume", str(tmp_path / "campaign.jsonl"))
    first, num_asked = zaphod(*arguments).json, len(server.asked)
    assert zaphod(*arguments).json == first
    assert len(server.asked) == num_asked
    assert zaphod(*arguments, "--seed", "1").code == 2


def test_ctrl_c_tells_what_was_found_so_far(server: KnownServer, tmp_path: Path) -> None:
    path = tmp_path / "campaign.jsonl"
    command = [sys.executable, "-m", "zaphod", "redteam", server.url, "--rate", "20", "--resume", str(path), "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
    ) as running:
        while len(server.asked) < 5:
            assert running.poll() is None
        running.send_signal(signal.SIGINT)
        out, _ = running.communicate()
    assert running.returncode == 130
    assert json.loads(out)["finished"] is False
    assert len(path.read_text().splitlines()) >= 5


def test_a_key_comes_from_a_file(zaphod: Zaphod, server: KnownServer, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("zk-123\n")
    zaphod("redteam", server.url, *SMALL, "--families", "override", "--key-file", str(tmp_path / "key"))
    assert {headers["Authorization"] for headers in server.headers} == {"Bearer zk-123"}


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--families", "ovrride"), "There is no family 'ovrride'."),
        (("--budget", "1"), "The budget is 1."),
        (("--extra-body", "[1]"), "It must be a JSON object."),
    ],
)
def test_mistakes_are_told_before_anything_is_asked(
    zaphod: Zaphod, server: KnownServer, flags: tuple[str, str], words: str
) -> None:
    outcome = zaphod("redteam", server.url, *flags)
    assert (outcome.code, words in outcome.err) == (2, True)
    assert not server.asked
