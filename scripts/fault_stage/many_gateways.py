"""Many gateways at once, each with its clips, while the server is killed again and again."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from demo_stage.folders import Folders, Memory
from demo_stage.mosquitto import Mosquitto
from demo_stage.programs import StageError
from demo_stage.stage import SERVER, Stage

from fault_stage.promises import digest
from fault_stage.quick_programs import QuickPrograms
from fault_stage.verdict import broken_promises, clip_ids

PORTS = 3
"""How many it takes, from its first one on: HTTP, metrics, broker."""
_CLIP_BYTES = (20_000, 1_500_000)
_LOOK_S, _LONGEST_S = 0.5, 1_800.0
_EDGE = {"TALLYLIGHT_EDGE_INSPECTION_WORKERS": "1"}


@dataclass(frozen=True, slots=True)
class _Docked(Folders):
    """A gateway's own folders, beside a server that all share."""

    shared: Path

    @property
    def server(self) -> Path:
        return self.shared


@dataclass(slots=True)
class Dock:
    """One gateway, what it was fed, and its programs."""

    folders: Folders
    programs: QuickPrograms
    stage: Stage
    written: dict[str, str] = field(default_factory=dict)

    def receipted(self) -> int:
        """How many receipts it holds."""
        journal = self.folders.gateway / "journal.sqlite3"
        if not journal.exists():
            return 0
        with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=30)) as rows:
            try:
                found: int = rows.execute("SELECT count(*) FROM content WHERE state = 'receipted'").fetchone()[0]
            except sqlite3.OperationalError:  # it is being made
                return 0
            return found


class ManyGateways:
    """Below one folder. This program must have one thread, since it forks the others."""

    def __init__(self, folder: Path, *, gateways: int, clips: int, seed: int, port: int) -> None:
        """Raises StageError where Mosquitto is not installed."""
        self._folder, self._clips, self._dice, self._port = folder, clips, random.Random(seed), port
        self._programs = QuickPrograms(folder / "logs")
        self._broker = Mosquitto(folder / "broker", self._programs, port=port + 2)
        self._server = Folders(folder)
        self._stage = self._stage_over(self._server, self._programs)
        self.docks = [self._dock(number) for number in range(gateways)]
        self.kills = 0

    def run(self, *, kill_every_s: float, tell: Callable[[str], None]) -> list[str]:
        """Feed all, and kill the server each time it has been ready for so long, until every receipt is there.

        What does not hold, in words.
        """
        with ExitStack() as ended:
            ended.enter_context(self._programs)
            self._stage.make_server()
            self._broker.start()
            self._stage.start_server()
            for dock in self.docks:
                ended.enter_context(dock.programs)
                dock.stage.enrol_gateway(dock.folders.footage, rest_s=0.3)
            for dock in self.docks:
                self._feed(dock)
                dock.stage.start_gateway()
            came = self._until_all_came(kill_every_s, tell)
        return self._broken() if came else ["not every receipt came in time", *self._broken()]

    @property
    def files(self) -> int:
        """How many clips were fed."""
        return sum(len(dock.written) for dock in self.docks)

    def _until_all_came(self, kill_every_s: float, tell: Callable[[str], None]) -> bool:
        began_s = ready_s = time.monotonic()
        while (now_s := time.monotonic()) - began_s < _LONGEST_S:
            receipts = sum(dock.receipted() for dock in self.docks)
            if receipts == self.files:
                return True
            if now_s - ready_s >= kill_every_s:
                self._programs.kill(SERVER)
                self.kills += 1
                self._stage.start_server()
                ready_s = time.monotonic()  # a machine that is slow to start it must not be kept from all work
                tell(f"{now_s - began_s:.0f} s: {receipts} of {self.files} receipts, {self.kills} kills")
            for programs in (self._programs, *(dock.programs for dock in self.docks)):
                programs.check()
            time.sleep(_LOOK_S)
        return False

    def _broken(self) -> list[str]:
        ids = [clip_ids(dock.folders.footage, dock.written) for dock in self.docks]
        everyone = {clip_id for of_one in ids for clip_id in of_one}
        return [
            f"{dock.folders.data.name}: {why}"
            for dock in self.docks
            for why in broken_promises(
                dock.folders.footage,
                dock.folders.gateway,
                self._server.server,
                written=dock.written,
                of_others=everyone,
            )
        ]

    def _dock(self, number: int) -> Dock:
        folders = _Docked(self._folder / f"dock-{number:02d}", shared=self._server.server)
        folders.footage.mkdir(parents=True)
        programs = QuickPrograms(folders.logs)
        return Dock(folders, programs, self._stage_over(folders, programs))

    def _stage_over(self, folders: Folders, programs: QuickPrograms) -> Stage:
        memory = Memory(seed=None, footage=None, broker_port=self._port + 2, password="")
        return Stage(folders, memory, programs, port=self._port, server_env=self._broker.server_env, edge_env=_EDGE)

    def _feed(self, dock: Dock) -> None:
        for number in range(self._clips):
            data = self._dice.randbytes(self._dice.randint(*_CLIP_BYTES))
            name = f"M-{dock.folders.data.name[-2:]}_20261101T{number:06d}_{number:04d}.mp4"
            dock.written[name] = digest(data)
            (dock.folders.footage / name).write_bytes(data)


def require_room(folder: Path) -> None:
    """Raises StageError where something lies in the folder already."""
    if folder.exists() and any(folder.iterdir()):
        raise StageError(f"{folder} is not empty: give an empty folder with --data")
