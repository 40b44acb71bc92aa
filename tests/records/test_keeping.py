"""A server and the operator's commands open the same records, keys and audit."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from zaphod.core.errors import ConfigError
from zaphod.records.keeping import Keeping, KeepingOptions, kek_address
from zaphod.safety.audit.record import Event
from zaphod.safety.audit.verify import verify

NUM_STARTS = 8


def test_the_first_starts_at_one_time_agree_on_one_key(tmp_path: Path) -> None:
    kept: list[Keeping] = []
    barrier = threading.Barrier(NUM_STARTS)

    def start() -> None:
        barrier.wait()
        kept.append(Keeping(KeepingOptions(state_dir=tmp_path / "state")))

    threads = [threading.Thread(target=start) for _ in range(NUM_STARTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    keys = {one.vault.digest_key("lab") for one in kept}
    for one in kept:
        one.close()
    assert (len(kept), len(keys)) == (NUM_STARTS, 1)


def test_what_one_sealed_the_other_opens(tmp_path: Path) -> None:
    options = KeepingOptions(state_dir=tmp_path / "state")
    with Keeping(options) as one, Keeping(options) as other:
        sealed = one.vault.encrypt(b"text", tenant="lab", subject="ada", record="r")
        assert other.vault.decrypt(sealed, tenant="lab", subject="ada", record="r") == b"text"


def test_no_new_key_is_made_where_the_old_one_is_lost(tmp_path: Path) -> None:
    options = KeepingOptions(state_dir=tmp_path / "state")
    with Keeping(options) as keeping:
        keeping.vault.digest_key("lab")
    (tmp_path / "state/kek").unlink()
    with pytest.raises(ConfigError, match="kek"):
        Keeping(options)
    assert not (tmp_path / "state/kek").exists()


def test_a_named_key_is_used_and_none_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_OF_THE_LAB", "0123456789abcdef" * 4)
    with Keeping(KeepingOptions(state_dir=tmp_path / "state", kek="env:KEY_OF_THE_LAB")) as keeping:
        keeping.vault.digest_key("lab")
    assert not (tmp_path / "state/kek").exists()
    assert kek_address(None, tmp_path) == f"file:{tmp_path}/kek"


def test_what_waits_is_written_when_it_is_closed(tmp_path: Path) -> None:
    options = KeepingOptions(state_dir=tmp_path / "state")
    with Keeping(options) as keeping:
        assert keeping.audit is not None
        keeping.audit.append(Event(tenant="lab", actor="a", action="b", object="c", decision="allow"))
    report = verify(options.audit_folder, options.witness)
    assert (report.is_sound, report.tenants[0].num_signed) == (True, 1)
