"""Syslog over TCP, TLS and UDP against receivers on this machine."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import json
import re
import socket
import ssl
import threading
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.safety.audit.logs import event

from zaphod.core.errors import ConfigError, UnavailableError
from zaphod.safety.audit import read
from zaphod.safety.audit.record import GENESIS, read_record, write_record
from zaphod.safety.audit.shipping import Shipper, ShipperOptions
from zaphod.safety.audit.shipping.sink import STORED
from zaphod.safety.audit.shipping.syslog import SyslogOptions, SyslogSink

QUICK = ShipperOptions(batch_records=7, backoff_s=0.002, max_backoff_s=0.01, poll_s=0.01)
MESSAGE = re.compile(rb"<(\d+)>1 (\S+) (\S+) (\S+) (\d+) (\S+) - (\{.*\})", re.DOTALL)


class FakeSyslog:
    """Reads frames with octet counting. Faults, one a connection: `reset` with more to read, or `open` for ever."""

    def __init__(self, faults: Iterable[str] = (), context: ssl.SSLContext | None = None) -> None:
        self.faults, self.messages, self._context = deque(faults), list[bytes](), context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stays_open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._serve)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        for channel in self._stays_open:
            channel.close()

    def _serve(self) -> None:
        while True:
            try:
                channel, _ = self._listener.accept()
            except OSError:
                return
            with contextlib.suppress(OSError):
                self._take(channel, self.faults.popleft() if self.faults else "")

    def _take(self, plain: socket.socket, fault: str) -> None:
        if fault == "reset":
            with plain:
                plain.recv(10)
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            return
        with plain, self._context.wrap_socket(plain, server_side=True) if self._context else plain as channel:
            data = b""
            while piece := channel.recv(65536):
                data += piece
            while data:
                size, _, rest = data.partition(b" ")
                self.messages.append(rest[: int(size)])
                data = rest[int(size) :]
            if fault == "open":
                self._stays_open.append(channel.dup())


def body_of(message: bytes) -> dict[str, Any]:
    match = MESSAGE.fullmatch(message)
    assert match is not None, message
    assert int(match[1]) == 13 * 8 + 5
    found: dict[str, Any] = json.loads(match[7])
    return found


def sink(port: int, **options: Any) -> SyslogSink:
    return SyslogSink("syslog", SyslogOptions(**{"host": "127.0.0.1", "port": port, "transport": "tcp", **options}))


def ship(folder: Path, target: SyslogSink) -> None:
    Shipper(folder, target, QUICK).catch_up(give_up_after_s=20.0)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine, and its key."""
    folder, key = tmp_path_factory.mktemp("tls"), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    signed = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1)).add_extension(address, critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(secret)
    return folder / "cert.pem", folder / "key.pem"


def test_every_record_arrives_framed_and_in_order(folder: Path) -> None:
    with FakeSyslog() as receiver:
        ship(folder, sink(receiver.port))
    bodies = [body_of(message) for message in receiver.messages]
    assert [body["seq"] for body in bodies if body["tenant"] == "acme"] == list(range(1, 26))
    hashes_of = {record.hash for tenant in ("acme", "Other") for record in read(folder, tenant)}
    assert {body["hash"] for body in bodies} == hashes_of
    assert bodies[-1]["dedupe_id"] == "acme:25"


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["reset", "", "open"]), max_size=8))
def test_a_connection_that_breaks_is_seen_and_all_is_sent_again(folder: Path, faults: list[str]) -> None:
    import shutil

    shutil.rmtree(folder / "shipping", ignore_errors=True)
    with FakeSyslog(faults) as receiver:
        ship(folder, sink(receiver.port, timeout_s=0.05))
    seqs = [body["seq"] for body in map(body_of, receiver.messages) if body["tenant"] == "acme"]
    assert list(dict.fromkeys(seqs)) == list(range(1, 26))


def test_a_receiver_that_never_closes_can_be_told_so(folder: Path) -> None:
    with FakeSyslog(["open"] * 99) as receiver:
        ship(folder, sink(receiver.port, timeout_s=0.05, wait_for_close=False))
    assert len(receiver.messages) == 30


def test_tls_is_spoken_and_the_certificate_checked(folder: Path, certificate: tuple[Path, Path]) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with FakeSyslog(context=context) as receiver:
        unsure = Shipper(folder, sink(receiver.port, transport="tls"), QUICK)
        with pytest.raises(UnavailableError, match="certificate verify failed"):
            unsure.catch_up(give_up_after_s=0.02)
        assert receiver.messages == []
        ship(folder, sink(receiver.port, transport="tls", ca_file=certificate[0]))
    assert len({body_of(message)["dedupe_id"] for message in receiver.messages}) == 30


def test_datagrams_carry_one_record_each(folder: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        receiver.settimeout(5)
        ship(folder, sink(receiver.getsockname()[1], transport="udp"))
        bodies = [body_of(receiver.recv(65536)) for _ in range(30)]
    assert sorted(body["seq"] for body in bodies if body["tenant"] == "acme") == list(range(1, 26))


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_text_of_a_record_leaves_its_place_in_a_message(action: str, target: str) -> None:
    line, _ = write_record(event(action=action, object=target), seq=1, time_ns=0, previous=GENESIS)
    record = read_record(line)
    message = sink(514).message(record)
    assert message.isascii()
    assert b"\n" not in message
    assert body_of(message)["action"] == record.action


def test_an_empty_batch_of_datagrams_is_nothing() -> None:
    assert sink(514, transport="udp").send([], lambda wait_s: True) == []
    assert STORED.reason == ""


@pytest.mark.parametrize(
    "options",
    [
        {"transport": "smtp"},
        {"port": 0},
        {"facility": 24},
        {"host": "elsewhere.example"},
        {"ca_file": Path("/nowhere"), "transport": "tls"},
    ],
)
def test_options_that_make_no_sense_or_leak_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        sink(**{"port": 514, **options})
