from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from zaphod.core.errors import ConfigError
from zaphod.server.observability.logs import FIELDS, ServerLog


@pytest.fixture
def adopted() -> Iterator[tuple[ServerLog, io.StringIO]]:
    """A log that hears all libraries; what they had before comes back."""
    names = ("", "zaphod", "uvicorn", "uvicorn.error", "uvicorn.access")
    loggers = [logging.getLogger(name) for name in names]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    stream = io.StringIO()
    log = ServerLog(stream=stream)
    log.adopt("info")
    yield log, stream
    log.close()
    for logger, handlers, level, propagate in before:
        logger.handlers[:] = handlers
        logger.setLevel(level)
        logger.propagate = propagate


def test_an_event_is_one_json_object() -> None:
    stream = io.StringIO()
    ServerLog(stream=stream).event("engine_restarted", num_restarts=2, pid=None)
    line = json.loads(stream.getvalue())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line == {"level": "info", "event": "engine_restarted", "num_restarts": 2}


@pytest.mark.parametrize("field", ["prompt", "content", "authorization", "headers", "query", "key", "message"])
def test_a_field_for_content_does_not_exist(field: str) -> None:
    assert field not in FIELDS
    with pytest.raises(TypeError, match=field):
        ServerLog(stream=io.StringIO()).event("request", **{field: "x"})


def test_fields_are_searched_for_secrets_and_kept_short() -> None:
    stream = io.StringIO()
    ServerLog(stream=stream).event("upstream_left_out", reason="sent Bearer canary7f3a " + "x" * 9999)
    assert "canary7f3a" not in stream.getvalue()
    assert len(stream.getvalue()) < 500


def test_a_file_gets_json_and_is_opened_anew_after_it_was_moved(tmp_path: Path) -> None:
    log = ServerLog(tmp_path / "access.log")
    log.event("one")
    (tmp_path / "access.log").rename(tmp_path / "access.log.1")
    log.event("two")
    log.close()
    assert json.loads((tmp_path / "access.log.1").read_text())["event"] == "one"
    assert json.loads((tmp_path / "access.log").read_text())["event"] == "two"


def test_a_file_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        ServerLog(tmp_path / "missing" / "access.log")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_people_get_sentences_on_a_terminal() -> None:
    stream = Terminal()
    ServerLog(stream=stream).event(
        "request",
        route="/v1/chat/completions",
        status=200,
        prompt_tokens=812,
        completion_tokens=34,
        time_to_first_token_s=0.12,
        duration_s=1.24,
        energy_j=3.1,
        energy_source="estimated",
        key_id="local",
        request_id="req-1",
    )
    assert stream.getvalue()[9:].strip() == (
        "info    /v1/chat/completions 200 · 812 in, 34 out · first token after 120 ms · 1.2 s · 3.1 J estimated"
        " · key local · req-1"
    )


def test_a_line_break_in_a_message_does_not_begin_another_line(adopted: tuple[ServerLog, io.StringIO]) -> None:
    _, stream = adopted
    logging.getLogger("some.library").warning("one\n{'event': 'forged'}\x1b[31m")
    assert len(stream.getvalue().splitlines()) == 1
    people = Terminal()
    log = ServerLog(stream=people)
    log.adopt("info")
    logging.getLogger("some.library").warning("one\nforged\x1b[31m")
    log.close()
    assert len(people.getvalue().splitlines()) == 1
    assert "\x1b" not in people.getvalue()


@pytest.mark.parametrize("name", ["zaphod.server.life", "uvicorn.error", "some.library"])
def test_libraries_are_heard(adopted: tuple[ServerLog, io.StringIO], name: str) -> None:
    _, stream = adopted
    logging.getLogger(name).warning("hello %s", "there")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["logger"], line["message"]) == ("message", name, "hello there")


def test_uvicorns_access_lines_are_replaced_by_ours(adopted: tuple[ServerLog, io.StringIO]) -> None:
    _, stream = adopted
    logging.getLogger("uvicorn.access").warning('"GET /v1/models?key=secret HTTP/1.1" 200')
    assert stream.getvalue() == ""


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ConfigError, match="loud"):
        ServerLog(stream=io.StringIO()).adopt("loud")


def test_after_closing_libraries_are_no_longer_heard(adopted: tuple[ServerLog, io.StringIO]) -> None:
    log, stream = adopted
    log.close()
    logging.getLogger("zaphod").info("late")
    assert stream.getvalue() == ""


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_full_disk_does_not_end_requests_and_repeats_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    ServerLog(stream=Full()).event("request", request_id="req-1")
    assert capsys.readouterr().err == "zaphod: a line of the log could not be written (OSError)\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_really_full_device_ends_neither_requests_nor_the_server_badly(capsys: pytest.CaptureFixture[str]) -> None:
    log = ServerLog(Path("/dev/full"))
    log.event("request", request_id="req-1")
    log.close()
    assert capsys.readouterr().err.count("could not be written (OSError)") == 2
