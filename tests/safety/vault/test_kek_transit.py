"""Against a server of our own that answers as Vault's documentation says, errors included."""

from __future__ import annotations

import base64
import dataclasses
import json
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.key_table import MemoryKeyTable
from tests.support.transit_server import TransitServer, data, failed, transit_server

from zaphod.core.errors import ConfigError, IntegrityError, UnavailableError, ZaphodError
from zaphod.safety.vault.kek_transit import TransitKek
from zaphod.safety.vault.secret_key import SecretKey
from zaphod.safety.vault.transit_client import TransitOptions
from zaphod.safety.vault.vault import Vault

KEY = SecretKey(bytes(range(64)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    (tmp_path / "token").write_text("s.good\n")
    (tmp_path / "token").chmod(0o600)
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[TransitServer]:
    with transit_server(folder) as running:
        yield running


@pytest.fixture
def options(server: TransitServer, folder: Path) -> TransitOptions:
    return TransitOptions(url=server.url, key="zaphod", token_file=folder / "token", ca_file=folder / "ca.pem")


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def kek(options: TransitOptions, pauses: list[float]) -> TransitKek:
    return TransitKek(options, sleep=pauses.append)


def test_a_key_is_wrapped_by_the_server_and_opens_with_its_place(kek: TransitKek) -> None:
    envelope = kek.wrap(KEY, b"place")
    assert envelope.startswith(b"vault:v1:")
    assert kek.unwrap(envelope, b"place") == KEY
    with pytest.raises(IntegrityError, match="envelope"):
        kek.unwrap(envelope, b"another place")


def test_what_is_sent_is_what_the_api_wants(kek: TransitKek, server: TransitServer) -> None:
    kek.wrap(KEY, b"place")
    path, headers, body = server.requests[0]
    assert path == "/v1/transit/encrypt/zaphod"
    assert (headers["x-vault-token"], headers["x-vault-request"]) == ("s.good", "true")
    assert base64.b64decode(json.loads(body)["plaintext"]).startswith(KEY.reveal())


def test_a_namespace_is_sent_along(options: TransitOptions, server: TransitServer) -> None:
    server.keys["team/transit/zaphod"] = server.keys["transit/zaphod"]
    kek = TransitKek(dataclasses.replace(options, namespace="team"))
    assert kek.unwrap(kek.wrap(KEY, b""), b"") == KEY
    assert server.requests[0][1]["x-vault-namespace"] == "team"
    assert kek.key_id == "transit:team/transit/zaphod"


def test_rotation_in_the_server_is_followed(options: TransitOptions, server: TransitServer) -> None:
    """A new version there, `rotate_kek` here, and the old version may go."""
    table = MemoryKeyTable()
    with Vault(table, TransitKek(options)) as vault:
        sealed = vault.encrypt(b"a secret", tenant="t", subject="s", record="r")
        server.keys["transit/zaphod"].append(bytes(range(32)))
        assert vault.rotate_kek() == 1
        assert next(iter(table.rows.values())).wrapped.startswith(b"vault:v2:")
        server.min_decryption_version = 2
        assert vault.decrypt(sealed, tenant="t", subject="s", record="r") == b"a secret"


def test_a_changed_envelope_is_found(kek: TransitKek) -> None:
    envelope = kek.wrap(KEY, b"place")
    for changed in (envelope[:-8] + b"AAAAAAA=", envelope.replace(b"v1", b"v2"), b"", b"vault:v1:", envelope + b"\n"):
        with pytest.raises(IntegrityError):
            kek.unwrap(changed, b"place")


def test_a_version_that_is_not_allowed_any_more_is_named(kek: TransitKek, server: TransitServer) -> None:
    envelope = kek.wrap(KEY, b"place")
    server.min_decryption_version = 2
    with pytest.raises(IntegrityError, match="too old"):
        kek.unwrap(envelope, b"place")


def test_a_refused_token_is_named_by_its_file(kek: TransitKek, server: TransitServer, folder: Path) -> None:
    server.tokens = set()
    with pytest.raises(ConfigError, match=r"token in .*/token") as caught:
        kek.wrap(KEY, b"place")
    assert "s.good" not in str(caught.value)
    assert len(server.requests) == 1  # asking again would lock nobody in


def test_a_renewed_token_is_read_at_the_next_call(kek: TransitKek, server: TransitServer, folder: Path) -> None:
    kek.wrap(KEY, b"place")
    server.tokens = {"s.newer"}
    (folder / "token").write_text("s.newer")
    kek.wrap(KEY, b"place")


@pytest.mark.parametrize("token", ["", "two\nlines", "é"])
def test_a_file_without_a_token_is_refused(kek: TransitKek, folder: Path, token: str) -> None:
    (folder / "token").write_text(token)
    with pytest.raises(ConfigError, match="no token"):
        kek.wrap(KEY, b"place")


def test_a_token_that_others_can_read_is_refused(kek: TransitKek, folder: Path) -> None:
    (folder / "token").chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by others"):
        kek.wrap(KEY, b"place")


def test_an_unknown_mount_and_an_unknown_key_are_named(options: TransitOptions) -> None:
    with pytest.raises(ConfigError, match="has no kms/encrypt/zaphod"):
        TransitKek(dataclasses.replace(options, mount="kms")).wrap(KEY, b"")
    with pytest.raises(ConfigError, match="encryption key not found"):
        TransitKek(dataclasses.replace(options, key="other")).wrap(KEY, b"")
    with pytest.raises(ConfigError, match="encryption key not found"):
        TransitKek(dataclasses.replace(options, key="other")).unwrap(b"vault:v1:AAAA", b"")


@pytest.mark.parametrize("status", [412, 429, 473, 500, 502, 503])
def test_a_server_that_is_busy_or_sealed_is_asked_again(
    kek: TransitKek, server: TransitServer, pauses: list[float], status: int
) -> None:
    server.answers = [failed(status, "Vault is sealed")]
    assert kek.unwrap(kek.wrap(KEY, b""), b"") == KEY
    assert pauses == [0.2]


def test_the_time_that_the_server_asks_for_is_waited_and_bounded(
    kek: TransitKek, server: TransitServer, pauses: list[float]
) -> None:
    server.answers = [failed(429, Retry_After="2"), failed(429, Retry_After="86400")]
    kek.wrap(KEY, b"")
    assert pauses == [2.0, 5.0]


def test_a_server_that_stays_sealed_is_unavailable(kek: TransitKek, server: TransitServer) -> None:
    server.answers = [failed(503, "Vault is sealed")] * 9
    with pytest.raises(UnavailableError, match="status 503"):
        kek.wrap(KEY, b"")
    assert len(server.requests) == 3


def test_a_silent_server_is_unavailable(options: TransitOptions, server: TransitServer) -> None:
    server.is_silent = True
    with pytest.raises(UnavailableError, match="TimeoutError"):
        TransitKek(dataclasses.replace(options, timeout_s=0.05, max_tries=2), sleep=lambda _: None).wrap(KEY, b"")


def test_nobody_at_home_is_unavailable(options: TransitOptions, pauses: list[float]) -> None:
    with pytest.raises(UnavailableError, match="ConnectionRefused"):
        TransitKek(dataclasses.replace(options, url="https://127.0.0.1:1"), sleep=pauses.append).wrap(KEY, b"")
    assert pauses == [0.2, 0.4]


def test_a_certificate_that_is_not_trusted_gets_no_token(options: TransitOptions, server: TransitServer) -> None:
    with pytest.raises(UnavailableError, match="certificate is not trusted"):
        TransitKek(dataclasses.replace(options, ca_file=None), sleep=lambda _: None).wrap(KEY, b"")
    assert server.requests == []


def test_a_certificate_for_another_host_gets_no_token(folder: Path) -> None:
    with transit_server(folder, host="127.0.0.2") as server:
        options = TransitOptions(url=server.url, key="zaphod", token_file=folder / "token", ca_file=folder / "ca.pem")
        with pytest.raises(UnavailableError, match="certificate is not trusted"):
            TransitKek(options, sleep=lambda _: None).wrap(KEY, b"")
        assert server.requests == []


def test_a_redirect_is_not_followed(kek: TransitKek, server: TransitServer) -> None:
    server.answers = [(307, {"Location": f"{server.url}/v1/transit/encrypt/zaphod"}, b"")]
    with pytest.raises(UnavailableError, match="answers 307"):
        kek.wrap(KEY, b"")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (200, {}, b""),
        (200, {}, b"[]"),
        (200, {}, b"[" * 60000),
        (200, {}, b'{"data": null}'),
        (200, {}, b'{"data": {"ciphertext": 1, "plaintext": 1}}'),
        data(ciphertext="v1:AAAA", plaintext="AAAA"),
        data(ciphertext="vault:v1:\u00e9", plaintext="\u00e9"),
        data(ciphertext="vault:v1:" + "A" * 70000, plaintext="A" * 70000),
    ],
)
def test_what_is_no_answer_of_vault_is_unavailable(
    kek: TransitKek, server: TransitServer, answer: tuple[int, dict[str, str], bytes]
) -> None:
    server.answers = [answer, answer]
    with pytest.raises(UnavailableError, match="no transit engine"):
        kek.wrap(KEY, b"")
    with pytest.raises(UnavailableError, match="no transit engine"):
        kek.unwrap(b"vault:v1:AAAA", b"")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([200, 204, 400, 401, 418]), st.binary(max_size=100))
def test_no_answer_crashes(kek: TransitKek, server: TransitServer, status: int, body: bytes) -> None:
    server.answers = [(status, {}, body)] * 2 if status != 204 else [(204, {}, b"")] * 2
    for attempt in (lambda: kek.wrap(KEY, b""), lambda: kek.unwrap(b"vault:v1:AAAA", b"")):
        with pytest.raises(ZaphodError):
            attempt()


def test_a_server_that_repeats_the_key_in_its_error_is_not_quoted(kek: TransitKek, server: TransitServer) -> None:
    payload = base64.b64encode(KEY.reveal()).decode()[:80]

    def echoing(path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        return failed(400, f"cannot read {json.loads(body)['plaintext']}")

    server.answer = echoing  # type: ignore[method-assign]
    with pytest.raises(ConfigError, match="no reason given") as caught:
        kek.wrap(KEY, b"")
    assert payload not in str(caught.value)


def test_neither_key_nor_token_shows_in_tracebacks_with_local_variables(
    options: TransitOptions, kek: TransitKek, server: TransitServer
) -> None:
    def shown(kek: TransitKek, answer: tuple[int, dict[str, str], bytes] | None) -> str:
        server.answers = [answer] * 3 if answer else []
        with pytest.raises(ZaphodError) as caught:
            kek.wrap(KEY, b"")
        return "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())

    gone = TransitKek(dataclasses.replace(options, url="https://127.0.0.1:1"), sleep=lambda _: None)
    cases = [(kek, failed(status, "reason")) for status in (400, 403, 404, 503, 307)]
    for one, answer in [*cases, (kek, (200, {}, b"{")), (gone, None)]:
        text = shown(one, answer)
        assert "transit" in text
        assert base64.b64encode(KEY.reveal())[:80].decode() not in text
        assert "s.good" not in text
        assert repr(KEY.reveal()[:20])[2:-1] not in text


def test_plain_http_is_for_this_machine_only(folder: Path) -> None:
    with transit_server(folder, is_tls=False) as server:
        kek = TransitKek(TransitOptions(url=server.url, key="zaphod", token_file=folder / "token"))
        assert kek.unwrap(kek.wrap(KEY, b""), b"") == KEY


@pytest.mark.parametrize(
    "url",
    [
        "http://vault.example:8200", "ftp://127.0.0.1", "https://", "https://a:b@host", "https://host/path", "host:82",
        "https://host?x=1", "https://host:99999", "https://host:x", "https://[::1", "http://127.0.0.1.evil.example",
    ],
)  # fmt: skip
def test_an_address_that_would_show_the_token_or_is_none_is_refused(url: str, folder: Path) -> None:
    with pytest.raises(ConfigError, match="address"):
        TransitOptions(url=url, key="zaphod", token_file=folder / "token")


@pytest.mark.parametrize(
    "change",
    [{"key": "../sys/seal"}, {"key": "a/b"}, {"key": ""}, {"mount": "a//b"}, {"mount": "../x"}, {"mount": "a?b"},
     {"timeout_s": 0.0}, {"timeout_s": float("nan")}, {"max_tries": 0}, {"ca_file": Path("/nowhere")}],
)  # fmt: skip
def test_impossible_options_are_refused(options: TransitOptions, change: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        TransitKek(dataclasses.replace(options, **change))  # type: ignore[arg-type]
