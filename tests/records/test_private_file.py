from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from zaphod.core.errors import ConfigError
from zaphod.records.private_file import keys_file, records_file


def test_every_folder_that_is_made_is_the_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "c" / "file"
    before = os.umask(0)
    try:
        records_file(path).make()
    finally:
        os.umask(before)
    assert [stat.S_IMODE(place.stat().st_mode) for place in (path, *path.parents[:3])] == [0o600, 0o700, 0o700, 0o700]


def test_a_file_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("kept")
    keys_file(path).make()
    assert path.read_text() == "kept"


def test_what_cannot_be_made_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"(?s)cannot be made.*--keys-file"):
        keys_file(tmp_path / "file" / "keys.sqlite").make()
    with pytest.raises(ConfigError, match=r"(?s)cannot be used.*ZAPHOD_STATE_DIR"):
        records_file(tmp_path / "nowhere" / "records.sqlite").require()


def test_a_link_to_nothing_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError):
        records_file(tmp_path / "link").make()
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_file_of_another_user_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    records_file(path).make()
    os.chown(path, 12345, 12345)
    with pytest.raises(ConfigError, match="another user, of uid 12345"):
        records_file(path).require()
