"""One to eight replicas behind a router, step by step; knows who asks and when, not what a step may hold.

This is the exact simulation that the fleet's is compared with; queueing theory is compared with it.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray

from zaphod.capacity.simulation.lengths import Lengths
from zaphod.capacity.simulation.requests import Served, Sessions
from zaphod.capacity.simulation.routing import Router, check_router, choose
from zaphod.capacity.simulation.scheduler import NOBODY, Engine, PlacedRequest
from zaphod.capacity.simulation.serving import Serving, check_lengths
from zaphod.core.errors import ConfigError

MAX_REPLICAS = 8


def simulate_replicas(
    serving: Serving,
    lengths: Lengths,
    arrivals_s: NDArray[np.float64],
    *,
    num_replicas: int = 1,
    router: Router = "random",
    cached_share: float = 0.0,
    sessions: Sessions | None = None,
    seed: int = 0,
) -> Served:
    """Serve requests that arrive at these times (ascending), to the last one's end.

    `cached_share` of each prompt is found in every replica's prefix cache (a system prompt); what sessions repeat is
    found where their last turn was served, while it is kept.

    Raises:
        ConfigError: more than eight replicas, or requests that never fit.
    """
    run = _Run(serving, lengths, num_replicas, router, cached_share, sessions, seed)
    owners = run.random.integers(0, sessions.count, len(arrivals_s)) if sessions else np.full(len(arrivals_s), NOBODY)
    for arrival_s, owner in zip(arrivals_s.tolist(), owners.tolist(), strict=True):
        run.add(arrival_s, owner)
    return run.serve()


def simulate_users(
    serving: Serving,
    lengths: Lengths,
    *,
    users: int,
    think_s: float,
    duration_s: float,
    num_replicas: int = 1,
    router: Router = "random",
    cached_share: float = 0.0,
    history_share: float = 0.0,
    seed: int = 0,
) -> Served:
    """Serve users who read each answer to its end, think (exponential, of this mean) and ask again until `duration_s`.

    Raises:
        ConfigError: as `simulate_replicas`.
    """
    sessions = Sessions(count=users, history_share=history_share) if history_share else None
    run = _Run(serving, lengths, num_replicas, router, cached_share, sessions, seed)
    run.think_s, run.until_s = think_s, duration_s
    for owner, arrival_s in enumerate(run.random.exponential(think_s, users).tolist()):
        run.add(arrival_s, owner if sessions else NOBODY)
    return run.serve()


class _Run:
    """Replicas, their router and the requests that are still to come."""

    def __init__(
        self,
        serving: Serving,
        lengths: Lengths,
        num_replicas: int,
        router: Router,
        cached_share: float,
        sessions: Sessions | None,
        seed: int,
    ) -> None:
        if not 1 <= num_replicas <= MAX_REPLICAS:
            raise ConfigError(f"{num_replicas} replicas.", f"1 to {MAX_REPLICAS} step by step.", "Use simulate_fleet.")
        check_lengths(serving, lengths)
        self.serving, self.router = serving, check_router(router)
        self.pairs = list(zip(lengths.prompt.tolist(), lengths.output.tolist(), strict=True))
        self.cached_share = cached_share
        self.history_share = sessions.history_share if sessions else 0.0
        self.random = np.random.default_rng(seed)
        self.engines = [Engine(serving) for _ in range(num_replicas)]
        self.requests: list[PlacedRequest] = []
        self.coming: list[tuple[float, int]] = []
        """(time, number), a heap."""
        self.home: dict[int, int] = {}
        self.think_s, self.until_s = 0.0, 0.0

    def add(self, arrival_s: float, session: int) -> None:
        """A request that will come."""
        prompt, output = self.pairs[int(self.random.random() * len(self.pairs))]
        request = PlacedRequest(
            number=len(self.requests),
            arrival_s=arrival_s,
            prompt=prompt,
            output=output,
            session=session,
            common=int(self.cached_share * prompt),
            history=int(self.history_share * prompt),
        )
        self.requests.append(request)
        heapq.heappush(self.coming, (arrival_s, request.number))

    def serve(self) -> Served:
        """Until nothing is left."""
        steps: list[tuple[float, int]] = []
        while self.coming or steps:
            if self.coming and (not steps or self.coming[0][0] <= steps[0][0]):
                now_s, number = heapq.heappop(self.coming)
                place = self._route(self.requests[number])
                if self.engines[place].is_busy:
                    continue
            else:
                now_s, place = heapq.heappop(steps)
                for request in self.engines[place].end(now_s):
                    self._ask_again(request, now_s)
            step_s = self.engines[place].begin()
            self.engines[place].is_busy = step_s > 0
            if step_s > 0:
                heapq.heappush(steps, (now_s + step_s, place))
        return self._served()

    def _route(self, request: PlacedRequest) -> int:
        home = self.home.get(request.session, NOBODY)
        request.replica = choose(self.router, [engine.load for engine in self.engines], home, self.random)
        if request.session != NOBODY:
            self.home[request.session] = request.replica
        self.engines[request.replica].waiting.append(request)
        return request.replica

    def _ask_again(self, request: PlacedRequest, now_s: float) -> None:
        if self.think_s:
            next_s = now_s + self.random.exponential(self.think_s)
            if next_s < self.until_s:
                self.add(next_s, request.session)

    def _served(self) -> Served:
        requests, outside_s = self.requests, self.serving.request_s
        return Served(
            arrival_s=np.array([each.arrival_s for each in requests]),
            first_s=np.array([each.first_s for each in requests]) + outside_s,
            end_s=np.array([each.end_s for each in requests]) + outside_s,
            output=np.array([each.output for each in requests]),
            replica=np.array([each.replica for each in requests]),
            busy_s=tuple(engine.busy_s for engine in self.engines),
            num_preempted=sum(engine.num_preempted for engine in self.engines),
        )
