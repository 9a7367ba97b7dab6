"""A campaign of kills: feed files, wait for the moment, kill, start again, and at the end look at what was promised."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo_stage.folders import Folders, Memory
from demo_stage.programs import Programs, StageError
from demo_stage.stage import EDGE, SERVER, Stage

from edge.platform.clock import SystemClock
from fault_stage.moments import MOMENTS, Moment, OnTheWay, Victim, look
from fault_stage.verdict import broken_promises

_SLOW = {  # small chunks and a small window, so that a clip is long between grant and receipt
    "TALLYLIGHT_INGEST__CHUNK_BYTES": "65536",
    "TALLYLIGHT_INGEST__WINDOW_BYTES": "262144",
    "TALLYLIGHT_INGEST__BUSY_RETRY_S": "0.5",
}
_FILE_BYTES = {Moment.LANDING: 24_000_000, Moment.GRANTED: 6_000_000, Moment.RECEIPT_COMES: 2_000_000}
_MOMENT_S = 240.0


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill, as it is told."""

    number: int
    victim: Victim
    moment: Moment
    state: OnTheWay

    def __str__(self) -> str:
        return f"kill {self.number}: {self.victim} at {self.moment} ({self.state})"


class Campaign:
    """One stage below one folder. `server_command`: another program in place of the server, for the control."""

    def __init__(
        self, folder: Path, *, seed: int, port: int, server_command: Sequence[str] = (), end_wait_s: float = 180.0
    ) -> None:
        self._dice, self._end_wait_s = random.Random(seed), end_wait_s
        self._folders = Folders(folder)
        self._source = folder / "footage"
        self._source.mkdir(parents=True, exist_ok=True)
        self._programs = Programs(self._folders.logs)
        memory = Memory(seed, None, port + 2, "kill-campaign-only")
        self._stage = Stage(
            self._folders, memory, self._programs, port=port, server_env=_SLOW, server_command=server_command
        )
        self._written: dict[str, str] = {}
        self._round_us = 0
        self.kills: list[Kill] = []

    def run(self, victims: Sequence[Victim], tell: Callable[[str], None]) -> list[str]:
        """Kill each victim in turn, then wait until all is quiet. What does not hold, in words."""
        with self._programs:
            self._stage.make_server()
            self._stage.start_server()
            self._stage.enrol_gateway(self._source, rest_s=0.3)
            self._stage.start_gateway()
            for number, victim in enumerate(victims, 1):
                moment = self._dice.choice(MOMENTS[victim])
                tell(str(self._kill(number, victim, moment)))
            quiet = self._wait_for_receipts()
        promises = broken_promises(self._source, self._folders.gateway, self._folders.server, written=self._written)
        return promises if quiet or promises else ["not every receipt came in time"]

    @property
    def files(self) -> int:
        """How many files were fed."""
        return len(self._written)

    # ------------------------------------------------------------------ one kill
    def _kill(self, number: int, victim: Victim, moment: Moment) -> Kill:
        self._round_us = SystemClock().now_us()
        before = self._look()
        self._feed(moment)
        state = self._wait_for(moment, before)
        time.sleep(self._dice.choice((0, 0, 0.02, 0.1, 0.3)))
        match victim:
            case Victim.AGENT:
                self._programs.kill(EDGE)
                self._stage.start_gateway()
            case Victim.SERVER:
                self._programs.kill(SERVER)
                self._wait_until_broker_is_gone()
                self._stage.start_server()
            case Victim.BROKER:
                os.kill(self._broker_pid(), signal.SIGKILL)
        kill = Kill(number, victim, moment, state)
        self.kills.append(kill)
        return kill

    def _look(self) -> OnTheWay:
        return look(self._folders.gateway, self._folders.server, since_us=self._round_us)

    def _feed(self, moment: Moment) -> None:
        """Two or three files of random bytes, which no compression or duplicate can make easy."""
        for _ in range(self._dice.randint(2, 3)):
            data = self._dice.randbytes(self._dice.randint(_FILE_BYTES[moment] // 2, _FILE_BYTES[moment]))
            name = f"K-01_20261101T{len(self._written):06d}_{len(self._written):04d}.mp4"
            (self._source / name).write_bytes(data)
            self._written[name] = hashlib.sha256(data).hexdigest()

    def _wait_for(self, moment: Moment, before: OnTheWay) -> OnTheWay:
        until = time.monotonic() + _MOMENT_S
        while not (state := self._look()).is_at(moment, since=before):
            if time.monotonic() > until:
                raise StageError(f"the moment {moment} did not come within {_MOMENT_S:.0f} s: {state}")
            if state.receipted == len(self._written):  # all went through between two looks: the moment was missed
                before = state
                self._feed(moment)
            time.sleep(0.005)
        return state

    def _wait_for_receipts(self) -> bool:
        """Whether every content has its receipt, waiting as long as that takes, within reason."""
        until = time.monotonic() + self._end_wait_s
        while self._look().receipted < len(self._written):
            if time.monotonic() > until:
                return False
            self._stage.check()
            time.sleep(0.3)
        return True

    # ------------------------------------------------------------------ the broker, a child of the server
    def _broker_pid(self) -> int:
        until = time.monotonic() + _MOMENT_S
        while time.monotonic() < until:
            found = [pid for pid in _children(self._programs.pid(SERVER)) if "broker_child" in _command_line(pid)]
            if found:
                return found[0]
            time.sleep(0.05)
        raise StageError("the server runs no embedded broker")

    def _wait_until_broker_is_gone(self) -> None:
        """The kernel ends the child with its parent; until then its port is taken."""
        from demo_stage.programs import port_is_free

        self._stage.wait_for(
            lambda: port_is_free(self._stage.broker_port), "the broker outlived the server", limit_s=20
        )


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return ""
