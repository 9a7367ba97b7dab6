"""A gateway that woke up in 1970: it lands, connects, uploads, and learns from the server what time it is."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from docked_agent import Dock, until
from running_broker import free_port
from scripted_gateway import CLOCK
from served import serving
from sqlalchemy import select
from tls_listener import DAY_US, made_ca

from edge.agent import Agent
from edge.config import load_config
from edge.contract.instants import UtcMicros
from edge.local.status_facts import running_agent
from server.store.tables import EventRow
from server.usecases.set_up import set_up

pytestmark = pytest.mark.broker
FUTURE_US = 3650 * DAY_US


class ClockOf1970:
    """As after a power cut without a battery: the hands stood at zero when this was made."""

    def __init__(self) -> None:
        self._start_s = time.monotonic()

    def now_us(self) -> UtcMicros:
        return UtcMicros(int((time.monotonic() - self._start_s) * 1e6))

    def steady_s(self) -> float:
        return time.monotonic()

    def synchronised(self) -> bool:
        return False


def with_a_certificate_of_the_future(folder: Path) -> None:
    """As the certificate of today looks to a machine that lives in 1970: not valid yet. OpenSSL asks the true clock."""
    set_up(folder, now_us=CLOCK.now_us(), port=free_port(3))
    ca = made_ca(CLOCK.now_us() + FUTURE_US)
    leaf, key = ca.files(folder / "own", "127.0.0.1", at_us=CLOCK.now_us() + FUTURE_US)
    (folder / "own" / "ca.pem").write_text(ca.pem)
    settings = (folder / "server.toml").read_text()
    for name, path in (("certificate_file", leaf), ("key_file", key), ("ca_file", folder / "own" / "ca.pem")):
        settings = settings.replace(f'# {name} = ""  # PEM', f'{name} = "{path}"  # PEM', 1)
    (folder / "server.toml").write_text(settings)


def test_a_gateway_of_1970_connects_lands_uploads_and_takes_the_servers_time(tmp_path: Path) -> None:
    with_a_certificate_of_the_future(tmp_path / "server")
    with serving("embedded", tmp_path, tls=True) as served:
        dock = Dock(served, tmp_path)
        dock.put(b"recording" * 50_000)
        agent = Agent(load_config(dock.data_dir / "edge.toml"), ClockOf1970())
        running = threading.Thread(target=agent.run)
        running.start()
        try:
            assert until(lambda: dock.receipted() == 1)
            state = running_agent(dock.data_dir)
            assert state is not None
            assert state.clock_unset
            assert not state.clock_synchronised
            close_us = 60_000_000
            assert until(lambda: abs(agent.now_us() - CLOCK.now_us()) < close_us)
        finally:
            agent.stop()
            running.join(30)
            dock.log.close()
        with served.context.db.reading() as session:
            assert session.scalars(select(EventRow).where(EventRow.code == "clock_unset")).first() is not None


def test_a_gateway_that_knows_the_time_refuses_a_certificate_of_the_future(tmp_path: Path) -> None:
    with_a_certificate_of_the_future(tmp_path / "server")
    with serving("embedded", tmp_path, tls=True) as served:
        dock = Dock(served, tmp_path)
        agent = Agent(load_config(dock.data_dir / "edge.toml"), CLOCK)
        running = threading.Thread(target=agent.run)
        running.start()
        try:
            assert until(lambda: "not valid yet" in getattr(running_agent(dock.data_dir), "link_error", ""))
        finally:
            agent.stop()
            running.join(30)
            dock.log.close()
