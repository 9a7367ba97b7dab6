"""SIGKILL while a worker looks at a picture: the next start looks again, and nobody lingers."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from enrolled_gateway import make_enrolled

from edge.contract.manifest import Manifest, open_manifest
from edge.platform.signing import PublicKeys, SigningKey
from edge.storage.journal import reading_journal
from tests.edge.films import film

pytestmark = [pytest.mark.kill, pytest.mark.timeout(180)]
_LONG_S = 60.0
NAME = "BC01_20261121T190000_0001.mp4"


@contextmanager
def agent(checkout: Path, *words: object) -> Iterator[subprocess.Popen[bytes]]:
    """The running agent; killed at the end where it still runs."""
    command = [sys.executable, "-m", "tests.edge.gated_agent", *map(str, words)]
    running = subprocess.Popen(command, cwd=checkout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def read_gate(gate: int) -> bytes:
    """What is written into it next; b"" once nobody has it open any more."""
    assert select.select([gate], [], [], _LONG_S)[0], "nothing happened at the gate"
    return os.read(gate, 100)


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def manifests(data: Path, key: SigningKey) -> list[Manifest]:
    with reading_journal(data / "journal.sqlite3") as rows:
        kept = rows.execute("SELECT manifest FROM sighting WHERE manifest IS NOT NULL").fetchall()
    return [open_manifest(row["manifest"], PublicKeys({key.key_id: key.public_bytes})) for row in kept]


def counted(data: Path, table: str) -> int:
    with reading_journal(data / "journal.sqlite3") as rows:
        (count,) = rows.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608 - names of this file
        return int(count)


def wait_until_inspected(data: Path, key: SigningKey, running: subprocess.Popen[bytes]) -> None:
    """The journal says so; a program that ends before is a fault of its own."""
    for _ in range(round(_LONG_S / 0.2)):
        if manifests(data, key):
            return
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(timeout=0.2)
    pytest.fail("the file was not inspected")


def test_a_kill_in_the_middle_of_a_look_loses_nothing_doubles_nothing_and_leaves_nobody(
    tmp_path: Path, checkout: Path
) -> None:
    data, source = tmp_path / "gateway", tmp_path / "footage"
    key = make_enrolled(
        data, source, f"mqtt://127.0.0.1:{unused_port()}", SigningKey.generate(), password="nobody asks for it"
    )
    original = film(source / NAME, seconds=2).read_bytes()
    os.mkfifo(tmp_path / "gate")
    gate = os.open(tmp_path / "gate", os.O_RDONLY | os.O_NONBLOCK)

    with agent(checkout, data, tmp_path / "gate") as killed:
        worker = int(read_gate(gate))
        assert os.getpgid(worker) != os.getpgid(killed.pid), "a kill of the agent's group would prove nothing"
        assert manifests(data, key) == []
        killed.kill()
        assert killed.wait() == -signal.SIGKILL
        assert read_gate(gate) == b"", "the worker of the dead agent lingers"
    os.close(gate)

    with agent(checkout, data) as running:
        wait_until_inspected(data, key, running)
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=_LONG_S) == 0

    (manifest,) = manifests(data, key)
    assert manifest.inspection.verdict == "whole"
    assert manifest.inspection.view != ()
    assert [counted(data, table) for table in ("content", "sighting", "docking")] == [1, 1, 1]
    (landed,) = (data / "landing").iterdir()
    assert landed.read_bytes() == (source / NAME).read_bytes() == original
