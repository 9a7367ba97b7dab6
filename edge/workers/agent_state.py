"""How the running agent is, written into the journal now and then: `status` and `doctor` are other processes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping

from pydantic import BaseModel

from edge.contract.instants import UtcMicros
from edge.platform.clock import Clock
from edge.storage.journal import Journal, remember
from edge.storage.overview import AGENT_STATE_KEY
from edge.workers.probing import InspectionProgress

_WRITE_EVERY_S, _LOOK_EVERY_S = 30.0, 1.0


class AgentState(BaseModel, frozen=True):
    """What only the running process knows. Times in UTC microseconds."""

    pid: int
    started_us: int
    written_us: int
    control: str
    bulk: str
    link_error: str
    set_aside: dict[str, int]
    clock_synchronised: bool
    clock_unset: bool = False
    failing: dict[str, str]
    put_off_by_server: str = ""
    unanswered_since_us: int | None = None
    inspection: InspectionProgress = InspectionProgress()


class AgentStateWorker:
    """Writes the state when it changes, at most once a second, and at least twice a minute."""

    def __init__(self, journal: Journal, clock: Clock, read: Callable[[], Mapping[str, object]]) -> None:
        self._journal, self._clock, self._read = journal, clock, read
        self._started_us = clock.now_us()
        self._last: Mapping[str, object] = {}
        self._next_look_s, self._next_write_s = 0.0, 0.0
        self.wake = threading.Event()

    def step(self, now_us: UtcMicros) -> bool:
        """Never has more to do at once."""
        now_s = self._clock.steady_s()
        if now_s < self._next_look_s:
            return False
        self._next_look_s = now_s + _LOOK_EVERY_S
        read = self._read()
        if read == self._last and now_s < self._next_write_s:
            return False
        self._last, self._next_write_s = read, now_s + _WRITE_EVERY_S
        state = AgentState.model_validate(
            {"pid": os.getpid(), "started_us": self._started_us, "written_us": now_us, **read}
        )
        with self._journal.transaction() as rows:
            remember(rows, AGENT_STATE_KEY, state.model_dump_json())
        return False
