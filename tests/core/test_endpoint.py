"""A server that is asked keeps the key to itself, and is waited for."""

import pytest
from tests.support.served_planner import serving

from zaphod.core.endpoint import Endpoint, ask, ask_patiently
from zaphod.core.errors import ConfigError, UnavailableError


@pytest.mark.parametrize("url", ["http://x", "http://x/", "http://x/v1", "http://x/v1/"])
def test_routes_lie_under_the_version_or_beside_it(url: str) -> None:
    endpoint = Endpoint(url=url)
    assert endpoint.address("models") == "http://x/v1/models"
    assert endpoint.address("/tokenize") == "http://x/tokenize"


def test_no_redirect_takes_the_key_to_another_server() -> None:
    with serving(b"{}") as (elsewhere, asked_there):
        sent_there = {"Location": f"{elsewhere}/v1/completions"}
        with serving(b"", status=302, headers=sent_there) as (url, _):
            assert ask(Endpoint(url=url, api_key="secret"), "completions", {}).status == 302
    assert not asked_there


@pytest.mark.parametrize(("told", "waited_s"), [({}, [1, 2, 4, 8, 16, 32, 60]), ({"Retry-After": "3"}, [3] * 7)])
def test_a_server_that_says_later_is_asked_again_after_the_time_it_names(
    told: dict[str, str], waited_s: list[float]
) -> None:
    waits: list[float] = []
    with serving(b"later", status=503, headers=told) as (url, asked), pytest.raises(UnavailableError, match="8 times"):
        ask_patiently(Endpoint(url=url), "completions", {}, waits.append)
    assert waits == waited_s
    assert len(asked) == 8


def test_an_address_that_is_none_is_refused_and_the_key_is_never_shown() -> None:
    with pytest.raises(ConfigError):
        Endpoint(url="localhost:8000")
    assert "secret" not in repr(Endpoint(url="http://x", api_key="secret"))
