from __future__ import annotations

import threading

import pytest

from zaphod.core.errors import ConfigError
from zaphod.records.recent import Recent, RecentOptions


class Far:
    """A database that counts how often it is asked."""

    def __init__(self) -> None:
        self.now_s, self.version, self.num_asked = 0.0, None, 0
        self.answer: object = "a"
        self.recent = Recent(RecentOptions(max_answers=2), lambda: self.version, lambda: self.now_s)

    def ask(self, question: str = "q") -> object:
        return self.recent.ask(question, self._ask)

    def _ask(self) -> object:
        self.num_asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_an_answer_is_believed_for_a_second_and_no_longer() -> None:
    far = Far()
    far.ask()
    far.answer = "b"
    far.now_s = 0.99
    assert (far.ask(), far.num_asked) == ("a", 1)
    far.now_s = 1.0
    assert (far.ask(), far.num_asked) == ("b", 2)


def test_what_was_not_there_is_asked_for_again() -> None:
    far = Far()
    far.answer = None
    assert far.ask() is None
    far.answer = "new"
    assert far.ask() == "new"


def test_where_versions_are_told_an_answer_is_believed_until_one_changes() -> None:
    far = Far()
    far.version = 1  # type: ignore[assignment]
    far.ask()
    far.now_s, far.answer = 1e6, "b"
    assert far.ask() == "a"
    far.version = 2  # type: ignore[assignment]
    assert far.ask() == "b"


def test_what_is_changed_here_counts_at_once() -> None:
    far = Far()
    far.ask()
    far.answer = "b"
    far.recent.forget()
    assert far.ask() == "b"


def test_an_answer_that_was_overtaken_is_not_kept() -> None:
    far = Far()
    assert far.recent.ask("q", lambda: far.recent.forget() or "old") == "old"
    assert far.ask() == "a"


def test_a_database_that_failed_is_left_in_peace_for_a_while() -> None:
    far = Far()
    far.answer = ConfigError("away", "there", "wait")
    for _ in range(3):
        with pytest.raises(ConfigError, match="away"):
            far.ask()
    assert far.num_asked == 1
    far.now_s, far.answer = 2.0, "back"
    assert far.ask() == "back"


def test_only_so_many_answers_are_kept() -> None:
    far = Far()
    for question in ("1", "2", "1", "3", "1"):
        far.ask(question)
    assert far.num_asked == 3
    far.ask("2")
    assert far.num_asked == 4


def test_many_threads_may_ask() -> None:
    far, found = Far(), []
    threads = [threading.Thread(target=lambda: found.extend(far.ask(str(n % 3)) for n in range(200))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["a"] * 800
