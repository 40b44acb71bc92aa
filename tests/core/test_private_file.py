from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from zaphod.core.errors import ConfigError
from zaphod.core.private_file import PrivateFile


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def private(path: Path) -> PrivateFile:
    return PrivateFile(path=path, holds="It holds a secret.", danger="They could.", elsewhere="Name another one.")


def test_a_secret_is_written_once_for_its_owner_alone(folder: Path) -> None:
    file = private(folder / "new/secret")
    file.create_secret(b"secret")
    assert file.read_secret() == b"secret"
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    assert [path.name for path in file.path.parent.iterdir()] == ["secret"]


def test_a_secret_is_never_written_over(folder: Path) -> None:
    file = private(folder / "secret")
    file.create_secret(b"first")
    with pytest.raises(ConfigError, match="already"):
        file.create_secret(b"second")
    assert file.read_secret() == b"first"
    assert len(list(folder.iterdir())) == 1


def test_a_secret_that_cannot_be_finished_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        private(folder / "secret").create_secret(b"secret")
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o644])
def test_a_secret_that_others_can_read_or_change_is_refused(folder: Path, mode: int) -> None:
    file = private(folder / "secret")
    file.create_secret(b"secret")
    file.path.chmod(mode)
    with pytest.raises(ConfigError, match="by others"):
        file.read_secret()


def test_a_secret_in_a_folder_that_others_can_change_is_neither_read_nor_made(folder: Path) -> None:
    private(folder / "secret").create_secret(b"secret")
    folder.chmod(0o770)
    with pytest.raises(ConfigError, match="chmod go-w"):
        private(folder / "secret").read_secret()
    with pytest.raises(ConfigError, match="chmod go-w"):
        private(folder / "other").create_secret(b"secret")


def test_the_folder_behind_a_link_counts_too(folder: Path) -> None:
    (folder / "open").mkdir()
    private(folder / "open/secret").create_secret(b"secret")
    (folder / "open").chmod(0o777)
    (folder / "link").symlink_to(folder / "open/secret")
    with pytest.raises(ConfigError, match="chmod go-w"):
        private(folder / "link").read_secret()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("given_away", ["secret", "."])
def test_what_belongs_to_another_user_is_refused(folder: Path, given_away: str) -> None:
    private(folder / "secret").create_secret(b"secret")
    os.chown(folder / given_away, 65534, 65534)
    with pytest.raises(ConfigError, match="chown"):
        private(folder / "secret").read_secret()


def test_what_is_not_there_or_no_secret_is_named(folder: Path) -> None:
    (folder / "folder").mkdir(mode=0o700)
    private(folder / "long").create_secret(bytes(70000))
    for name, reason in (
        ("missing", "cannot be used"),
        ("folder", "cannot be used|no file"),
        ("long", "no file of at most"),
    ):
        with pytest.raises(ConfigError, match=reason):
            private(folder / name).read_secret()


def test_a_file_is_made_for_its_owner_and_kept_as_it_is(folder: Path) -> None:
    file = private(folder / "new/keys.sqlite")
    file.make()
    file.path.write_bytes(b"content")
    file.make()
    assert (file.path.read_bytes(), stat.S_IMODE(file.path.stat().st_mode)) == (b"content", 0o600)
    file.path.chmod(0o620)
    with pytest.raises(ConfigError, match="They could"):
        file.require()


@pytest.mark.parametrize("make", [PrivateFile.make, lambda file: file.create_secret(b"secret")], ids=["file", "secret"])
def test_every_folder_that_is_made_is_the_owners_alone(folder: Path, make: Callable[[PrivateFile], None]) -> None:
    path = folder / "a" / "b" / "c" / "file"
    before = os.umask(0)
    try:
        make(private(path))
    finally:
        os.umask(before)
    assert [stat.S_IMODE(place.stat().st_mode) for place in (path, *path.parents[:3])] == [0o600, 0o700, 0o700, 0o700]


def test_what_cannot_be_made_is_explained(folder: Path) -> None:
    (folder / "file").write_text("")
    with pytest.raises(ConfigError, match=r"(?s)cannot be made.*It holds a secret.*Name another one"):
        private(folder / "file" / "keys.sqlite").make()


def test_a_link_to_nothing_is_not_followed(folder: Path) -> None:
    (folder / "link").symlink_to(folder / "elsewhere")
    with pytest.raises(ConfigError):
        private(folder / "link").make()
    assert not (folder / "elsewhere").exists()
