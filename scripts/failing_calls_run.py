"""The command line of the calls that fail."""

from __future__ import annotations

import logging
import sys
import tempfile
from collections import Counter
from json import dumps
from pathlib import Path

import structlog
from cyclopts import App
from demo_stage.programs import StageError
from fault_stage.failing_calls import Outcome, run_all
from fault_stage.forks import why_nothing_is_traced

_IN_MEMORY = Path("/dev/shm")  # noqa: S108 - only a folder of our own is made there

app = App(name="scripts/failing_calls", help="Let single system calls of a clip's way fail.", version_flags=[])


@app.default
def campaign(*, call: tuple[str, ...] = (), at_most: int = 0, json: bool = False) -> int:
    """Land, receive, seal, receipt and release one clip while one system call fails as a bad disk, a full one, one made
    read-only or a process without descriptors would have it; the same programs go on to the end, then all is looked
    through. Ends with 1 when a promise was broken or the work stood still, with 3 where nothing can be traced.

    Parameters
    ----------
    call
        These calls alone, such as fsync or pwrite64; without it all that can fail.
    at_most
        About so many failures, of each call and error some; without it every one.
    json
        Print one JSON object at the end, and no progress.
    """
    if why := why_nothing_is_traced():
        print(why)
        return 3
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory(prefix="failing-", dir=_IN_MEMORY if _IN_MEMORY.is_dir() else None) as folder:
        try:
            outcomes = run_all(Path(folder, "stage"), calls=call, at_most=at_most, tell=_quiet if json else _tell)
        except StageError as error:
            print(error)
            return 2
    broken = [one for one in outcomes if one.broken]
    if json:
        by_call = Counter(f"{one.failure.point.call} {one.failure.error}" for one in outcomes)
        troubles = sum((Counter(one.troubles) for one in outcomes), Counter())
        told = [{"failure": str(one.failure), "troubles": one.troubles, "broken": one.broken} for one in broken]
        print(dumps({"failures": len(outcomes), "by_call": by_call, "troubles": troubles, "broken": told}, indent=1))
    else:
        print(f"{len(outcomes)} failures, {len(broken)} broke a promise or stopped the work")
    return 1 if broken else 0


def _tell(outcome: Outcome) -> None:
    print(f"{outcome.failure}: {'; '.join(outcome.broken) or outcome.troubles or 'dealt with'}", flush=True)


def _quiet(_outcome: Outcome) -> None:
    """One object at the end says it all."""


if __name__ == "__main__":
    sys.exit(app())
