"""Ended at every system call: one run for each (call, n), by `strace -e inject=CALL:signal=KILL:when=n`.

The n of strace counts each call by itself, and each thread by itself: a set of several calls in one run would end the
program at the most frequent one alone. What the way does runs in one thread.
"""

from __future__ import annotations

import random
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from demo_stage.programs import StageError

from fault_stage.call_points import Point, beyond, points_of, right_after
from fault_stage.controls import Control, Fault, break_the_product
from fault_stage.forks import Ended, run_forked
from fault_stage.places import CHUNK_BYTES, Places, feed, make_places
from fault_stage.promises import act_under_way
from fault_stage.recovery import load_everything, recovered
from fault_stage.way import Way

_CLIP_BYTES = 2 * CHUNK_BYTES + 20_000
_TRACE = ("strace", "-f", "-e", "signal=none")


class Scene(StrEnum):
    """What is ended everywhere."""

    WAY = "way"
    """A clip of three chunks, from the watched folder to the release of its copy."""
    RESTART_AFTER_LANDING = "restart_after_landing"
    """The start after an end between a copy's rename and its row, and the whole way from there."""
    RESTART_AFTER_SEALING = "restart_after_sealing"
    """The start after an end between the rename of the stored clip and its seal, and what follows."""


_ENDED_BEHIND = {Scene.RESTART_AFTER_LANDING: ("rename", 1), Scene.RESTART_AFTER_SEALING: ("rename", 2)}


@dataclass(frozen=True, slots=True)
class Found:
    """What a program that was ended there left behind: `broken` in words, empty when every promise is kept."""

    point: Point
    act: str
    broken: tuple[str, ...]


@dataclass(slots=True)
class Tally:
    """What an enumeration came to. `lived`: runs that ended before they reached their point."""

    points: int = 0
    lived: int = 0
    by_call: Counter[str] = field(default_factory=Counter)
    by_act: Counter[str] = field(default_factory=Counter)
    violations: list[Found] = field(default_factory=list)

    def count(self, found: Found | None) -> None:
        """One more run."""
        if found is None:
            self.lived += 1
            return
        self.points += 1
        self.by_call[found.point.call] += 1
        self.by_act[found.act] += 1
        if found.broken:
            self.violations.append(found)


class Enumeration:
    """One stage below one folder, best in memory: nothing here depends on a disk. With `control` the product has a
    fault.
    """

    def __init__(self, folder: Path, *, scene: Scene = Scene.WAY, control: Control | None = None) -> None:
        """Raises StageError where strace is not there, or where a run that nothing ends does not come to its end."""
        self._folder, self._control, self._start = folder, control, 1
        first = Places.below(folder / "first")
        make_places(first)
        feed(first, "K-01_20261101T000000_0001.mp4", random.Random(1).randbytes(_CLIP_BYTES))
        load_everything(self.fresh("loaded"))
        shutil.rmtree(folder / "loaded")
        self.points = self._points()
        """Every system call of a run that nothing ends, in the order they came."""
        if scene is not Scene.WAY:
            self._begin_after(right_after(self.points, *_ENDED_BEHIND[scene]))

    def end_at(self, point: Point) -> Found | None:
        """Run until the point and end there, then start again and look. None: the run never came so far."""
        places = self.fresh("ended")
        try:
            if not self._ended(places, point):
                return None
            act = act_under_way(places.book)
            return Found(point, act, tuple(recovered(places, start=self._start + 1)))
        finally:
            shutil.rmtree(self._folder / "ended")

    def _points(self) -> list[Point]:
        trace = self._folder / "trace"
        ended = self._run(self.fresh("counted"), (*_TRACE, "-o", str(trace)))
        if ended.status or ended.signal:
            raise StageError(f"the run that nothing ends did not come to its end:\n{ended.told}")
        shutil.rmtree(self._folder / "counted")
        return points_of(trace)

    def _begin_after(self, point: Point) -> None:
        """From now on every run starts from what an end at that point left."""
        places = self.fresh("next")
        if not self._ended(places, point):
            raise StageError(f"the run that should end at {point} went on")
        shutil.rmtree(self._folder / "first")
        (self._folder / "next").rename(self._folder / "first")
        self._start = 2
        self.points = self._points()

    def _ended(self, places: Places, point: Point) -> bool:
        inject = f"inject={point.call}:signal=KILL:when={point.n}"
        tracer = (*_TRACE, "-e", f"trace={point.call}", "-e", inject, "-o", str(self._folder / "trace"))
        ended = self._run(places, tracer)
        if ended.signal == 0 and ended.status == 0:
            return False
        if ended.signal != signal.SIGKILL:
            raise StageError(f"the run to {point} broke by itself:\n{ended.told}")
        return True

    def _run(self, places: Places, tracer: tuple[str, ...]) -> Ended:
        """The first start is made before strace looks on; a later one is part of what is ended."""
        started: list[Way] = []

        def prepare() -> None:
            if self._control is not None:
                break_the_product(self._control, Fault(places.landing))
            if self._start == 1:
                started.append(Way(places, start=1))

        def act() -> str:
            way = started[0] if started else Way(places, start=self._start)
            return "" if way.run() else "it never came to rest"

        return run_forked(act, prepare=prepare, tracer=tracer)

    def fresh(self, name: str) -> Places:
        """A copy of the stage as it is set, below a folder of that name."""
        shutil.copytree(self._folder / "first", self._folder / name)
        return Places.below(self._folder / name)


def end_at_each(
    stage: Enumeration, points: Sequence[Point], *, tell: Callable[[Tally], None] = lambda _tally: None
) -> Tally:
    """End at each of the points. Where they are all there are, also at what comes behind the last one of each call,
    until a run ends before it.
    """
    tally = Tally()
    for point in points:
        tally.count(stage.end_at(point))
        tell(tally)
    for after in beyond(points) if len(points) == len(stage.points) else ():
        point = after
        while (found := stage.end_at(point)) is not None:
            tally.count(found)
            tell(tally)
            point = Point(point.call, point.n + 1)
    return tally
