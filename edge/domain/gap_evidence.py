"""Why a device's footage has a hole: the best cause the files support, with that evidence; never more than that."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from edge.contract.sentences import sentence
from edge.domain.clock_steps import ClockStep
from edge.domain.device_files import FileFacts, NotCounted
from edge.domain.file_numbers import MissingNumbers

_DESTROYED = frozenset(
    {"data_hole", "data_cut", "samples_past_end", "index_damaged", "index_cut", "index_missing", "table_bomb"}
)
_WITHOUT_TIME = frozenset({"clock_not_set", "start_in_future"})


@dataclass(frozen=True, slots=True)
class Gap:
    """A hole in a device's footage with what explains it.

    `uncertainty_us`: how far its edges may lie apart from the truth against each other; 0 inside one file.
    """

    interval: TimeInterval
    cause: str
    evidence: tuple[str, ...]
    uncertainty_us: int = 0

    @property
    def is_certain(self) -> bool:
        """Whether there is a hole in any case, however wrong the start times may be."""
        return self.interval.duration_us > self.uncertainty_us


@dataclass(frozen=True)
class Neighbourhood:
    """Everything the files of a device say about a hole. `place_of`: (run, place, era) of a content in its run.

    `placed` in order of time. What is asked for each hole is looked up, since a card may hold ten thousand files.
    """

    placed: Sequence[FileFacts]
    alone: Sequence[FileFacts]
    reasons: Mapping[str, NotCounted]
    missing: Sequence[MissingNumbers]
    steps: Mapping[tuple[str, str], ClockStep]
    place_of: Mapping[str, tuple[int, int, int]]

    @cached_property
    def _by_end(self) -> dict[int, list[FileFacts]]:
        found: dict[int, list[FileFacts]] = {}
        for file in self.placed:
            if file.recorded:
                found.setdefault(file.recorded[-1].end_us, []).append(file)
        return found

    @cached_property
    def _by_begin(self) -> dict[int, list[FileFacts]]:
        found: dict[int, list[FileFacts]] = {}
        for file in self.placed:
            if file.recorded:
                found.setdefault(file.begin_us, []).append(file)
        return found

    @cached_property
    def _by_start(self) -> list[FileFacts]:
        return sorted((file for file in self.placed if file.start_us is not None), key=_start_us)

    @cached_property
    def _missing_behind(self) -> dict[str, list[MissingNumbers]]:
        found: dict[str, list[MissingNumbers]] = {}
        for one in self.missing:
            found.setdefault(one.before, []).append(one)
        return found

    def explain(self, hole: TimeInterval, inside: Sequence[FileFacts]) -> Gap:
        """The hole with its cause. `inside`: files that have footage on both sides of it."""
        if inside:
            return _inside(hole, inside[0])
        before, after = self._by_end.get(hole.start_us, []), self._by_begin.get(hole.end_us, [])
        uncertainty_us = max((file.uncertainty_us for file in (*before, *after)), default=0)
        cause, evidence = self._between(hole, before, after)
        return Gap(hole, cause, evidence, uncertainty_us)

    def _between(
        self, hole: TimeInterval, before: Sequence[FileFacts], after: Sequence[FileFacts]
    ) -> tuple[str, tuple[str, ...]]:
        first, until = (bisect_left(self._by_start, edge, key=_start_us) for edge in (hole.start_us, hole.end_us))
        about = [*before, *self._by_start[first:until]]
        damaged = [file for file in about if file.is_damaged and not file.is_growing]
        missing = [one for file in before for one in self._missing_behind.get(file.name, ())]
        numbers = [sentence("gap_number", "no file numbered {number}", number=one.text) for one in missing]
        if damaged:
            broken = [sentence("gap_damaged", "{name} is damaged", name=file.name) for file in damaged]
            return "file_damaged", (*broken, *numbers)
        if numbers:
            return "segment_missing", tuple(numbers)
        growing = [file for file in about if file.is_growing]
        if growing:
            return "still_growing", (sentence("gap_growing", "{name} is still being written", name=growing[0].name),)
        return self._by_clock(before, after)

    def _by_clock(self, before: Sequence[FileFacts], after: Sequence[FileFacts]) -> tuple[str, tuple[str, ...]]:
        for one in before:
            for two in after:
                step = self.steps.get((one.content, two.content))
                if step is not None:
                    return "clock_step", step.evidence
                turned = self._turned(one, two)
                if turned is not None:
                    return "clock_step", (turned,)
        lost = self._without_time(before, after)
        if lost is not None:
            cause = "clock_step" if self.reasons[lost.content].reason in _WITHOUT_TIME else "unknown"
            said = sentence("gap_unplaced", "{name} belongs here by its number; when it was is unknown", name=lost.name)
            return cause, (said,)
        if any(self._follows(one, two) for one in before for two in after):
            return "unknown", (sentence("gap_numbers_go_on", "the numbers go on: no file is missing here"),)
        return "unknown", ()

    def _turned(self, one: FileFacts, two: FileFacts) -> str | None:
        """The hole lies between files of one count of which a step turned the order: nothing is missing by that."""
        first, second = self.place_of.get(one.content), self.place_of.get(two.content)
        if first is None or second is None or first[0] != second[0] or first[2] == second[2]:
            return None
        if second[1] == first[1] + 1:
            return None
        return sentence("gap_turned", "the clock was set between {before} and {after}", before=one.name, after=two.name)

    def _without_time(self, before: Sequence[FileFacts], after: Sequence[FileFacts]) -> FileFacts | None:
        for one in before:
            for two in after:
                if one.sequence is None or two.sequence is None:
                    continue
                for file in self.alone:
                    if file.sequence is not None and one.sequence < file.sequence < two.sequence:
                        return file
        return None

    def _follows(self, one: FileFacts, two: FileFacts) -> bool:
        first, second = self.place_of.get(one.content), self.place_of.get(two.content)
        return first is not None and second is not None and first[0] == second[0] and second[1] == first[1] + 1


def _start_us(file: FileFacts) -> UtcMicros:
    return UtcMicros(file.start_us or 0)


def _inside(hole: TimeInterval, file: FileFacts) -> Gap:
    codes = {fault.code for fault in file.faults if fault.interval is not None and fault.interval.overlaps(hole)}
    if "clock_step" in codes:
        return Gap(hole, "clock_step", (sentence("gap_step_inside", "the clock jumps inside {name}", name=file.name),))
    if codes & _DESTROYED:
        return Gap(
            hole, "file_damaged", (sentence("gap_destroyed", "data are destroyed inside {name}", name=file.name),)
        )
    return Gap(hole, "unknown", (sentence("gap_inside", "frames are missing inside {name}", name=file.name),))
