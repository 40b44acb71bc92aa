"""What the server tells the world about itself. Read this file first; API code speaks with nothing else in this folder.

    observer.begin(...) -> Observation: admitted -> started -> piece, piece, … -> end
                                └─> metrics, a trace span, a line of the log, energy

No prompt, answer, key or header goes in, apart from the key's id and the W3C trace header.
"""

from __future__ import annotations

import asyncio
import logging
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from zaphod.capacity.energy import EstimatedMeter, choose_meter
from zaphod.core.errors import ConfigError
from zaphod.core.logging import LogLevel
from zaphod.server.caller import Caller
from zaphod.server.engine_process.progress import Health
from zaphod.server.errors import ApiError
from zaphod.server.observability import labels
from zaphod.server.observability.collectors import (
    AuditFigures,
    EnergyCollector,
    EngineCollector,
    GuardCollector,
    UpstreamCollector,
    UpstreamStatus,
)
from zaphod.server.observability.energy import WINDOW_S, Account, Energy, EnergyLedger, Power
from zaphod.server.observability.engine_figures import EngineFigures, EngineView
from zaphod.server.observability.labels import ModelLabels
from zaphod.server.observability.logs import FieldValue, LogStyle, ServerLog
from zaphod.server.observability.metrics import Ended, Metrics
from zaphod.server.observability.tracing import Outcome, RequestSpan, Tracer, open_tracer

DISCONNECTED = 499
"""Status of requests whose client went away, as nginx counts them."""
_METER_LOOK_S = 60.0


@dataclass(frozen=True, kw_only=True)
class ObserverOptions:
    """What is observed, and where it is told."""

    served_model_names: tuple[str, ...]
    """Names that may become labels; the first is the model's own."""
    max_tokens: int = 131_072
    """The longest sequence, for the buckets of token counts."""
    log_file: Path | None = None
    """Standard error if None."""
    log_style: LogStyle = "auto"
    log_level: LogLevel = "info"
    """Lines for people below it are left out."""
    otlp_traces_endpoint: str | None = None
    """No traces if None."""
    has_accelerator: bool = False
    """Whether the model runs on an Nvidia GPU."""
    energy_window_s: float = WINDOW_S

    def __post_init__(self) -> None:
        if self.energy_window_s < WINDOW_S:
            raise ConfigError(
                f"The energy window is {self.energy_window_s} s.",
                f"It must be {WINDOW_S:g} s or more: finer figures tell what a neighbour computes.",
                "Leave it out.",
            )


class Observer:
    """Metrics, traces, log and energy of one server.

    Args:
        options: where they go.
        engine: whose figures are shown; None where other servers answer.
        log: made from the options unless given.
        tracer: made from the options unless given.
        ledger: of the energy; made for this machine unless given, and none without an engine.
        clock: seconds, never going back.

    Raises:
        ConfigError: the log cannot be written, or the traces' address is none.
        MissingExtraError: traces are wanted without the extra `otel`.
    """

    def __init__(
        self,
        options: ObserverOptions,
        engine: EngineView | None,
        *,
        log: ServerLog | None = None,
        tracer: Tracer | None = None,
        ledger: EnergyLedger | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.log = log or ServerLog(options.log_file, options.log_style, level=options.log_level)
        self.clock = clock
        self._models = ModelLabels(options.served_model_names)
        self.metrics = Metrics(self._models, options.max_tokens)
        self.tracer = tracer or open_tracer(options.otlp_traces_endpoint)
        self._open: weakref.WeakSet[Observation] = weakref.WeakSet()
        self._looking: asyncio.TimerHandle | None = None
        self._statuses: Callable[[], Sequence[UpstreamStatus]] = tuple
        self.figures = None if engine is None else EngineFigures(engine, self.metrics.passed)
        self.ledger: EnergyLedger | None = None
        if self.figures is not None:
            self.metrics.add_collector(EngineCollector(self.figures, lambda: self._models.own))
            self.ledger = ledger or self._measure_energy(options, self.figures)
            self.metrics.add_collector(EnergyCollector(self.ledger))

    def begin(
        self, *, route: str, model: str | None, caller: Caller, request_id: str, headers: Mapping[str, str]
    ) -> Observation:
        """A request has arrived.

        Args:
            route: path template, like `/v1/chat/completions`.
            model: as the client named it; None if it named none.
            caller: who asks.
            request_id: that its response will carry.
            headers: of the request; only the W3C trace header is read. Names in lower case, or of any case where the
                mapping does not mind it.
        """
        self._keep_looking()
        observation = Observation(
            self, labels.route_label(route), self._model_label(model), caller, request_id, headers
        )
        self._open.add(observation)
        return observation

    def rejected(self, *, route: str, status: int, error_code: str, request_id: str, key_id: str | None = None) -> None:
        """A request was turned away before it came to a route's own code."""
        reason = labels.reason_label(error_code, status)
        self.metrics.rejected(reason)
        self.metrics.answered(labels.route_label(route), labels.status_label(status))
        self.log.event(
            "request",
            route=labels.route_label(route),
            status=status,
            error_code=reason,
            request_id=labels.request_id_field(request_id),
            key_id=key_id,
        )

    def event(self, name: str, *, level: int = logging.INFO, **fields: FieldValue) -> None:
        """Something in the server's life: one line of the log, with fields of `logs.FIELDS`."""
        self.log.event(name, level=level, **fields)

    def name_models(self, names: tuple[str, ...]) -> None:
        """More names under which models are served: adapters, or models of other servers."""
        self._models.add(names)
        self.metrics.add_models(list(names))

    def watch_upstream(self, health: Callable[[], Health], statuses: Callable[[], Sequence[UpstreamStatus]]) -> None:
        """Show how the servers behind this one are; the models that they list become served names.

        Args:
            health: of all of them together.
            statuses: of each.
        """
        self._statuses = statuses
        self.metrics.add_collector(UpstreamCollector(health, statuses, lambda: self._models.own, self.in_flight))

    def watch_gate(self, refusals: Mapping[str, int]) -> None:
        """Count what the gate refuses, by the error's code, with the requests that were turned away."""
        self.metrics.watch_gate(refusals)

    def watch_guard(
        self, findings: Mapping[tuple[str, str, str], int], audit: Callable[[], AuditFigures] | None
    ) -> None:
        """Show what the guard finds, by stage, category and action, and how the audit is doing."""
        self.metrics.add_collector(GuardCollector(findings, audit))

    def in_flight(self) -> tuple[int, int]:
        """Requests without a first token, and those that had it."""
        num_running = sum(observation.has_begun for observation in self._open)
        return len(self._open) - num_running, num_running

    def render_metrics(self, accept: str) -> tuple[bytes, str]:
        """For Prometheus: the text, and its media type by the header `Accept`."""
        self._keep_looking()
        return self.metrics.render(accept)

    def power(self) -> Power:
        """What the machine took in the last second or more, for the operator and owners of keys."""
        self._keep_looking()
        return Power(watts=None, source="") if self.ledger is None else self.ledger.power()

    def close(self) -> None:
        """End what is still open as cut off, send the last traces, close the log. Takes seconds at most."""
        for observation in list(self._open):
            observation.end(status=503, error_code="shutting_down")
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        self.tracer.close()
        self.log.close()

    def forget(self, observation: Observation) -> None:
        """It has ended."""
        self._open.discard(observation)

    def _model_label(self, model: str | None) -> str:
        """Servers behind this one may have come to serve more models since the last look."""
        if model and model not in self._models:
            for status in self._statuses():
                self._models.add(status.models or ())
        return self._models.label(model)

    def _measure_energy(self, options: ObserverOptions, figures: EngineFigures) -> EnergyLedger:
        metering = choose_meter(has_accelerator=options.has_accelerator)
        for one in metering.unreadable:
            self.event(
                "energy_meter_left_out", reason=f"{one.source}: {one.reason}", energy_source=metering.meter.source
            )
        estimate = EstimatedMeter()
        return EnergyLedger(
            metering.meter,
            num_computed=lambda: int(figures.total("num_prompt_tokens")),
            assumed_busy_w=estimate.power_w(estimate.num_cores),
            fallback=EstimatedMeter,
            on_failure=lambda reason: self.event("energy_meter_failed", level=logging.WARNING, reason=reason),
            window_s=options.energy_window_s,
        )

    def _keep_looking(self) -> None:
        """Read the meter now and then without requests, too: its counters begin anew after some minutes."""
        if self._looking is None and self.ledger is not None:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:  # used outside of a server
                return
            self._looking = loop.call_later(_METER_LOOK_S, self._look)

    def _look(self) -> None:
        self._looking = None
        if self.ledger is not None:
            self.ledger.advance()
        self._keep_looking()


class Observation:
    """One API request from its arrival to its end. Its end counts once, whoever tells it, and also if nobody does.

    As a context manager it ends when it is left: as `ApiError` says, as cut off by the client where the task was
    cancelled or nobody had ended it, as an internal error for other exceptions. One that is dropped was cut off, too.
    """

    _has_ended = True  # until it has begun
    _energy: Energy | None = None

    def __init__(
        self,
        observer: Observer,
        route: str,
        model: str,
        caller: Caller,
        request_id: str,
        headers: Mapping[str, str],
    ) -> None:
        self._observer, self._route, self._model, self._key_id = observer, route, model, caller.key_id
        self._request_id = labels.request_id_field(request_id)
        self._span: RequestSpan = observer.tracer.begin(
            route=route, model=model, request_id=self._request_id, headers=headers
        )
        self._account: Account | None = None
        self._times = _Times(observer.clock())
        self._prompt_tokens = 0
        self._num_generated = 0
        self._is_prompt_counted = False
        self._has_ended = False

    @property
    def upstream_headers(self) -> Mapping[str, str]:
        """What makes a request to another server a part of this one's trace."""
        return self._span.headers

    @property
    def has_begun(self) -> bool:
        """Whether its first token was there."""
        return self._times.first_s is not None

    def admitted(self, *, prompt_tokens: int) -> None:
        """It will be answered."""
        self._prompt_tokens = prompt_tokens
        self._times.admitted_s = self._observer.clock()
        self._span.event("admitted")
        if self._observer.ledger is not None and self._account is None:
            self._account = self._observer.ledger.open()

    def started(self, *, queue_s: float | None = None) -> None:
        """The engine began with it. Where nobody can tell, it counts as queued until its first token.

        Args:
            queue_s: so long after it was admitted, where that is told later; now if None.
        """
        if self._times.started_s is None:
            now_s, admitted_s = self._observer.clock(), self._times.admitted_s
            self._times.started_s = now_s if queue_s is None or admitted_s is None else min(now_s, admitted_s + queue_s)
            self._span.event("started")

    def piece(self, num_tokens: int, *, answer: int = 0) -> None:
        """More of an answer came from the engine.

        Args:
            num_tokens: how many are new.
            answer: which, where several were asked for: gaps are those between pieces of one answer.
        """
        now_s, metrics = self._observer.clock(), self._observer.metrics
        if self._observer.figures is not None:
            self._observer.figures.follow()
        if self._times.first_s is None:
            self._span.event("first_token")
            metrics.first_token(self._model, now_s - self._times.began_s)
            self._count_prompt(self._prompt_tokens)
        elif answer in self._times.last_by_answer_s:
            metrics.next_tokens(self._model, now_s - self._times.last_by_answer_s[answer])
        self._times.came(now_s, answer)
        self._num_generated += num_tokens
        metrics.generated(self._model, num_tokens)
        if self._account is not None and self._observer.ledger is not None:
            self._observer.ledger.produced(self._account, num_tokens)

    def end(
        self,
        *,
        status: int,
        finish_reason: str | None = None,
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
        cached_tokens: int = 0,
        error_code: str | None = None,
    ) -> Energy | None:
        """It is over. Only the first call counts.

        Args:
            status: of the response; 499 where the client went away, 500 and more where a stream broke off.
            finish_reason: of its first answer.
            prompt_tokens: of the whole prompt.
            completion_tokens: of all answers.
            cached_tokens: those of the prompt that were not computed.
            error_code: that the client was told.

        Returns:
            What it used, for its owner alone; None where no engine of ours worked for it.
        """
        if self._has_ended:
            return self._energy
        self._has_ended = True
        self._observer.forget(self)
        self._prompt_tokens = prompt_tokens or self._prompt_tokens
        self._settle(status, completion_tokens)
        reason = labels.reason_label(error_code, status) if status >= 400 else None
        outcome = Outcome(
            status=status,
            error_code=reason,
            finish_reason=finish_reason if finish_reason in _FINISH_REASONS else None,
            prompt_tokens=self._prompt_tokens,
            cached_tokens=cached_tokens,
            completion_tokens=completion_tokens or self._num_generated,
            time_to_first_token_s=self._times.first_token_s,
            queue_s=self._times.queue_s,
            duration_s=self._observer.clock() - self._times.began_s,
            energy_j=None if self._energy is None else self._energy.joules,
            energy_source=None if self._energy is None else self._energy.source,
        )
        self._count(outcome)
        self._span.end(outcome)
        self._log(outcome)
        return self._energy

    def __enter__(self) -> Observation:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, ApiError):
            self.end(status=error.status, error_code=error.code)
        elif isinstance(error, Exception):
            self.end(status=500, error_code="internal_error")
        else:
            self.end(status=DISCONNECTED, finish_reason="cancelled", error_code="client_disconnected")

    def __del__(self) -> None:
        self.end(status=DISCONNECTED, finish_reason="cancelled", error_code="client_disconnected")

    def _settle(self, status: int, completion_tokens: int) -> None:
        """Count what no piece told, and close the account."""
        missing = completion_tokens - self._num_generated
        if missing > 0:
            self._observer.metrics.generated(self._model, missing)
        if status < 400:
            self._count_prompt(self._prompt_tokens)
        if self._account is not None and self._observer.ledger is not None:
            if not self._is_prompt_counted:  # cut off on its way: it pays for the part that was computed
                self._observer.ledger.prompted(self._account, self._prompt_tokens)
            self._energy = self._observer.ledger.close(self._account)

    def _count_prompt(self, num_tokens: int) -> None:
        if not self._is_prompt_counted:
            self._is_prompt_counted = True
            self._observer.metrics.prompted(self._model, num_tokens)
            if self._account is not None and self._observer.ledger is not None:
                self._observer.ledger.prompted(self._account, num_tokens)

    def _count(self, outcome: Outcome) -> None:
        metrics = self._observer.metrics
        metrics.answered(self._route, labels.status_label(outcome.status))
        if self._times.admitted_s is None and outcome.status >= 400:
            metrics.rejected(str(outcome.error_code))
            return
        metrics.ended(
            self._model,
            Ended(
                finish=labels.finish_label(outcome.finish_reason, outcome.status),
                duration_s=outcome.duration_s,
                queue_s=outcome.queue_s,
                prefill_s=self._times.prefill_s,
                decode_s=self._times.decode_s,
                prompt_tokens=outcome.prompt_tokens,
                cached_tokens=outcome.cached_tokens,
                completion_tokens=outcome.completion_tokens,
                energy_j=outcome.energy_j,
            ),
        )

    def _log(self, outcome: Outcome) -> None:
        self._observer.log.event(
            "request",
            level=logging.ERROR if outcome.status >= 500 else logging.INFO,
            request_id=self._request_id,
            trace_id=self._span.trace_id,
            key_id=self._key_id,
            route=self._route,
            model=self._model,
            status=outcome.status,
            error_code=outcome.error_code,
            finish_reason=outcome.finish_reason,
            prompt_tokens=outcome.prompt_tokens,
            cached_tokens=outcome.cached_tokens,
            completion_tokens=outcome.completion_tokens,
            time_to_first_token_s=outcome.time_to_first_token_s,
            queue_s=outcome.queue_s,
            prefill_s=self._times.prefill_s,
            decode_s=self._times.decode_s,
            duration_s=outcome.duration_s,
            energy_j=outcome.energy_j,
            energy_source=outcome.energy_source,
        )


_FINISH_REASONS = ("stop", "length", "tool_calls", "cancelled")


class _Times:
    """When what happened to a request, in seconds of the observer's clock."""

    def __init__(self, began_s: float) -> None:
        self.began_s = began_s
        self.admitted_s: float | None = None
        self.started_s: float | None = None
        self.first_s: float | None = None
        self.last_s: float | None = None
        self.last_by_answer_s: dict[int, float] = {}

    def came(self, now_s: float, answer: int) -> None:
        """A piece of an answer."""
        self.first_s = now_s if self.first_s is None else self.first_s
        self.last_s = self.last_by_answer_s[answer] = now_s

    @property
    def first_token_s(self) -> float | None:
        """From arrival to the first token."""
        return _between(self.began_s, self.first_s)

    @property
    def queue_s(self) -> float | None:
        """Until the engine began; until the first token where that is not known."""
        return _between(self.admitted_s, self.first_s if self.started_s is None else self.started_s)

    @property
    def prefill_s(self) -> float | None:
        """From the engine's beginning to the first token."""
        return _between(self.started_s, self.first_s)

    @property
    def decode_s(self) -> float | None:
        """From the first token to the last."""
        return _between(self.first_s, self.last_s)


def _between(earlier_s: float | None, later_s: float | None) -> float | None:
    return None if earlier_s is None or later_s is None else later_s - earlier_s
