"""Attacks by web pages on a server that only this machine reaches: foreign origins, DNS rebinding, frames."""

from __future__ import annotations

import pytest
from tests.server.admission.conftest import Door, open_door

from zaphod.core.errors import ConfigError
from zaphod.server.admission import KeyStore
from zaphod.server.admission.hosts import Hosts, Origins
from zaphod.server.errors import ApiError

PAGE = "https://chat.example.org"


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:1", "127.1.2.3", "[::1]:8000", "[::1]", "localhost."],
)
def test_loopback_is_called_by_its_names(door: Door, host: str) -> None:
    assert door.ask("GET", "/live", host=host).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "evil.example:8000", "127.0.0.1.evil.example", "192.168.1.5",
     "0.0.0.0", "[::ffff:10.0.0.1]", "127.0.0.1@evil.example", "169.254.169.254"],
)  # fmt: skip
def test_a_name_that_was_pointed_at_this_machine_is_refused(door: Door, host: str) -> None:
    assert door.ask("GET", "/live", host=host).status in (400, 403)
    assert door.ask("POST", "/v1/completions", b"{}", host=host).status in (400, 403)


@pytest.mark.parametrize("host", [None, "", ":80", "a b", "ho/st", "localhost:99999999", "a, b"])
def test_what_is_no_name_is_refused(door: Door, host: str | None) -> None:
    assert door.ask("GET", "/live", host=host).status == 400


def test_two_hosts_are_refused(door: Door) -> None:
    answer = door.send(b"GET /live HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n")
    assert answer.status == 400


@pytest.mark.parametrize("host", ["api.example.org", "a.b.example.net", "10.0.0.7:8000", "myserver"])
def test_configured_names_and_the_bound_one_are_ours(host: str) -> None:
    Hosts("myserver", ("api.example.org", "*.example.net", "10.0.0.7")).check(host, None)


@pytest.mark.parametrize("host", ["example.net", "xexample.net", "example.org", "10.0.0.8", "0.0.0.0"])
def test_names_beside_the_configured_ones_are_not(host: str) -> None:
    with pytest.raises(ApiError, match="--allowed-host"):
        Hosts("myserver", ("api.example.org", "*.example.net")).check(host, "10.0.0.7")


def test_the_address_at_which_a_connection_came_in_is_a_name_of_ours() -> None:
    Hosts("0.0.0.0").check("10.0.0.7:8000", "10.0.0.7")


def test_any_name_may_be_allowed() -> None:
    Hosts("0.0.0.0", ("*",)).check("whatever.example", None)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://localhost:1", "http://localhost.evil.example", "file://",
     "http://user@localhost", "http://localhost/", "", "chrome-extension://abc", "http://127.0.0.1"],
)  # fmt: skip
def test_a_page_of_another_origin_is_refused(door: Door, origin: str) -> None:
    for method, path in (("POST", "/v1/chat/completions"), ("GET", "/v1/models"), ("GET", "/live")):
        answer = door.ask(method, path, origin=origin)
        assert (answer.status, answer.code) == (403, "origin_not_allowed")
        assert not any(name.startswith("access-control") for name in answer.headers)


def test_our_own_page_and_programs_are_let_in(door: Door) -> None:
    origin = f"http://localhost:{door.port}"
    assert door.ask("POST", "/v1/completions", b"{}", host=f"localhost:{door.port}", origin=origin).status == 200
    assert door.ask("POST", "/v1/completions", b"{}").status == 200


def test_behind_a_proxy_that_ends_tls_our_page_is_https(door: Door) -> None:
    assert door.ask("GET", "/live", host="localhost", origin="https://localhost").status == 200


def test_a_page_that_anybody_on_the_way_could_have_written_is_not_ours() -> None:
    headers = {"host": "api.example.org", "origin": "http://api.example.org"}
    Origins().check(headers, "http")
    with pytest.raises(ApiError, match="another origin"):
        Origins().check(headers, "https")


def test_a_form_on_another_site_cannot_send_json(door: Door) -> None:
    body = b'{"messages": []}'
    answer = door.ask("POST", "/v1/chat/completions", body, origin="https://evil.example", content_type="text/plain")
    assert answer.status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_images_and_scripts_of_other_sites_are_refused_though_they_have_no_origin(door: Door, site: str) -> None:
    assert door.ask("GET", "/v1/models", sec_fetch_site=site, sec_fetch_mode="no-cors").status == 403
    assert door.ask("GET", "/", sec_fetch_site=site, sec_fetch_mode="navigate").status == 200
    assert door.ask("GET", "/v1/models", sec_fetch_site="same-origin", sec_fetch_mode="cors").status == 200


def test_a_preflight_is_answered_for_configured_origins_only(keys: KeyStore) -> None:
    asks = {"access_control_request_method": "POST", "access_control_request_headers": "authorization, x-a"}
    keys.create(name="a")
    with open_door(keys, allowed_origins=(PAGE,)) as door:
        answer = door.ask("OPTIONS", "/v1/chat/completions", origin=PAGE, **asks)
        foreign = door.ask("OPTIONS", "/v1/chat/completions", origin="https://evil.example", **asks)
    assert answer.status == 204
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert answer.headers["access-control-allow-headers"] == "authorization, x-a"
    assert "access-control-allow-credentials" not in answer.headers
    assert foreign.status == 403
    assert "access-control-allow-origin" not in foreign.headers


def test_a_page_of_a_configured_origin_reads_answers_and_errors(keys: KeyStore) -> None:
    with open_door(keys, allowed_origins=(PAGE,)) as door:
        for path, status in (("/v1/models", 200), ("/nowhere", 404)):
            answer = door.ask("GET", path, origin=PAGE)
            assert (answer.status, answer.headers["access-control-allow-origin"]) == (status, PAGE)
            assert "x-request-id" in answer.headers["access-control-expose-headers"]
            assert answer.headers["vary"] == "Origin"


def test_header_names_that_are_none_are_not_repeated_in_a_preflight(keys: KeyStore) -> None:
    asks = {"access_control_request_method": "POST", "access_control_request_headers": "a b;c"}
    with open_door(keys, allowed_origins=(PAGE,)) as door:
        answer = door.ask("OPTIONS", "/v1/chat/completions", origin=PAGE, **asks)
    assert "access-control-allow-headers" not in answer.headers


@pytest.mark.parametrize("origin", ["*", "null", "chat.example.org", PAGE + "/", "ftp://a", "https://CHAT.example.org"])
def test_what_is_no_origin_cannot_be_configured(origin: str) -> None:
    with pytest.raises(ConfigError, match="--allowed-origin"):
        Origins((origin,))


@pytest.mark.parametrize("path", ["/", "/page/x.js", "/v1/models", "/nowhere", "/live"])
def test_every_response_is_safe_in_a_browser(door: Door, path: str) -> None:
    headers = door.ask("GET", path + "?weak").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]


def test_answers_of_the_api_are_kept_nowhere(door: Door) -> None:
    assert door.ask("GET", "/v1/models?weak").headers["cache-control"] == "no-store"
    assert door.ask("GET", "/page/x.js?weak").headers["cache-control"] == "no-cache"


def test_the_page_may_load_what_is_ours_and_nothing_else(door: Door) -> None:
    assert door.ask("GET", "/").headers["content-security-policy"].startswith("default-src 'self';")
    assert door.ask("GET", "/v1/models").headers["content-security-policy"].startswith("default-src 'none';")
