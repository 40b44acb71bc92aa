"""Syslog (RFC 5424) over TCP with octet counting (RFC 6587), over TLS (RFC 5425), over UDP (RFC 5426); knows no log.

Syslog has no acknowledgements. Over TCP and TLS each batch has a connection of its own: we say that we have finished
and wait until the receiver, too, closes. Receivers do so when they have read to the end, and a reset while they had not
is seen. That is not the same as stored. Over UDP nothing at all is known of what was sent.
"""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zaphod.core.errors import ConfigError
from zaphod.safety.audit.record import Record
from zaphod.safety.audit.shipping.http import tls_context
from zaphod.safety.audit.shipping.sink import STORED, Fate, Pause, all_of

_LOG_AUDIT = 13
_NOTICE = 5
_MAX_DATAGRAM_BYTES = 65000
_NOT_PLAIN = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, kw_only=True)
class SyslogOptions:
    """How a syslog receiver is reached.

    Args:
        host, port: its address.
        transport: `tls` unless it is on this machine, or `allow_plaintext`.
        ca_file: certificates to trust; else the system's.
        app_name: as syslog calls it.
        facility: 13 is `log audit`.
        wait_for_close: wait until the receiver closes the connection.
        timeout_s: for every step of a connection.
        allow_plaintext: send records to other machines without TLS.
    """

    host: str
    port: int
    transport: Literal["tcp", "tls", "udp"] = "tls"
    ca_file: Path | None = None
    app_name: str = "zaphod"
    facility: int = _LOG_AUDIT
    wait_for_close: bool = True
    timeout_s: float = 30.0
    allow_plaintext: bool = False

    def __post_init__(self) -> None:
        if self.transport not in ("tcp", "tls", "udp") or not 0 < self.port < 65536 or not 0 <= self.facility < 24:
            found = f"A syslog sink has transport {self.transport!r}, port {self.port}, facility {self.facility}."
            raise ConfigError(found, "Transports are tcp, tls, udp; facilities 0 to 23.", "Correct it.")
        if self.transport != "tls" and not self.allow_plaintext and self.host not in ("127.0.0.1", "::1", "localhost"):
            wanted = "Records would cross the network in plain text."
            raise ConfigError(
                f"A syslog sink uses {self.transport}.", wanted, "Use tls, or say allow_plaintext = true."
            )


class SyslogSink:
    """Sends to a syslog receiver."""

    def __init__(self, name: str, options: SyslogOptions) -> None:
        self.name = name
        self._options = options
        self._context = tls_context(options.ca_file) if options.transport == "tls" else None

    def send(self, batch: Sequence[Record], pause: Pause) -> list[Fate]:
        try:
            if self._options.transport == "udp":
                return self._send_datagrams(batch)
            self._send_stream(batch)
        except OSError as error:
            return all_of(batch, Fate("postponed", f"{type(error).__name__}: {error}"))
        return all_of(batch, STORED)

    def message(self, record: Record) -> bytes:
        """One record as RFC 5424 writes it, with ASCII JSON behind the header."""
        header = (
            f"<{self._options.facility * 8 + _NOTICE}>1",
            record.ts_utc,
            _word(socket.gethostname(), 255),
            _word(self._options.app_name, 48),
            str(os.getpid()),
            _word(record.action, 32),
            "-",
        )
        return f"{' '.join(header)} {json.dumps({**record.as_dict(), 'dedupe_id': record.dedupe_id})}".encode()

    def _send_datagrams(self, batch: Sequence[Record]) -> list[Fate]:
        family, kind, protocol, _, address = socket.getaddrinfo(
            self._options.host, self._options.port, type=socket.SOCK_DGRAM
        )[0]
        fates = []
        with socket.socket(family, kind, protocol) as channel:
            channel.settimeout(self._options.timeout_s)
            channel.connect(address)
            for record in batch:
                message = self.message(record)
                if len(message) > _MAX_DATAGRAM_BYTES:
                    fates.append(Fate("refused", f"{len(message)} bytes do not fit into a datagram"))
                else:
                    channel.send(message)
                    fates.append(STORED)
        return fates

    def _send_stream(self, batch: Sequence[Record]) -> None:
        frames = b"".join(b"%d %s" % (len(message), message) for message in map(self.message, batch))
        address = (self._options.host, self._options.port)
        with (
            closing(socket.create_connection(address, self._options.timeout_s)) as plain,
            closing(self._wrapped(plain)) as channel,
        ):
            channel.sendall(frames)
            self._finish(channel)

    def _wrapped(self, plain: socket.socket) -> socket.socket:
        if self._context is not None:
            return self._context.wrap_socket(plain, server_hostname=self._options.host)
        return plain

    def _finish(self, channel: socket.socket) -> None:
        """Close our side, and wait for the other; an OSError if it was reset or stays open."""
        if not self._options.wait_for_close:
            return
        if isinstance(channel, ssl.SSLSocket):
            # Some receivers close the connection without the words of farewell that TLS has for it.
            with suppress(ssl.SSLEOFError, ssl.SSLZeroReturnError):
                channel.unwrap()
            return
        channel.shutdown(socket.SHUT_WR)
        while channel.recv(4096):
            pass


def _word(text: str, max_letters: int) -> str:
    """A header's field: printable ASCII without spaces, or a hyphen where there is nothing."""
    return _NOT_PLAIN.sub("_", text)[:max_letters] or "-"
