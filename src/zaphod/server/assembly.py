"""From options to a server that can run: makes the parts and joins them; knows what each needs, not how it works."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.types import ASGIApp

from zaphod.core.configuration import Settings
from zaphod.core.limits import usable_memory_bytes
from zaphod.core.progress import SILENT, Advance, Progress
from zaphod.launch.models import its_tokenizer
from zaphod.launch.runners import open_weights
from zaphod.model.compat import Compat
from zaphod.safety.guard.guard import Guard
from zaphod.server.admission.admission import Admission, AdmissionOptions
from zaphod.server.admission.gate import GateOptions
from zaphod.server.admission.hosts import is_loopback, require_safe_to_listen
from zaphod.server.admission.keys import KeyStore
from zaphod.server.api.answering import Answering
from zaphod.server.app import build_app
from zaphod.server.crashes import guard_crashes
from zaphod.server.engine_process.client import EngineClient
from zaphod.server.engine_process.messages import Load, Progressed
from zaphod.server.guarding.guarding import Guarding
from zaphod.server.guarding.journal import Journal
from zaphod.server.guarding.keeping import Keeping, KeepingOptions
from zaphod.server.life import Life
from zaphod.server.model_names import ModelNames
from zaphod.server.modes.modes import Modes
from zaphod.server.observability.observation import Observer, ObserverOptions
from zaphod.server.options import ServerOptions
from zaphod.server.services import Services
from zaphod.server.serving import bind, run_server
from zaphod.server.status import engine_facts, model_facts, model_names
from zaphod.server.upstream.addresses import parse_addresses
from zaphod.server.upstream.pool import UpstreamOptions, UpstreamPool
from zaphod.server.upstream.proxy import Upstream
from zaphod.server.upstream.view import UpstreamView

_MAX_HELD_BYTES = 256_000_000
_NOT_FOR_ENGINES = frozenset({"database", "state_dir", "kek"})
"""Settings that lead to records and keys: a model's files are strangers' work, and what reads them knows neither."""


@dataclass(frozen=True, kw_only=True)
class EngineOptions:
    """What is served, and how many at one time."""

    settings: Settings
    config: str | None = None
    compat: Compat | None = None
    adapters: Mapping[str, Path] = field(default_factory=dict)
    max_num_sequences: int = 64
    max_batch_tokens: int = 512
    cache_tokens: int | None = None
    """Tokens whose keys and values are kept, of all requests together; as many as half of the free memory holds, and
    no more than could run at one time, if None."""


class LoadingProgress:
    """Progress that another process tells, shown here."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._step: AbstractContextManager[Advance] | None = None
        self._advance: Advance = lambda amount: None
        self._label, self._done = "", 0

    def __call__(self, told: Progressed) -> None:
        if told.label != self._label:
            self.close()
            self._label, self._done = told.label, 0
            self._step = self._progress.step(told.label, told.total, told.unit)
            self._advance = self._step.__enter__()
        self._advance(told.done - self._done)
        self._done = told.done

    def close(self) -> None:
        """End the line that is being shown."""
        if self._step is not None:
            self._step.__exit__(None, None, None)
        self._step, self._label = None, ""


def engine_client(options: EngineOptions, progress: Callable[[Progressed], None]) -> EngineClient:
    """An engine that is not started yet; opens the model's files to read its tokenizer.

    Raises:
        ZaphodError: there is no such model, or it has no tokenizer.
    """
    with open_weights(options.settings, options.config, options.compat) as weights:
        tokenizer = its_tokenizer(weights)
    settings = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in dataclasses.asdict(options.settings).items()
        if name not in _NOT_FOR_ENGINES
    }
    load = Load(
        settings=settings,
        config=options.config,
        compat=options.compat,
        adapters={name: str(folder) for name, folder in options.adapters.items()},
        max_num_sequences=options.max_num_sequences,
        max_batch_tokens=options.max_batch_tokens,
        cache_tokens=options.cache_tokens,
    )
    return EngineClient(load, tokenizer, progress, hidden=_secret_variables(options.settings))


def _secret_variables(settings: Settings) -> frozenset[str]:
    """Environment variables that hold what the engine must not know."""
    kind, _, name = (settings.kek or "").partition(":")
    return frozenset({"ZAPHOD_DATABASE", *([name] if kind == "env" else [])})


class Server:
    """A server that is about to run.

    Args:
        services: its parts.
        app: what answers.
        options: how it is reached.
        loading: shows how far the model is, until it is there.
    """

    def __init__(self, services: Services, app: ASGIApp, loading: LoadingProgress) -> None:
        self._services, self._app, self._loading = services, app, loading
        self._listening = bind(services.options)

    @property
    def url(self) -> str:
        """Where it is reached from this machine."""
        host, port = self._listening.getsockname()[:2]
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def run(self, on_ready: Callable[[], None] = lambda: None) -> int:
        """Serve until a signal comes.

        Args:
            on_ready: called when the model can answer.

        Returns:
            The exit code.

        Raises:
            ZaphodError: the model cannot be loaded.
        """

        def ready() -> None:
            self._loading.close()
            on_ready()

        guard_crashes()
        self._services.observer.log.adopt(self._services.options.log_level)
        with asyncio.Runner(loop_factory=_event_loop()) as runner:
            return runner.run(run_server(self._app, self._services, self._listening, on_ready=ready))

    def describe(self) -> dict[str, Any]:
        """What runs, in figures read from it."""
        services = self._services
        facts: dict[str, Any] = {
            "url": self.url,
            "pid": os.getpid(),
            "needs_key": services.keys.has_keys() or not is_loopback(services.options.host),
            "models": model_names(services),
        }
        if services.upstream is not None:
            return facts | {"upstreams": list(services.options.upstreams)}
        assert services.engine is not None
        assert services.engine.model is not None
        return facts | {"speed": services.engine.model.speed} | model_facts(services) | engine_facts(services)


def assemble(options: ServerOptions, engine_options: EngineOptions | None, progress: Progress = SILENT) -> Server:
    """All parts of a server, joined. Nothing runs yet, but the address is taken.

    Args:
        options: how the server is reached.
        engine_options: what it computes; None where `options.upstreams` answer.
        progress: told how far loading is.

    Raises:
        ZaphodError: an option is wrong, the address is taken or unsafe, or there is no such model.
    """
    loading = LoadingProgress(progress)
    services, app = parts_of(options, engine_options, loading)
    return Server(services, app, loading)


def parts_of(
    options: ServerOptions, engine_options: EngineOptions | None, on_progress: Callable[[Progressed], None]
) -> tuple[Services, ASGIApp]:
    """The parts of a server and what answers, for whoever listens and runs the loop; otherwise as `assemble`."""
    keys = KeyStore(
        options.keys_path,
        database=options.database,
        state_dir=options.state_dir,
        api_key_file=options.api_key_file,
    )
    require_safe_to_listen(options.host, keys)
    if engine_options is None:
        services = _gateway(options, keys)
    else:
        services = _own_engine(options, engine_options, keys, engine_client(engine_options, on_progress))
    services = _guarded(services)
    gate = GateOptions(
        host=options.host,
        allowed_hosts=options.allowed_hosts,
        allowed_origins=options.allowed_origins,
        max_body_bytes=options.max_body_bytes,
        max_held_bytes=_held_bytes(options.max_body_bytes),
    )
    return services, build_app(services, gate)


def _guarded(services: Services) -> Services:
    """The same, with what it keeps, judges and writes down."""
    options = services.options
    guard = None if options.guard == "off" else Guard.load(options.guard)
    keeping = Keeping(
        KeepingOptions(
            state_dir=options.state_dir,
            database=options.database,
            kek=options.kek,
            audit=options.audit,
            audit_witness=options.audit_witness,
        )
    )
    journal = None if keeping.audit is None else Journal(keeping.audit)
    guarding = Guarding(guard, keeping.vault.digest_key, journal, services.models.own)
    audit = keeping.audit
    services.observer.watch_guard(guarding.findings, None if audit is None else audit.status)
    return dataclasses.replace(services, keeping=keeping, guarding=guarding)


def _held_bytes(max_body_bytes: int) -> int:
    """Bodies of running requests, all together: what is read from them takes ten to twenty times as much.

    A small machine, or a container with little memory, takes in fewer large ones at a time.
    """
    return max(2 * max_body_bytes, min(_MAX_HELD_BYTES, usable_memory_bytes() // 64))


def _own_engine(options: ServerOptions, engine: EngineOptions, keys: KeyStore, client: EngineClient) -> Services:
    own, *aliases = options.served_model_names or (_name_of(engine.settings.model),)
    models = ModelNames(own=own, aliases=tuple(aliases), adapters=tuple(engine.adapters))
    observer = Observer(_observer_options(options, models), client)
    admission = Admission(_admission_options(options), client, keys)
    modes = Modes.load(default=options.mode)
    return Services(
        options=options,
        models=models,
        life=Life(),
        keys=keys,
        admission=admission,
        observer=observer,
        modes=modes,
        engine=client,
        answering=Answering(engine=client, admission=admission, observer=observer, modes=modes, models=models),
    )


def _gateway(options: ServerOptions, keys: KeyStore) -> Services:
    """Other servers answer; what they serve is learnt from them."""
    pool = UpstreamPool(UpstreamOptions(), parse_addresses(options.upstreams, options.upstream_key_files))
    models = ModelNames(own="", aliases=options.served_model_names)
    observer = Observer(_observer_options(options, models), None)
    upstream = Upstream(pool)
    observer.watch_upstream(upstream.health, pool.statuses)
    return Services(
        options=options,
        models=models,
        life=Life(),
        keys=keys,
        admission=Admission(_admission_options(options), UpstreamView(pool), keys),
        observer=observer,
        modes=Modes.load(default=options.mode),
        upstream=upstream,
    )


def _observer_options(options: ServerOptions, models: ModelNames) -> ObserverOptions:
    return ObserverOptions(
        served_model_names=tuple(models.names),
        log_file=options.log_file,
        log_level=options.log_level,
        otlp_traces_endpoint=options.otlp_traces_endpoint,
    )


def _admission_options(options: ServerOptions) -> AdmissionOptions:
    return AdmissionOptions(max_waiting=options.max_queue, max_wait_s=options.max_wait_s)


def _name_of(model: str) -> str:
    """`./grok-1-int4` -> `grok-1-int4`, `model.gguf` -> `model`; what is no path stays as it is."""
    path = Path(model)
    if not path.exists():
        return model
    return path.stem if path.is_file() else path.resolve().name


def _event_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it exists: it takes about half the time of asyncio's own for each piece of a stream."""
    if sys.platform == "win32":
        return None
    import uvloop

    return uvloop.new_event_loop
