"""The real agent in a process of its own, enrolled at a server under test, with a watched folder."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

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


class Dock:
    """An enrolled gateway with a watched folder; its agent is a process of its own."""

    def __init__(self, served: Served, folder: Path) -> None:
        self.served, self.data_dir, self.source = served, folder / "edge", folder / "recordings"
        self.source.mkdir()
        self.data_dir.mkdir()
        self.gateway_id = self.enrol()
        (self.data_dir / "edge.toml").write_text(
            f'resend_interval_s = 1\nstatus_interval_s = 1\n[[sources]]\nname = "folder"\nfolder = "{self.source}"\n'
            "rest_s = 0.3\nscan_interval_s = 0.2\n"
        )
        self.log = (folder / "agent.log").open("ab")
        self.process: subprocess.Popen[bytes] | None = None

    def enrol(self) -> str:
        """Its gateway id, the same at every further code."""
        context = self.served.context
        invitation = invite_gateway(
            context.db, "dock", unit_number=None, tls_fingerprint=context.tls_fingerprint, by="t", now_us=CLOCK.now_us()
        )

        def ask(_url: str, request: EnrolmentRequest, *, tls_fingerprint: bytes) -> EnrolmentAnswer:
            assert tls_fingerprint == context.tls_fingerprint
            return enrol_gateway(context, request, now_us=CLOCK.now_us())

        identity = enrol(self.data_dir, "http://127.0.0.1:1", str(invitation.code), now_us=CLOCK.now_us(), ask=ask)
        self.served.broker.gateways_changed()
        return identity.gateway_id

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

    def close(self) -> None:
        self.kill()
        self.log.close()

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

    def put(self, *contents: bytes, first: int = 0) -> None:
        for number, content in enumerate(contents, first):
            (self.source / f"BC01_2026112108{number:02d}00_{number:04d}.mp4").write_bytes(content)


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
