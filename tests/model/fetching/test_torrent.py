from __future__ import annotations

import builtins
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from zaphod.core.errors import CapacityError, DownloadError, MissingExtraError
from zaphod.core.progress import SILENT
from zaphod.model.fetching.torrent import GROK1_MAGNET, fetch_torrent

lt = pytest.importorskip("libtorrent")


class Seed(NamedTuple):
    """A real peer on this machine that has all the files."""

    magnet: str
    peer: tuple[str, int]
    contents: Path
    handle: Any


@pytest.fixture
def seed(tmp_path: Path) -> Iterator[Seed]:
    contents = tmp_path / "seed" / "model"
    contents.mkdir(parents=True)
    for number in range(3):
        (contents / f"tensor{number:05d}_000").write_bytes(bytes([number]) * 100_000)
    torrent = lt.create_torrent(list(lt.list_files(str(contents))), 16_384)
    lt.set_piece_hashes(torrent, str(contents.parent))
    info = lt.torrent_info(torrent.generate())
    session = lt.session(
        {
            **{f"enable_{way}": False for way in ("dht", "lsd", "upnp", "natpmp")},
            "listen_interfaces": "127.0.0.1:0",
            "allow_multiple_connections_per_ip": True,
        }
    )
    parameters = lt.add_torrent_params()
    parameters.ti, parameters.save_path = info, str(contents.parent)
    handle = session.add_torrent(parameters)
    wait_until(lambda: handle.status().is_seeding and session.listen_port())
    yield Seed(lt.make_magnet_uri(info), ("127.0.0.1", session.listen_port()), contents, handle)
    session.pause()


def wait_until(condition: Any) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("the seed did not start")


def files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_the_link_is_the_published_one() -> None:
    assert str(lt.parse_magnet_uri(GROK1_MAGNET).info_hashes.v1) == "5f96d43576e3d386c9ba65b883210a393b68210e"


def test_every_byte_arrives_and_nothing_partial_stays(seed: Seed, tmp_path: Path) -> None:
    top = fetch_torrent(seed.magnet, tmp_path / "out", SILENT, local_peers=[seed.peer], patience_s=30)
    assert top == tmp_path / "out" / "model"
    assert files(top) == files(seed.contents)
    assert not (tmp_path / "out.partial").exists()


def test_an_interrupted_download_continues_and_mends_what_is_wrong(seed: Seed, tmp_path: Path) -> None:
    shutil.copytree(seed.contents, tmp_path / "out.partial" / "model")
    (tmp_path / "out.partial" / "model" / "tensor00001_000").write_bytes(bytes(100_000))
    before_bytes = seed.handle.status().total_payload_upload
    top = fetch_torrent(seed.magnet, tmp_path / "out", SILENT, local_peers=[seed.peer], patience_s=30)
    assert files(top) == files(seed.contents)
    assert seed.handle.status().total_payload_upload - before_bytes < 200_000


def test_without_peers_it_gives_up_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="Nothing came from any peer"):
        fetch_torrent(GROK1_MAGNET, tmp_path / "out", SILENT, local_peers=[("127.0.0.1", 9)], patience_s=0.3)


def test_a_full_disk_is_refused_before_the_download(
    seed: Seed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10, 9, 1))  # type: ignore[attr-defined]
    with pytest.raises(CapacityError, match=r"model takes 300\.0 kB"):
        fetch_torrent(seed.magnet, tmp_path / "out", SILENT, local_peers=[seed.peer], patience_s=30)


def test_an_existing_folder_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="exists"):
        fetch_torrent(GROK1_MAGNET, tmp_path, SILENT)


def test_without_libtorrent_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "libtorrent":
            raise ImportError(name)
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"zaphod\[torrent\]"):
        fetch_torrent(GROK1_MAGNET, tmp_path / "out", SILENT)
