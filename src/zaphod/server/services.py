"""The parts that routes work with, in one place; knows how to find them, not what they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import Request

from zaphod.server.life import Life
from zaphod.server.model_names import ModelNames
from zaphod.server.options import ServerOptions

if TYPE_CHECKING:
    from zaphod.server.admission.admission import Admission
    from zaphod.server.admission.keys import KeyStore
    from zaphod.server.api.answering import Answering
    from zaphod.server.engine_process.client import EngineClient
    from zaphod.server.guarding.guarding import Guarding
    from zaphod.server.guarding.keeping import Keeping
    from zaphod.server.modes.modes import Modes
    from zaphod.server.observability.observation import Observer
    from zaphod.server.upstream.proxy import Upstream


@dataclass(frozen=True, kw_only=True)
class Services:
    """Everything that a route may need. Of `engine` with `answering`, and `upstream`, one is there."""

    options: ServerOptions
    models: ModelNames
    life: Life
    keys: KeyStore
    admission: Admission
    observer: Observer
    modes: Modes
    keeping: Keeping | None = None
    """Store, vault and audit; None in programs that make an app without them."""
    guarding: Guarding | None = None
    """None where nothing is checked and nothing written down."""
    engine: EngineClient | None = None
    answering: Answering | None = None
    upstream: Upstream | None = None


def services_of(request: Request) -> Services:
    """The parts of the app that a request came to."""
    services: Services = request.app.state.services
    return services
