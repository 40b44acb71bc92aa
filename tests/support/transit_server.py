"""HashiCorp Vault's transit engine as its API documents it, small: two routes, tokens, versions, seals, quotas, TLS."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

MAX_REQUEST_BYTES = 32 << 20


class TransitServer:
    """What it holds is open to tests: they seal it, slow it down, let it answer nonsense."""

    def __init__(self) -> None:
        self.tokens = {"s.good"}
        self.keys: dict[str, list[bytes]] = {"transit/zaphod": [os.urandom(32)]}
        self.min_decryption_version = 1
        self.answers: list[tuple[int, dict[str, str], bytes]] = []
        """Given instead of the right ones, one each time."""
        self.silence = threading.Event()
        self.is_silent = False
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.url = ""

    def answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.requests.append((path, headers, body))
        if self.answers:
            return self.answers.pop(0)
        if headers.get("x-vault-token") not in self.tokens:
            return failed(403, "permission denied")
        namespace = headers.get("x-vault-namespace", "")
        mount, _, rest = path.removeprefix("/v1/").partition("/")
        verb, _, name = rest.partition("/")
        versions = self.keys.get("/".join(filter(None, (namespace, mount, name))))
        if mount != "transit" or verb not in ("encrypt", "decrypt"):
            return failed(404, f'no handler for route "{path.removeprefix("/v1/")}". route entry not found.')
        if versions is None:
            return failed(400, "encryption key not found")
        return (
            self.encrypted(versions, json.loads(body))
            if verb == "encrypt"
            else self.decrypted(versions, json.loads(body))
        )

    def encrypted(self, versions: list[bytes], fields: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        nonce = os.urandom(12)
        sealed = nonce + AESGCM(versions[-1]).encrypt(nonce, base64.b64decode(fields["plaintext"], validate=True), None)
        return data(ciphertext=f"vault:v{len(versions)}:{base64.b64encode(sealed).decode()}", key_version=len(versions))

    def decrypted(self, versions: list[bytes], fields: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        prefix, version, encoded = fields["ciphertext"].split(":")
        number = int(version.removeprefix("v"))
        if prefix != "vault" or not 0 < number <= len(versions):
            return failed(400, "invalid ciphertext: no prefix")
        if number < self.min_decryption_version:
            return failed(400, "ciphertext or signature version is disallowed by policy (too old)")
        try:
            sealed = base64.b64decode(encoded, validate=True)
            return data(
                plaintext=base64.b64encode(
                    AESGCM(versions[number - 1]).decrypt(sealed[:12], sealed[12:], None)
                ).decode()
            )
        except (InvalidTag, ValueError):
            return failed(400, "invalid ciphertext: unable to decrypt")


def data(**fields: Any) -> tuple[int, dict[str, str], bytes]:
    document = {"request_id": "1", "lease_id": "", "renewable": False, "lease_duration": 0, "data": fields}
    return 200, {}, json.dumps(document).encode()


def failed(status: int, *errors: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, named, json.dumps({"errors": list(errors)}).encode()


@contextmanager
def transit_server(folder: Path, *, is_tls: bool = True, host: str = "127.0.0.1") -> Iterator[TransitServer]:
    """A running one. Its certificate, which nobody knows, lies in `folder/ca.pem` and speaks for `host`."""
    engine = TransitServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), MAX_REQUEST_BYTES))
            if engine.is_silent:
                engine.silence.wait(30)
                return
            status, headers, content = engine.answer(
                self.path, {name.lower(): value for name, value in self.headers.items()}, body
            )
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(content)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing on standard error."""

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that does not trust it hangs up."""

    server = Server(("127.0.0.1", 0), Handler)
    if is_tls:
        server.socket = _tls(folder, host).wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    engine.url = f"{'https' if is_tls else 'http'}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01))
    thread.start()
    try:
        yield engine
    finally:
        engine.silence.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _tls(folder: Path, host: str) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "ca.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8
    none = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, private, none))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return context
