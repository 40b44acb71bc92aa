"""Attacks on the keys: every route without one, with a wrong one, with one that is over; and who tries too often."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator

import pytest
from tests.server.admission.conftest import Door, open_door

from zaphod.server.admission import ACCESS, PUBLIC, KeyStore
from zaphod.server.caller import SCOPES, Scope

ROUTES = [(method, path.replace("{name:path}", "x").replace("{model:path}", "o/n")) for method, path in ACCESS]
RULES = dict(zip(ROUTES, ACCESS.values(), strict=True))
GUARDED = [route for route in ROUTES if RULES[route] is not PUBLIC]
SCOPED = [route for route in GUARDED if RULES[route] is not None]


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A server that wants keys."""
    with KeyStore(tmp_path_factory.mktemp("keys") / "keys.sqlite") as keys:
        keys.create(name="first")
        with open_door(keys, max_failures_per_minute=10_000) as opened:
            yield opened


def change(keys: KeyStore, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(keys.path)) as connection, connection:
        connection.execute(statement)


def a_secret(door: Door, *scopes: Scope) -> str:
    return door.keys.create(name="a", scopes=scopes or SCOPES)[0]


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_without_a_valid_key_nothing_answers(closed: Door, method: str, path: str) -> None:
    revoked, key = closed.keys.create(name="revoked")
    closed.keys.revoke(key.id)
    expired, _ = closed.keys.create(name="expired", expires_s=time.time() + 3600)
    change(closed.keys, "UPDATE keys SET expires_s = created_s - 1 WHERE name = 'expired'")
    answers = [closed.ask(method, path, authorization=f"Bearer {secret}") for secret in (revoked, expired, "zk-bad")]
    nothing = closed.ask(method, path)
    assert [answer.status for answer in (nothing, *answers)] == [401] * 4
    assert len({answer.body for answer in answers}) == 1
    assert nothing.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), SCOPED)
def test_a_key_without_the_scope_is_refused_and_one_with_it_answers(closed: Door, method: str, path: str) -> None:
    rule = RULES[method, path]
    wrong = a_secret(closed, *(scope for scope in SCOPES if scope != rule))
    right = a_secret(closed, rule)  # type: ignore[arg-type]
    assert closed.ask(method, path, x_api_key=wrong).status == 403
    assert closed.ask(method, path, x_api_key=right).status == 200


@pytest.mark.parametrize(("method", "path"), [route for route in GUARDED if RULES[route] is None])
def test_any_valid_key_opens_what_wants_no_scope(closed: Door, method: str, path: str) -> None:
    assert closed.ask(method, path, x_api_key=a_secret(closed, "embed")).status == 200


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if RULES[route] is PUBLIC])
def test_public_routes_look_at_no_key(closed: Door, method: str, path: str) -> None:
    answer = closed.ask(method, path, authorization="Bearer zk-bad")
    assert (answer.status, answer.json["caller"]) == (200, "anonymous")


def test_unknown_routes_are_told_to_holders_of_keys_only(closed: Door) -> None:
    assert closed.ask("GET", "/docs").status == 401
    answer = closed.ask("GET", "/docs", x_api_key=a_secret(closed))
    assert (answer.status, answer.code) == (404, "not_found")


def test_an_unknown_method_is_refused_before_the_application(closed: Door) -> None:
    assert closed.ask("DELETE", "/v1/models").status == 401
    answer = closed.ask("DELETE", "/v1/models", x_api_key=a_secret(closed))
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path", ["/page/../metrics", "//metrics", "/page/%2e%2e/metrics", "/page/..%2fmetrics", "/./metrics"]
)
def test_a_public_path_is_no_way_around(closed: Door, path: str) -> None:
    assert closed.ask("GET", path).status == 401


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER  "])
def test_both_headers_carry_keys(closed: Door, scheme: str) -> None:
    secret = a_secret(closed)
    assert closed.ask("GET", "/ready", authorization=f"{scheme} {secret}").status == 200
    assert closed.ask("GET", "/ready", authorization="Basic eDp5", x_api_key=secret).status == 200


def test_two_keys_in_one_request_are_refused(closed: Door) -> None:
    secret = a_secret(closed)
    raw = f"GET /ready HTTP/1.1\r\nHost: localhost\r\nx-api-key: {secret}\r\nX-Api-Key: zk-bad\r\n\r\n"
    answer = closed.send(raw.encode())
    assert (answer.status, answer.code) == (400, "repeated_header")


def test_no_key_reaches_the_application(closed: Door) -> None:
    secret = a_secret(closed)
    answer = closed.ask("GET", "/ready", x_api_key=secret, authorization="Basic eDp5", cookie="a=b")
    assert not {"authorization", "x-api-key", "cookie"} & set(answer.json["headers"])
    assert secret.encode() not in answer.body


def test_the_caller_is_known_to_the_application(closed: Door) -> None:
    secret, key = closed.keys.create(name="a")
    answer = closed.ask("GET", "/v1/models/o/n", x_api_key=secret)
    assert (answer.json["caller"], answer.json["route"]) == (key.id, "/v1/models/{model:path}")


def test_keys_count_from_the_moment_they_are_made_and_until_they_are_revoked(keys: KeyStore) -> None:
    with open_door(keys) as door, KeyStore(keys.path) as command_line:
        assert door.ask("GET", "/ready").json["caller"] == "local"
        secret, key = command_line.create(name="a")
        assert door.ask("GET", "/ready").status == 401
        assert door.ask("GET", "/ready", x_api_key=secret).status == 200
        command_line.revoke(key.id)
        assert door.ask("GET", "/ready", x_api_key=secret).status == 401


def test_beyond_loopback_a_key_is_needed_even_if_none_exists(keys: KeyStore) -> None:
    with open_door(keys, host="0.0.0.0") as door:
        assert door.ask("GET", "/ready").status == 401
        assert door.ask("GET", "/live").status == 200


def test_who_sends_wrong_keys_too_often_is_told_to_wait(keys: KeyStore) -> None:
    secret, _ = keys.create(name="a")
    with open_door(keys, max_failures_per_minute=3) as door:
        answers = [door.ask("GET", "/ready", x_api_key=f"zk-{number}") for number in range(4)]
        assert [answer.status for answer in answers] == [401, 401, 401, 429]
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert door.ask("GET", "/ready").status == 401
        assert door.ask("GET", "/ready", x_api_key=secret).status == 200


def test_keys_that_cannot_be_read_open_nothing(keys: KeyStore) -> None:
    secret, _ = keys.create(name="a")
    with open_door(keys) as door:
        assert door.ask("GET", "/ready", x_api_key=secret).status == 200
        change(keys, "ALTER TABLE keys RENAME TO lost")
        answer = door.ask("GET", "/ready", x_api_key=secret)
        assert (answer.status, answer.code) == (503, "keys_unavailable")
        assert door.ask("GET", "/live").status == 200
        change(keys, "ALTER TABLE lost RENAME TO keys")


def test_errors_have_the_shape_that_the_routes_clients_read(closed: Door) -> None:
    openai = closed.ask("POST", "/v1/chat/completions").json["error"]
    assert (openai["type"], openai["code"]) == ("authentication_error", "invalid_api_key")
    anthropic = closed.ask("POST", "/v1/messages").json
    assert (anthropic["type"], anthropic["error"]["type"]) == ("error", "authentication_error")
