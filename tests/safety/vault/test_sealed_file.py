from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from zaphod.core.errors import ConfigError, IntegrityError
from zaphod.safety.vault.place import Place
from zaphod.safety.vault.sealed_file import decrypt_file, encrypt_file
from zaphod.safety.vault.vault import Vault

PLACE = Place(tenant="acme", subject="alice", record="plain")


@pytest.fixture(params=["unnamed", "named"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """On a file system that can write files without a name, and on one that cannot."""
    if request.param == "named" and hasattr(os, "O_TMPFILE"):
        monkeypatch.delattr(os, "O_TMPFILE")
    (tmp_path / "plain").write_bytes(b"a secret" * 100_000)
    return tmp_path


def test_a_file_is_sealed_and_opened_again(vault: Vault, folder: Path) -> None:
    assert encrypt_file(vault, folder / "plain", folder / "sealed", PLACE) == 800_000
    assert b"a secret" not in (folder / "sealed").read_bytes()
    assert decrypt_file(vault, folder / "sealed", folder / "again", PLACE) == 800_000
    assert (folder / "again").read_bytes() == (folder / "plain").read_bytes()
    assert sorted(os.listdir(folder)) == ["again", "plain", "sealed"]
    assert [stat.S_IMODE((folder / name).stat().st_mode) for name in ("again", "sealed")] == [0o600, 0o600]


def test_a_file_that_was_changed_leaves_nothing_behind(vault: Vault, folder: Path) -> None:
    encrypt_file(vault, folder / "plain", folder / "sealed", PLACE)
    sealed = (folder / "sealed").read_bytes()
    for wrong in (sealed[:-1], sealed[:-16] + bytes(16), b""):
        (folder / "sealed").write_bytes(wrong)
        with pytest.raises(IntegrityError):
            decrypt_file(vault, folder / "sealed", folder / "again", PLACE)
        assert sorted(os.listdir(folder)) == ["plain", "sealed"]


def test_no_file_is_written_over(vault: Vault, folder: Path) -> None:
    encrypt_file(vault, folder / "plain", folder / "sealed", PLACE)
    (folder / "link").symlink_to(folder / "nowhere")
    for target in ("plain", "sealed", "link"):
        with pytest.raises(ConfigError, match="already"):
            encrypt_file(vault, folder / "plain", folder / target, PLACE)


def test_a_file_that_comes_into_being_meanwhile_is_not_written_over(vault: Vault, folder: Path) -> None:
    class Racing(Vault):
        def encrypt_stream(self, *arguments: object, **more: object) -> int:
            (folder / "sealed").write_text("another's")
            return 0

    racing = object.__new__(Racing)
    with pytest.raises(ConfigError, match="already"):
        encrypt_file(racing, folder / "plain", folder / "sealed", PLACE)
    assert (folder / "sealed").read_text() == "another's"
    assert sorted(os.listdir(folder)) == ["plain", "sealed"]


def test_paths_that_cannot_be_used_are_named(vault: Vault, folder: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        encrypt_file(vault, folder / "missing", folder / "sealed", PLACE)
    with pytest.raises(ConfigError, match="cannot be made"):
        encrypt_file(vault, folder / "plain", folder / "missing/sealed", PLACE)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has files without a name")
def test_half_of_a_plaintext_has_no_name(vault: Vault, tmp_path: Path) -> None:
    """Whoever looks, or pulls the plug, in the middle finds no file."""
    (tmp_path / "plain").write_bytes(bytes(3 << 16))
    encrypt_file(vault, tmp_path / "plain", tmp_path / "sealed", PLACE)
    seen: list[list[str]] = []

    class Looking:
        def step(self, *_: object):  # type: ignore[no-untyped-def]
            from contextlib import contextmanager

            @contextmanager
            def looking() -> Iterator[object]:
                yield lambda amount: seen.append(sorted(os.listdir(tmp_path)))

            return looking()

    decrypt_file(vault, tmp_path / "sealed", tmp_path / "again", PLACE, Looking())
    assert seen == [["plain", "sealed"]] * 3
