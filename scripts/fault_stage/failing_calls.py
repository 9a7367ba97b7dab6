"""One system call fails: one run for each (call, error, n), by `strace -e inject=CALL:error=ERROR:when=n`.

The call is not made, its error comes back once. The same programs go on, finish the work, and are looked through.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from demo_stage.programs import StageError

from edge.storage.contents import ContentState
from fault_stage.call_points import Point
from fault_stage.forks import run_forked
from fault_stage.patient_way import PatientWay
from fault_stage.recovery import recovered
from fault_stage.syscalls import Enumeration

ERRORS: dict[str, tuple[str, ...]] = {
    "fsync": ("EIO",),
    "fdatasync": ("EIO", "ENOSPC"),
    "sync_file_range": ("EIO", "ENOSPC"),
    "pread64": ("EIO",),
    "read": ("EIO",),
    "pwrite64": ("ENOSPC", "EIO"),
    "write": ("ENOSPC",),
    "openat": ("EMFILE", "EIO"),
    "rename": ("EIO", "EROFS"),
    "mkdir": ("ENOSPC",),
    "unlink": ("EROFS", "EIO"),
    "ftruncate": ("EIO",),
    "fcntl": ("EMFILE",),
    "dup": ("EMFILE",),
    "chmod": ("EROFS",),
}
"""What each call may say of a disk that fails, is full, was made read-only, and of descriptors that ran out."""

_PUT_OFF_S = 601.0
"""A landing copy that could not be read is told of, and tried again after ten minutes."""


@dataclass(frozen=True, slots=True)
class Failure:
    """The n-th call of this name gives this error."""

    point: Point
    error: str

    def __str__(self) -> str:
        return f"{self.point.call} {self.point.n} {self.error}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run with a failure came to. `troubles`: errors that were met, by side and class; none where the call's
    failure was dealt with where it came. `broken`: in words.
    """

    failure: Failure
    troubles: dict[str, int] = field(default_factory=dict)
    broken: tuple[str, ...] = ()


def failures_of(stage: Enumeration, calls: tuple[str, ...] = ()) -> list[Failure]:
    """Every failure that can be made, in the order the calls come; of `calls` alone where some are named.

    The first read and the last write are the stage's own: being let go, and telling what was found.
    """
    last_write = max((point.n for point in stage.points if point.call == "write"), default=0)
    ours = {Point("read", 1), Point("write", last_write)}
    return [
        Failure(point, error)
        for point in stage.points
        if point.promises is None and point not in ours and (not calls or point.call in calls)
        for error in ERRORS.get(point.call, ())
    ]


def spread(failures: list[Failure], at_most: int) -> list[Failure]:
    """About so many of them: of each call and error some, evenly over the way, never only its beginning."""
    kinds: dict[tuple[str, str], list[Failure]] = {}
    for failure in failures:
        kinds.setdefault((failure.point.call, failure.error), []).append(failure)
    each = max(1, at_most // max(1, len(kinds)))
    steps = {kind: -(-len(of_kind) // each) for kind, of_kind in kinds.items()}
    return [one for kind, of_kind in kinds.items() for one in of_kind[steps[kind] // 2 :: steps[kind]]]


def run_with(stage: Enumeration, failure: Failure) -> Outcome:
    """The whole way with one failure, to its end; then a start as after a boot, and a look at every promise."""
    places = stage.fresh("failing")
    try:
        inject = f"inject={failure.point.call}:error={failure.error}:when={failure.point.n}"
        tracer = ("strace", "-f", "-e", "signal=none", "-e", f"trace={failure.point.call}", "-e", inject)
        started: list[PatientWay] = []
        ended = run_forked(
            lambda: _to_the_end(started[0]),
            prepare=lambda: started.append(PatientWay(places, start=1)),
            tracer=(*tracer, "-o", str(places.book.with_name("trace"))),
        )
        if ended.status or ended.signal:
            last = (ended.told.strip().splitlines() or [str(ended)])[-1]
            return Outcome(failure, broken=(f"the programs do not outlive it: {last}",))
        told = json.loads(ended.told)
        return Outcome(failure, told["troubles"], (*told["broken"], *recovered(places, start=2)))
    finally:
        shutil.rmtree(places.book.parent)


def _to_the_end(way: PatientWay) -> str:
    came_to_rest = way.run()
    way.pass_s(_PUT_OFF_S)
    broken = [] if came_to_rest and way.run() else ["the work never came to an end"]
    with way.gateway.journal.transaction() as rows:
        waiting = rows.execute("SELECT clip_id, state FROM content WHERE state <> ?", (ContentState.RECEIPTED,))
        broken += [f"clip {row['clip_id']} is still {row['state']}" for row in waiting]
        if not rows.execute("SELECT 1 FROM content").fetchone():
            broken.append("nothing landed")
    return json.dumps({"troubles": way.troubles, "broken": broken})


def run_all(
    folder: Path, *, calls: tuple[str, ...] = (), at_most: int = 0, tell: Callable[[Outcome], None] = lambda _one: None
) -> list[Outcome]:
    """Each failure in turn, or about `at_most` of them. Raises StageError where strace does not attach."""
    stage = Enumeration(folder)
    failures = failures_of(stage, calls)
    if not failures:
        raise StageError("the way makes no call that can fail: look at the names")
    outcomes = []
    for failure in spread(failures, at_most) if at_most else failures:
        outcomes.append(run_with(stage, failure))
        tell(outcomes[-1])
    return outcomes
