"""The command line of the enumeration of system calls."""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from json import dumps
from pathlib import Path
from typing import Any

import structlog
from cyclopts import App
from demo_stage.programs import StageError
from fault_stage.call_points import near_promises
from fault_stage.controls import CAUGHT_BY_KILLS, Control
from fault_stage.forks import why_nothing_is_traced
from fault_stage.syscalls import Enumeration, Scene, Tally, end_at_each

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - only a folder of our own is made there
_TELL_EVERY_S = 5.0
_SHOWN = 20
app = App(name="scripts/syscall_campaign", help="End a clip's way at every system call.", version_flags=[])


@app.default
def campaign(
    *,
    scene: tuple[Scene, ...] = tuple(Scene),
    control: tuple[Control, ...] = (),
    at_most: int | None = None,
    data: Path | None = None,
    json: bool = False,
) -> int:
    """Land, receive, seal, receipt and release one clip, ended by SIGKILL at each system call in turn; start again each
    time, look at every promise that was given, finish the work and look again. Ends with 1 when a promise was
    broken, with 3 where nothing can be traced.

    Parameters
    ----------
    scene
        What is ended: the way itself, or the start after an end at a bad moment. Without it all.
    control
        Faults to be caught, each made in the product for its runs alone and looked for where it must show; then the
        command ends with 0 when every one was caught. Only the way itself is ended.
    at_most
        Only so many points of each scene or control, evenly spread in the order they come. Without it all.
    data
        An empty folder to work in; without it one in memory.
    json
        Print one JSON object at the end, and no progress.
    """
    wrong = [one for one in control if one not in CAUGHT_BY_KILLS]
    if wrong:
        print(f"no kill reveals {', '.join(wrong)}: use scripts/power_cuts")
        return 2
    if why := why_nothing_is_traced():
        print(why)
        return 3
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    rounds: list[tuple[Scene, Control | None]] = [(one, None) for one in scene]
    if control:
        rounds = [(Scene.WAY, one) for one in control]
    try:
        results = [_round(one, fault, at_most, data, quiet=json) for one, fault in rounds]
    except StageError as error:
        print(error)
        return 2
    as_wanted = [bool(result["violations"]) == bool(control) for result in results]
    if json:
        print(dumps(results, indent=1))
    return 0 if all(as_wanted) else 1


def _round(
    scene: Scene, control: Control | None, at_most: int | None, data: Path | None, *, quiet: bool
) -> dict[str, Any]:
    began_s, name = time.monotonic(), control or scene
    with tempfile.TemporaryDirectory(prefix="syscalls-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as temporary:
        stage = Enumeration((data or Path(temporary)) / name, scene=scene, control=control)
        points = stage.points if control is None else near_promises(stage.points, CAUGHT_BY_KILLS[control])
        chosen = points[:: max(1, len(points) // at_most)] if at_most else points
        tally = end_at_each(stage, chosen, tell=_Progress(name, len(chosen), quiet=quiet))
    seconds = time.monotonic() - began_s
    if not quiet:
        print(f"{name}: {tally.points} points in {seconds:.0f} s, {len(tally.violations)} violations", flush=True)
        for found in tally.violations[:_SHOWN]:
            print(f"BROKEN at {found.point} ({found.act}): {'; '.join(found.broken)}")
    return {
        "scene": scene,
        "control": control,
        "points": tally.points,
        "lived": tally.lived,
        "seconds": round(seconds, 1),
        "by_call": dict(tally.by_call.most_common()),
        "by_act": dict(tally.by_act.most_common()),
        "violations": [
            {"point": str(found.point), "act": found.act, "broken": found.broken} for found in tally.violations
        ],
    }


class _Progress:
    """A line now and then."""

    def __init__(self, name: str, points: int, *, quiet: bool) -> None:
        self._name, self._points, self._quiet, self._told_s = name, points, quiet, time.monotonic()

    def __call__(self, tally: Tally) -> None:
        if not self._quiet and time.monotonic() - self._told_s >= _TELL_EVERY_S:
            self._told_s = time.monotonic()
            print(f"  {self._name}: {tally.points} of {self._points}, {len(tally.violations)} violations", flush=True)


if __name__ == "__main__":
    sys.exit(app())
