"""One look into one file by a limited worker: whatever happens there is a result; how far many looks are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ValidationError

from edge.contract.fault_words import fault_of
from edge.contract.inspection import FaultCode
from edge.footage.probe_result import ProbeResult, nothing_inside, probe_time_limit_s
from edge.platform.limited_worker import WorkerCrashedError, WorkerTimedOutError


class Prober(Protocol):
    """A limited worker, or several, that run `edge.footage.probe:probe_call`."""

    def call(self, argument: object, *, time_limit_s: float) -> object: ...


def probe_with(prober: Prober, path: Path, *, name: str, size_bytes: int) -> ProbeResult:
    """The probe's result; a crash, a time-out and an answer that is none are results too.

    Raises WorkerStoppedError, which says nothing of the file.
    """
    argument = {"path": str(path), "name": name}
    try:
        return ProbeResult.model_validate(prober.call(argument, time_limit_s=probe_time_limit_s(size_bytes)))
    except WorkerTimedOutError as error:
        return nothing_inside(fault_of(FaultCode.TIMED_OUT, limit_s=round(error.time_limit_s)))
    except WorkerCrashedError as error:
        return nothing_inside(fault_of(FaultCode.CRASHED, why=error.detail))
    except ValidationError as error:
        why = f"no usable answer: {error.error_count()} faults in it"
        return nothing_inside(fault_of(FaultCode.CRASHED, why=why))


class OpenFile(BaseModel, frozen=True):
    """A file that is being looked into, and since when."""

    name: str
    size_bytes: int
    since_us: int


class InspectionProgress(BaseModel, frozen=True):
    """How far the inspection is since it last had nothing to do. `rate_bytes_s` None: nothing was finished yet."""

    inspected: int = 0
    inspected_bytes: int = 0
    rate_bytes_s: float | None = None
    running: tuple[OpenFile, ...] = ()


@dataclass(slots=True)
class Tally:
    """What was inspected since there last was nothing to do; counted by one thread, read by others."""

    since_us: int | None = None
    inspected: int = 0
    inspected_bytes: int = 0
    last_us: int = 0

    def begin(self, now_us: int) -> None:
        """Something is to be done; the first after a rest starts a new count."""
        if self.since_us is None:
            self.since_us, self.inspected, self.inspected_bytes = now_us, 0, 0

    def count(self, size_bytes: int, now_us: int) -> None:
        """One more."""
        self.inspected, self.inspected_bytes, self.last_us = (
            self.inspected + 1,
            self.inspected_bytes + size_bytes,
            now_us,
        )

    def rest(self) -> None:
        """There is nothing to do."""
        self.since_us = None

    def progress(self, running: Mapping[str, OpenFile]) -> InspectionProgress:
        """As it is now; empty while it rests."""
        if self.since_us is None:
            return InspectionProgress()
        seconds = (self.last_us - self.since_us) / 1e6
        return InspectionProgress(
            inspected=self.inspected,
            inspected_bytes=self.inspected_bytes,
            rate_bytes_s=self.inspected_bytes / seconds if self.inspected and seconds > 0 else None,
            running=tuple(sorted(running.values(), key=lambda one: (one.since_us, one.name))),
        )
