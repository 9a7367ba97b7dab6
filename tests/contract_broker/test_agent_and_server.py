"""The agent against the server's real ingest half, with kills and cuts in the middle of uploads."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from served import CLOCK, Served
from sqlalchemy import select

from edge.contract.enrolment import EnrolmentAnswer, EnrolmentRequest
from edge.contract.events import open_down
from edge.contract.messages import Receipt
from edge.contract.topics import DownKind
from edge.local.enrolment import enrol
from edge.storage.identity import load_server_keys
from server.store.tables import Act, Clip
from server.usecases.enrol_gateway import enrol_gateway, invite_gateway
from server.usecases.revoke_gateway import revoke_gateway

pytestmark = pytest.mark.broker


class Dock:
    """An enrolled gateway with a watched folder; its agent is a process of its own."""

    def __init__(self, served: Served, folder: Path) -> None:
        self.served, self.data_dir, self.source = served, folder / "edge", folder / "recordings"
        self.source.mkdir()
        context = served.context
        invitation = invite_gateway(
            context.db, "dock", unit_number=None, tls_fingerprint=context.tls_fingerprint, by="t", now_us=CLOCK.now_us()
        )

        def ask(_url: str, request: EnrolmentRequest, *, tls_fingerprint: bytes) -> EnrolmentAnswer:
            assert tls_fingerprint == context.tls_fingerprint
            return enrol_gateway(context, request, now_us=CLOCK.now_us())

        self.data_dir.mkdir()
        identity = enrol(self.data_dir, "http://127.0.0.1:1", str(invitation.code), now_us=CLOCK.now_us(), ask=ask)
        self.gateway_id = identity.gateway_id
        served.broker.gateways_changed()
        (self.data_dir / "edge.toml").write_text(
            f'resend_interval_s = 1\nstatus_interval_s = 1\n[[sources]]\nname = "folder"\nfolder = "{self.source}"\n'
            "rest_s = 0.3\nscan_interval_s = 0.2\n"
        )
        self.log = (folder / "agent.log").open("ab")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from edge.cli import main; main()", "run", "--data", str(self.data_dir)],
            stderr=self.log,
        )

    def kill(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """What the gateway's journal says, read beside the running agent."""
        journal = self.data_dir / "journal.sqlite3"
        if not journal.exists():
            return []
        connection = sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)
        try:
            return connection.execute(statement).fetchall()
        except sqlite3.OperationalError:  # the agent is just making it
            return []
        finally:
            connection.close()

    def receipted(self) -> int:
        return len(self.rows("SELECT 1 FROM content WHERE state = 'receipted'"))

    def put(self, *contents: bytes) -> None:
        for number, content in enumerate(contents):
            (self.source / f"BC01_2026112108{number:02d}00_{number:04d}.mp4").write_bytes(content)


@pytest.fixture
def dock(served: Served, tmp_path: Path) -> Iterator[Dock]:
    made = Dock(served, tmp_path)
    yield made
    made.kill()
    made.log.close()


def until(true: Callable[[], bool], seconds: float = 60) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.05)
    return False


def assert_all_is_kept(dock: Dock, contents: list[bytes]) -> None:
    """One seal per content, every byte as it was, every receipt verified and in the chain."""
    assert until(lambda: dock.receipted() == len(contents), 90)
    hashes = {sha256(content).hexdigest() for content in contents}
    with dock.served.context.db.reading() as session:
        clips = session.scalars(select(Clip)).all()
        acts = {act.index: act.hash for act in session.scalars(select(Act).where(Act.verb == "seal"))}
    assert {clip.sha256 for clip in clips if clip.state == "sealed"} == hashes
    assert len(acts) == len(hashes)
    for clip in clips:
        assert clip.stored_path is not None
        assert sha256(dock.served.context.clip_files.path_of(clip.stored_path).read_bytes()).hexdigest() == clip.sha256
    keys = load_server_keys(dock.data_dir)
    for (raw,) in dock.rows("SELECT receipt FROM content"):
        assert isinstance(raw, bytes)
        receipt = open_down(raw, DownKind.RECEIPT, gateway_id=dock.gateway_id, verifier=keys).data
        assert isinstance(receipt, Receipt)
        assert acts[receipt.act_index] == receipt.act_hash
    unnoted = "SELECT 1 FROM outbox WHERE noted_us IS NULL AND kind = 'report' LIMIT 1"
    assert until(lambda: not dock.rows(unnoted))


def test_a_folder_of_recordings_is_sealed(dock: Dock) -> None:
    contents = [random.Random(n).randbytes(size) for n, size in enumerate([0, 1, 600_000, 3_000_000])]
    dock.put(*contents)
    dock.start()
    assert_all_is_kept(dock, contents)


@pytest.mark.kill
def test_agent_and_broker_killed_in_the_middle_lose_nothing(dock: Dock) -> None:
    seed = int(os.environ.get("TALLYLIGHT_SEED", "20261121"))
    chance = random.Random(seed)
    contents = [chance.randbytes(8_000_000) for _ in range(4)]
    dock.put(*contents)
    dock.start()
    assert until(lambda: bool(dock.rows("SELECT 1 FROM content WHERE state = 'sending'")))
    for _ in range(3):
        time.sleep(chance.random())
        dock.kill()
        dock.start()
        time.sleep(chance.random() * 2)
        if dock.served.mosquitto is not None:
            dock.served.mosquitto.kill()
            dock.served.mosquitto.start(emptied=chance.random() < 0.5)
        elif dock.served.broker.embedded is not None and dock.served.broker.embedded.pid is not None:
            os.kill(dock.served.broker.embedded.pid, signal.SIGKILL)
        time.sleep(chance.random() * 2)
        dock.served.stop_worker()
        dock.served.start_worker()
    assert_all_is_kept(dock, contents)


def test_a_revoked_gateway_is_told_so_and_keeps_its_footage(dock: Dock) -> None:
    dock.put(b"first")
    dock.start()
    assert until(lambda: dock.receipted() == 1)
    context = dock.served.context
    revoke_gateway(context.db, dock.gateway_id, by="t", now_us=CLOCK.now_us())
    dock.served.broker.gateways_changed()
    assert until(lambda: any("login_refused" in str(row[0]) for row in dock.rows("SELECT value FROM meta")), 40)
    (dock.source / "BC01_20261121100000_0002.mp4").write_bytes(b"second")
    assert until(lambda: len(dock.rows("SELECT 1 FROM content")) == 2)
    assert dock.receipted() == 1
