"""Row 2: what every process of a server listens on. One address, the one that was asked for; nothing named, no UDP."""

import socket
from pathlib import Path

import psutil
import pytest
from tests.server.security.attacking import listener
from tests.server.security.conftest import Guarded, Here
from tests.support.running_server import RunningServer, StartServer

from zaphod.server.admission.keys import KeyStore

Address = tuple[str, int]


def processes(server: RunningServer) -> list[psutil.Process]:
    root = psutil.Process(server.process.pid)
    return [root, *root.children(recursive=True)]


def listening(server: RunningServer) -> list[Address]:
    """Of all its processes; sockets that two of them share are counted twice."""
    found = [one for process in processes(server) for one in process.net_connections("inet")]
    return [(one.laddr.ip, one.laddr.port) for one in found if one.status == psutil.CONN_LISTEN]


def port(server: RunningServer) -> int:
    return int(server.url.rpartition(":")[2])


def require_quiet(server: RunningServer) -> None:
    """No UDP, and no Unix socket that has a name by which others could reach it."""
    for process in processes(server):
        assert list(process.net_connections("udp")) == []
        assert [one.laddr for one in process.net_connections("unix") if one.laddr] == []


def test_a_server_listens_on_one_address_of_loopback(victim: RunningServer) -> None:
    assert len(processes(victim)) >= 3
    assert listening(victim) == [("127.0.0.1", port(victim))]
    require_quiet(victim)


def test_a_server_with_keys_listens_on_no_other(guarded: Guarded) -> None:
    assert listening(guarded.server) == [("127.0.0.1", port(guarded.server))]
    require_quiet(guarded.server)


def test_the_search_finds_other_listeners(victim: RunningServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        mine = psutil.Process().net_connections("inet")
        assert other.getsockname()[1] in {one.laddr.port for one in mine if one.status == psutil.CONN_LISTEN}


def test_a_gateway_listens_on_one_address_of_loopback(start_server: StartServer) -> None:
    models = b'{"object": "list", "data": [{"id": "m", "object": "model"}]}'
    with listener(body=models) as other, start_server("--upstream", other.url) as server:
        assert listening(server) == [("127.0.0.1", port(server))]
        require_quiet(server)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "198.51.100.1"])
def test_elsewhere_than_on_loopback_it_needs_a_key(zaphod_here: Here, host: str) -> None:
    ended = zaphod_here("serve", "--host", host, "--port", "0")
    assert ended.returncode == 2
    assert "no key is valid" in ended.stderr


def test_with_a_key_it_listens_where_it_was_asked_to_and_its_engine_nowhere(
    start_server: StartServer, tmp_path: Path
) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    with KeyStore(folder / "data" / "zaphod" / "keys.sqlite") as keys:
        keys.create(name="a")
    with start_server("--host", "0.0.0.0", folder=folder) as server:
        assert listening(server) == [("0.0.0.0", port(server))]
        require_quiet(server)


def test_the_engine_takes_messages_from_its_own_gateway_only(victim: RunningServer) -> None:
    # The only way in is one end of a socket pair, which nothing in the file system or the abstract names leads to.
    pairs = list(victim.engine.net_connections("unix"))
    assert pairs
    assert all(not one.laddr and not one.raddr for one in pairs)
