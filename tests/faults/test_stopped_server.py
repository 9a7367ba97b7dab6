"""A server that stands still while a gateway sends: the broker holds no more than its budget, and nothing is lost."""

from __future__ import annotations

import os
import secrets
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from bench_stage.processes import memory
from demo_stage.folders import Folders, Memory
from demo_stage.mosquitto import MOSQUITTO, Mosquitto
from demo_stage.programs import Programs
from demo_stage.stage import SERVER, Stage
from fault_stage.promises import digest
from fault_stage.verdict import broken_promises
from running_broker import free_port

pytestmark = [pytest.mark.kill, pytest.mark.broker, pytest.mark.timeout(300)]
WINDOW_BYTES, BUDGET_BYTES, FILE_BYTES, FILES = 1 << 20, 4 << 20, 12_000_000, 2
SLACK_BYTES = 4 << 20
SETTINGS = {
    "TALLYLIGHT_INGEST__WINDOW_BYTES": str(WINDOW_BYTES),
    "TALLYLIGHT_INGEST__GATEWAY_BYTES": str(BUDGET_BYTES),
    "TALLYLIGHT_INGEST__CHUNK_BYTES": "65536",
}


def states(folders: Folders) -> dict[str, int]:
    journal = folders.gateway / "journal.sqlite3"
    if not journal.exists():
        return {}
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=30)) as rows:
        try:
            return dict(rows.execute("SELECT state, count(*) FROM content GROUP BY state"))
        except sqlite3.OperationalError:  # it is being made
            return {}


def test_the_broker_holds_no_more_than_a_gateways_budget_while_the_server_stands_still(tmp_path: Path) -> None:
    folders, port = Folders(tmp_path), free_port(3)
    written = {
        f"S-01_20261101T00000{number}_000{number}.mp4": secrets.token_bytes(FILE_BYTES) for number in range(FILES)
    }
    folders.footage.mkdir()
    with Programs(folders.logs) as programs:
        broker = Mosquitto(tmp_path / "broker", programs, port=port + 2)
        memory_of_stage = Memory(seed=None, footage=None, broker_port=port + 2, password="")
        stage = Stage(folders, memory_of_stage, programs, port=port, server_env=SETTINGS | broker.server_env)
        stage.make_server()
        broker.start()
        stage.start_server()
        stage.enrol_gateway(folders.footage, rest_s=0.3)
        idle_bytes = memory(programs.pid(MOSQUITTO))["anonymous"]
        for name, content in written.items():
            (folders.footage / name).write_bytes(content)
        stage.start_gateway()
        stage.wait_for(lambda: states(folders).get("sending", 0) > 0, "nothing was granted", limit_s=120, every_s=0.02)
        os.kill(programs.pid(SERVER), signal.SIGSTOP)
        most_bytes = idle_bytes
        for _ in range(40):
            time.sleep(0.1)
            most_bytes = max(most_bytes, memory(programs.pid(MOSQUITTO))["anonymous"])
        os.kill(programs.pid(SERVER), signal.SIGCONT)
        stage.wait_for(lambda: states(folders).get("receipted") == FILES, "not all came through", limit_s=180)
    assert most_bytes - idle_bytes <= BUDGET_BYTES + SLACK_BYTES  # without windows all 24 MB would be there
    hashes = {name: digest(content) for name, content in written.items()}
    assert broken_promises(folders.footage, folders.gateway, folders.server, written=hashes) == []
