"""A whole campaign against real servers of known behaviour: rates, patience, resuming, counting."""

from __future__ import annotations

import email.utils
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.study.redteam.known_server import KnownServer, known_server

from zaphod.core.errors import ConfigError, CorruptFileError, ZaphodError
from zaphod.study.redteam.driver.campaign import CampaignOptions, run_campaign
from zaphod.study.redteam.driver.findings import Findings, findings_of
from zaphod.study.redteam.driver.journal import Journal, Trial
from zaphod.study.redteam.driver.report import as_html
from zaphod.study.redteam.driver.search import SearchOptions
from zaphod.study.redteam.driver.target import Target, TargetOptions

SMALL = CampaignOptions(num_goals=2, num_benign=6, search=SearchOptions(budget=6))
USER = [{"role": "user", "content": "hello"}]


@pytest.fixture
def server() -> Iterator[KnownServer]:
    with known_server() as known:
        yield known


def target(server: KnownServer, model: str = "", **options: object) -> Target:
    return Target(TargetOptions(url=server.url, model=model, **options), sleep=lambda seconds: None)  # type: ignore[arg-type]


def findings(server: KnownServer, model: str, options: CampaignOptions = SMALL) -> Findings:
    with Journal(None, {}) as journal:
        return findings_of(run_campaign(target(server, model), options, journal))


def test_a_server_that_says_everything_after_its_user_reaches_every_mark(server: KnownServer) -> None:
    options = replace(SMALL, families=("override", "indirect"), search=SearchOptions(budget=20))
    found = findings(server, "echoes", options)
    assert found.whole.goals == (4, 4)
    assert found.whole.attempts.num > 0
    assert found.leaks.num == 0


def test_a_secret_that_leaks_in_a_code_is_counted(server: KnownServer) -> None:
    found = findings(server, "leaks", replace(SMALL, families=("extraction",)))
    assert found.leaks.num == found.leaks.of > 0
    assert found.whole.goals == (2, 2)


def test_a_guard_that_stops_everything_leaves_no_success_and_no_use(server: KnownServer) -> None:
    found = findings(server, "declines")
    assert found.whole.attempts.num == found.leaks.num == found.benign_utility.num == 0
    assert found.whole.withheld.value == found.benign_withheld.value == 1
    assert found.leak_interval.high > 0


def test_requests_that_do_not_fit_are_not_a_guards_merit(server: KnownServer) -> None:
    found = findings(server, "is_full")
    assert found.whole.withheld.num == 0
    assert found.whole.undelivered.value == 1


def test_users_get_their_sums_from_a_server_that_minds_nothing_else(server: KnownServer) -> None:
    found = findings(server, "counts", replace(SMALL, families=("indirect",), num_benign=30))
    assert 0 < found.benign_utility.value < 1  # it can add, and nothing else
    assert found.benign_utility == found.document_utility


def test_nothing_is_asked_twice_after_a_stop(server: KnownServer, tmp_path: Path) -> None:
    path = tmp_path / "campaign.jsonl"
    with Journal(path, {"seed": 0}) as journal:
        whole = run_campaign(target(server, "echoes"), SMALL, journal)
    num_asked = len(server.asked)
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:40]) + lines[40][:20])
    with Journal(path, {"seed": 0}) as journal:
        assert run_campaign(target(server, "echoes"), SMALL, journal) == whole
    assert num_asked - 39 <= len(server.asked) - num_asked < num_asked
    assert path.stat().st_mode & 0o077 == 0


def test_a_journal_of_another_campaign_and_a_broken_one_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "campaign.jsonl"
    with Journal(path, {"seed": 0}) as journal:
        journal.keep(Trial(goal="a", number=0))
    with pytest.raises(ConfigError, match="another campaign: seed differ"):
        Journal(path, {"seed": 1})
    path.write_text(path.read_text() + '{"goal": 1}\n{}\n')
    with pytest.raises(CorruptFileError, match="Line 3"):
        Journal(path, {"seed": 0})


@settings(deadline=None)
@given(st.binary())
def test_no_file_is_taken_for_a_journal_by_mistake(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("journals") / "a.jsonl"
    path.write_bytes(content)
    try:
        with Journal(path, {"seed": 0}) as journal:
            assert journal.trials == []
    except (ConfigError, CorruptFileError):
        assert path.read_bytes() == content


def test_who_says_later_is_asked_again_later(server: KnownServer) -> None:
    waited: list[float] = []
    server.again = "7"
    asking = Target(TargetOptions(url=server.url, model="is_busy"), sleep=waited.append)
    assert asking.ask(USER).text == "hello"
    assert waited == [7.0, 7.0]
    server.num_later, server.again = 1, email.utils.formatdate(time.time() + 30, usegmt=True)
    asking.ask(USER)
    assert 20 < waited[-1] <= 30


def test_who_always_says_later_is_given_up(server: KnownServer) -> None:
    server.num_later = 1000
    with pytest.raises(ZaphodError, match="said 429 8 times"):
        target(server, "is_busy").ask(USER)


def test_requests_keep_their_distance(server: KnownServer) -> None:
    now_s, waited = [100.0], []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now_s[0] += seconds

    options = TargetOptions(url=server.url, model="echoes", max_requests_per_s=4)
    asking = Target(options, sleep=sleep, clock=lambda: now_s[0])
    for _ in range(4):
        asking.ask(USER)
    assert waited == pytest.approx([0.25] * 3)


def test_the_key_and_further_fields_are_sent_and_the_first_model_is_taken(server: KnownServer) -> None:
    asking = target(server, api_key="secret", extra_body={"top_p": 0.5})
    asking.ask(USER)
    assert (asking.model, server.asked[-1]["model"], server.asked[-1]["top_p"]) == ("echoes", "echoes", 0.5)
    assert server.headers[-1]["Authorization"] == "Bearer secret"
    assert "secret" not in repr(asking.options)


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(ZaphodError, match="cannot be asked"):
        Target(TargetOptions(url="http://127.0.0.1:9"))
    with pytest.raises(ConfigError, match="http"):
        TargetOptions(url="127.0.0.1:8000")


def test_a_report_is_one_page_without_anything_from_elsewhere(server: KnownServer) -> None:
    found = findings(server, "echoes")
    page = as_html(found, {"url": "http://x/<script>", "search": {"seed": 0, "budget": 6}, "families": ["a", "b"]})
    assert "<script>" not in page
    assert "http://x/&lt;script&gt;" in page
    assert "<dd>seed 0, budget 6</dd>" in page
    assert "<dd>a, b</dd>" in page
    rows = [found.whole, *found.families, *found.channels, *found.transforms]
    assert all(f"<td>{row.name}</td>" in page and str(row.attempts) in page for row in rows)
    assert page.count(f'aria-label="all: {found.whole.attempts}"') == len(("family", "channel", "transform"))
    assert all(f"<b>{share.value:.1%}</b>" in page for share in (found.benign_utility, found.benign_withheld))
    assert not re.search(r"<script|<link|@import|url\(", page)
    assert json.loads(json.dumps(found.as_dict()))["all"]["goals"]["of"] == 2 * len(SMALL.families)


def test_a_campaign_without_goals_is_refused() -> None:
    with pytest.raises(ConfigError, match="0 goals"):
        CampaignOptions(num_goals=0)
