"""A campaign of kills: keep clips on their way, wait for the moment, kill, start again, and at the end look at what was
promised.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from demo_stage.folders import Folders, Memory
from demo_stage.mosquitto import MOSQUITTO, Mosquitto
from demo_stage.programs import StageError, port_is_free
from demo_stage.stage import EDGE, SERVER, Stage

from edge.contract.identifiers import clip_id_of
from edge.platform.clock import SystemClock
from fault_stage.chunk_counter import ChunkCounter
from fault_stage.controls import Control, Fault, break_the_product
from fault_stage.moments import MOMENTS, Moment, Observer, OnTheWay, Victim
from fault_stage.promises import digest
from fault_stage.quick_programs import QuickPrograms
from fault_stage.sent_again import SentAgain
from fault_stage.verdict import broken_promises

WINDOW_BYTES = 1024 * 1024
PORTS = 4
"""How many a campaign takes, from its first one on: HTTP, metrics, broker, chunk counter."""
_SLOW = {  # small chunks and a window of one batch, so that a clip is long between grant and receipt
    "TALLYLIGHT_INGEST__CHUNK_BYTES": "65536",
    "TALLYLIGHT_INGEST__WINDOW_BYTES": str(WINDOW_BYTES),
    "TALLYLIGHT_INGEST__BUSY_RETRY_S": "0.5",
}
_EDGE = {
    "TALLYLIGHT_EDGE_UPLOADS_IN_FLIGHT": "1",  # so that what is sent again belongs to one interruption
    "TALLYLIGHT_EDGE_LANDING_KEEP_DAYS": "0",  # so that something is released
    "TALLYLIGHT_EDGE_INSPECTION_WORKERS": "1",  # each agent starts its own anew
}
_COPIED = frozenset({Moment.COPYING, Moment.RE_READING})
_FILE_BYTES, _LARGER_BYTES = 4_000_000, 1_000
"""Each file is a little larger than the one before: small goes before large, so the clip on its way goes on first."""
_WAITING_FILES = 2
_MOMENT_S = 120.0
_AHEAD_S = 3.0
_END_S, _CONTROL_END_S = 180.0, 20.0
_PAUSES_S = (0.0, 0.0, 0.01, 0.05, 0.2)


class Broker(StrEnum):
    """Which one stands in the middle."""

    EMBEDDED = "embedded"
    MOSQUITTO = "mosquitto"


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
    """One stage below one folder, which may be that of an earlier campaign: it goes on.

    `control`: a fault of the server that must be caught. `port`: the first of `PORTS`. This program must have one
    thread, since it forks the others.
    """

    def __init__(
        self,
        folder: Path,
        *,
        seed: int,
        port: int,
        broker: Broker = Broker.EMBEDDED,
        control: Control | None = None,
    ) -> None:
        """Raises StageError where Mosquitto is wanted and not installed."""
        self._dice, self._is_control = random.Random(seed), control is not None
        self._folders = Folders(folder)
        self._source = folder / "footage"
        self._source.mkdir(parents=True, exist_ok=True)
        self._programs = QuickPrograms(self._folders.logs, spoil=lambda: self._spoil(control))
        memory = Memory(seed, None, port + 2, "kill-campaign-only")
        counter_url = f"mqtt://127.0.0.1:{port + 3}"
        self._counter = ChunkCounter(port + 3, memory.broker_port)
        self._mosquitto = None
        broker_env = {"TALLYLIGHT_BROKER__GATEWAY_URL": counter_url}
        if broker is Broker.MOSQUITTO:
            self._mosquitto = Mosquitto(folder / "broker", self._programs, port=memory.broker_port)
            broker_env |= self._mosquitto.server_env
        self._stage = Stage(
            self._folders,
            memory,
            self._programs,
            port=port,
            server_env=_SLOW | broker_env,
            edge_env=_EDGE,
        )
        self._observer = Observer(self._folders.gateway, self._folders.server)
        earlier = sorted(self._source.iterdir())
        self._written = {path.name: digest(path.read_bytes()) for path in earlier}
        self._sizes = {_clip_id(path, self._written[path.name]): path.stat().st_size for path in earlier}
        self._round_us = 0
        self.sent_again = SentAgain(self._folders.logs / f"{EDGE}.log", self._counter.sent_bytes, self._sizes)
        self.kills: list[Kill] = []

    def run(self, victims: Sequence[Victim], tell: Callable[[Kill], None] = lambda _kill: None) -> list[str]:
        """Kill each victim in turn, then wait until all is quiet. What does not hold, in words."""
        with self._programs:
            try:
                self._begin()
                for number, (victim, moment) in enumerate(self._plan(victims), 1):
                    kill = self._kill(number, victim, moment)
                    self.kills.append(kill)
                    tell(kill)
                quiet = self._wait_for_receipts()
                self.sent_again.read_log()
            finally:
                self._counter.stop()
                self._observer.close()
        promises = broken_promises(self._source, self._folders.gateway, self._folders.server, written=self._written)
        return promises if quiet or promises else ["not every receipt came in time"]

    @property
    def files(self) -> int:
        """How many files were fed."""
        return len(self._written)

    @property
    def kills_by_moment(self) -> Counter[str]:
        """How often who was killed where."""
        return Counter(f"{kill.victim} at {kill.moment}" for kill in self.kills)

    def _plan(self, victims: Sequence[Victim]) -> list[tuple[Victim, Moment]]:
        """Where each of them is killed. A control's fault shows when a receipt comes, and once is enough."""
        if self._is_control:
            return [(Victim.SERVER, Moment.RECEIPT_COMES)]
        return [(victim, self._dice.choice(MOMENTS[victim])) for victim in victims]

    def _spoil(self, control: Control | None) -> None:
        if control is not None:
            break_the_product(control, Fault(self._folders.gateway / "landing", ahead_s=_AHEAD_S))

    def _begin(self) -> None:
        self._stage.make_server()
        if self._mosquitto is not None:
            self._mosquitto.start()
        self._counter.start()
        self._stage.start_server()
        self._stage.enrol_gateway(self._source, rest_s=0.3)
        self._stage.start_gateway()

    # ------------------------------------------------------------------ one kill
    def _kill(self, number: int, victim: Victim, moment: Moment) -> Kill:
        self._round_us = SystemClock().now_us()
        before = self._look()
        if len(self._written) - before.receipted < _WAITING_FILES or moment in _COPIED:
            self._feed()
        state = self._wait_for(moment, before)
        time.sleep(self._dice.choice(_PAUSES_S))
        match victim:
            case Victim.AGENT:
                self._programs.kill(EDGE)
                self._stage.start_gateway()
            case Victim.SERVER:
                self._programs.kill(SERVER)
                if self._mosquitto is None:
                    self._wait_until_broker_is_gone()
                self._stage.launch_server()
            case Victim.BROKER:
                self._kill_broker()
        return Kill(number, victim, moment, state)

    def _look(self) -> OnTheWay:
        return self._observer.look(since_us=self._round_us, sizes=self._sizes.values())

    def _feed(self) -> None:
        """A file of random bytes, which no compression or duplicate can make easy."""
        data = self._dice.randbytes(_FILE_BYTES + _LARGER_BYTES * len(self._written))
        name = f"K-01_20261101T{len(self._written):06d}_{len(self._written):04d}.mp4"
        self._written[name] = sha256 = digest(data)
        self._sizes[clip_id_of(len(data), sha256)] = len(data)
        (self._source / name).write_bytes(data)

    def _wait_for(self, moment: Moment, before: OnTheWay) -> OnTheWay:
        until = time.monotonic() + _MOMENT_S
        while not (state := self._look()).is_at(moment, since=before):
            if time.monotonic() > until:
                raise StageError(f"the moment {moment} did not come within {_MOMENT_S:.0f} s: {state}")
            all_through = state.receipted == len(self._written)
            if all_through or (moment in _COPIED and state.sealed > before.sealed):
                before = state  # the moment was missed, it lay between two looks
                self._feed()
            self._stage.check()
            time.sleep(0.003)
        return state

    def _wait_for_receipts(self) -> bool:
        """Whether every content has its receipt, waiting as long as that takes, within reason."""
        until = time.monotonic() + (_CONTROL_END_S if self._is_control else _END_S)
        while self._look().receipted < len(self._written):
            if time.monotonic() > until:
                return False
            self._stage.check()
            time.sleep(0.3)
        return True

    # ------------------------------------------------------------------ the broker
    def _kill_broker(self) -> None:
        if self._mosquitto is not None:
            self._programs.kill(MOSQUITTO)
            self._mosquitto.start()
            return
        os.kill(self._embedded_broker_pid(), signal.SIGKILL)  # a child of the server, which starts another

    def _embedded_broker_pid(self) -> int:
        until = time.monotonic() + _MOMENT_S
        while time.monotonic() < until:
            found = [pid for pid in _children(self._programs.pid(SERVER)) if "broker_child" in _command_line(pid)]
            if found:
                return found[0]
            time.sleep(0.05)
        raise StageError("the server runs no embedded broker")

    def _wait_until_broker_is_gone(self) -> None:
        """The kernel ends the child with its parent; until then its port is taken."""
        self._stage.wait_for(
            lambda: port_is_free(self._stage.broker_port), "the broker outlived the server", limit_s=20, every_s=0.02
        )


def _clip_id(path: Path, sha256: str) -> str:
    return clip_id_of(path.stat().st_size, sha256)


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except FileNotFoundError:
        return ""
