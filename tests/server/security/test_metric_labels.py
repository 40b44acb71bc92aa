"""Row 19: words of clients that become metric series, and so memory, for ever."""

from concurrent.futures import ThreadPoolExecutor

from prometheus_client.parser import text_string_to_metric_families
from tests.server.security.attacking import CHAT, chat, connect, get, post
from tests.support.running_server import RunningServer

NUM_NAMES = 10_000
AT_ONCE = 16


def series(server: RunningServer) -> set[tuple[str, str]]:
    """Names and labels of everything that is told."""
    text = get(server, "/metrics").text
    assert "evil" not in text
    return {
        (sample.name, str(sorted(sample.labels.items())))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def send_names(server: RunningServer, numbers: range) -> None:
    """Requests for models that do not exist, many on their way at one time."""
    with connect(server, 60) as connection, connection.makefile("rb") as answers:
        for start in range(numbers.start, numbers.stop, AT_ONCE):
            batch = range(start, min(start + AT_ONCE, numbers.stop))
            connection.sendall(b"".join(request_for(f"evil-{number}") for number in batch))
            for _ in batch:
                assert answers.readline().split()[1] == b"404"
                length = 0
                while (line := answers.readline().lower()) not in (b"\r\n", b""):
                    length = int(line.split()[1]) if line.startswith(b"content-length") else length
                answers.read(length)


def request_for(model: str) -> bytes:
    body = b'{"messages":[{"role":"user","content":"a"}],"model":"' + model.encode() + b'"}'
    head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {model}\r\nX-Request-Id: {model}\r\n"
    return head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def test_ten_thousand_model_names_make_no_series(victim: RunningServer) -> None:
    send_names(victim, range(1))
    post(victim, CHAT, chat())
    before = series(victim)
    with ThreadPoolExecutor(4) as pool:
        list(
            pool.map(
                lambda start: send_names(victim, range(start, start + NUM_NAMES // 4)),
                range(1, NUM_NAMES, NUM_NAMES // 4),
            )
        )
    assert series(victim) == before


def test_no_other_word_of_a_client_makes_one(victim: RunningServer) -> None:
    def try_all() -> None:
        for word in ("evil-a", "evil-b"):
            get(victim, f"/{word}")
            get(victim, f"/v1/models/{word}")
            post(victim, CHAT, chat(user=word, mode=word))
            post(victim, CHAT, chat(**{word: 1}))
            post(victim, CHAT, chat(tools=[{"type": word}]))
            post(victim, CHAT, chat(), x_request_id=word, user_agent=word, traceparent=word, origin=f"http://{word}")
            post(victim, f"/{word}", {})

    try_all()
    before = series(victim)
    try_all()
    assert series(victim) == before
    assert len(before) < 2000
