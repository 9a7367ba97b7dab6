"""One look into one file by a limited worker: whatever happens there is a result; how far many looks are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog
from pydantic import BaseModel, ValidationError

from edge.contract.fault_words import fault_of
from edge.contract.inspection import FaultCode, FileVerdict, SoundState, SoundStretch, ViewState, ViewStretch
from edge.contract.instants import MICROS_PER_SECOND
from edge.footage.probe_result import FileLooks, LookOrder, ProbeResult, nothing_inside, probe_time_limit_s
from edge.platform.limited_worker import WorkerCrashedError, WorkerTimedOutError

log = structlog.get_logger(__name__)


class Prober(Protocol):
    """A limited worker, or several, that run `edge.footage.inspect_call:inspect_call`."""

    def call(self, argument: object, *, time_limit_s: float) -> object: ...


def probe_with(
    prober: Prober, path: Path, *, name: str, size_bytes: int, order: LookOrder | None = None
) -> ProbeResult:
    """Structure and looks; a crash, a time-out and an answer that is none are results too.

    `order`: what the look goes by; without it only the structure is looked into. Raises WorkerStoppedError, which says
    nothing of the file.
    """
    argument: dict[str, object] = {"path": str(path), "name": name}
    limit_s = probe_time_limit_s(size_bytes)
    structure = _structure(prober, argument, limit_s)
    if order is None or structure.verdict is FileVerdict.UNREADABLE or not structure.media_us:
        return structure
    argument |= {"structure": structure.model_dump(mode="json"), "order": order.model_dump(mode="json")}
    return structure.with_looks(_looks(prober, argument, limit_s, structure))


def _looks(prober: Prober, argument: Mapping[str, object], limit_s: float, structure: ProbeResult) -> FileLooks:
    """The bands; where the look came to nothing they are not known, and the structure stands."""
    try:
        return FileLooks.model_validate(prober.call(argument, time_limit_s=limit_s))
    except (WorkerTimedOutError, WorkerCrashedError, ValidationError) as error:
        log.warning("look_failed", path=argument["path"], why=str(error)[:300])
    until_s = (structure.media_us or 0) / MICROS_PER_SECOND
    unknown = ViewStretch(state=ViewState.UNKNOWN, from_s=0.0, to_s=until_s, confidence=0.0)
    return FileLooks(view=(unknown,), sound=(SoundStretch(state=SoundState.UNKNOWN, from_s=0.0, to_s=until_s),))


def _structure(prober: Prober, argument: Mapping[str, object], limit_s: float) -> ProbeResult:
    try:
        return ProbeResult.model_validate(prober.call(argument, time_limit_s=limit_s))
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
