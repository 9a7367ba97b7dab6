"""What looking into files and folders gives, as values: files, devices, and what could not be used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from edge.contract.fault_words import fault_of
from edge.contract.inspection import Fault, FaultCode, FileVerdict
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from edge.contract.intervals import interval_or_none
from edge.contract.manifest import ClockReading
from edge.domain.across_files import DeviceSummary, summarise
from edge.domain.clock import applied_offset_us, corrected
from edge.domain.device_files import DEFAULT_LIMITS, FileFacts, PlacedFault, TimeLineLimits
from edge.domain.time_bands import Bands, FileBands, bands_of
from edge.workers.clip_facts import ClipFacts

_PPM = 1_000_000


@dataclass(frozen=True, slots=True)
class InspectedFile:
    """One file. `path` as the caller gave it, in text form; times on the device's own clock."""

    path: str
    sha256: str | None
    size_bytes: int
    device: str | None
    facts: ClipFacts
    faults: tuple[Fault, ...]
    is_growing: bool = False

    @property
    def verdict(self) -> FileVerdict:
        """Of the structure."""
        return self.facts.probe.verdict

    @property
    def name(self) -> str:
        """Without its folder."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class InspectedDevice:
    """All files of one device, on the corrected axis where the docking file measured the clock."""

    device: str
    clock: ClockReading | None
    summary: DeviceSummary
    bands: Bands = field(default_factory=Bands)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something beside the footage that could not be used."""

    path: str
    why: str


@dataclass(frozen=True, slots=True)
class InspectReport:
    """Everything that was looked into."""

    files: tuple[InspectedFile, ...]
    devices: tuple[InspectedDevice, ...]
    problems: tuple[Problem, ...]

    @property
    def is_in_order(self) -> bool:
        """Every file is whole, and everything beside them could be used."""
        return not self.problems and all(file.verdict is FileVerdict.WHOLE for file in self.files)


def with_faults_among_files(files: Iterable[InspectedFile]) -> list[InspectedFile]:
    """The files with the faults that only show beside others: the same bytes under another name, still growing."""
    found = list(files)
    first: dict[str, InspectedFile] = {}
    for file in sorted(found, key=_standing):
        if file.sha256 is not None and file.size_bytes:
            first.setdefault(file.sha256, file)
    return [replace(file, faults=file.faults + _further(file, first)) for file in found]


def _standing(file: InspectedFile) -> tuple[bool, bool, int, int, str]:
    """Of files with one content the one whose start is known best comes first, as in `without_duplicates`."""
    capture = file.facts.capture
    return file.device is None, capture.start is None, capture.uncertainty_us, capture.start or 0, file.path


def _further(file: InspectedFile, first: dict[str, InspectedFile]) -> tuple[Fault, ...]:
    faults: list[Fault] = []
    if file.is_growing:
        faults.append(fault_of(FaultCode.STILL_GROWING))
    original = first.get(file.sha256 or "")
    if original is not None and original is not file:
        faults.append(fault_of(FaultCode.DUPLICATE, other=original.path[-200:]))
    return tuple(faults)


def devices_of(files: Iterable[InspectedFile], limits: TimeLineLimits = DEFAULT_LIMITS) -> list[InspectedDevice]:
    """What the files of each device say together. Files of unknown devices say nothing together."""
    by_device: dict[str, list[InspectedFile]] = {}
    claims: dict[str, set[str]] = {}
    for file in files:
        if file.device is not None:
            by_device.setdefault(file.device, []).append(file)
            if file.sha256 is not None:
                claims.setdefault(file.sha256, set()).add(file.device)
    return [
        _device(device, own, {sha256: names - {device} for sha256, names in claims.items()}, limits)
        for device, own in sorted(by_device.items())
    ]


def _device(
    device: str, own: list[InspectedFile], others: dict[str, set[str]], limits: TimeLineLimits
) -> InspectedDevice:
    readings = [file.facts.clock for file in own if file.facts.clock is not None]
    names = Counter(file.name for file in own)
    facts: dict[str, FileFacts] = {}
    for file in own:
        name = file.name if names[file.name] == 1 else file.path
        facts[file.path] = _file_facts(file, name, others, limits)
    summary = summarise(facts.values(), limits=limits, readings=readings)
    counted_alone = {one.name for one in summary.not_counted} | {one.name for one in summary.duplicates}
    shown = [_file_bands(file, facts[file.path]) for file in own if facts[file.path].name not in counted_alone]
    return InspectedDevice(device, readings[0] if readings else None, summary, bands_of(shown))


def _file_facts(file: InspectedFile, name: str, others: dict[str, set[str]], limits: TimeLineLimits) -> FileFacts:
    capture, clock = file.facts.capture, file.facts.clock
    offset_us = applied_offset_us(clock)
    start_us = None if capture.start is None else UtcMicros(capture.start - offset_us)
    other_us = file.facts.other_start
    placed_us = 0
    if clock is not None and clock.gateway_synchronised and start_us is not None:
        placed_us = clock.uncertainty_us + round(abs(start_us - clock.measured) * limits.drift_assumed_ppm / _PPM)
    words = file.facts.sidecar.words
    return FileFacts(
        name=name,
        content=file.sha256 or file.path,
        start_us=start_us,
        recorded=tuple(corrected(capture.recorded, clock)),
        sequence=file.facts.sequence,
        is_damaged=file.verdict is not FileVerdict.WHOLE,
        recording=None if words is None else words.recording,
        uncertainty_us=capture.uncertainty_us,
        placed_us=placed_us,
        other_start_us=None if other_us is None else UtcMicros(other_us - offset_us),
        faults=tuple(_placed(fault, start_us) for fault in file.faults),
        is_growing=file.is_growing,
        in_future=file.facts.is_in_future,
        other_devices=tuple(sorted(others.get(file.sha256 or "", ()))),
    )


def _placed(fault: Fault, start_us: UtcMicros | None) -> PlacedFault:
    if start_us is None or fault.from_s is None or fault.to_s is None:
        return PlacedFault(fault.code)
    begin_us, end_us = (start_us + round(second * MICROS_PER_SECOND) for second in (fault.from_s, fault.to_s))
    return PlacedFault(fault.code, interval_or_none(begin_us, end_us))


def _file_bands(file: InspectedFile, facts: FileFacts) -> FileBands:
    probe = file.facts.probe
    return FileBands(facts.recorded, facts.start_us, probe.view, probe.sound)
