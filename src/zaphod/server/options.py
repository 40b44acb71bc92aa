"""What a server is told when it starts; knows no default of the rooms it hands them to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from zaphod.core.errors import ConfigError
from zaphod.core.logging import LogLevel


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """How the server is reached, and how it ends."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0 takes a free one."""
    served_model_names: tuple[str, ...] = ()
    """Names that clients use; the first is the model's own. Its file or repository name if empty."""
    mode: str = "regular"
    """How the model speaks where a request names no mode."""
    shutdown_timeout_s: float = 30.0
    """How long running requests may go on after SIGTERM."""
    request_timeout_s: float | None = None
    """The longest that a request may take; None for no limit but the client's own."""
    max_queue: int = 256
    """Requests that may wait for their turn."""
    max_wait_s: float = 60.0
    """Whoever would wait longer is sent away."""
    max_body_bytes: int = 8_000_000
    """Largest request."""
    allowed_hosts: tuple[str, ...] = ()
    """Names under which the server may be addressed, beside loopback's and the bound one."""
    allowed_origins: tuple[str, ...] = ()
    """Web origins whose pages may call the API; none but the server's own page by default."""
    keys_path: Path | None = None
    """The file of keys; in the database, or in the state folder, if None."""
    database: str | None = None
    """PostgreSQL's URL for keys and records; files in the state folder if None."""
    state_dir: Path | None = None
    """Where records lie; the user's own folder if None."""
    kek: str | None = None
    """Where the key above all keys lies, like `env:NAME`; a file in the state folder if None."""
    guard: str = "default"
    """A policy: `default`, `strict`, `observe`, a file, a folder with one for each tenant; `off` checks nothing."""
    audit: bool = True
    """Whether what happens is written down, and nothing happens where it cannot be."""
    audit_witness: Path | None = None
    """Where the audit's checkpoints are copied to; beside it if None."""
    api_key_file: Path | None = None
    """A file that holds one more key, as containers hand secrets over."""
    otlp_traces_endpoint: str | None = None
    log_file: Path | None = None
    """Where the access log goes; standard error if None."""
    log_level: LogLevel = "warning"
    """Of our own loggers; on a terminal of requests, too."""
    upstreams: tuple[str, ...] = ()
    """Other servers that answer instead of an engine of our own."""
    upstream_key_files: tuple[Path, ...] = field(default=())

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"The port is {self.port}.", "It must lie from 0 to 65535.", "8000 is the usual one.")
        for name in ("shutdown_timeout_s", "request_timeout_s"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 86400:
                raise ConfigError(f"{name} is {value}.", "It must lie from 0 to 86,400 seconds.", "Correct it.")
