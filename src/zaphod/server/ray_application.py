"""Our own engine as replicas of a Ray Serve application; the only file that imports Ray, knows no route and no model.

    serve run zaphod.server.ray_application:application model=./grok-1-int4 api_key_file=/run/secrets/zaphod-key

Each replica is a whole server (gate, keys, admission, engine process) behind Ray's proxy, which spreads requests over
replicas and streams answers through. Ray adds replicas when more requests wait and run than `target_ongoing_requests`
a replica, and takes them away after a while: a replica drains before it goes.

What replicas do not share: budgets of keys are counted by each on its own, and so are queues and prefix caches.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from zaphod.core.configuration import load_settings
from zaphod.core.errors import MissingExtraError
from zaphod.server.assembly import EngineOptions, parts_of
from zaphod.server.options import ServerOptions
from zaphod.server.serving import close_services, drain, start_services

try:
    from ray import serve  # type: ignore[import-not-found,unused-ignore]
except ImportError as error:
    raise MissingExtraError("Ray Serve", "ray") from error

if TYPE_CHECKING:
    from ray.serve import Application  # type: ignore[import-not-found,unused-ignore]
    from starlette.types import ASGIApp, Receive, Scope, Send

    from zaphod.server.services import Services

_log = logging.getLogger(__name__)


class RayOptions(BaseModel):
    """What `serve run` takes as `name=value`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = "builtin"
    threads: int = Field(1, ge=1, description="CPU threads of a replica's engine; Ray reserves as many cores.")
    context: int | None = Field(None, ge=1)
    host: str = Field("0.0.0.0", description="Where Ray's proxy listens. Only loopback needs no key.")
    allowed_hosts: str = Field("", description="Names under which the application is reached, parted by commas.")
    api_key_file: Path | None = None
    keys_file: Path | None = None
    max_num_sequences: int = Field(64, ge=1, description="Requests that a replica computes at one time.")
    max_queue: int = Field(256, ge=1, description="Requests that may wait in a replica.")
    shutdown_timeout_s: float = Field(30.0, ge=0)
    min_replicas: int = Field(1, ge=1)
    max_replicas: int = Field(4, ge=1)
    target_ongoing_requests: float | None = Field(
        None,
        gt=0,
        description="Requests a replica, waiting and running, at which Ray adds one; as many as it computes.",
    )
    upscale_delay_s: float = Field(10.0, ge=0)
    downscale_delay_s: float = Field(300.0, ge=0)


def application(arguments: RayOptions | Mapping[str, str]) -> Application:
    """The application for `serve.run` and `serve run`; the latter hands over words, which are parsed here.

    Raises:
        pydantic.ValidationError: a name or a value is wrong.
    """
    options = RayOptions.model_validate(arguments)
    deployment = serve.deployment(
        name="zaphod",
        ray_actor_options={"num_cpus": options.threads},
        # What a replica would refuse waits with Ray's proxy no longer than the next look at the queues.
        max_ongoing_requests=options.max_num_sequences + options.max_queue,
        max_queued_requests=options.max_queue,
        graceful_shutdown_wait_loop_s=0.5,
        graceful_shutdown_timeout_s=options.shutdown_timeout_s + 10,
        health_check_period_s=5,
        health_check_timeout_s=10,
        autoscaling_config={
            "min_replicas": options.min_replicas,
            "max_replicas": options.max_replicas,
            "target_ongoing_requests": options.target_ongoing_requests or options.max_num_sequences,
            "upscale_delay_s": options.upscale_delay_s,
            "downscale_delay_s": options.downscale_delay_s,
        },
    )
    bound: Application = deployment(_replica_of(options)).bind()
    return bound


def _replica_of(options: RayOptions) -> Any:
    """The class of a replica: Ray makes its application with a function, so that nothing is sent but the options."""

    def build() -> ReplicaApp:
        return ReplicaApp(options)

    class Replica:
        app: ReplicaApp

        async def check_health(self) -> None:
            """Ray replaces a replica that raises here three times; an engine that restarts is back before."""
            self.app.require_health()

    return serve.ingress(build)(Replica)


class ReplicaApp:
    """An ASGI application that starts the engine when Ray starts it, and drains when Ray ends it.

    Args:
        options: of the application.
    """

    def __init__(self, options: RayOptions) -> None:
        settings = load_settings().with_flags(model=options.model, threads=options.threads, context=options.context)
        server = ServerOptions(
            host=options.host,
            shutdown_timeout_s=options.shutdown_timeout_s,
            max_queue=options.max_queue,
            allowed_hosts=tuple(name for name in options.allowed_hosts.split(",") if name),
            keys_path=options.keys_file,
            api_key_file=options.api_key_file,
            database=settings.values.database,
            state_dir=settings.values.state_dir,
            kek=settings.values.kek,
        )
        engine = EngineOptions(settings=settings.values, max_num_sequences=options.max_num_sequences)
        parts: tuple[Services, ASGIApp] = parts_of(server, engine, lambda progressed: None)
        self._services, self._app = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._app(scope, receive, send)

    def require_health(self) -> None:
        """Raise where requests will not be answered.

        Raises:
            RuntimeError: with the reason.
        """
        assert self._services.engine is not None
        health = self._services.engine.health()
        if not health.is_ready:
            raise RuntimeError(f"the replica is not ready: {health.reason}")

    async def _live(self, receive: Receive, send: Send) -> None:
        """ASGI's lifespan protocol: one message in for the start, one for the end."""
        await receive()
        try:
            await start_services(self._services)
        except Exception as error:
            _log.exception("the replica cannot start")
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await drain(self._services)
        await close_services(self._services)
        await send({"type": "lifespan.shutdown.complete"})
