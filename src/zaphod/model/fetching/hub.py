"""Names of Hugging Face Hub repositories and where the local cache keeps them; downloads nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from zaphod.core.errors import ConfigError, DownloadError

MAIN_REVISION = "main"

_HUB_NAME = re.compile(r"(?:hf://)?(?P<repository>[A-Za-z0-9][\w.-]*/[\w.-]+)(?:@(?P<revision>[\w./-]+))?")
_REVISION = re.compile(r"\w[\w./+-]*")
_FILE_ENDINGS = (".gguf", ".safetensors", ".json")


@dataclass(frozen=True)
class HubName:
    """A repository of the Hugging Face Hub at a branch, a tag or a commit.

    Raises:
        ConfigError: the revision is none. The cache names files after it, which must not lead out of the cache.
    """

    repository: str
    revision: str = MAIN_REVISION

    def __post_init__(self) -> None:
        if not _REVISION.fullmatch(self.revision) or ".." in self.revision:
            raise ConfigError(
                f"{self.revision!r} is no revision of a repository.",
                "It is a branch, a tag or a commit, without `..`.",
                "Correct it, or leave it out.",
            )

    def __str__(self) -> str:
        return self.repository if self.revision == MAIN_REVISION else f"{self.repository}@{self.revision}"


def parse_hub_name(reference: str) -> HubName | None:
    """`org/name`, `org/name@rev`, `hf://org/name@rev`; None for anything else."""
    match = _HUB_NAME.fullmatch(reference)
    if match is None or reference.endswith(_FILE_ENDINGS):
        return None
    return HubName(match["repository"], match["revision"] or MAIN_REVISION)


def hub_folder(name: HubName, cache_dir: Path | None) -> Path:
    """The cache's folder of a repository, there or not. `cache_dir` is the Hugging Face cache unless given."""
    from huggingface_hub import constants

    return Path(cache_dir or constants.HF_HUB_CACHE) / f"models--{name.repository.replace('/', '--')}"


def unfinished_marker(name: HubName, cache_dir: Path | None) -> Path:
    """The file that stands in the cache for as long as a pull of the repository has not reached its end."""
    return hub_folder(name, cache_dir) / "zaphod-pull-unfinished"


def cached_folder(name: HubName, cache_dir: Path | None) -> Path:
    """The folder of a repository that was pulled before.

    Raises:
        DownloadError: it was not pulled, or not to its end.
    """
    if unfinished_marker(name, cache_dir).exists():
        raise DownloadError(
            f"{name} was pulled only in part.", "All of its files are needed.", f"To continue: zaphod pull {name}"
        )
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        # No file is asked for: a pull may have been limited to some, and the marker tells whether it ended.
        folder = snapshot_download(
            name.repository, revision=name.revision, cache_dir=cache_dir, local_files_only=True, allow_patterns=[]
        )
    except LocalEntryNotFoundError as error:
        raise DownloadError(
            f"{name} is neither a file or folder here nor in the cache of pulled models.",
            "A model of the Hugging Face Hub must be pulled once.",
            f"Run: zaphod pull {name}",
        ) from error
    return Path(folder)
