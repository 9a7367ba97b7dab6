"""What a gateway saw and heard in a clip, as stretches of time, and which of it a person must look at.

The bands `seeing` and `hearing` stand beside coverage and take nothing from it: what a look finds is a finding with its
confidence, and counts once a person has confirmed it. Source: design paper on judgement, gaps; on footage, the camera.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from edge.contract.inspection import ReferenceCheck, ReferenceState, SoundState, ViewState
from edge.contract.instants import LATEST_US, MICROS_PER_SECOND, UtcMicros
from edge.contract.intervals import TimeInterval, intersection

_UNDECIDED = "unknown"
_SEEN_WITHOUT_A_MODEL = frozenset({ViewState.FROZEN})
"""What may be said of a fixed monitor without its reference: never by the network alone."""
CHANGED_VIEWS = frozenset({ReferenceState.MOVED, ReferenceState.BLOCKED})


@dataclass(frozen=True, slots=True)
class BandPart:
    """A stretch of a band in one state, on the corrected axis; `confidence` 0..1 is the look's own."""

    interval: TimeInterval
    state: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Looks:
    """Both bands of a clip in order of time, and its view against the commissioning. All empty: nobody looked."""

    view: tuple[BandPart, ...] = ()
    sound: tuple[BandPart, ...] = ()
    reference: ReferenceCheck | None = None
    view_model: str | None = None

    @property
    def reference_state(self) -> str | None:
        """The named state, None where the clip was compared with nothing."""
        return None if self.reference is None else self.reference.state


NOTHING_LOOKED = Looks()


@dataclass(frozen=True, slots=True)
class Spell:
    """Touching stretches of a band that are not as they should be. `state`: the one that lasts longest in it."""

    interval: TimeInterval
    state: str
    confidence: float


@dataclass(frozen=True, slots=True)
class BandLimits:
    """From when on a spell is for a person. Source: rules `seeing.*`, `hearing.*`."""

    least_us: int
    least_confidence: float


def unseen(looks: Looks) -> tuple[BandPart, ...]:
    """Where the picture shows nothing usable; what nobody could decide is not among it."""
    return tuple(part for part in looks.view if part.state not in (ViewState.SEEING, _UNDECIDED))


def unheard(looks: Looks) -> tuple[BandPart, ...]:
    """Where the sound is missing."""
    return tuple(part for part in looks.sound if part.state not in (SoundState.HEARING, _UNDECIDED))


def within(parts: Iterable[BandPart], window: TimeInterval) -> tuple[BandPart, ...]:
    """The parts as far as they lie in the window."""
    shared = ((part, intersection(part.interval, window)) for part in parts)
    return tuple(replace(part, interval=interval) for part, interval in shared if interval is not None)


def not_seeing(looks: Looks, limits: BandLimits, *, is_monitor: bool) -> tuple[Spell, ...]:
    """Spells in which the picture does not show the road. Of a monitor only what rests on more than the network."""
    parts: Sequence[BandPart] = unseen(looks)
    if is_monitor:
        parts = [part for part in parts if part.state in _SEEN_WITHOUT_A_MODEL]
    return _spells(parts, limits)


def not_hearing(looks: Looks, limits: BandLimits, *, should_hear: bool) -> tuple[Spell, ...]:
    """Spells without sound; none for a device that need not have any."""
    if not should_hear:
        return ()
    return _spells(unheard(looks), limits)


def placed(
    stretches: Sequence[tuple[str, float, float, float]], *, start_us: int, end_us: int | None
) -> tuple[BandPart, ...]:
    """Stretches (state, from_s, to_s, confidence) of a file that begins at `start_us`, as far as the file reaches."""
    parts: list[BandPart] = []
    for state, from_s, to_s, confidence in stretches:
        first_us, last_us = (start_us + round(second * MICROS_PER_SECOND) for second in (from_s, to_s))
        last_us = min(last_us, LATEST_US if end_us is None else end_us)
        first_us = max(first_us, start_us)
        if last_us > first_us:
            parts.append(BandPart(TimeInterval(UtcMicros(first_us), UtcMicros(last_us)), state, confidence))
    return tuple(sorted(parts, key=lambda part: part.interval))


def _spells(parts: Sequence[BandPart], limits: BandLimits) -> tuple[Spell, ...]:
    runs: list[list[BandPart]] = []
    for part in parts:
        if runs and part.interval.start_us <= runs[-1][-1].interval.end_us:
            runs[-1].append(part)
        else:
            runs.append([part])
    spells = [_spell(run) for run in runs]
    return tuple(
        spell
        for spell in spells
        if spell.interval.duration_us >= limits.least_us and spell.confidence >= limits.least_confidence
    )


def _spell(run: Sequence[BandPart]) -> Spell:
    lasting_us: dict[str, int] = {}
    for part in run:
        lasting_us[part.state] = lasting_us.get(part.state, 0) + part.interval.duration_us
    whole_us = sum(lasting_us.values())
    confidence = sum(part.confidence * part.interval.duration_us for part in run) / whole_us
    interval = TimeInterval(run[0].interval.start_us, max(part.interval.end_us for part in run))
    return Spell(interval, max(lasting_us, key=lambda state: (lasting_us[state], state)), confidence)
