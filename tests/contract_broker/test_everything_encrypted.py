"""Gateway and server where no port is plain: enrolment, upload and receipts over TLS, while certificates change."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from running_broker import free_port
from scripted_gateway import CLOCK, ScriptedGateway, enrolment_request, until
from served import Served, has_dynamic_security, serving

from edge.contract.messages import Receipt
from edge.local.enrolment import enrol
from edge.platform.signing import SigningKey
from edge.platform.tls import Trust
from edge.storage.identity import Identity
from edge.storage.journal import reading_journal
from edge.storage.journal_errors import JournalUnusableError, NoJournalError
from edge.transport.enrolment_call import ForeignServerError, ServerUnreachableError, ask_to_enrol
from server.app import Server
from server.config import load_config
from server.usecases.enrol_gateway import invite_gateway
from server.usecases.examine_tls import examine_served_certificate
from server.usecases.set_up import set_up
from server.usecases.tls_files import renew, tls_files, tls_fingerprint

pytestmark = pytest.mark.broker
REQUEST = enrolment_request("A" * 26, SigningKey.generate())


@pytest.fixture(params=["embedded", "mosquitto"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    if request.param == "mosquitto" and not has_dynamic_security():
        pytest.skip("mosquitto with its dynamic-security plugin is not installed")
    with serving(request.param, tmp_path, tls=True) as running:
        yield running


def content(seed: int) -> bytes:
    return bytes([seed]) * 300_000


def seals(gateway: ScriptedGateway, seed: int) -> bool:
    return isinstance(gateway.upload(content(seed)), Receipt)


def connects_anew(gateway: ScriptedGateway) -> bool:
    """A connection made now, as after a cut, with what the gateway was given at its enrolment."""
    link = gateway.connection()
    link.start()
    try:
        return link.wait_connected(15)
    finally:
        link.stop()


def test_a_clip_is_sealed_where_no_port_is_plain(served: Served) -> None:
    gateway = served.gateway()
    assert gateway.answer.broker.url.startswith("mqtts://")
    assert seals(gateway, 1)
    gateway.link.stop()


@pytest.mark.parametrize("with_new_key", [False, True], ids=["the same key", "a new key"])
def test_a_renewed_certificate_keeps_every_gateway(served: Served, with_new_key: bool) -> None:
    gateway, config = served.gateway(), served.context.config
    fingerprint = tls_fingerprint(tls_files(config).certificate)
    before = tls_files(config).certificate.read_bytes()
    assert renew(config, now_us=CLOCK.now_us(), with_new_key=with_new_key)
    assert (tls_fingerprint(tls_files(config).certificate) == fingerprint) is not with_new_key
    assert tls_files(config).certificate.read_bytes() != before
    if served.mosquitto is not None:
        told = examine_served_certificate(served.context)
        assert told is not None
        assert "kill -HUP" in told.do
        served.mosquitto.take_up_certificate()
    assert until(lambda: examine_served_certificate(served.context) is None)
    assert connects_anew(gateway)
    served.worker.link.drop()
    assert until(lambda: not served.worker.link.connected)
    assert until(lambda: served.worker.link.connected)
    assert seals(gateway, 2)
    gateway.link.stop()


@pytest.mark.skipif(not has_dynamic_security(), reason="mosquitto with its dynamic-security plugin is not installed")
def test_of_two_certificates_of_one_second_the_broker_that_serves_the_first_is_named(tmp_path: Path) -> None:
    with serving("mosquitto", tmp_path, tls=True) as served:
        config, now_us = served.context.config, CLOCK.now_us()
        assert served.mosquitto is not None
        renew(config, now_us=now_us)
        served.mosquitto.take_up_certificate()
        assert until(lambda: examine_served_certificate(served.context) is None)
        renew(config, now_us=now_us)
        assert examine_served_certificate(served.context) is not None


@dataclass
class Running:
    """A whole server with pages, over TLS on the loopback."""

    server: Server

    def enrolled(self, folder: Path, name: str = "station") -> Identity:
        context = self.server.context
        invitation = invite_gateway(
            context.db,
            name,
            unit_number=None,
            tls_fingerprint=tls_fingerprint(tls_files(context.config).certificate),
            by="test",
            now_us=CLOCK.now_us(),
        )
        folder.mkdir(parents=True, exist_ok=True)
        return enrol(folder, context.config.url, str(invitation.code), now_us=CLOCK.now_us())


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    folder = tmp_path / "server"
    set_up(folder, now_us=CLOCK.now_us(), port=free_port(3))
    settings = (folder / "server.toml").read_text()
    settings = settings.replace("# tls = false", "tls = true").replace("# embedded_tls = false", "embedded_tls = true")
    (folder / "server.toml").write_text(settings.replace("# enabled = true", "enabled = false"))
    server = Server(load_config(folder))
    server.start()
    yield Running(server)
    server.stop()


def test_pages_are_served_over_tls_and_say_that_they_always_will_be(running: Running) -> None:
    config = running.server.config
    context = Trust((config.keys_dir / "ca-cert.pem").read_text()).context()
    assert until(lambda: _answers(config.http.port))
    connection = http.client.HTTPSConnection("127.0.0.1", config.http.port, context=context, timeout=10)
    connection.request("GET", "/livez")
    assert connection.getresponse().headers["Strict-Transport-Security"] == "max-age=31536000"
    connection.close()


def test_a_gateway_enrols_over_tls_and_brings_a_clip_to_its_receipt(running: Running, tmp_path: Path) -> None:
    data, source = tmp_path / "edge", tmp_path / "recordings"
    source.mkdir()
    assert until(lambda: _answers(running.server.config.http.port))
    identity = running.enrolled(data)
    assert identity.server_url.startswith("https://")
    assert identity.broker.ca_pem is not None
    (data / "edge.toml").write_text(
        f'[[sources]]\nname = "folder"\nfolder = "{source}"\nrest_s = 0.3\nscan_interval_s = 0.2\n'
    )
    (source / "BC01_20261121080000_0001.mp4").write_bytes(content(7))
    agent = subprocess.Popen(
        [sys.executable, "-c", "from edge.cli import main; main()", "run", "--data", str(data)],
        stderr=subprocess.DEVNULL,
        env=os.environ | {"LC_ALL": "en_GB.UTF-8"},
    )
    try:
        assert until(lambda: _receipted(data) == 1, 60)
    finally:
        agent.terminate()
        agent.wait(30)


def test_who_does_not_speak_tls_1_3_to_the_pages_is_told_so(running: Running, tmp_path: Path) -> None:
    config = running.server.config
    assert until(lambda: _answers(config.http.port))
    with pytest.raises(ServerUnreachableError, match="wants it encrypted"):
        ask_to_enrol(config.url.replace("https", "http"), REQUEST, tls_fingerprint=bytes(32))
    with pytest.raises(ServerUnreachableError, match="does not speak TLS"):
        ask_to_enrol(f"https://127.0.0.1:{_plain_port()}", REQUEST, tls_fingerprint=bytes(32))
    with pytest.raises(ForeignServerError, match="Nothing was sent"):
        ask_to_enrol(config.url, REQUEST, tls_fingerprint=bytes(32))
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", config.http.port)) as plain, pytest.raises(ssl.SSLError):
        old.wrap_socket(plain)


def _plain_port() -> int:
    """Of a listener that answers whatever it hears in plain words, once."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        taken, _ = listening.accept()
        with taken, listening:
            taken.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    threading.Thread(target=answer, daemon=True).start()
    return int(listening.getsockname()[1])


def _receipted(data: Path) -> int:
    try:
        with reading_journal(data / "journal.sqlite3") as rows:
            return int(rows.execute("SELECT count(*) FROM content WHERE state = 'receipted'").fetchone()[0])
    except (NoJournalError, JournalUnusableError):  # the agent is just making it
        return 0


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
