"""Fetches the contents of a torrent into a folder; knows pieces and peers, not what the files mean.

Grok-1 was first published so. The info-hash in its magnet link is a hash over the hashes of all pieces, so every byte
is checked on arrival, and again when an interrupted download continues.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zaphod.core.errors import CapacityError, DownloadError, MissingExtraError
from zaphod.core.progress import Advance, Progress
from zaphod.core.units import format_bytes, format_duration

GROK1_MAGNET = (
    "magnet:?xt=urn:btih:5f96d43576e3d386c9ba65b883210a393b68210e"
    "&tr=https%3A%2F%2Facademictorrents.com%2Fannounce.php"
    "&tr=udp%3A%2F%2Ftracker.coppersurfer.tk%3A6969"
    "&tr=udp%3A%2F%2Ftracker.opentrackr.org%3A1337%2Fannounce"
)
"""From the README of xai-org/grok-1."""

_POLL_S = 0.1
_WANTED = 4  # libtorrent's default priority of a file; 0 means not to fetch it
_LOCAL_ONLY = {
    "enable_dht": False,
    "enable_lsd": False,
    "enable_upnp": False,
    "enable_natpmp": False,
    "listen_interfaces": "127.0.0.1:0",
    "allow_multiple_connections_per_ip": True,
}


def fetch_torrent(
    magnet: str,
    folder: Path,
    progress: Progress,
    *,
    patience_s: float = 600.0,
    local_peers: Sequence[tuple[str, int]] = (),
) -> Path:
    """Bring a torrent's contents into `folder` and return their top folder or file.

    Until all is there they lie in `folder` with `.partial` added to its name; calling again continues there.

    Args:
        magnet: the magnet link.
        folder: where the contents shall lie; must not exist.
        progress: told of every byte.
        patience_s: give up when nothing came for so long.
        local_peers: (address, port) of peers on this machine. Given, nobody else is asked.

    Raises:
        MissingExtraError: libtorrent is not installed.
        CapacityError: the disk has not enough room.
        DownloadError: `folder` exists, no peer answers, or the disk fails.
    """
    lt = _library()
    if folder.exists():
        raise DownloadError(f"{folder} exists.", "Its contents could be overwritten.", "Move it, or name another.")
    partial = folder.with_name(folder.name + ".partial")
    partial.mkdir(parents=True, exist_ok=True)
    session = lt.session(_LOCAL_ONLY if local_peers else {"alert_mask": 0})
    parameters = lt.parse_magnet_uri(magnet)
    parameters.save_path = str(partial)
    if local_peers:
        parameters.trackers = []
    # Nothing is fetched before the files are known and there is room for them.
    parameters.flags |= lt.torrent_flags.default_dont_download
    handle = session.add_torrent(parameters)
    for peer in local_peers:
        handle.connect_peer(peer)
    try:
        _wait_for_contents(handle, patience_s)
        contents = handle.torrent_file()
        _check_room(handle.status().name, contents.size_on_disk(), partial)
        handle.prioritize_files([_WANTED] * contents.num_files())
        with progress.step(f"fetching {handle.status().name}", contents.size_on_disk()) as advance:
            _wait_for_bytes(handle, patience_s, advance)
        name = str(handle.status().name)
    finally:
        session.remove_torrent(handle)  # closes the files; what was written stays
        session.pause()
    partial.rename(folder)
    return folder / name


def _library() -> Any:
    try:
        import libtorrent
    except ImportError as error:
        raise MissingExtraError("libtorrent", "torrent") from error
    return libtorrent


def _wait_for_contents(handle: Any, patience_s: float) -> None:
    """Until a peer has told which files the torrent holds."""
    start_s = time.monotonic()
    while not handle.status().has_metadata:
        _check_health(handle.status())
        if time.monotonic() - start_s > patience_s:
            raise _nobody(patience_s)
        time.sleep(_POLL_S)


def _wait_for_bytes(handle: Any, patience_s: float, advance: Advance) -> None:
    """Until every piece is there and its hash was found right."""
    done_bytes, changed_s = 0, time.monotonic()
    while True:
        status = handle.status()
        _check_health(status)
        if status.total_wanted_done != done_bytes:
            advance(status.total_wanted_done - done_bytes)
            done_bytes, changed_s = status.total_wanted_done, time.monotonic()
        # NOTE: seeding comes after the last piece's hash; `is_finished` can be true while files are still checked.
        if status.is_seeding:
            return
        if time.monotonic() - changed_s > patience_s and status.state != status.states.checking_files:
            raise _nobody(patience_s)
        time.sleep(_POLL_S)


def _check_health(status: Any) -> None:
    if status.errc.value():
        raise DownloadError(
            f"The torrent stopped: {status.errc.message()}.", "", "Mend that and run the same command to continue."
        )


def _check_room(name: str, total_bytes: int, folder: Path) -> None:
    free_bytes = shutil.disk_usage(folder).free
    # Counts what is really on the disk: files of a torrent are as long as they will be from the start, with holes.
    there_bytes = sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
    if total_bytes - there_bytes > free_bytes:
        raise CapacityError(
            f"{name} takes {format_bytes(total_bytes)}; {folder} has {format_bytes(free_bytes)} free.",
            "All of it must fit.",
            "Free some space, or choose a folder on another disk.",
        )


def _nobody(patience_s: float) -> DownloadError:
    return DownloadError(
        f"Nothing came from any peer for {format_duration(patience_s)}.",
        "Somebody who has the files must be reachable.",
        "Check that the network lets BitTorrent through, then run the same command to continue.",
    )
