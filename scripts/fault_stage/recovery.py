"""The start after an end: in a process of its own, as a boot would be."""

from __future__ import annotations

import json
import threading

from fault_stage.forks import run_forked
from fault_stage.places import Places
from fault_stage.promises import read_promises
from fault_stage.way import Way
from fault_stage.way_checks import broken_at_end, broken_at_start


def recovered(places: Places, *, start: int) -> list[str]:
    """Start both halves on what is left; look, finish the work, look again. What does not hold, in words."""

    def look() -> str:
        way = Way(places, start=start)
        broken = broken_at_start(read_promises(places.book), way, places)
        if not way.run():
            broken.append("the work never came to an end")
        return json.dumps(broken + broken_at_end(way, places))

    ended = run_forked(look)
    if ended.status or ended.signal:
        return [f"the next start fails: {(ended.told.strip().splitlines() or [str(ended)])[-1]}"]
    broken: list[str] = json.loads(ended.told)
    return broken


def load_everything(places: Places) -> None:
    """Once through the whole way, so that no child has to import anything; then only this thread is left."""
    way = Way(places, start=1)
    way.run()
    way.close()
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join()
