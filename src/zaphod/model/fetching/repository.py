"""Brings a repository of the Hugging Face Hub into the local cache; knows files and sizes, not what they mean.

The cache is Hugging Face's own, so what other programs pulled is not pulled again. A connection that breaks is resumed
inside the file; a pull that was stopped continues with the files that are not yet complete (the library names its
unfinished files anew in every process). `HF_ENDPOINT`, `HF_TOKEN`, `HF_HUB_OFFLINE` mean what they mean everywhere.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from zaphod.core.errors import CapacityError, ConfigError, DownloadError
from zaphod.core.progress import Advance, Progress
from zaphod.core.units import format_bytes
from zaphod.model.fetching.hub import HubName, hub_folder, unfinished_marker

# The same weights again in forms that we do not read, or that may run code when they are read.
UNREAD = ("*.bin", "*.pt", "*.pth", "*.h5", "*.msgpack", "*.onnx", "*.onnx_data", "*.ot", "*.mlmodel", "original/*")

_POLL_S = 0.2


@dataclass(frozen=True)
class RemoteFile:
    """A file of a repository."""

    name: str
    num_bytes: int
    is_cached: bool


@dataclass(frozen=True)
class PullPlan:
    """What a pull will bring."""

    name: HubName
    commit: str
    files: tuple[RemoteFile, ...]

    @property
    def total_bytes(self) -> int:
        return sum(file.num_bytes for file in self.files)

    @property
    def missing_bytes(self) -> int:
        """Bytes of the files that are not complete in the cache."""
        return sum(file.num_bytes for file in self.files if not file.is_cached)


def plan_pull(
    name: HubName, include: Sequence[str] = (), cache_dir: Path | None = None, endpoint: str | None = None
) -> PullPlan:
    """Ask the Hub what a repository holds.

    Args:
        name: repository and revision.
        include: patterns of the files wanted (`*Q4_K_M*`); all that can be read unless given.
        cache_dir: the Hugging Face cache unless given.
        endpoint: address of the Hub, `HF_ENDPOINT` unless given.

    Raises:
        DownloadError: the Hub cannot be reached, or refuses, or the repository names files outside of itself.
        ConfigError: no file matches `include`.
    """
    from huggingface_hub import HfApi, try_to_load_from_cache

    with _hub_errors(name):
        info = HfApi(endpoint=endpoint).model_info(name.repository, revision=name.revision, files_metadata=True)
    commit = info.sha or name.revision
    sizes = {entry.rfilename: entry.size or 0 for entry in info.siblings or ()}
    _require_inside(name, [commit, *sizes])
    wanted = [file for file in sizes if (_matches(file, include) if include else not _matches(file, UNREAD))]
    if not wanted:
        raise ConfigError(
            f"No file of {name} matches {' '.join(include) or 'what we can read'}.",
            f"It holds {', '.join(list(sizes)[:8]) or 'nothing'}{' …' if len(sizes) > 8 else ''}.",
            "Choose with --include PATTERN.",
        )
    files = (
        RemoteFile(file, sizes[file], _is_path(try_to_load_from_cache(name.repository, file, cache_dir, commit)))
        for file in wanted
    )
    return PullPlan(name, commit, tuple(files))


def pull(plan: PullPlan, progress: Progress, cache_dir: Path | None = None, endpoint: str | None = None) -> Path:
    """Bring the plan's files into the cache and return their folder. Pulling again continues.

    Raises:
        CapacityError: the disk has not enough room; nothing was downloaded.
        DownloadError: the connection broke, and did not come back after several attempts.
    """
    from huggingface_hub import snapshot_download

    folder = hub_folder(plan.name, cache_dir)
    folder.mkdir(parents=True, exist_ok=True)
    _check_room(plan, folder)
    marker = unfinished_marker(plan.name, cache_dir)
    marker.touch()
    with _hub_errors(plan.name), _watched(folder / "blobs", plan, progress), _without_bars():
        snapshot = snapshot_download(
            plan.name.repository,
            revision=plan.name.revision,
            cache_dir=cache_dir,
            endpoint=endpoint,
            allow_patterns=[_literal(file.name) for file in plan.files],
        )
    marker.unlink()
    return Path(snapshot)


def _require_inside(name: HubName, paths: Sequence[str]) -> None:
    """Refuse a listing whose names lead out of the cache's folder. The library itself crashes on some."""
    for path in paths:
        parts = path.replace("\\", "/").split("/")
        if ".." in parts or not parts[0] or ":" in parts[0] or not path.isprintable():
            raise DownloadError(
                f"{name} names a file {path!r}.",
                "Files of a repository lie inside it.",
                "Nothing was fetched. Do not use this repository, and tell the Hub.",
            )


def _matches(file: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(file, pattern) for pattern in patterns)


def _is_path(cached: object) -> bool:
    # The library answers None for an unknown file and an object for one known to be absent.
    return isinstance(cached, str)


def _literal(name: str) -> str:
    """A pattern that matches `name` only."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


def _check_room(plan: PullPlan, folder: Path) -> None:
    free_bytes = shutil.disk_usage(folder).free
    if plan.missing_bytes > free_bytes:
        raise CapacityError(
            f"{plan.name} needs {format_bytes(plan.missing_bytes)} more; {folder} has {format_bytes(free_bytes)} free.",
            "All of it must fit.",
            "Free some space, or point --cache-dir to another disk.",
        )


@contextmanager
def _watched(blobs: Path, plan: PullPlan, progress: Progress) -> Iterator[None]:
    """Report the growth of the folder that the library writes into, from a thread beside it."""
    stop = threading.Event()
    with progress.step(f"pulling {plan.name}", plan.missing_bytes) as advance:
        watcher = threading.Thread(target=_report_growth, args=(blobs, advance, stop), daemon=True)
        watcher.start()
        try:
            yield
        finally:
            stop.set()
            watcher.join()


def _report_growth(blobs: Path, advance: Advance, stop: threading.Event) -> None:
    seen_bytes = _folder_bytes(blobs)
    is_last = False
    while not is_last:
        is_last = stop.wait(_POLL_S)
        now_bytes = _folder_bytes(blobs)
        advance(now_bytes - seen_bytes)
        seen_bytes = now_bytes


def _folder_bytes(folder: Path) -> int:
    total = 0
    for file in folder.glob("*"):
        try:
            total += file.stat().st_size
        except FileNotFoundError:  # renamed from .incomplete between the listing and the look
            continue
    return total


@contextmanager
def _without_bars() -> Iterator[None]:
    """Silence the library's own progress bars."""
    from huggingface_hub.utils.tqdm import are_progress_bars_disabled, disable_progress_bars, enable_progress_bars

    if are_progress_bars_disabled():
        yield
        return
    disable_progress_bars()
    try:
        yield
    finally:
        enable_progress_bars()


@contextmanager
def _hub_errors(name: HubName) -> Iterator[None]:
    """The one place where the Hub's errors become ours."""
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise DownloadError(
            f"{name} is only given to those who accepted its terms.",
            "The Hub must know you.",
            "Accept them on the model's page, then set HF_TOKEN.",
        ) from error
    except errors.RepositoryNotFoundError as error:
        raise DownloadError(
            f"The Hub has no model {name.repository}.",
            "Or it is private.",
            "Check the spelling; for a private one set HF_TOKEN.",
        ) from error
    except errors.RevisionNotFoundError as error:
        raise DownloadError(
            f"{name.repository} has no revision {name.revision!r}.",
            "A revision is a branch, a tag or a commit.",
            "Check it on the model's page.",
        ) from error
    except errors.OfflineModeIsEnabled as error:
        raise DownloadError(
            f"{name} would have to be downloaded, but HF_HUB_OFFLINE is set.", "", "Unset it: unset HF_HUB_OFFLINE"
        ) from error
    except errors.HFValidationError as error:
        raise ConfigError(f"{name.repository!r} cannot be a repository: {error}", "It looks like org/name.") from error
    except (httpx2.HTTPError, errors.LocalEntryNotFoundError, ConnectionError) as error:
        reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise DownloadError(
            f"{name} could not be fetched: {reason}.",
            "The Hub must be reachable.",
            f"Check the connection; to continue: zaphod pull {name}",
        ) from error
