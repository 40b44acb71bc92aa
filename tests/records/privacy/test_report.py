"""The report says what is so here and now, of commands that exist, and promises nothing."""

from __future__ import annotations

import io
import itertools
import json
import re
import shlex
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.support.people import TENANT, admit, opened

from zaphod.cli.main import main
from zaphod.core.errors import AuditError
from zaphod.records.keeping import KeepingOptions
from zaphod.records.privacy.breach import Span, concerned
from zaphod.records.privacy.erasure import erase
from zaphod.records.privacy.expiry import set_retention
from zaphod.records.privacy.exporting import export
from zaphod.records.privacy.facts import facts_of
from zaphod.records.privacy.installation import survey
from zaphod.records.privacy.matrix import matrix
from zaphod.records.privacy.register import MEASURES, OPERATORS_PART, activities
from zaphod.records.privacy.report import PREAMBLE, Report, report
from zaphod.records.privacy.report_page import page_of
from zaphod.records.privacy.restriction import restrict
from zaphod.records.retention import KINDS
from zaphod.safety.audit.record import Event

HIPAA = ("(a)(1)", "(a)(2)(i)", "(a)(2)(ii)", "(a)(2)(iii)", "(a)(2)(iv)", "(b)", "(c)(1)", "(c)(2)", "(d)", "(e)(1)",
         "(e)(2)(i)", "(e)(2)(ii)")  # fmt: skip
GDPR = (5, 7, 15, 16, 17, 18, 20, 25, 30, 32, 33)
FORBIDDEN = re.compile("complian", re.IGNORECASE)


@pytest.fixture
def kept(place: KeepingOptions) -> KeepingOptions:
    """A place with two people, one of whom is restricted, and one who was erased."""
    with opened(place) as office:
        for subject in ("ada", "bob", "eve"):
            admit(office, subject)
        restrict(office, "ada", "claims")
        erase(office, "eve")
        set_retention(office, "responses", 30 * 86400)
        assert office.keeping.audit is not None
        named = Event(
            tenant=TENANT, actor="k", action="chat.request", object="r", decision="allow", policy_hash="p@1#f"
        )
        office.keeping.audit.append(named).result()
    return place


def test_every_duty_has_its_row() -> None:
    articles = {control.article for control in matrix().controls}
    assert articles == {
        *(f"45 CFR 164.312{part}" for part in HIPAA),
        "45 CFR 164.316(b)(2)(i)",
        *(f"Article {number}" for number in GDPR),
    }
    assert all(control.does and control.operator and control.commands for control in matrix().controls)


@pytest.mark.parametrize("command", sorted({one for control in matrix().controls for one in control.commands}))
def test_every_command_that_is_named_exists_with_its_flags(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    program, *words = shlex.split(command)
    assert program == "zaphod"
    verbs = list(itertools.takewhile(lambda word: re.fullmatch("[a-z]+", word), words))
    assert main([*verbs, "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"Usage: zaphod {' '.join(verbs)} [OPTIONS]")
    assert [flag for flag in words if flag.startswith("--") and flag not in shown] == []


def test_every_fact_that_is_named_is_told(kept: KeepingOptions) -> None:
    facts = facts_of(survey(kept))
    assert {name for control in matrix().controls for name in control.live} == facts.keys()
    assert all(facts.values())


def test_every_kind_of_record_has_a_purpose() -> None:
    assert sorted(activity.kind for activity in activities()) == sorted(KINDS)


def test_it_tells_what_is_so_here(kept: KeepingOptions) -> None:
    facts = facts_of(survey(kept))
    assert facts["tenants"] == "tenants: 1, people: 2, records: 8"
    assert facts["keys"] == "keys of people in use: 2, retired: 0"
    assert facts["restrictions"] == "restricted people: 1"
    assert facts["retention"] == "kept for: clinic responses 30 days; all else without end"
    assert facts["policy"] == "guard policy of the last events: clinic p@1#f"
    assert re.fullmatch(r"KEK \(file\) kek-[0-9a-f]{16} answers", facts["kek"])
    assert facts["audit"] == "audit: clinic verified to record 8, signed to 8"
    assert ("PostgreSQL" in facts["database"]) == (kept.database is not None)


def test_a_changed_audit_and_a_lost_key_are_told_and_hide_nothing_else(kept: KeepingOptions) -> None:
    (kept.folder / "kek").unlink()
    (segment,) = (kept.audit_folder / "t-clinic").glob("0*.jsonl")
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join([*lines[:3], *lines[4:]]))
    facts = facts_of(report(kept, actor="cli:ada").installation)
    assert "clinic CHANGED behind record 3" in facts["audit"]
    assert "there is none yet" in facts["kek"] or "cannot be used" in facts["kek"]
    assert facts["tenants"] == "tenants: 1, people: 2, records: 8"


def test_a_key_that_is_another_one_is_told(kept: KeepingOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER", "0123456789abcdef" * 4)
    other = KeepingOptions(state_dir=kept.state_dir, database=kept.database, kek="env:OTHER")
    assert "NOT the one that wraps the keys of clinic" in facts_of(survey(other))["kek"]


def test_an_empty_place_is_told_too_and_gets_no_key(tmp_path: Path) -> None:
    place = KeepingOptions(state_dir=tmp_path / "state")
    facts = facts_of(report(place, actor="cli:ada").installation)
    assert facts["kek"] == "KEK (file): there is none yet"
    assert not (tmp_path / "state/kek").exists()


def test_the_report_is_an_event_and_without_it_there_is_none(kept: KeepingOptions) -> None:
    made = report(kept, actor="cli:ada")
    assert [one.folder for one in made.installation.audits] == ["local", "t-clinic"]
    (segment,) = (kept.audit_folder / "local").glob("0*.jsonl")
    segment.write_bytes(segment.read_bytes()[:-10])
    with pytest.raises(AuditError):
        report(kept, actor="cli:ada")


def test_a_breach_names_numbers_actors_and_people_only_where_asked(kept: KeepingOptions) -> None:
    (found,) = concerned(kept, Span())
    assert (found.tenant, found.num_people, found.num_records["responses"], found.people) == (TENANT, 2, 2, None)
    assert found.num_events_by_actor == {"cli:ada": 7, "k": 1}
    assert found.num_events["privacy.erase done"] == 1
    (named,) = concerned(kept, Span(with_people=True, since=found.last_event))
    assert (named.people, sum(named.num_events.values())) == (("ada", "bob"), 1)
    (later,) = concerned(kept, Span(since="9999"))
    assert (later.num_events, later.first_event) == ({}, "")


class _Page(HTMLParser):
    """Every tag, and the ones that are open."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attributes if name in ("src", "href", "action", "data")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_runs_nothing_and_asks_nobody(kept: KeepingOptions) -> None:
    page = page_of(report(kept, actor="cli:ada", breach=Span(with_people=True)))
    parsed = _Page()
    parsed.feed(page)
    assert (parsed.open, parsed.addresses, "script" in parsed.tags) == ([], [], False)
    assert not re.search(r"url\(|@import|https?:", page)
    assert ("scheme:dark)" in page, 'lang="en"' in page, page.count("<article>")) == (
        True,
        True,
        len(matrix().controls),
    )


def test_the_page_shows_every_duty_with_its_commands_and_all_of_the_register(kept: KeepingOptions) -> None:
    made = report(kept, actor="cli:ada", breach=Span(with_people=True))
    page = unescape(page_of(made))
    told = [*facts_of(made.installation).values(), *made.laws, *made.laws.values(), made.made_at, PREAMBLE]
    for control in matrix().controls:
        told += [control.article, control.title, control.nature, control.does, control.operator]
        told += [f"<code>{command}</code>" for command in control.commands]
    told += [text for one in activities() for text in (one.purpose, one.data, one.people)]
    told += [*MEASURES, *OPERATORS_PART, "<td>ada, bob</td>", "clinic: 2 records, 30 days"]
    assert [text for text in told if text not in page] == []


def test_what_people_are_called_is_no_markup(place: KeepingOptions) -> None:
    with opened(place) as office:
        admit(office, "<script>alert(1)</script>")
    page = page_of(report(place, actor="<b>", breach=Span(with_people=True, since="<b>")))
    assert ("<script" in page, "&lt;script&gt;" in page, "<b>" in page) == (False, True, False)


def _all_texts(kept: KeepingOptions) -> list[str]:
    made = report(kept, actor="cli:ada", breach=Span())
    copy = io.BytesIO()
    with opened(kept) as office:
        export(office, "ada", copy)
        remains = str(erase(office, "bob").remains)
    return [page_of(made), json.dumps(made.as_dict()), copy.getvalue().decode(), remains]


def test_nothing_promises_to_satisfy_a_law(kept: KeepingOptions) -> None:
    folder = Path(__file__).parents[3]
    sources = [*(folder / "src/zaphod/records/privacy").iterdir(), *(folder / "src/zaphod/cli").glob("privacy*.py")]
    texts = [path.read_text() for path in [*sources, folder / "docs/privacy.md"] if path.is_file()]
    assert [text for text in [*texts, *_all_texts(kept)] if FORBIDDEN.search(text)] == []


def test_it_is_one_json_object_with_the_register(kept: KeepingOptions) -> None:
    found: dict[str, Any] = json.loads(json.dumps(Report(installation=survey(kept)).as_dict()))
    responses = next(one for one in found["register"]["activities"] if one["kind"] == "responses")
    assert responses["tenants"] == {TENANT: {"num_records": 2, "kept_for_s": 30 * 86400}}
    assert found["controls"][0]["here"]
    assert "not final as of mid-2026" in found["notes"]["HIPAA"]
