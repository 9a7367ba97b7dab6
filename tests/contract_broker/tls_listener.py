"""A TLS listener with whatever certificate a test wants, in front of a real broker."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from edge.contract.instants import UtcMicros, instant_of
from server.usecases.own_ca import Key, issue, key_pem, new_ca, new_key

DAY_US = 86_400_000_000


@dataclass(frozen=True)
class TestCa:
    """A CA of a test, made at an instant of its own."""

    key: Key
    certificate: x509.Certificate

    __test__ = False

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def files(self, folder: Path, *names: str, at_us: int) -> tuple[Path, Path]:
        """Certificate and key of a server, made at that instant; the certificate holds from a day before, 825 days."""
        key = new_key()
        leaf = issue(key.public_key(), names, ca=self.certificate, ca_key=self.key, now_us=UtcMicros(at_us))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "leaf.pem").write_bytes(leaf.public_bytes(Encoding.PEM))
        (folder / "leaf-key.pem").write_bytes(key_pem(key))
        return folder / "leaf.pem", folder / "leaf-key.pem"


def made_ca(at_us: int) -> TestCa:
    key = new_key()
    return TestCa(key, new_ca(key, UtcMicros(at_us)))


def now_us() -> int:
    return instant_of(dt.datetime.now(dt.UTC))


@contextmanager
def tls_in_front_of(port: int, files: tuple[Path, Path], *, newest: ssl.TLSVersion | None = None) -> Iterator[int]:
    """The port of a listener that ends TLS and passes everything on to `port`; `newest`: no later version of TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    if newest is not None:
        context.maximum_version = newest
    listening = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()

    def serve() -> None:
        while not ended.is_set():
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=_pass_on, args=(context, plain, port), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1]
    finally:
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def _pass_on(context: ssl.SSLContext, plain: socket.socket, port: int) -> None:
    try:
        with (
            context.wrap_socket(plain, server_side=True) as outer,
            socket.create_connection(("127.0.0.1", port)) as inner,
        ):
            threading.Thread(target=_copy, args=(inner, outer), daemon=True).start()
            _copy(outer, inner)
    except OSError:
        plain.close()  # the client did not like the certificate: that is what the test is about


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return
