"""The power fails while clips land, are received and are sealed; afterwards everything that was promised must be there.

The writer is stopped first (SIGSTOP), so that no promise given during the cut is counted; then its disks are shut down,
it is ended, the disks are mounted again and both halves start on what is left. Most cuts are aimed: they come right
behind a promise.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count, islice
from pathlib import Path

from demo_stage.programs import StageError

from fault_stage.controls import CAUGHT_BY_POWER_CUTS, Control, Fault, break_the_product
from fault_stage.places import CHUNK_BYTES, Places, feed, make_places
from fault_stage.promises import Kind, act_under_way, read_promises
from fault_stage.recovery import load_everything, recovered
from fault_stage.volumes import Volume
from fault_stage.way import Way

_VOLUME_BYTES = 256 << 20
_CUTS_OF_A_SET = 25
"""Then the disks are made anew, so that what is looked through each time stays small."""
_SHORTEST_S, _LONGEST_S = 0.05, 1.2
_STOPPED_S = 30.0


class Side(StrEnum):
    """Whose disks lose power."""

    GATEWAY = "gateway"
    SERVER = "server"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Cut:
    """One cut, and what it broke, in words."""

    number: int
    side: Side
    act: str
    disks: int
    promises: int
    broken: tuple[str, ...]


@dataclass(slots=True)
class CutTally:
    """What the cuts came to. `promises`: how many stood in the books when the power failed, each set of disks apart."""

    cuts: int = 0
    promises: int = 0
    by_side: Counter[str] = field(default_factory=Counter)
    by_act: Counter[str] = field(default_factory=Counter)
    violations: list[Cut] = field(default_factory=list)

    def count(self, cut: Cut) -> None:
        """One more."""
        self.cuts += 1
        self.promises += cut.promises
        self.by_side[cut.side] += 1
        self.by_act[cut.act] += 1
        if cut.broken:
            self.violations.append(cut)


class PowerCuts:
    """Cuts one after the other below one folder. With `control` the product has a fault."""

    def __init__(self, folder: Path, *, seed: int, control: Control | None = None) -> None:
        self._folder, self._control, self._dice = folder, control, random.Random(seed)
        loaded = Places.below(folder / "loaded")
        make_places(loaded)
        feed(loaded, "loaded.mp4", self._dice.randbytes(CHUNK_BYTES))
        load_everything(loaded)

    def run(self, cuts: int) -> Iterator[Cut]:
        """One after the other; whoever has seen enough goes away. Raises StageError where a disk does not obey."""
        for first in range(0, cuts, _CUTS_OF_A_SET):
            apart = first // _CUTS_OF_A_SET % 2 == 0
            with _Disks(self._folder / f"set-{first}", apart=apart) as disks:
                for number in range(first, min(cuts, first + _CUTS_OF_A_SET)):
                    yield self._cut(number, disks)

    def _cut(self, number: int, disks: _Disks) -> Cut:
        side, aim = self._dice.choice(list(Side)), self._dice.choice([None, *Kind])
        if self._control is not None:
            side, aim = Side.BOTH, CAUGHT_BY_POWER_CUTS[self._control]
        delay_s = self._dice.uniform(_SHORTEST_S, _LONGEST_S)
        said_before = sum(1 for _ in read_promises(disks.places.book))
        writer = self._writer(disks, seed=self._dice.randrange(1 << 30))
        time.sleep(delay_s)
        if aim is not None:
            _wait_for_promise(disks.places.book, aim)
        _stop(writer)
        said = sum(1 for _ in read_promises(disks.places.book)) - said_before
        act = act_under_way(disks.places.book)
        disks.cut(side, writer)
        disks.starts += 1
        broken = recovered(disks.places, start=disks.starts)
        return Cut(number, side, act, len(disks.volumes), said, tuple(broken))

    def _writer(self, disks: _Disks, *, seed: int) -> int:
        """A child that starts both halves and feeds them until it is ended; its process id once they have started."""
        disks.starts += 1
        ready_read, ready_write = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                if self._control is not None:
                    break_the_product(self._control, Fault(disks.places.landing))
                way = Way(disks.places, start=disks.starts)
                os.write(ready_write, b"r")
                _feed_for_ever(disks, way, random.Random(seed))
            finally:
                os._exit(1)
        os.close(ready_write)
        started = os.read(ready_read, 1)
        os.close(ready_read)
        if not started:
            os.waitpid(child, 0)
            raise StageError("the writer does not start on what the last cut left")
        return child


class _Disks:
    """The disks of both sides: one each, or one for each folder that a side may put elsewhere."""

    def __init__(self, folder: Path, *, apart: bool) -> None:
        self._folder, self.starts = folder, 0
        folder.mkdir(parents=True)
        self.volumes: dict[Side, list[Volume]] = {Side.GATEWAY: [], Side.SERVER: []}
        names = {Side.GATEWAY: ("gateway", "landing"), Side.SERVER: ("server", "clips")}
        for side, (data, files) in names.items():
            for name in (data, files) if apart else (data,):
                self.volumes[side].append(
                    Volume(folder / f"{name}.img", folder / f"disk-{name}", size_bytes=_VOLUME_BYTES)
                )
        self.places = Places(
            gateway=folder / "disk-gateway" / "data",
            landing=folder / ("disk-landing" if apart else "disk-gateway") / "landing",
            server=folder / "disk-server" / "data",
            clips=folder / ("disk-clips" if apart else "disk-server") / "clips",
            footage=folder / "footage",
            book=folder / "promises",
        )

    def __enter__(self) -> _Disks:
        make_places(self.places)
        os.sync()  # the stage itself is set; only what happens on it is cut
        return self

    def __exit__(self, *_: object) -> None:
        for volume in self._all():
            volume.unmount()
        shutil.rmtree(self._folder)

    def cut(self, side: Side, writer: int) -> None:
        """The power of one side or both fails under the writer that stands still; then it is ended."""
        cut = self._all() if side is Side.BOTH else self.volumes[side]
        for volume in cut:
            volume.cut()
        os.kill(writer, signal.SIGKILL)
        os.waitpid(writer, 0)
        for volume in cut:
            volume.unmount()
        for volume in cut:
            volume.mount()

    def _all(self) -> list[Volume]:
        return [volume for volumes in self.volumes.values() for volume in volumes]


def _feed_for_ever(disks: _Disks, way: Way, dice: random.Random) -> None:
    """New recordings whenever the last ones are through."""
    for round_number in count():
        for _ in range(dice.randint(1, 3)):
            size_bytes = dice.choice((dice.randint(1, CHUNK_BYTES), dice.randint(CHUNK_BYTES, 6 * CHUNK_BYTES)))
            name = f"K-01_20261101T{disks.starts:06d}_{round_number:04d}{dice.randrange(1 << 20):x}.mp4"
            feed(disks.places, name, dice.randbytes(size_bytes))
        way.run()


def _wait_for_promise(book: Path, kind: Kind) -> None:
    """The next one of this kind: one that was given too early is not kept just then."""
    said, until = sum(1 for _ in read_promises(book)), time.monotonic() + _LONGEST_S
    while time.monotonic() < until:
        if any(promise.kind is kind for promise in islice(read_promises(book), said, None)):
            return
        time.sleep(0.001)


def _stop(writer: int) -> None:
    """SIGSTOP, and wait until no thread runs any more: one inside an fsync comes back first."""
    os.kill(writer, signal.SIGSTOP)
    until = time.monotonic() + _STOPPED_S
    while any(_state(task) not in "TtZ" for task in Path(f"/proc/{writer}/task").iterdir()):
        if time.monotonic() > until:
            raise StageError("the writer does not stand still")
        time.sleep(0.002)
    if os.waitpid(writer, os.WNOHANG | os.WUNTRACED)[0] and not Path(f"/proc/{writer}").exists():
        raise StageError("the writer ended by itself")


def _state(task: Path) -> str:
    try:
        return task.joinpath("stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:  # the thread ended meanwhile
        return "Z"
