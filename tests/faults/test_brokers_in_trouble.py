"""A broker that stands still, forgets, overflows or suddenly refuses: nothing false is taken, all is sealed later."""

from __future__ import annotations

import random
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from docked_agent import Dock, assert_all_is_kept, until
from running_broker import free_port
from scripted_gateway import CLOCK
from served import ADMIN_PASSWORD, DynamicMosquitto, Served, has_dynamic_security, serving

from edge.agent import Agent
from edge.config import load_config
from edge.local.status_facts import running_agent
from tests.faults.rough_link import RoughLink, rough_link, send_over

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]
RATE_BYTES_S = 3_000_000


@pytest.fixture(autouse=True)
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    if not has_dynamic_security():
        pytest.skip("mosquitto with its dynamic-security plugin is not installed")
    monkeypatch.setenv("TALLYLIGHT_INGEST__WINDOW_BYTES", str(1 << 20))
    monkeypatch.setenv("TALLYLIGHT_INGEST__CHUNK_BYTES", str(64 << 10))


@contextmanager
def docked(served: Served, folder: Path) -> Iterator[tuple[Dock, RoughLink]]:
    """A gateway whose link is slow enough to be met in the middle of an upload."""
    assert served.mosquitto is not None
    with rough_link(free_port(), served.mosquitto.port) as link:
        link.rate_bytes_s = RATE_BYTES_S
        dock = Dock(served, folder)
        send_over(dock.data_dir, link)
        try:
            yield dock, link
        finally:
            dock.kill()
            dock.log.close()


def is_sending(dock: Dock) -> bool:
    return bool(dock.rows("SELECT 1 FROM content WHERE state = 'sending'"))


def contents_of(count: int) -> list[bytes]:
    return [random.Random(seed).randbytes(3_000_000) for seed in range(count)]


@pytest.mark.kill
def test_a_broker_that_stands_still_and_one_that_lost_its_data_cost_time_alone(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    data = tmp_path / "broker" / "data"
    data.mkdir()
    mosquitto = DynamicMosquitto(tmp_path / "broker", free_port())
    mosquitto.limits += f"persistence true\npersistence_location {data}/\nautosave_interval 1\n"
    with serving("mosquitto", tmp_path, mosquitto=mosquitto) as served, docked(served, tmp_path) as (dock, _link):
        contents = contents_of(2)
        dock.put(*contents)
        dock.start()
        assert until(lambda: is_sending(dock))
        assert mosquitto.process is not None
        mosquitto.process.send_signal(signal.SIGSTOP)
        time.sleep(3.3)  # longer than the silence after which a clip is offered again
        before = dock.receipted()
        mosquitto.process.send_signal(signal.SIGCONT)
        assert before < len(contents)
        assert until(lambda: is_sending(dock) or dock.receipted() == len(contents))
        mosquitto.kill()
        for left in data.iterdir():
            left.unlink()
        mosquitto.start(emptied=True)
        assert_all_is_kept(dock, contents)


def test_what_a_full_queue_of_the_broker_drops_is_sent_again(tmp_path: Path) -> None:
    (tmp_path / "broker").mkdir()
    mosquitto = DynamicMosquitto(tmp_path / "broker", free_port())
    mosquitto.limits = "max_queued_messages 5\nmax_inflight_messages 2\n"
    with rough_link(free_port(), mosquitto.port) as to_server:
        over = {"mosquitto": mosquitto, "server_port": to_server.port}
        with serving("mosquitto", tmp_path, **over) as served, docked(served, tmp_path) as (dock, link):
            contents = contents_of(2)
            dock.put(*contents)
            dock.start()
            assert until(lambda: is_sending(dock))
            to_server.holds_back = True
            link.rate_bytes_s = None
            time.sleep(1.5)
            to_server.holds_back = False
            assert_all_is_kept(dock, contents)


def test_a_broker_that_suddenly_lets_nothing_through_is_told_and_nothing_counts_as_sent(
    tmp_path: Path,
) -> None:
    with serving("mosquitto", tmp_path) as served:
        assert served.mosquitto is not None
        dock = Dock(served, tmp_path)
        agent = Agent(load_config(dock.data_dir / "edge.toml"), CLOCK)
        running = threading.Thread(target=agent.run)
        running.start()
        try:
            dock.put(b"before")
            assert until(lambda: dock.receipted() == 1)
            access = ("publishClientSend", f"tl/v1/up/{dock.gateway_id}/#")
            dynamic_security(served.mosquitto, "removeRoleACL", f"tallylight-{dock.gateway_id}", *access)
            dock.put(b"while nothing passes", first=1)
            assert until(lambda: "access rules" in getattr(running_agent(dock.data_dir), "link_error", ""), 40)
            log, gateway = served.mosquitto.folder / "mosquitto.log", f"u'{dock.gateway_id}'"
            connections = log.read_text().count(gateway)
            time.sleep(1.5)
            assert log.read_text().count(gateway) - connections <= 3  # it comes back more and more slowly
            assert dock.receipted() == 1
            dynamic_security(served.mosquitto, "addRoleACL", f"tallylight-{dock.gateway_id}", *access, "allow")
            assert until(lambda: dock.receipted() == 2)
            assert until(lambda: getattr(running_agent(dock.data_dir), "link_error", "unknown") == "")
        finally:
            agent.stop()
            running.join(30)
            dock.log.close()


def dynamic_security(mosquitto: DynamicMosquitto, *words: str) -> None:
    """A command of the broker's administrator."""
    login = ("-h", "127.0.0.1", "-p", str(mosquitto.port), "-u", "admin", "-P", ADMIN_PASSWORD)
    subprocess.run(["mosquitto_ctrl", *login, "dynsec", *words], check=True, capture_output=True)
