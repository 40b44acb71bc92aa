"""Duties are done while another process keeps the same place and writes the same audit."""

from __future__ import annotations

import io
import subprocess
import sys

from tests.support.people import ALL_KINDS, admit, as_words, events, opened

from zaphod.records.keeping import KeepingOptions
from zaphod.records.privacy.erasure import erase, held
from zaphod.records.privacy.expiry import apply_retention, set_retention
from zaphod.records.privacy.exporting import export
from zaphod.records.privacy.office import Office
from zaphod.records.privacy.restriction import restrict, unrestrict
from zaphod.safety.audit.verify import verify

NUM_PEOPLE = 3
EVENTS_OF_EACH = 6


def test_two_processes_write_one_log_and_every_event_is_in_it(place: KeepingOptions) -> None:
    command = [sys.executable, "-m", "tests.records.privacy.children", "write", as_words(place)]
    with opened(place) as office:
        admit(office, "first")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        assert server.stdout.readline() == "running\n"
        with opened(place) as office:
            for number in range(NUM_PEOPLE):
                _do_everything(office, f"person-{number}")
            set_retention(office, "responses", 0)
            assert apply_retention(office).num_records == {"responses": 1}
        server.stdin.close()
        num_acknowledged = int(server.stdout.read())
    report = verify(place.audit_folder, place.witness)
    with opened(place) as office:
        written = events(office)
    assert (report.is_sound, server.returncode) == (True, 0)
    assert sum(action == "chat.request" for action, _ in written) == num_acknowledged > NUM_PEOPLE
    assert sum(action.startswith("privacy.") for action, _ in written) == 1 + NUM_PEOPLE * EVENTS_OF_EACH + 3


def _do_everything(office: Office, subject: str) -> None:
    admit(office, subject)
    assert export(office, subject, io.BytesIO()).num_records["responses"] == 1
    restrict(office, subject, "accuracy")
    unrestrict(office, subject)
    assert erase(office, subject).num_records == ALL_KINDS
    assert held(office, subject).is_nothing
