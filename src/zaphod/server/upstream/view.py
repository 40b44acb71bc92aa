"""The servers as admission sees them: how much they have to do, as far as a gateway knows; knows no request."""

from __future__ import annotations

from zaphod.server.upstream.pool import UpstreamPool


class UpstreamView:
    """`admission.EngineView` over other servers.

    Nothing is forecast: what the servers have to do for others, and how fast they are, is not known here.

    Args:
        pool: the servers.
    """

    tokens_per_s = 0.0
    num_waiting = 0
    free_memory_bytes = None

    def __init__(self, pool: UpstreamPool) -> None:
        self._pool = pool

    @property
    def num_running(self) -> int:
        """Requests that servers have from this gateway."""
        return sum(status.in_flight for status in self._pool.statuses())

    @property
    def max_num_sequences(self) -> int:
        """Requests that all usable servers may have at one time."""
        usable = [status for status in self._pool.statuses() if status.state in ("healthy", "half_open")]
        return self._pool.options.places_per_server * len(usable)
