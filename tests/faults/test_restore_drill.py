"""The server is lost and put back from a backup made while clips came in: real programs, real files, one decision."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from demo_stage.folders import Folders, Memory
from demo_stage.programs import Programs, command, run_to_end
from demo_stage.stage import EDGE, SERVER, Stage
from fault_stage.verdict import broken_promises
from running_broker import free_port

from edge.contract.identifiers import clip_id_of

pytestmark = [pytest.mark.kill, pytest.mark.broker, pytest.mark.timeout(420)]
CLIP_BYTES = 800_000


class Drill:
    """One server, one gateway, and a folder of recordings."""

    def __init__(self, folder: Path, programs: Programs, port: int) -> None:
        self.folders, self.programs, self.port = Folders(folder), programs, port
        self.backup, self.source = folder / "backup", folder / "footage"
        self.source.mkdir()
        self.env = {
            "TALLYLIGHT_HTTP__PORT": str(port),
            "TALLYLIGHT_METRICS__PORT": str(port + 1),
            "TALLYLIGHT_BROKER__EMBEDDED_PORT": str(port + 2),
            "TALLYLIGHT_STORE__RESERVE_BYTES": str(200 * 1024 * 1024),
            "TALLYLIGHT_INGEST__FULL_RETRY_S": "1",
            "TALLYLIGHT_INGEST__CHUNK_BYTES": "65536",  # small, so that clips are on their way while the backup is made
            "TALLYLIGHT_INGEST__WINDOW_BYTES": "131072",
        }
        memory = Memory(1, None, port + 2, "restore-drill-only")
        self.stage = Stage(self.folders, memory, programs, port=port, server_env=self.env)
        self.written: dict[str, str] = {}
        self._dice = random.Random(17)

    def feed(self, count: int) -> list[str]:
        """New recordings; their clip ids."""
        clips = []
        for _ in range(count):
            content, name = self._dice.randbytes(CLIP_BYTES), f"D-01_20261101T{len(self.written):06d}.mp4"
            (self.source / name).write_bytes(content)
            self.written[name] = hashlib.sha256(content).hexdigest()
            clips.append(clip_id_of(CLIP_BYTES, self.written[name]))
        return clips

    def server(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command of the server, beside it where it runs; whatever it ends with."""
        return subprocess.run(
            [command(SERVER), *words, "--data", str(self.folders.server)],
            capture_output=True,
            text=True,
            check=False,
        )

    def start_server_that_is_not_ready(self) -> None:
        """It answers, and says that it does not do all its work."""
        self.programs.start(SERVER, [command(SERVER), "run", "--data", str(self.folders.server)], self.env)
        until(lambda: self.answer("/readyz") == httpx.codes.SERVICE_UNAVAILABLE)

    def answer(self, path: str) -> int | None:
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}{path}", trust_env=False).status_code
        except httpx.TransportError:
            return None

    def of_gateway(self, query: str) -> list[Any]:
        return rows(self.folders.gateway / "journal.sqlite3", query)

    def of_server(self, query: str) -> list[Any]:
        return rows(self.folders.server / "tallylight.sqlite3", query)

    def receipted(self) -> set[str]:
        return {clip for (clip,) in self.of_gateway("SELECT clip_id FROM content WHERE state = 'receipted'")}

    def sealed(self) -> list[str]:
        return sorted(clip for (clip,) in self.of_server("SELECT subject_id FROM act WHERE verb = 'seal'"))

    def reconcile(self) -> dict[str, Any]:
        done = subprocess.run(
            [command(EDGE), "reconcile", "--json", "--data", str(self.folders.gateway)],
            capture_output=True,
            text=True,
            check=False,
        )
        found: dict[str, Any] = json.loads(done.stdout)
        assert (done.returncode == 0) is found["ok"]
        return found


def rows(database: Path, query: str) -> list[Any]:
    if not database.exists():
        return []
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError:  # it is being made
            return []


def until(true: Callable[[], bool], seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.1)


@pytest.fixture
def drill(tmp_path: Path) -> Iterator[Drill]:
    with Programs(tmp_path / "logs") as programs:
        yield Drill(tmp_path, programs, free_port(3))


def test_a_lost_server_comes_back_and_every_receipted_clip_is_there_or_named(drill: Drill) -> None:
    drill.stage.make_server()
    drill.stage.start_server()
    drill.stage.enrol_gateway(drill.source, rest_s=0.3)
    drill.stage.start_gateway()

    # a backup while clips are on their way
    before = drill.feed(2)
    until(lambda: drill.receipted() == set(before))
    before += drill.feed(4)
    until(lambda: bool(drill.of_gateway("SELECT 1 FROM content WHERE state = 'sending'")))
    run_to_end(SERVER, "backup", str(drill.backup), "--data", str(drill.folders.server))
    in_backup = {path.name for path in (drill.backup / "clips").glob("*/*")}
    assert set(before[:2]) <= in_backup <= set(before)

    # more uploads; of two of them the gateway has no copy any more, of one not even its source
    after = drill.feed(4)
    until(lambda: len(drill.receipted()) == 10)
    drill.programs.end(EDGE)
    fetched, gone = after[0], after[1]
    with closing(sqlite3.connect(drill.folders.gateway / "journal.sqlite3")) as journal:
        for clip in (fetched, gone):
            (drill.folders.gateway / "landing" / clip).unlink()
            journal.execute("UPDATE content SET landing_name = NULL WHERE clip_id = ?", (clip,))
        journal.commit()
    lost_name = next(name for name, sha256 in drill.written.items() if clip_id_of(CLIP_BYTES, sha256) == gone)
    (drill.source / lost_name).unlink()
    del drill.written[lost_name]

    # the server is lost, and put back while the gateway is silent
    drill.programs.kill(SERVER)
    shutil.rmtree(drill.folders.server)
    restored = drill.server("restore", str(drill.backup), "--json")
    assert restored.returncode == 0, restored.stderr
    sealed_then = drill.sealed()
    assert set(sealed_then) == in_backup
    drill.start_server_that_is_not_ready()
    assert "restored" in drill.server("doctor", "--json").stdout

    # the gateway finds out what is missing; nothing is signed
    drill.stage.start_gateway()
    lost = set(before + after) - in_backup
    until(lambda: {clip for (clip,) in drill.of_gateway("SELECT clip_id FROM former_receipt")} == lost)
    told = "SELECT detail_json FROM gateway_event WHERE code = 'receipted_clip_missing'"
    until(lambda: {json.loads(detail)["clip_id"] for (detail,) in drill.of_server(told)} == lost)
    found = drill.reconcile()
    assert {one["clip_id"] for one in found["not_sealed_again"]} == lost
    assert found["receipts_disowned"] == len(lost)
    time.sleep(2)
    assert drill.sealed() == sealed_then
    assert drill.receipted() == in_backup

    # a person decides
    decided = drill.server("resume-signing", "--reason", "the gateway was heard, the backup is the newest there is")
    assert decided.returncode == 0, decided.stderr
    until(lambda: drill.receipted() == set(before + after) - {gone})
    assert drill.sealed() == sorted(drill.receipted())
    until(lambda: drill.answer("/readyz") == httpx.codes.OK)
    found = drill.reconcile()
    assert [(one["clip_id"], one["copy"]) for one in found["not_sealed_again"]] == [(gone, "gone")]
    told = {gone}  # of a clip that is no more the server was told again: where it is missing stands on record
    where = (drill.source, drill.folders.gateway, drill.folders.server)
    assert broken_promises(*where, written=drill.written, of_others=told) == []
    verified = drill.server("verify", "--json")
    assert verified.returncode == 0, verified.stdout
    assert json.loads(verified.stdout)["clips"] == 9
