"""Every way to tamper with a log that we know of, tried at every place, and found at the right record."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.safety.audit.conftest import CHECKPOINT_EVERY, NUM_RECORDS
from tests.safety.audit.logs import TENANT, Victim, event, hash_of, rehashed, write

from zaphod.core.errors import AuditError
from zaphod.safety.audit import AuditLog, AuditOptions, verify
from zaphod.safety.audit.checkpoint import CHECKPOINTS_FILE, read_checkpoint
from zaphod.safety.audit.diagnosis import Problem
from zaphod.safety.audit.signing import Signer
from zaphod.safety.audit.verify import TenantReport

PLACES = st.integers(1, NUM_RECORDS)
tampering = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def report_of(victim: Victim, *, has_witness: bool = True, **options: object) -> TenantReport:
    report = verify(victim.folder, victim.witness if has_witness else None, **options)  # type: ignore[arg-type]
    (tenant,) = report.tenants
    assert report.is_sound == (not tenant.problems)
    return tenant


def first_problem(victim: Victim, **options: object) -> Problem:
    return report_of(victim, **options).problems[0]  # type: ignore[arg-type]


def found(victim: Victim, **options: object) -> tuple[str, int]:
    problem = first_problem(victim, **options)
    return problem.kind, problem.seq


def sign_anew(victim: Victim, signer: Signer) -> None:
    """Write all checkpoints of the log again, so that they fit what its records say now."""
    from zaphod.safety.audit.merkle import Frontier

    path = victim.place / CHECKPOINTS_FILE
    frontier, by_size = Frontier(), {}
    for _, line in victim.lines():
        frontier.append(bytes.fromhex(json.loads(line)["hash"]))
        by_size[frontier.size] = (frontier.root().hex(), json.loads(line)["hash"])
    previous, lines = "0" * 64, []
    for line in path.read_bytes().splitlines():
        old = vars(read_checkpoint(line))
        root, head = by_size[old["tree_size"]]
        changed = {**old, "root": root, "head": head, "previous": previous, "public_key": signer.public_key}
        signed = type(read_checkpoint(line))(**changed).signed(signer)
        lines.append(signed.line)
        previous = signed.hash
    path.write_bytes(b"".join(lines))


def test_an_untouched_log_is_sound_and_wholly_signed(victim: Victim) -> None:
    report = report_of(victim)
    assert (report.tenant, report.problems, report.notes) == (TENANT, (), ())
    assert report.num_records == report.num_signed == NUM_RECORDS
    assert report.num_checkpoints == report.num_witnessed == NUM_RECORDS // CHECKPOINT_EVERY
    assert len(victim.segments) > 3


def test_every_byte_of_a_record_counts(tmp_path: Path) -> None:
    seq = 2
    write(tmp_path / "audit", range(3))
    victim = Victim(tmp_path / "audit")
    key = verify(victim.folder).public_key
    lines = [line for _, line in victim.lines()]
    start = sum(map(len, lines[: seq - 1]))
    for offset in range(start, start + len(lines[seq - 1])):
        victim.flip(victim.segments[0], offset)
        assert found(victim, public_key=key) == ("changed", seq), offset - start
        victim.flip(victim.segments[0], offset)
    assert report_of(victim).problems == ()


@tampering
@given(PLACES, st.integers(0, 10**6), st.integers(1, 255))
def test_a_flipped_byte_is_found_at_its_record(copied: Callable[[], Victim], seq: int, place: int, mask: int) -> None:
    victim = copied()
    lines = victim.lines()
    path, line = lines[seq - 1]
    start = sum(len(other) for segment, other in lines[: seq - 1] if segment == path)
    victim.flip(path, start + place % len(line), mask)
    assert found(victim) == ("changed", seq)


@tampering
@given(PLACES)
def test_a_changed_record_that_was_hashed_anew_is_found(copied: Callable[[], Victim], seq: int) -> None:
    victim = copied()
    victim.replace(seq, decision="block")
    # Where a checkpoint ends with that record, it is the tree that gives it away, and the range begins at the last one.
    kind, first = found(victim)
    assert (kind, first) in {("changed", seq), ("forked", (seq - 1) // CHECKPOINT_EVERY * CHECKPOINT_EVERY + 1)}
    assert kind == "changed" or seq % CHECKPOINT_EVERY == 0


@tampering
@given(PLACES)
def test_a_history_that_was_written_anew_is_found_between_two_checkpoints(
    copied: Callable[[], Victim], seq: int
) -> None:
    victim = copied()
    victim.replace(seq, until=NUM_RECORDS, decision="block")
    assert found(victim) == ("forked", (seq - 1) // CHECKPOINT_EVERY * CHECKPOINT_EVERY + 1)


@tampering
@given(PLACES)
def test_even_the_holder_of_the_signing_key_cannot_rewrite_what_was_witnessed(
    copied: Callable[[], Victim], seq: int
) -> None:
    victim = copied()
    victim.replace(seq, until=NUM_RECORDS, decision="block")
    sign_anew(victim, Signer.load_or_create(victim.folder / "signing_key.pem"))
    assert report_of(victim, has_witness=False).problems == ()  # which is why there is a witness
    assert found(victim) == ("forked", (seq - 1) // CHECKPOINT_EVERY * CHECKPOINT_EVERY + 1)


@tampering
@given(st.integers(1, NUM_RECORDS - 1), st.integers(1, 5))
def test_records_taken_out_are_missed(copied: Callable[[], Victim], seq: int, count: int) -> None:
    victim, last = copied(), min(seq + count, NUM_RECORDS) - 1
    victim.edit(lambda lines: lines.__delitem__(slice(seq - 1, last)))
    problem = first_problem(victim)
    assert (problem.kind, problem.seq) == ("missing", seq)
    assert f"{last}" in problem.explanation


@tampering
@given(st.integers(1, NUM_RECORDS - 1), PLACES)
def test_a_copied_line_is_found_where_it_was_put_in(copied: Callable[[], Victim], place: int, copy_of: int) -> None:
    victim = copied()
    lines = victim.lines()
    victim.edit(lambda lines: lines.insert(place, (lines[place][0], lines[copy_of - 1][1])))
    # A copy in front of its twin is only the second of the two that does not belong there.
    is_twin = copy_of == place + 1
    assert found(victim) == ("inserted", place + 1 + is_twin)
    assert len(victim.lines()) == len(lines) + 1


@tampering
@given(st.integers(1, NUM_RECORDS - 2))
def test_a_forged_record_in_front_of_the_true_one_is_found(copied: Callable[[], Victim], place: int) -> None:
    victim = copied()
    path, line = victim.lines()[place]
    record = {**json.loads(line), "actor": "somebody else"}
    del record["hash"]
    victim.edit(lambda lines: lines.insert(place, (path, rehashed(record))))
    kind, seq = found(victim)
    assert (kind, seq) == ("inserted", place + 1) or ((place + 1) % CHECKPOINT_EVERY == 0 and kind == "forked")


@tampering
@given(st.integers(1, NUM_RECORDS - 1), st.binary(min_size=1, max_size=80))
def test_rubbish_between_lines_is_found(copied: Callable[[], Victim], place: int, rubbish: bytes) -> None:
    victim = copied()
    path = victim.lines()[place][0]
    victim.edit(lambda lines: lines.insert(place, (path, rubbish.replace(b"\n", b"") + b"\n")))
    assert found(victim) == ("inserted", place + 1)


@tampering
@given(PLACES, PLACES)
def test_a_record_that_was_moved_is_found(copied: Callable[[], Victim], source: int, target: int) -> None:
    victim = copied()
    paths = [path for path, _ in victim.lines()]
    texts = [line for _, line in victim.lines()]
    texts.insert(target - 1, texts.pop(source - 1))
    victim.put(list(zip(paths, texts, strict=True)))
    if source == target:
        assert report_of(victim).problems == ()
    else:
        assert found(victim) == ("moved", min(source, target))


@tampering
@given(st.integers(1, NUM_RECORDS))
def test_an_end_that_was_cut_off_is_missed(copied: Callable[[], Victim], seq: int) -> None:
    victim = copied()
    victim.edit(lambda lines: lines.__delitem__(slice(seq - 1, None)))
    for has_witness in (True, False):
        assert found(victim, has_witness=has_witness) == ("truncated", seq)


@tampering
@given(st.integers(1, 3))
def test_an_older_copy_is_known_by_the_witness_alone(
    finished_log: Path, copied: Callable[[], Victim], num_checkpoints: int
) -> None:
    victim, size = copied(), num_checkpoints * CHECKPOINT_EVERY
    victim.edit(lambda lines: lines.__delitem__(slice(size, None)))
    path = victim.place / CHECKPOINTS_FILE
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:num_checkpoints]))
    assert found(victim) == ("rolled_back", size + 1)
    blind = report_of(victim, has_witness=False)
    assert blind.problems == ()
    assert "witness" in blind.notes[0]


def test_a_log_that_is_gone_is_known_by_the_witness(victim: Victim) -> None:
    shutil.rmtree(victim.place)
    assert found(victim) == ("rolled_back", 1)
    assert report_of(victim).tenant == TENANT


def two_histories(tmp_path: Path) -> tuple[Victim, Path]:
    """Two copies of a log that went on in two ways after record 20, and the witness of the first."""
    folder = tmp_path / "audit"
    write(folder, range(10))
    write(folder, range(10, 20))
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    shutil.copytree(folder.with_name("audit-witness"), tmp_path / "other-witness")
    write(folder, range(20, 35))
    write(other, range(100, 120))
    return Victim(folder), other


def test_a_fork_is_known_by_the_witness(tmp_path: Path) -> None:
    victim, other = two_histories(tmp_path)
    assert report_of(victim).problems == ()
    report = verify(other, victim.witness)
    assert {(problem.kind, problem.seq) for problem in report.tenants[0].problems} == {("forked", 21)}


def test_a_fork_is_known_by_another_copy_at_its_first_record(tmp_path: Path) -> None:
    victim, other = two_histories(tmp_path)
    assert found(victim, has_witness=False, other_copy=other) == ("forked", 21)


def test_a_copy_that_is_only_older_is_no_fork(finished_log: Path, victim: Victim) -> None:
    victim.edit(lambda lines: lines.__delitem__(slice(33, None)))
    assert verify(finished_log, other_copy=victim.folder).is_sound


@tampering
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_changed_checkpoint_is_found(copied: Callable[[], Victim], place: int, mask: int) -> None:
    victim = copied()
    path = victim.place / CHECKPOINTS_FILE
    data = path.read_bytes()
    place %= len(data)
    number = data[:place].count(b"\n") + 1
    victim.flip(path, place, mask)
    for has_witness in (True, False):
        problems = report_of(victim, has_witness=has_witness).problems
        if place == len(data) - 1 and not has_witness:
            continue  # a last line without an end may be one that is being written
        assert [(problem.checkpoint, problem.seq) for problem in problems] == [
            (number, (number - 1) * CHECKPOINT_EVERY + 1)
        ]
        assert problems[0].kind in ("checkpoint_changed", "checkpoint_missing", "foreign_signature")


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_checkpoint_taken_out_is_missed(victim: Victim, number: int) -> None:
    path = victim.place / CHECKPOINTS_FILE
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: number - 1] + lines[number:]))
    problem = first_problem(victim, has_witness=False)
    assert (problem.kind, problem.checkpoint) == ("checkpoint_missing", number)
    assert not verify(victim.folder, victim.witness).is_sound


def test_checkpoints_cut_off_without_their_records_are_missed(victim: Victim) -> None:
    path = victim.place / CHECKPOINTS_FILE
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:2]))
    assert found(victim) == ("checkpoint_missing", 21)


def test_a_foreign_signature_is_known(victim: Victim) -> None:
    sign_anew(victim, Signer(Ed25519PrivateKey.generate()))
    for has_witness in (True, False):
        problem = first_problem(victim, has_witness=has_witness)
        assert (problem.kind, problem.checkpoint) == ("foreign_signature", 1)


def test_a_key_that_was_put_in_place_of_the_true_one_does_not_help(victim: Victim) -> None:
    """The attacker rewrites records, checkpoints and both keys in the log's folder."""
    key = Path(victim.folder / "public_key.pem")
    true_key = verify(victim.folder).public_key
    (victim.folder / "signing_key.pem").unlink()
    key.unlink()
    victim.replace(7, until=NUM_RECORDS, decision="block")
    sign_anew(victim, Signer.load_or_create(victim.folder / "signing_key.pem"))
    assert verify(victim.folder).is_sound
    assert {problem.kind for problem in report_of(victim).problems} == {"forked", "foreign_signature"}
    assert first_problem(victim, has_witness=False, public_key=true_key).kind == "foreign_signature"


def test_a_log_in_another_tenants_folder_is_known(tmp_path: Path) -> None:
    write(tmp_path / "audit", range(3))
    (tmp_path / "audit/t-acme").rename(tmp_path / "audit/t-other")
    problem = verify(tmp_path / "audit").tenants[0].problems[0]
    assert (problem.kind, problem.seq) == ("misplaced", 1)


def test_a_renamed_segment_is_known(victim: Victim) -> None:
    victim.segments[1].rename(victim.place / f"{int(victim.segments[1].stem) + 1:020}.jsonl")
    assert first_problem(victim).kind == "misplaced"


def test_a_segment_that_is_gone_is_missed(victim: Victim) -> None:
    first = int(victim.segments[1].stem)
    victim.segments[1].unlink()
    assert found(victim) == ("missing", first)


def test_several_ways_at_once_are_found_at_the_first(copied: Callable[[], Victim]) -> None:
    chance = random.Random(7)
    for _ in range(20):
        victim = copied()
        places = sorted(chance.sample(range(2, NUM_RECORDS), 3))
        victim.edit(lambda lines, places=places: [lines.pop(place - 1) for place in reversed(places)])
        assert found(victim) == ("missing", places[0])


def test_records_that_are_not_signed_yet_are_told(tmp_path: Path) -> None:
    with AuditLog(tmp_path / "audit", AuditOptions(checkpoint_records=5, checkpoint_interval_s=1000.0)) as log:
        for number in range(7):
            log.append(event(number)).result(10)
        report = verify(tmp_path / "audit").tenants[0]
        assert report.num_records == 7
        assert any("not signed" in note for note in report.notes)


def test_verifying_while_others_write_raises_no_false_alarm(tmp_path: Path) -> None:
    folder = tmp_path / "audit"
    with AuditLog(folder, AuditOptions(checkpoint_records=7, max_segment_bytes=3000)) as log:
        for number in range(150):
            future = log.append(event(number))
            if number % 10 == 0:
                future.result(10)
                witness = folder.with_name("audit-witness")
                report = verify(folder, witness if (witness / "public_key.pem").exists() else None)
                assert report.is_sound, report


def test_only_the_tenant_that_is_asked_for_is_read(tmp_path: Path) -> None:
    write(tmp_path / "audit", range(3))
    write(tmp_path / "audit", range(5), tenant="")
    assert [tenant.tenant for tenant in verify(tmp_path / "audit").tenants] == ["", "acme"]
    assert verify(tmp_path / "audit", tenant="").tenants[0].num_records == 5
    with pytest.raises(AuditError):
        verify(tmp_path / "audit", tenant="nobody")
    with pytest.raises(AuditError):
        verify(tmp_path / "elsewhere")


def test_hashes_are_those_of_the_format_as_it_is_described(victim: Victim) -> None:
    previous = "0" * 64
    for _, line in victim.lines():
        record = json.loads(line)
        claimed = record.pop("hash")
        assert (record["prev"], hash_of(record)) == (previous, claimed)
        previous = claimed
