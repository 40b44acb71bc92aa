from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Zaphod
from tests.support.tiny import write_tiny

from zaphod.engine import Engine
from zaphod.launch import runners
from zaphod.model.fetching import references


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny(tmp_path_factory.mktemp("tiny") / "model"))


@pytest.fixture
def typing_in(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let somebody type these lines; an exception among them is raised instead. Then they press Ctrl-D."""

    def install(*lines: str | BaseException) -> None:
        waiting = iter(lines)

        def read(prompt: str = "") -> str:
            line = next(waiting, EOFError())
            if isinstance(line, BaseException):
                raise line
            return line

        monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
        monkeypatch.setattr(builtins, "input", read)

    return install


def test_the_first_lines_tell_what_is_running(zaphod: Zaphod, model: str, typing_in: Callable[..., None]) -> None:
    typing_in()
    outcome = zaphod("run", model, "-t", "1")
    assert outcome.code == 0
    first = outcome.out.splitlines()[0]
    assert first.startswith(f"Zaphod 0.1.0 · {model} (")
    assert "weights in float32, 1 thread ·" in first or "PyTorch, float32, 1 thread ·" in first
    assert "64 tokens" in outcome.out.splitlines()[1]


def test_a_question_gets_an_answer_and_its_speed(zaphod: Zaphod, model: str, typing_in: Callable[..., None]) -> None:
    typing_in("hello", "/exit")
    out = zaphod("run", model, "-n", "3").out
    assert "(3 tokens, " in out
    assert "tokens/s, stopped after 3 tokens; --max-tokens allows more)" in out


def test_commands_are_explained(zaphod: Zaphod, model: str, typing_in: Callable[..., None]) -> None:
    typing_in("/help", "/nonsense")
    assert zaphod("run", model).out.count("/reset  forget the conversation") == 2


def test_ctrl_c_stops_an_answer_and_the_chat_goes_on(
    zaphod: Zaphod, model: str, typing_in: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = 0
    step = Engine.step

    def interrupted(self: Engine) -> Any:
        nonlocal steps
        steps += 1
        if steps == 3:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(Engine, "step", interrupted)
    typing_in("hello", "again")
    outcome = zaphod("run", model, "-n", "4", "--temperature", "0")
    assert outcome.code == 0
    assert "(2 tokens, " in outcome.out
    assert ", stopped)" in outcome.out
    assert "(4 tokens, " in outcome.out


def test_ctrl_c_at_the_prompt_says_how_to_leave(zaphod: Zaphod, model: str, typing_in: Callable[..., None]) -> None:
    typing_in(KeyboardInterrupt(), "/exit")
    outcome = zaphod("run", model)
    assert outcome.code == 0
    assert "(Ctrl-D or /exit leaves)" in outcome.out


def test_a_question_that_is_too_long_is_taken_back(zaphod: Zaphod, model: str, typing_in: Callable[..., None]) -> None:
    typing_in("x" * 100, "hello")
    out = zaphod("run", model, "-n", "2").out
    assert "The prompt has 102 tokens." in out
    assert "(2 tokens, " in out


def test_a_model_without_a_template_says_that_it_continues(
    zaphod: Zaphod, tmp_path: Path, typing_in: Callable[..., None]
) -> None:
    typing_in()
    model = str(write_tiny(tmp_path / "model", has_template=False))
    assert "it continues each text you give it" in zaphod("run", model).out


def test_a_large_model_gets_a_forecast(
    zaphod: Zaphod, model: str, typing_in: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runners, "active_weight_bytes", lambda config, dtype: 47e9)
    monkeypatch.setattr(runners, "read_bandwidth", lambda num_threads: 290e9)
    typing_in()
    assert "at most 6.2 tokens/s: 47.0 GB a token at 290.0 GB/s\n" in zaphod("run", model, "--runner", "torch").out


def test_the_builtin_model_says_what_it_is_good_for(
    zaphod: Zaphod, model: str, typing_in: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(references, "BUILTIN_FOLDER", Path(model))
    typing_in()
    out = zaphod("run").out
    assert out.startswith("Zaphod 0.1.0 · built-in model (")
    assert "Not a general chatbot: `zaphod run org/name` loads one." in out
