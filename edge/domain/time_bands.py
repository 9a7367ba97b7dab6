"""The bands beside coverage: was the camera seeing, the microphone hearing, where there is footage at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.contract.inspection import SoundState, SoundStretch, ViewState, ViewStretch
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from edge.contract.intervals import TimeInterval, clip_to, interval_or_none, subtract, union


@dataclass(frozen=True, slots=True)
class FileBands:
    """What a look into one file on the corrected axis gave; seconds of the stretches count from `start_us`."""

    recorded: tuple[TimeInterval, ...]
    start_us: UtcMicros | None
    view: Sequence[ViewStretch] = ()
    sound: Sequence[SoundStretch] = ()


@dataclass(frozen=True, slots=True)
class BandStretch:
    """An interval in one state. `confidence` is the least of what was put together; None where none was given."""

    interval: TimeInterval
    state: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Bands:
    """Both bands in order of time, without overlaps: of files that claim one time the first that was looked at shows.

    Empty where nothing looked. Their holes are findings for a person to confirm, never gaps.
    """

    seeing: tuple[BandStretch, ...] = ()
    hearing: tuple[BandStretch, ...] = ()


def bands_of(files: Iterable[FileBands]) -> Bands:
    """The bands of a device over what it recorded."""
    seeing: list[BandStretch] = []
    hearing: list[BandStretch] = []
    for file in sorted(files, key=lambda one: (one.start_us is None, one.start_us or 0, one.recorded)):
        if file.start_us is None:
            continue
        for view in file.view:
            _add(seeing, _placed(file, view.from_s, view.to_s), view.state, view.confidence)
        for sound in file.sound:
            _add(hearing, _placed(file, sound.from_s, sound.to_s), sound.state, None)
    return Bands(tuple(_joined(seeing)), tuple(_joined(hearing)))


def is_good(state: str) -> bool:
    """Whether the state is what one wants to have recorded."""
    return state in (ViewState.SEEING, SoundState.HEARING)


def _placed(file: FileBands, from_s: float, to_s: float) -> list[TimeInterval]:
    begin_us = (file.start_us or 0) + round(from_s * MICROS_PER_SECOND)
    stretch = interval_or_none(begin_us, (file.start_us or 0) + round(to_s * MICROS_PER_SECOND))
    return [] if stretch is None else clip_to(file.recorded, stretch)


def _add(band: list[BandStretch], pieces: list[TimeInterval], state: str, confidence: float | None) -> None:
    taken = union(one.interval for one in band)
    band += [BandStretch(piece, state, confidence) for piece in subtract(pieces, taken)]


def _joined(band: Iterable[BandStretch]) -> list[BandStretch]:
    joined: list[BandStretch] = []
    for one in sorted(band, key=lambda stretch: stretch.interval):
        last = joined[-1] if joined else None
        if last is not None and last.state == one.state and last.interval.end_us == one.interval.start_us:
            known = [value for value in (last.confidence, one.confidence) if value is not None]
            whole = TimeInterval(last.interval.start_us, one.interval.end_us)
            joined[-1] = BandStretch(whole, one.state, min(known, default=None))
        else:
            joined.append(one)
    return joined
