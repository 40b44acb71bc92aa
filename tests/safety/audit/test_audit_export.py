"""Exports prove what they say to whoever holds the public key, and nothing else passes."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.safety.audit.logs import TENANT, Victim, event, hash_of, write

from zaphod.core.errors import AuditError
from zaphod.safety.audit import AuditLog, AuditOptions, read, verify
from zaphod.safety.audit.export import Format, export, head_path
from zaphod.safety.audit.export_check import ExportReport, check_export, checkpoint_of, read_head
from zaphod.safety.audit.search import Query

ODD = ["=1+1", "+x", "-x", "@x", "'quoted'", "\tx", "a,b", 'q"', "two\nlines", "\r", "ä", "", "none", "\x00"]
FORMS: list[Format] = ["jsonl", "csv"]
exporting = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty-eight records with odd texts, all signed, and two that are not."""
    folder = tmp_path_factory.mktemp("export") / "audit"
    with AuditLog(folder, AuditOptions(checkpoint_records=28, checkpoint_interval_s=1000.0)) as log:
        for number in range(28):
            odd = ODD[number % len(ODD)]
            log.append(event(number, actor=odd, details={"text": odd, "n": number / 8})).result(10)
    shutil.copytree(folder, folder.with_name("signed"))
    with AuditLog(folder, AuditOptions(checkpoint_interval_s=1000.0)) as log:
        for number in (28, 29):
            log.append(event(number, decision="late")).result(10)
    for name in ("checkpoints.jsonl", "resume.json"):
        shutil.copy(folder.with_name("signed") / "t-acme" / name, folder / "t-acme" / name)
    return folder


@pytest.fixture(scope="module")
def key(folder: Path) -> str:
    return verify(folder).public_key


def exported(folder: Path, out: Path, **options: Any) -> Path:
    export(folder, TENANT, out, form="csv" if out.suffix == ".csv" else "jsonl", **options)
    return out


@pytest.mark.parametrize("form", FORMS)
def test_every_record_is_proved_to_whoever_has_the_key(folder: Path, tmp_path: Path, form: Format, key: str) -> None:
    report = check_export(exported(folder, tmp_path / f"all.{form}"), public_key=key)
    assert report.problems == ()
    assert (report.tenant, report.num_proved, report.num_unproved, report.num_absent) == (TENANT, 28, 2, 0)
    assert (report.first_seq, report.last_seq) == (1, 30)


@pytest.mark.parametrize("form", FORMS)
def test_a_part_is_proved_and_says_what_is_absent(folder: Path, tmp_path: Path, form: Format, key: str) -> None:
    out = exported(folder, tmp_path / f"part.{form}", query=Query(actor="=*"))
    report = check_export(out, public_key=key)
    assert (report.problems, report.num_proved, report.num_absent) == ((), 2, 13)


def test_one_line_can_be_shown_alone(folder: Path, tmp_path: Path, key: str) -> None:
    lines = exported(folder, tmp_path / "all.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "one.jsonl").write_bytes(lines[0] + lines[17])
    report = check_export(tmp_path / "one.jsonl", public_key=key)
    assert (report.problems, report.num_proved, report.first_seq) == ((), 1, 17)


def test_a_proof_can_be_checked_from_the_description_alone(folder: Path, tmp_path: Path) -> None:
    """As in RFC 9162, 2.1.3.2, by hand for a leaf whose siblings alternate in a tree of 28."""
    head, *entries = map(json.loads, exported(folder, tmp_path / "all.jsonl").read_text().splitlines())
    record, proof = entries[0]["record"], entries[0]["proof"]
    del record["hash"]
    import hashlib

    value = bytes.fromhex(hash_of(record))
    for sibling in proof:
        value = hashlib.sha256(b"\x01" + value + bytes.fromhex(sibling)).digest()
    assert value.hex() == head["checkpoint"]["root"]


def test_cells_are_harmless_in_spreadsheets_and_come_back(folder: Path, tmp_path: Path) -> None:
    with exported(folder, tmp_path / "all.csv").open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def tampered(path: Path, seq: int, **members: Any) -> None:
    lines = path.read_text().splitlines()
    entry = json.loads(lines[seq])
    entry["record"] |= members
    record = {name: value for name, value in entry["record"].items() if name != "hash"}
    if "hash" not in members:
        entry["record"]["hash"] = hash_of(record)
    lines[seq] = json.dumps(entry)
    path.write_text("\n".join(lines) + "\n")


@exporting
@given(st.integers(1, 28))
def test_a_forged_record_is_not_proved_even_if_its_hash_is_right(folder: Path, tmp_path: Path, seq: int) -> None:
    out = exported(folder, tmp_path / "forged.jsonl")
    tampered(out, seq, decision="never")
    report = check_export(out)
    assert f"Line {seq + 1}: record {seq} is not one of those" in report.problems[0]
    assert report.num_proved == 27


def test_a_record_of_the_signed_range_must_have_a_proof(folder: Path, tmp_path: Path) -> None:
    out = exported(folder, tmp_path / "bare.jsonl")
    lines = out.read_text().splitlines()
    lines[5] = json.dumps({**json.loads(lines[5]), "proof": None})
    out.write_text("\n".join(lines) + "\n")
    assert "record 5 is not one of those" in check_export(out).problems[0]


@exporting
@given(st.sampled_from(FORMS), st.integers(0, 10**6), st.integers(1, 255))
def test_no_byte_of_an_export_can_be_changed_unseen_or_breaks_the_check(
    folder: Path, tmp_path: Path, key: str, form: Format, place: int, mask: int
) -> None:
    out = exported(folder, tmp_path / f"all.{form}", query=Query(object="resp_1*"))
    before = check_export(out, public_key=key)
    data = bytearray(out.read_bytes())
    data[place % len(data)] ^= mask
    out.write_bytes(data)
    try:
        after = check_export(out, public_key=key)
    except AuditError:
        return  # its head cannot be read any more
    # What still passes says the same: a line end that was written in another way, say.
    assert not after.is_sound or (after.num_proved, after.num_absent) == (before.num_proved, before.num_absent)


def test_swapped_repeated_and_foreign_records_are_told(folder: Path, tmp_path: Path) -> None:
    lines = exported(folder, tmp_path / "all.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "swapped.jsonl").write_bytes(b"".join([*lines[:3], lines[4], lines[3], *lines[5:]]))
    assert "record 3 stands behind record 4" in check_export(tmp_path / "swapped.jsonl").problems[0]
    (tmp_path / "twice.jsonl").write_bytes(b"".join([*lines[:3], lines[2], *lines[3:]]))
    assert "record 2 stands behind record 2" in check_export(tmp_path / "twice.jsonl").problems[0]
    tampered(tmp_path / "all.jsonl", 29, tenant="other")
    assert "of tenant 'other'" in check_export(tmp_path / "all.jsonl").problems[0]


def test_another_key_is_told(folder: Path, tmp_path: Path) -> None:
    out = exported(folder, tmp_path / "all.jsonl")
    assert "another key" in check_export(out, public_key="00" * 32).problems[0]


def with_head(out: Path, head: object) -> ExportReport:
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join([json.dumps(head).encode() + b"\n", *lines[1:]]))
    return check_export(out)


def test_a_changed_head_is_told(folder: Path, tmp_path: Path) -> None:
    out = exported(folder, tmp_path / "all.jsonl")
    head = read_head(out)
    grown = {**head, "checkpoint": {**head["checkpoint"], "tree_size": 30}}
    assert "signature does not fit" in with_head(out, grown).problems[0]
    assert "The checkpoint is of tenant" in with_head(out, {**head, "tenant": "other"}).problems[0]
    bare = with_head(out, {**head, "checkpoint": None})
    assert (bare.num_proved, len(bare.problems)) == (0, 28)  # proofs without anything to hold them against


@pytest.mark.parametrize(
    "head", [None, [], {}, {"format": "zaphod audit export", "version": 2}, {"checkpoint": {}}, "x"]
)
def test_what_is_no_export_is_refused(folder: Path, tmp_path: Path, head: object) -> None:
    with pytest.raises(AuditError):
        with_head(exported(folder, tmp_path / "all.jsonl"), head)


@exporting
@given(st.sampled_from(FORMS), st.binary(max_size=300))
@example("jsonl", b'{"record":{},"proof":[1]}\n')
@example("jsonl", b'{"record":{"seq":1e999},"proof":null}\n')
@example("jsonl", b"[" * 5000)
@example("csv", b'"unclosed')
@example("csv", b"\x00,\x00\n")
def test_strangers_bytes_never_break_the_check(folder: Path, tmp_path: Path, form: Format, data: bytes) -> None:
    out = exported(folder, tmp_path / f"all.{form}", query=Query(object="resp_1"))
    with out.open("ab") as file:
        file.write(data)
    assert check_export(out).num_proved >= 1
    out.write_bytes(data)
    if form == "csv":
        check_export(out)
    else:
        with pytest.raises(AuditError):
            check_export(out)


def test_an_export_proves_that_nothing_before_it_changed(tmp_path: Path) -> None:
    folder, old, new = tmp_path / "audit", tmp_path / "old.jsonl", tmp_path / "new.csv"
    write(folder, range(13))
    exported(folder, old)
    write(folder, range(13, 40))
    exported(folder, new, earlier=checkpoint_of(read_head(old)))
    assert check_export(new, earlier=old).problems == ()
    plain = exported(folder, tmp_path / "plain.jsonl")
    assert "does not say how it follows" in check_export(plain, earlier=old).problems[0]


def test_a_log_that_was_written_anew_does_not_follow(tmp_path: Path) -> None:
    folder, old = tmp_path / "audit", tmp_path / "old.jsonl"
    write(folder, range(13))
    earlier = checkpoint_of(read_head(exported(folder, old)))
    shutil.rmtree(folder / "t-acme")
    shutil.rmtree(tmp_path / "audit-witness")
    write(folder, range(100, 120))
    with pytest.raises(AuditError, match="not of this log"):
        exported(folder, tmp_path / "new.jsonl", earlier=earlier)
    out = exported(folder, tmp_path / "new.jsonl")
    head = read_head(out)
    forged = {**head, "earlier": {"checkpoint": read_head(old)["checkpoint"], "proof": []}}
    with_head(out, forged)
    assert "were changed between" in check_export(out, earlier=old).problems[0]


def test_a_log_that_is_not_as_it_was_signed_is_not_exported(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "audit")
    Victim(tmp_path / "audit").replace(5, until=30, decision="never")
    with pytest.raises(AuditError, match="not what its last checkpoint"):
        exported(tmp_path / "audit", tmp_path / "out.jsonl")
    assert not list(tmp_path.glob("*out*"))


def test_a_log_without_a_checkpoint_is_exported_without_proofs(tmp_path: Path) -> None:
    with AuditLog(tmp_path / "audit", AuditOptions(checkpoint_interval_s=1000.0)) as log:
        log.append(event(1)).result(10)
        done = export(tmp_path / "audit", TENANT, tmp_path / "out.jsonl")
    assert (done.num_records, done.num_unproved, done.tree_size) == (1, 1, 0)
    report = check_export(tmp_path / "out.jsonl")
    assert (report.problems, report.checkpoint, report.num_unproved) == ((), None, 1)


def test_a_csv_file_has_its_head_beside_it(folder: Path, tmp_path: Path) -> None:
    out = exported(folder, tmp_path / "all.csv")
    assert read_head(out)["checkpoint"]["tree_size"] == 28
    head_path(out).unlink()
    with pytest.raises(AuditError):
        check_export(out)


def test_what_is_exported_is_what_was_written(folder: Path, tmp_path: Path) -> None:
    entries = [json.loads(line) for line in exported(folder, tmp_path / "all.jsonl").read_text().splitlines()[1:]]
    assert [entry["record"] for entry in entries] == [record.as_dict() for record in read(folder, TENANT)]
