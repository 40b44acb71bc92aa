"""Texts of clients and of the model that would be taken for something else: headers, events, lines of the log."""

import json

import pytest
from tests.server.security.attacking import CHAT, chat, connect, get, hear, post, send
from tests.support.running_server import RunningServer

BREAKS = (
    "a%0d%0aSet-Cookie: x=1",
    "a\\r\\nSet-Cookie: x",
    "a\tb",
    "a b",
    "é",
    "a" * 200,
    "",
    "-",
    "<b>",
    '"',
    "a;b",
    "a,b",
)


@pytest.mark.parametrize("given", BREAKS)
def test_an_id_that_would_split_an_answer_is_replaced(victim: RunningServer, given: str) -> None:
    head = f"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX-Request-Id: {given}\r\n\r\n"
    reply = send(victim, head.encode())
    assert reply.statuses == [200]
    assert b"set-cookie" not in reply.headers
    assert reply.data.lower().count(b"x-request-id: req_") == 1


@pytest.mark.parametrize(
    "header", ["X-Request-Id: a\nSet-Cookie: x", "X-Request-Id: a\rSet-Cookie: x", "X-\0: a", "X-A: \x1b[2J"]
)
def test_a_header_with_control_characters_is_no_header(victim: RunningServer, header: str) -> None:
    reply = send(victim, f"GET /live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n\r\n".encode())
    assert reply.statuses in ([400], [200])
    assert b"set-cookie" not in reply.headers
    assert b"\x1b" not in reply.data


@pytest.mark.parametrize("name", ["m\r\nX-Evil: 1", "m\n\ndata: {}", "m\u2028data: 1", "\x1b]0;evil\x07", "m\0"])
def test_a_model_name_stays_inside_its_answer(victim: RunningServer, name: str) -> None:
    answer = post(victim, CHAT, chat(model=name, stream=True))
    assert answer.status_code == 404
    assert "x-evil" not in answer.headers
    assert "\x1b" not in answer.text
    assert json.loads(answer.text)["error"]["code"] == "model_not_found"


def events(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]


@pytest.mark.parametrize(
    "said", [r"a\n\ndata: \{\}\n\n", r"a\r\rdata: \[DONE\]", r"\nevent: error\n", r"\x{2028}x\x{2029}"]
)
def test_what_the_model_says_makes_no_event(victim: RunningServer, said: str) -> None:
    """An answer is forced to hold what would end an event; each event is still one line of JSON."""
    shape = {"type": "regex", "regex": said}
    text = post(victim, CHAT, chat(max_tokens=60, stream=True, response_format=shape)).text
    lines = events(text)
    assert all(line.startswith("data: ") for line in lines)
    assert lines[-1] == "data: [DONE]"
    pieces = [json.loads(line.removeprefix("data: ")) for line in lines[:-1]]
    spoken = "".join(choice["delta"].get("content") or "" for piece in pieces for choice in piece["choices"])
    assert len(spoken.splitlines()) > 1
    assert "\r" not in text


def test_what_a_message_stream_says_makes_no_event_either(victim: RunningServer) -> None:
    body = {
        "model": "builtin",
        "max_tokens": 30,
        "stream": True,
        "messages": [{"role": "user", "content": "\n\nevent: x\ndata: y\n\n"}],
    }
    for line in events(post(victim, "/v1/messages", body).text):
        name, _, content = line.partition(": ")
        assert name in ("event", "data")
        assert name == "event" or json.loads(content)


def test_nothing_that_is_sent_makes_a_line_of_the_log(victim: RunningServer) -> None:
    """Every line of the log is one JSON object, whatever names, ids, paths and hosts try."""
    evil = '\\u000a{"event": "forged"}\\u001b[2J'
    for path in ('/a%0a{"event":"forged"}', "/%1b[2J", "/v1/models/a%0d%0aforged"):
        get(victim, path)
    post(victim, CHAT, f'{{"messages": [{{"role": "user", "content": "{evil}"}}], "model": "{evil}"}}'.encode())
    post(victim, CHAT, chat(user="\nforged", mode="\nforged"))
    send(victim, b'GET /live HTTP/1.1\r\nHost: localhost\r\nUser-Agent: a\x1b[2J\r\nX-Request-Id: {"event":1}\r\n\r\n')
    with connect(victim) as connection:
        connection.sendall(b'\n{"event": "forged"}\r\n\r\n')
        hear(connection)
    text = (victim.folder / "access.log").read_text()
    assert all(isinstance(json.loads(line), dict) for line in text.splitlines())
    assert "forged" not in text
    assert "\x1b" not in text
    assert "forged" not in victim.log.read_text()
