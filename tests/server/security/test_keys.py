"""Row 13: routes that forget to ask for a key, keys that are guessed, and what answers give away about them."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.server.security.attacking import CHAT, chat, code, get, post, send
from tests.server.security.conftest import Guarded, Here
from tests.support.running_server import RunningServer

from zaphod.server.admission.access import ACCESS, PUBLIC
from zaphod.server.caller import SCOPES

WRONG = ("expired", "revoked")


def path_of(template: str) -> str:
    return template.replace("{name:path}", "page.css").replace("{model:path}", "builtin").replace("{response_id}", "a")


def closed_routes() -> Iterator[tuple[str, str, str | None]]:
    for (method, template), rule in ACCESS.items():
        if rule is not PUBLIC:
            yield method, path_of(template), rule


def ask(server: RunningServer, method: str, path: str, **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    with httpx.Client(verify=False, trust_env=False, timeout=30) as client:
        return client.request(method, server.url + path, headers=given, content=b"{}" if method == "POST" else None)


def test_every_route_of_the_document_is_in_the_table(guarded: Guarded) -> None:
    document = get(guarded.server, "/openapi.json").json()
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    known = {(method, template.replace(":path", "")) for method, template in ACCESS}
    assert described - known == set()
    assert len(described) > 8


@pytest.mark.parametrize(("method", "path", "rule"), list(closed_routes()))
def test_a_route_answers_holders_of_the_right_key_only(
    guarded: Guarded, method: str, path: str, rule: str | None
) -> None:
    server = guarded.server
    assert ask(server, method, path).status_code == 401
    for name in WRONG:
        assert ask(server, method, path, authorization=f"Bearer {guarded.keys[name]}").status_code in (401, 429)
        assert ask(server, method, path, x_api_key=guarded.keys[name]).status_code in (401, 429)
    for scope in SCOPES:
        answer = ask(server, method, path, authorization=f"Bearer {guarded.keys[scope]}")
        assert (answer.status_code == 403) == (rule not in (None, scope)), (scope, answer.text)
        assert answer.status_code not in (401, 429)


@pytest.mark.parametrize(
    "secret", ["", " ", "zk-", "Bearer", "null", "undefined", "None", "zk-" + "A" * 43, "*", "%", "' OR 1=1 --", "zk-\u00e9",
               "\x7f", "a" * 10_000]
)  # fmt: skip
def test_what_looks_like_a_key_opens_nothing(guarded: Guarded, secret: str) -> None:
    for header in ("Authorization: Bearer {}", "X-Api-Key: {}", "Authorization: {}", "Authorization: Basic {}",
                   "Cookie: key={}", "Proxy-Authorization: Bearer {}", "Api-Key: {}"):  # fmt: skip
        line = header.format(secret).encode("latin-1")
        reply = send(
            guarded.server, b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + line + b"\r\n\r\n"
        )
        assert reply.statuses[0] in (400, 401, 429), reply.data


def test_a_key_in_the_address_opens_nothing(guarded: Guarded) -> None:
    for name in ("api_key", "key", "token", "access_token"):
        assert ask(guarded.server, "GET", f"/v1/models?{name}={guarded.keys['all']}").status_code == 401


def test_a_right_key_with_something_around_it_is_another_one(guarded: Guarded) -> None:
    secret = guarded.keys["all"]
    for other in (
        secret[:-1],
        secret + "a",
        secret.upper(),
        secret[::-1],
        secret[3:],
        f"{secret},{secret}",
        f"{secret}\t{secret}",
    ):
        assert ask(guarded.server, "GET", "/v1/models", authorization=f"Bearer {other}").status_code in (401, 429)


def test_unknown_expired_and_revoked_keys_get_the_same_answer(guarded: Guarded) -> None:
    told = {
        (answer.status_code, answer.text)
        for secret in ("zk-" + "B" * 43, guarded.keys["expired"], guarded.keys["revoked"])
        if (answer := ask(guarded.server, "GET", "/v1/models", authorization=f"Bearer {secret}")).status_code == 401
    }
    assert len(told) <= 1


def test_guessing_is_slowed_down_whatever_address_is_claimed(guarded: Guarded) -> None:
    statuses = [
        ask(
            guarded.server, "GET", "/v1/models", authorization=f"Bearer zk-{number:043}",
            x_forwarded_for=f"203.0.113.{number}", x_real_ip=f"203.0.113.{number}", forwarded=f"for=203.0.113.{number}",
        ).status_code
        for number in range(40)
    ]  # fmt: skip
    assert set(statuses) <= {401, 429}
    assert statuses.count(429) >= 15
    # Whoever has a right key at the same address is not kept out.
    assert get(guarded.server, "/v1/models").status_code == 200


def test_a_key_that_is_made_now_counts_now_and_one_that_is_revoked_no_longer(guarded: Guarded) -> None:
    from zaphod.server.admission.keys import KeyStore

    with KeyStore(guarded.store) as store:
        secret, key = store.create(name="new")
        bearer = f"Bearer {secret}"
        assert ask(guarded.server, "GET", "/v1/models", authorization=bearer).status_code == 200
        store.revoke(key.id)
    assert ask(guarded.server, "GET", "/v1/models", authorization=bearer).status_code in (401, 429)


def test_the_budget_of_a_key_is_its_own(guarded: Guarded) -> None:
    slow = guarded.holding("slow")
    assert [post(slow, CHAT, chat()).status_code for _ in range(3)] == [200, 429, 429]
    assert post(guarded.server, CHAT, chat()).status_code == 200


def test_no_secret_lies_in_the_file_of_keys(guarded: Guarded) -> None:
    with sqlite3.connect(guarded.store) as connection:
        text = "\n".join(connection.iterdump())
    connection.close()
    assert all(secret not in text and secret[3:] not in text for secret in guarded.keys.values())
    assert guarded.store.stat().st_mode & 0o077 == 0


def link(path: Path, to: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(to)
    return path


def test_a_link_to_a_file_in_a_folder_of_others_is_refused(zaphod_here: Here, tmp_path: Path) -> None:
    assert zaphod_here("keys", "create", "--name", "a", "--keys-file", "mine/keys.sqlite").returncode == 0
    shared = tmp_path / "shared"
    shared.mkdir()
    (tmp_path / "mine" / "keys.sqlite").rename(shared / "keys.sqlite")
    shared.chmod(0o777)
    link(tmp_path / "safe" / "keys.sqlite", shared / "keys.sqlite")
    ended = zaphod_here("serve", "--port", "0", "--keys-file", "safe/keys.sqlite")
    assert (ended.returncode, "can be changed by others" in ended.stderr) == (2, True), ended


def test_a_link_to_nothing_is_not_followed_when_a_key_is_made(zaphod_here: Here, tmp_path: Path) -> None:
    link(tmp_path / "safe" / "keys.sqlite", tmp_path / "elsewhere.sqlite")
    ended = zaphod_here("keys", "create", "--name", "a", "--keys-file", "safe/keys.sqlite")
    assert ended.returncode == 2, ended
    assert not (tmp_path / "elsewhere.sqlite").exists()


@pytest.mark.parametrize("mode", [0o660, 0o606, 0o666])
def test_a_file_that_others_may_change_is_refused(zaphod_here: Here, tmp_path: Path, mode: int) -> None:
    assert zaphod_here("keys", "create", "--name", "a", "--keys-file", "mine/keys.sqlite").returncode == 0
    (tmp_path / "mine" / "keys.sqlite").chmod(mode)
    assert zaphod_here("serve", "--port", "0", "--keys-file", "mine/keys.sqlite").returncode == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
def test_a_file_of_another_user_is_refused(zaphod_here: Here, tmp_path: Path) -> None:
    assert zaphod_here("keys", "create", "--name", "a", "--keys-file", "mine/keys.sqlite").returncode == 0
    os.chown(tmp_path / "mine" / "keys.sqlite", 12345, 12345)
    ended = zaphod_here("serve", "--port", "0", "--keys-file", "mine/keys.sqlite")
    assert (ended.returncode, "belongs to another user" in ended.stderr) == (2, True), ended


def test_an_open_route_tells_nothing_of_keys(guarded: Guarded) -> None:
    told = ask(guarded.server, "GET", "/live")
    assert (told.status_code, told.json()) == (200, {"status": "alive"})
    assert code(ask(guarded.server, "GET", "/nowhere")) == "invalid_api_key"
