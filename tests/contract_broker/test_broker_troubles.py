"""Brokers that die, are emptied, or do not listen any more."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_gateway import until
from served import Served, has_dynamic_security, serving, wait_a_little

from edge.contract.messages import Receipt
from edge.contract.topics import DownKind
from server.ingest.broker_service import BrokerService

pytestmark = pytest.mark.broker


@pytest.fixture
def embedded(tmp_path: Path) -> Iterator[Served]:
    with serving("embedded", tmp_path) as running:
        yield running


@pytest.mark.kill
def test_an_upload_goes_on_after_the_embedded_broker_was_killed(embedded: Served) -> None:
    gateway, content = embedded.gateway(), random.Random(1).randbytes(2_000_000)
    manifest = gateway.manifest(content)
    gateway.offer(manifest)
    grant = gateway.hear(DownKind.GRANT)
    gateway.send_chunk(grant, content, 0)
    held = gateway.hear(DownKind.HAVE).held
    broker = embedded.broker.embedded
    assert broker is not None
    assert broker.pid is not None
    os.kill(broker.pid, signal.SIGKILL)
    assert until(lambda: not gateway.link.connected and not embedded.worker.link.connected)
    assert gateway.link.wait_connected(30)
    assert embedded.worker.wait_connected(30)
    gateway.offer(manifest)
    assert gateway.hear(DownKind.GRANT).held == held
    assert isinstance(gateway.upload(content), Receipt)
    gateway.link.stop()


def test_a_deaf_embedded_broker_is_started_again_at_the_second_lost_ping(embedded: Served) -> None:
    broker = embedded.broker.embedded
    assert broker is not None
    before = broker.pid
    embedded.broker.deaf(1)
    assert broker.pid == before
    embedded.broker.deaf(2)
    assert until(lambda: broker.up and broker.pid not in (None, before), seconds=20)
    assert embedded.worker.wait_connected(20)


def test_an_emptied_mosquitto_is_filled_again_with_all_logins(tmp_path: Path) -> None:
    if not has_dynamic_security():
        pytest.skip("mosquitto with its dynamic-security plugin is not installed")
    with serving("mosquitto", tmp_path) as served:
        gateway = served.gateway()
        assert served.mosquitto is not None
        served.mosquitto.kill()
        assert until(lambda: not gateway.link.connected)
        served.mosquitto.start(emptied=True)
        assert gateway.link.wait_connected(40)
        assert served.worker.wait_connected(40)
        assert isinstance(gateway.upload(b"after the broker was emptied"), Receipt)
        gateway.link.stop()


def test_a_server_that_starts_anew_cuts_no_connection_at_mosquitto(tmp_path: Path) -> None:
    if not has_dynamic_security():
        pytest.skip("mosquitto with its dynamic-security plugin is not installed")
    with serving("mosquitto", tmp_path) as served:
        gateway = served.gateway()
        assert served.mosquitto is not None
        log = served.mosquitto.folder / "mosquitto.log"
        logins = log.read_text().count(f"u'{gateway.gateway_id}'")
        assert logins > 0
        served.broker.stop()
        again = BrokerService(served.context)
        again.start()
        try:
            assert again.wait_ready(30), again.trouble()
            assert isinstance(gateway.upload(b"over the same connection"), Receipt)
            wait_a_little()
            assert log.read_text().count(f"u'{gateway.gateway_id}'") == logins
        finally:
            again.stop()
            gateway.link.stop()
