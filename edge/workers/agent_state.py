"""How the running agent is, written into the journal now and then: `status` and `doctor` are other processes."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping

from pydantic import BaseModel, ValidationError

from edge.contract.instants import UtcMicros
from edge.platform.clock import Clock
from edge.storage.journal import Journal, remember, remembered
from edge.storage.overview import AGENT_STATE_KEY
from edge.workers.probing import InspectionProgress

_WRITE_EVERY_S, _LOOK_EVERY_S = 30.0, 1.0


class AgentState(BaseModel, frozen=True):
    """What only the running process knows. Times in UTC microseconds.

    `rate_bytes_s`: how fast the broker took chunks when that was measured last, by this run or one before; 0.0: never.
    """

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
    rate_bytes_s: float = 0.0


def read_agent_state(written: str | None) -> AgentState | None:
    """The state as it was written down last; None where none was, or by a release that wrote it otherwise."""
    if written is None:
        return None
    try:
        return AgentState.model_validate_json(written)
    except ValidationError:
        return None


class AgentStateWorker:
    """Writes the state when it changes, at most once a second, and at least twice a minute.

    A speed alone, which changes all the time, waits for the next writing.
    """

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        read: Callable[[], Mapping[str, object]],
        *,
        rate_bytes_s: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`rate_bytes_s`: the speed as this run measured it last, 0.0 before."""
        self._journal, self._clock, self._read, self._rate = journal, clock, read, rate_bytes_s
        self._started_us = clock.now_us()
        self._last: Mapping[str, object] = {}
        self._next_look_s, self._next_write_s = 0.0, 0.0
        with journal.transaction() as rows:
            before = read_agent_state(remembered(rows, AGENT_STATE_KEY))
        self._rate_before_bytes_s = 0.0 if before is None else before.rate_bytes_s
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
            {
                "pid": os.getpid(),
                "started_us": self._started_us,
                "written_us": now_us,
                "rate_bytes_s": self._rate() or self._rate_before_bytes_s,
                **read,
            }
        )
        with self._journal.transaction() as rows:
            remember(rows, AGENT_STATE_KEY, state.model_dump_json())
        return False
