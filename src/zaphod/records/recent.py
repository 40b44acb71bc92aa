"""Answers of a database, kept as long as they are surely or nearly right; knows neither questions nor answers."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from zaphod.core.errors import ConfigError

Answer = TypeVar("Answer")


@dataclass(frozen=True, kw_only=True)
class RecentOptions:
    """How long an answer may take and hold where the database is far: it does not tell whether the answer still holds.

    Args:
        max_age_s: what changed elsewhere is seen no later than this.
        timeout_s: whoever asks waits no longer.
        retry_after_s: a database that failed is not asked for so long: whoever waits for it keeps others waiting.
        max_answers: those that were not asked for longest are forgotten first.
    """

    max_age_s: float = 1.0
    timeout_s: float = 2.0
    retry_after_s: float = 2.0
    max_answers: int = 4096


class Recent:
    """Remembers answers. Thread-safe.

    Args:
        options: how old they may be.
        version: a number that changes whenever an answer may have changed; None where that is not known.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        options: RecentOptions,
        version: Callable[[], int | None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._options, self._read_version, self._clock = options, version, clock
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._version: int | None = None
        self._generation = 0
        self._failed: tuple[float, ConfigError] | None = None

    def ask(self, question: Hashable, ask: Callable[[], Answer]) -> Answer:
        """The answer, from memory or by asking. None is asked for again every time: what is made now counts now.

        Raises:
            ConfigError: the database failed; one that does not tell versions, now or just before.
        """
        # Read before the question is asked: an answer may be newer than its version, and never older.
        version = self._read_version()
        with self._lock:
            now_s = self._clock()
            if version != self._version:
                self._forget()
                self._version = version
            generation = self._generation
            if version is None:
                self._require_health(now_s)
            known = self._answers.get(question)
            if known is not None and (version is not None or now_s - known[0] < self._options.max_age_s):
                self._answers.move_to_end(question)
                return known[1]  # type: ignore[no-any-return]
        answer = ask() if version is not None else self._asked(ask)
        with self._lock:
            # Whoever forgot meanwhile knows something newer than this answer.
            if answer is not None and generation == self._generation:
                self._keep(question, now_s, answer)
        return answer

    def forget(self) -> None:
        """Forget all answers, because something was changed here."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        self._answers.clear()
        self._generation += 1

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        try:
            return _in_time(ask, self._options.timeout_s)
        except ConfigError as error:
            with self._lock:
                self._failed = (self._clock(), error)
            raise

    def _require_health(self, now_s: float) -> None:
        if self._failed is None:
            return
        failed_s, error = self._failed
        if now_s - failed_s < self._options.retry_after_s:
            raise ConfigError(error.found, error.wanted, error.remedy) from error
        self._failed = None

    def _keep(self, question: Hashable, asked_s: float, answer: object) -> None:
        self._answers[question] = (asked_s, answer)
        self._answers.move_to_end(question)
        if len(self._answers) > self._options.max_answers:
            self._answers.popitem(last=False)


def _in_time(ask: Callable[[], Answer], timeout_s: float) -> Answer:
    """The answer; asked in a thread of its own, because a connection whose other end stands still never gives up."""
    asked: Future[Answer] = Future()
    threading.Thread(target=_answer, args=(asked, ask), name="far-database", daemon=True).start()
    try:
        return asked.result(timeout_s)
    except TimeoutError as error:
        raise ConfigError(
            f"The database did not answer in {timeout_s:g} s.",
            "A server's requests wait for what it says of a key.",
            "See whether PostgreSQL and the network to it are well.",
        ) from error


def _answer(asked: Future[Answer], ask: Callable[[], Answer]) -> None:
    try:
        asked.set_result(ask())
    except BaseException as error:
        asked.set_exception(error)
