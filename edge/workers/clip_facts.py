"""From everything that speaks about one clip to its capture: start with its sources, recorded intervals, faults."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

from edge.config import SourceConfig
from edge.contract.fault_words import fault_of
from edge.contract.inspection import Fault, FaultCode
from edge.contract.instants import UtcMicros, parse_rfc3339, rfc3339
from edge.contract.manifest import Capture, ClockReading, StartSource, TimeStatement
from edge.contract.messages import Register
from edge.devices.statements import Sidecar, StatementUnreadableError, parse_sidecar
from edge.domain.clock import applied_offset_us
from edge.domain.file_names import NameFacts, compile_patterns, read_name
from edge.domain.start_time import (
    ContainerTime,
    StartDecision,
    decide_start,
    other_reading,
    starts_in_future,
    stated_by_container,
    stated_by_mtime,
    stated_by_name,
    stated_by_sidecar,
)
from edge.domain.zones import UnknownZoneError, zone_named
from edge.footage.probe_result import ProbeResult

_BELIEVED_US = parse_rfc3339("2000-01-01T00:00:00Z"), parse_rfc3339("2200-01-01T00:00:00Z")
"""A creation time outside (1904 and 1970 are the zeros of containers and clocks) is no statement."""


class SourceReading:
    """How names, times and containers of one source are to be read."""

    def __init__(self, patterns: Sequence[str], time_zone: str, container_time: str) -> None:
        self.patterns: tuple[re.Pattern[str], ...] = compile_patterns(patterns)
        self.time_zone, self.container_time = time_zone, ContainerTime(container_time)

    @staticmethod
    def of(config: SourceConfig) -> SourceReading:
        """As the settings say."""
        return SourceReading(config.patterns, config.time_zone, config.container_time)

    @staticmethod
    def usual() -> SourceReading:
        """As the settings say where they say nothing; for clips of a source that is no longer set."""
        fields = SourceConfig.model_fields
        return SourceReading(fields["patterns"].default, fields["time_zone"].default, fields["container_time"].default)

    def name_facts(self, file_name: str) -> NameFacts:
        """What the name says."""
        return read_name(file_name, self.patterns)


def zone_of_device(register: Register | None, device: str | None) -> str | None:
    """The zone the register gives a device; None where it knows neither."""
    devices = () if register is None else register.devices
    return next((entry.time_zone for entry in devices if entry.device == device), None)


@dataclass(frozen=True, slots=True)
class SidecarWords:
    """A sidecar as far as it could be read; `fault` says why it could not."""

    words: Sidecar | None = None
    fault: str | None = None


def sidecar_words(data: bytes | None, *, name: str) -> SidecarWords:
    """The sidecar's words, or why there are none."""
    if data is None:
        return SidecarWords()
    try:
        return SidecarWords(words=parse_sidecar(data, name=name))
    except StatementUnreadableError as error:
        return SidecarWords(fault=error.why)


@dataclass(frozen=True)
class ClipFacts:
    """What speaks about one clip. Times in `modified_us` and `landed_us` are the gateway's."""

    file_name: str
    reading: SourceReading
    probe: ProbeResult
    modified_us: UtcMicros
    landed_us: UtcMicros
    sidecar: SidecarWords = SidecarWords()
    register_zone: str | None = None
    clock: ClockReading | None = None

    @cached_property
    def name(self) -> NameFacts:
        """What the name says."""
        return self.reading.name_facts(self.file_name)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The device's zone: its sidecar's word, else the register's, else the source's."""
        words = self.sidecar.words
        if words is not None and words.time_zone is not None:
            return zone_named(words.time_zone)
        try:
            return zone_named(self.register_zone or self.reading.time_zone)
        except UnknownZoneError:
            return zone_named(self.reading.time_zone)  # the server's list of zones may be newer than this machine's

    @cached_property
    def decision(self) -> StartDecision:
        """The start, from the best source."""
        return decide_start(self._statements())

    @cached_property
    def capture(self) -> Capture:
        """As the manifest carries it: on the device's own clock."""
        decision = self.decision
        return Capture(
            start=decision.start_us,
            start_source=decision.source,
            uncertainty_us=decision.uncertainty_us,
            time_zone=self.zone.key,
            recorded=self.probe.recorded_from(decision.start_us),
            statements=decision.statements,
        )

    @property
    def other_start(self) -> UtcMicros | None:
        """The second reading of a start that a change of summer time made double or missing; files beside decide."""
        words, named = self.sidecar.words, self.name.start
        if self.decision.source is StartSource.SIDECAR and words is not None and words.start is not None:
            return other_reading(words.start, self.zone) if words.start.tzinfo is None else None
        if self.decision.source is StartSource.NAME and named is not None and not named.is_utc:
            return other_reading(named.moment, self.zone)
        return None

    @property
    def sequence(self) -> int | None:
        """The number in the device's own count."""
        words = self.sidecar.words
        return words.sequence if words is not None and words.sequence is not None else self.name.sequence

    def faults(self) -> tuple[Fault, ...]:
        """Faults of what speaks about the clip; those of its structure are the probe's."""
        found = []
        if self.sidecar.fault is not None:
            found.append(fault_of(FaultCode.SIDECAR_UNREADABLE, why=str(self.sidecar.fault)))
        if self.decision.disagreeing:
            said = ", ".join(f"{word.source} {rfc3339(word.start)}" for word in self.decision.statements)
            found.append(fault_of(FaultCode.TIMES_DISAGREE, said=said))
        if self.is_in_future:
            found.append(fault_of(FaultCode.START_IN_FUTURE, landed=rfc3339(self.landed_us)))
        return tuple(found)

    @property
    def is_in_future(self) -> bool:
        """Whether it began after it was met."""
        return starts_in_future(self.decision, clock_offset_us=applied_offset_us(self.clock), landed_us=self.landed_us)

    def _statements(self) -> list[TimeStatement]:
        words, media_us = self.sidecar.words, self.probe.media_us
        said: list[TimeStatement | None] = []
        if words is not None and words.start is not None:
            said.append(stated_by_sidecar(words.start, self.zone))
        if self.name.start is not None:
            said.append(stated_by_name(self.name.start, self.zone))
        if self.probe.created_us is not None and _BELIEVED_US[0] <= self.probe.created_us < _BELIEVED_US[1]:
            created_us = UtcMicros(self.probe.created_us)
            said.append(stated_by_container(created_us, media_us, self.reading.container_time, self.zone))
        said.append(stated_by_mtime(self.modified_us, media_us))
        return [statement for statement in said if statement is not None]
