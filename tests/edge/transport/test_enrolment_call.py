"""The pinned call: whom it trusts, and what a person is told when it fails."""

from __future__ import annotations

import datetime as dt
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import NameOID

from edge.contract.enrolment import EnrolmentRequest
from edge.transport.enrolment_call import (
    EnrolmentRefusedError,
    ForeignServerError,
    ServerAddressError,
    ServerUnreachableError,
    ask_to_enrol,
)

REQUEST = EnrolmentRequest(
    secret="A" * 26, public_key="B" * 44, proof="C" * 88, installation_id="in-00000001", software="test"
)
ANSWER = {
    "gateway_id": "gw-0123456789abcdef",
    "broker": {"url": "mqtt://127.0.0.1:1883", "password": "p" * 16},
    "key_set": {},
    "server_time": "2026-11-21T08:00:00.000000Z",
}


class TlsServer:
    """Answers every POST with `status` and `body`, over TLS with a key of its own; counts what reached it."""

    def __init__(self, folder: Path) -> None:
        self.status, self.body, self.requests = 200, json.dumps(ANSWER), []  # type: int, str, list[bytes]
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "tallylight")])
        start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(start)
            .not_valid_after(start + dt.timedelta(days=1))
            .sign(key, hashes.SHA256())
        )
        pem = folder / "server.pem"
        pem.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
        self.fingerprint = sha256(
            key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        ).digest()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                server.requests.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(server.status)
                self.end_headers()
                self.wfile.write(server.body.encode())

            def log_message(self, *_: object) -> None:
                """Silent."""

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self.http.server_address[1]}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TlsServer]:
    running = TlsServer(tmp_path)
    thread = threading.Thread(target=running.http.serve_forever, daemon=True)
    thread.start()
    yield running
    running.http.shutdown()
    running.http.server_close()
    thread.join()


def test_the_server_whose_key_the_code_names_is_asked(server: TlsServer) -> None:
    answer = ask_to_enrol(server.url, REQUEST, tls_fingerprint=server.fingerprint)
    assert answer.gateway_id == "gw-0123456789abcdef"
    assert json.loads(server.requests[0]) == REQUEST.model_dump()


def test_another_server_learns_nothing_of_the_code(server: TlsServer) -> None:
    with pytest.raises(ForeignServerError, match="Nothing was sent"):
        ask_to_enrol(server.url, REQUEST, tls_fingerprint=bytes(32))
    assert server.requests == []


@pytest.mark.parametrize("status", [400, 403, 409, 410])
def test_a_refusal_is_told_in_the_servers_words(server: TlsServer, status: int) -> None:
    server.status, server.body = status, json.dumps({"title": "used", "detail": "this code was used already"})
    with pytest.raises(EnrolmentRefusedError, match="this code was used already"):
        ask_to_enrol(server.url, REQUEST, tls_fingerprint=server.fingerprint)


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, "boom"), (503, "{}"), (200, "not json"), (200, "{}"), (404, "<html>"), (429, "[]"), (302, "")],
)
def test_an_answer_of_no_use_can_be_tried_again(server: TlsServer, status: int, body: str) -> None:
    server.status, server.body = status, body
    with pytest.raises(ServerUnreachableError, match="can be tried again"):
        ask_to_enrol(server.url, REQUEST, tls_fingerprint=server.fingerprint)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1",
        "127.0.0.1:8000",
        "http://",
        "http://127.0.0.1:99999",
        "http://192.0.2.1:8000",
        "http://127.0.0.1.example",
    ],
)
def test_an_address_that_is_none_or_not_encrypted_is_refused(url: str) -> None:
    with pytest.raises(ServerAddressError):
        ask_to_enrol(url, REQUEST, tls_fingerprint=bytes(32))


def test_nobody_there_can_be_tried_again() -> None:
    with pytest.raises(ServerUnreachableError, match="can be tried again"):
        ask_to_enrol("http://127.0.0.1:1", REQUEST, tls_fingerprint=bytes(32))


@pytest.mark.parametrize("url", ["http://[::1", "http://]", "http://[x]:8470", "http://\u2100.example"])
def test_an_address_no_program_can_read_is_a_matter_for_the_person_who_typed_it(url: str) -> None:
    with pytest.raises(ServerAddressError):
        ask_to_enrol(url, REQUEST, tls_fingerprint=b"0" * 32)
