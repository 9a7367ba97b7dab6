"""The agent as a person starts it, from a watched folder to receipts, ended politely and with SIGKILL."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from enrolled_gateway import make_enrolled
from fake_ingest import FakeIngest
from running_broker import SERVER_USER, USERS, RunningBroker

from edge.platform.mqtt import BrokerLogin
from edge.platform.signing import SigningKey

pytestmark = pytest.mark.broker


class Dock:
    """A gateway with a watched folder, its agent as a process of its own, and a server's half."""

    def __init__(self, broker: RunningBroker, tmp_path: Path) -> None:
        self.data_dir, self.source = tmp_path / "edge", tmp_path / "recordings"
        self.server_key = SigningKey.generate()
        self.gateway_key = make_enrolled(self.data_dir, self.source, broker.url, self.server_key)
        self.log = (tmp_path / "agent.log").open("ab")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from edge.cli import main; main()", "run", "--data", str(self.data_dir)],
            stderr=self.log,
        )

    def end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(timeout=30)

    def status(self) -> dict[str, object]:
        ran = subprocess.run(
            [
                sys.executable,
                "-c",
                "from edge.cli import main; main()",
                "status",
                "--json",
                "--data",
                str(self.data_dir),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.stderr == ""
        answer: dict[str, object] = json.loads(ran.stdout)
        return answer


@contextmanager
def docked(broker: RunningBroker, tmp_path: Path, **ingest: int) -> Iterator[tuple[Dock, FakeIngest]]:
    dock = Dock(broker, tmp_path)
    login = BrokerLogin(broker.url, SERVER_USER, USERS[SERVER_USER])
    with FakeIngest(login, dock.gateway_key, key=dock.server_key, **ingest) as server:
        try:
            yield dock, server
        finally:
            if dock.process is not None and dock.process.poll() is None:
                dock.process.kill()
                dock.process.wait()
            dock.log.close()


def until(true: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


def test_files_put_into_the_folder_come_to_their_receipts(broker: RunningBroker, tmp_path: Path) -> None:
    contents = {f"BC01_2026112108{n:02d}00_{n:04d}.mp4": random.Random(n).randbytes(200_000) for n in range(3)}
    with docked(broker, tmp_path) as (dock, server):
        for name, content in contents.items():
            (dock.source / name).write_bytes(content)
        dock.start()
        assert until(lambda: len(server.sealed) == 3)
        assert sorted(server.sealed.values()) == sorted(contents.values())
        assert until(lambda: dock.status()["receipted_clips"] == 3)
        assert until(lambda: dock.status()["link"] == "connected")
        assert dock.end(signal.SIGTERM) == 0
        assert dock.status()["running"] is False
        for name, content in contents.items():
            assert (dock.source / name).read_bytes() == content


@pytest.mark.parametrize("broker", ["mosquitto"], indirect=True)
def test_a_second_agent_on_the_same_folder_is_refused(broker: RunningBroker, tmp_path: Path) -> None:
    with docked(broker, tmp_path) as (dock, _server):
        dock.start()
        assert until(lambda: bool(dock.status()["running"]))
        second = subprocess.run(
            [sys.executable, "-c", "from edge.cli import main; main()", "run", "--data", str(dock.data_dir)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert second.returncode == 1
        assert "another agent" in second.stderr
        assert "Traceback" not in second.stderr
