"""A server does not work with a broker that lets in whoever comes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_broker import RunningBroker, free_port

from edge.platform.mqtt import BrokerLogin
from server.ingest.anonymous_access import AnonymousBrokerError, refuse_anonymous_broker

pytestmark = pytest.mark.broker


@pytest.fixture
def open_port(tmp_path: Path) -> Iterator[int]:
    port = free_port()
    (tmp_path / "open.conf").write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\nuser root\n")
    with (tmp_path / "open.log").open("ab") as log:
        process = subprocess.Popen(["mosquitto", "-c", str(tmp_path / "open.conf")], stdout=log, stderr=log)
    time.sleep(1.0)
    yield port
    process.kill()
    process.wait()


def test_a_broker_that_lets_in_whoever_comes_is_refused(open_port: int) -> None:
    with pytest.raises(AnonymousBrokerError, match="allow_anonymous false"):
        refuse_anonymous_broker(BrokerLogin(f"mqtt://127.0.0.1:{open_port}", "admin", "password"))


def test_a_broker_that_asks_for_a_password_is_not(broker: RunningBroker) -> None:
    refuse_anonymous_broker(BrokerLogin(broker.url, "admin", "password"))


def test_nor_is_one_that_is_not_there_yet() -> None:
    refuse_anonymous_broker(BrokerLogin("mqtt://127.0.0.1:1", "admin", "password"))
