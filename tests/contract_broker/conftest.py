"""Fixtures that run a test on each broker."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_broker import RunningBroker, free_port
from served import Served, has_dynamic_security, serving


@pytest.fixture(params=["amqtt", "mosquitto"])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningBroker]:
    """A running broker, once amqtt, once Mosquitto. Users and passwords: USERS."""
    if request.param == "mosquitto" and shutil.which("mosquitto") is None:
        pytest.skip("mosquitto is not installed")
    folder = tmp_path / "broker"
    folder.mkdir()
    running = RunningBroker(request.param, folder, free_port())
    running.start()
    yield running
    running.kill()


@pytest.fixture
def brokers(broker: RunningBroker) -> RunningBroker:
    """The same, under the name that says it runs on each broker."""
    return broker


@pytest.fixture(params=["embedded", "mosquitto"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    """The server's ingest half, once on its embedded broker, once on Mosquitto with dynamic security."""
    if request.param == "mosquitto" and not has_dynamic_security():
        pytest.skip("mosquitto with its dynamic-security plugin is not installed")
    with serving(request.param, tmp_path) as running:
        yield running
