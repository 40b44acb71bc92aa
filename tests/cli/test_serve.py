import socket

import pytest
from tests.cli.conftest import Zaphod


def test_other_addresses_than_loopback_want_a_key(zaphod: Zaphod) -> None:
    outcome = zaphod("serve", "--host", "0.0.0.0", "--port", "0")
    assert outcome.code == 2
    assert "zaphod keys create" in outcome.err


def test_a_taken_port_is_told_with_a_remedy(zaphod: Zaphod) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        outcome = zaphod("serve", "--port", str(taken.getsockname()[1]))
    assert outcome.code == 2
    assert "--port" in outcome.err


@pytest.mark.parametrize(
    ("flags", "named"),
    [
        (["--adapter", "law"], "--adapter law=./law-lora"),
        (["--max-body", "big"], "--max-body"),
        (["--port", "99999"], "65535"),
    ],
)
def test_a_malformed_flag_is_told_with_what_was_wanted(zaphod: Zaphod, flags: list[str], named: str) -> None:
    outcome = zaphod("serve", *flags)
    assert outcome.code == 2
    assert named in outcome.err


def test_help_has_examples(zaphod: Zaphod) -> None:
    outcome = zaphod("serve", "--help")
    assert outcome.code == 0
    assert "zaphod serve --upstream" in outcome.out
