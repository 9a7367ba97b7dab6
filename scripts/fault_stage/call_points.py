"""The system calls of a run, in the order they came, read from what strace wrote."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fault_stage.controls import Shows
from fault_stage.promises import Kind

_CALL = re.compile(r"(\d+) +([a-z0-9_]+)\(")
_PROMISE = re.compile(r'\d+ +write\(\d+, "\[\\"([a-z]+)\\"')
_KINDS = {kind.value for kind in Kind}
_LAST = frozenset({"exit_group", "exit"})
"""When these are reached all was done."""


@dataclass(frozen=True, slots=True)
class Point:
    """Before the n-th call of this name, counted from 1. `promises`: the call writes this kind into the book."""

    call: str
    n: int
    promises: Kind | None = None

    def __str__(self) -> str:
        return f"{self.call} {self.n}"


def points_of(trace: Path) -> list[Point]:
    """Every call of the first thread, in the order they came."""
    found: list[Point] = []
    counted: Counter[str] = Counter()
    thread = ""
    for line in trace.read_text(errors="replace").splitlines():
        match = _CALL.match(line)
        if match is None or match[1] != (thread or match[1]) or match[2] in _LAST:
            continue
        thread, call = match[1], match[2]
        counted[call] += 1
        promise = _PROMISE.match(line)
        kind = Kind(promise[1]) if promise is not None and promise[1] in _KINDS else None
        found.append(Point(call, counted[call], kind))
    return found


def near_promises(points: Sequence[Point], shows: Shows) -> list[Point]:
    """The calls near each promise of a kind: one that was given too early is broken there."""
    places = [place for place, point in enumerate(points) if point.promises is shows.promise]
    near = {
        at for place in places for at in range(max(0, place - shows.before), min(len(points), place + shows.behind + 1))
    }
    return [points[place] for place in sorted(near)]


def right_after(points: Sequence[Point], call: str, n: int) -> Point:
    """The point right behind the n-th call of that name. Raises LookupError where it never came."""
    for place, point in enumerate(points[:-1]):
        if (point.call, point.n) == (call, n):
            return points[place + 1]
    raise LookupError(f"the run makes no {call} number {n}")


def beyond(points: Iterable[Point]) -> list[Point]:
    """For each call the first point after the last one."""
    last = Counter(point.call for point in points)
    return [Point(call, n + 1) for call, n in sorted(last.items())]
