from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from tests.cli.conftest import Zaphod

from zaphod.records.store import Store, StoreOptions
from zaphod.safety.vault.kek_file import FileKek
from zaphod.safety.vault.vault import Vault


@pytest.fixture
def state(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path / "data/zaphod"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "report.txt"
    path.write_text("a secret\n")
    return path


def test_a_kek_is_made_once_and_never_shown(zaphod: Zaphod, state: Path) -> None:
    made = zaphod("vault", "init", "--json").json
    assert made == {"kind": "file", "kek": FileKek(state / "kek").key_id, "address": f"file:{state}/kek"}
    again = zaphod("vault", "init")
    assert (again.code, "already" in again.err) == (2, True)
    key = (state / "kek").read_text().strip()
    for verb in ("status", "rotate"):
        for flags in ((), ("--json",)):
            assert key not in zaphod("vault", verb, *flags).out


def test_without_a_kek_every_verb_says_how_to_make_one(zaphod: Zaphod, file: Path) -> None:
    for arguments in (("status",), ("rotate",), ("encrypt", str(file)), ("decrypt", f"{file}.sealed")):
        outcome = zaphod("vault", *arguments)
        assert (outcome.code, "zaphod vault init" in outcome.err) == (2, True)


def test_a_file_is_sealed_and_opened(zaphod: Zaphod, file: Path) -> None:
    zaphod("vault", "init")
    assert zaphod("vault", "encrypt", str(file)).out == f"{file}.sealed\n"
    assert b"secret" not in file.with_name("report.txt.sealed").read_bytes()
    file.unlink()
    assert zaphod("vault", "decrypt", f"{file}.sealed", "--json").json == {
        "file": str(file), "num_bytes": 9, "tenant": "", "subject": "files", "record": "report.txt",
    }  # fmt: skip
    assert file.read_text() == "a secret\n"


def test_a_renamed_file_opens_with_its_old_name_only(zaphod: Zaphod, file: Path) -> None:
    zaphod("vault", "init")
    renamed = file.with_name("other.sealed")
    zaphod("vault", "encrypt", str(file), "--out", str(renamed))
    refused = zaphod("vault", "decrypt", str(renamed))
    assert (refused.code, "--record" in refused.err) == (10, True)
    zaphod("vault", "decrypt", str(renamed), "--record", "report.txt")
    assert file.with_name("other").read_text() == "a secret\n"


def test_no_file_is_written_over_and_none_is_without_a_name(zaphod: Zaphod, file: Path) -> None:
    zaphod("vault", "init")
    assert zaphod("vault", "encrypt", str(file)).code == 0
    for arguments in (("encrypt", str(file)), ("decrypt", f"{file}.sealed"), ("decrypt", str(file))):
        assert zaphod("vault", *arguments).code == 2
    assert file.read_text() == "a secret\n"


def test_status_counts_the_keys_of_each_tenant(zaphod: Zaphod, file: Path) -> None:
    made = zaphod("vault", "init", "--json").json
    for tenant in ("", "acme"):
        zaphod("vault", "encrypt", str(file), "--tenant", tenant, "--out", f"{file}.{tenant}")
    zaphod("vault", "rotate", "--tenant", "acme", "--subject", "files")
    status = zaphod("vault", "status", "--json").json
    counts = {"subjects": 1, "in_use": 2, "is_under_this_kek": True}
    assert status == {
        "kind": "file",
        "kek": made["kek"],
        "tenants": [{"tenant": "", "retired": 0, **counts}, {"tenant": "acme", "retired": 1, **counts}],
    }
    assert "acme" in zaphod("vault", "status").out


def test_a_new_kek_takes_over_and_the_former_one_opens_nothing(
    zaphod: Zaphod, file: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEW_KEK", secrets.token_hex(32))
    zaphod("vault", "init")
    zaphod("vault", "encrypt", str(file))
    file.unlink()
    new = ("--kek", "env:NEW_KEK")
    assert zaphod("vault", "decrypt", f"{file}.sealed", *new).code == 10
    assert zaphod("vault", "status", *new, "--json").json["tenants"][0]["is_under_this_kek"] is False
    assert zaphod("vault", "rotate", *new, "--former", f"file:{state}/kek", "--json").json["num_wrapped"] == 1
    (state / "kek").unlink()
    assert zaphod("vault", "decrypt", f"{file}.sealed", *new).code == 0


def test_a_rotated_tenant_keeps_its_files(zaphod: Zaphod, file: Path) -> None:
    zaphod("vault", "init")
    zaphod("vault", "encrypt", str(file), "--tenant", "acme")
    file.unlink()
    assert "1 keys of subjects of tenant 'acme'" in zaphod("vault", "rotate", "--tenant", "acme").out
    assert zaphod("vault", "decrypt", f"{file}.sealed", "--tenant", "acme").code == 0


def test_a_person_is_a_tenants(zaphod: Zaphod) -> None:
    zaphod("vault", "init")
    assert zaphod("vault", "rotate", "--subject", "alice").code == 2
    assert zaphod("vault", "rotate", "--tenant", "acme", "--subject", "alice").code == 10  # has no key


def test_a_shredded_persons_file_is_closed_and_says_so(zaphod: Zaphod, file: Path, state: Path) -> None:
    zaphod("vault", "init")
    zaphod("vault", "encrypt", str(file), "--subject", "alice")
    file.unlink()
    store = Store.open(StoreOptions())
    with Vault(store.wrapped_keys, FileKek(state / "kek")) as vault:
        assert vault.shred(tenant="", subject="alice") == 1
    store.close()
    refused = zaphod("vault", "decrypt", f"{file}.sealed", "--subject", "alice", "--json")
    assert (refused.code, refused.json["error"]["kind"]) == (10, "DestroyedKeyError")
    assert not file.exists()


def test_the_envelope_of_a_shredded_key_is_in_no_file(zaphod: Zaphod, file: Path, state: Path) -> None:
    zaphod("vault", "init")
    zaphod("vault", "encrypt", str(file), "--subject", "alice")
    store = Store.open(StoreOptions())
    row = store.wrapped_keys.in_use("", "alice")
    assert row is not None

    def places() -> list[Path]:
        return [path for path in state.rglob("*") if path.is_file() and row.wrapped in path.read_bytes()]

    assert places()
    with Vault(store.wrapped_keys, FileKek(state / "kek")) as vault:
        vault.shred(tenant="", subject="alice")
    assert places() == []
    store.close()


@pytest.mark.parametrize("verb", ["init", "status", "rotate", "encrypt", "decrypt"])
def test_every_verb_has_help_with_an_example(zaphod: Zaphod, verb: str) -> None:
    outcome = zaphod("vault", verb, "--help")
    assert (outcome.code, f"zaphod vault {verb}" in outcome.out.split("Examples:")[1]) == (0, True)
