"""What a gateway saw and heard in a clip, as stretches of time, and which of it a person must look at.

The bands `seeing` and `hearing` stand beside coverage and take nothing from it: what a look finds is a finding with its
confidence, and counts once a person has confirmed it. Source: design paper on judgement, gaps; on footage, the camera.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from edge.contract.inspection import ReferenceCheck, ReferenceState, SoundState, ViewState
from edge.contract.instants import LATEST_US, MICROS_PER_SECOND, UtcMicros
from edge.contract.intervals import TimeInterval, intersection, subtract, union

_UNDECIDED = "unknown"
_SEEN_WITHOUT_A_MODEL = frozenset({ViewState.FROZEN})
"""What may be said of a fixed monitor without its reference: never by the network alone."""
CHANGED_VIEWS = frozenset({ReferenceState.MOVED, ReferenceState.BLOCKED})
_LOOKS_APART_US = 2 * MICROS_PER_SECOND
"""Pictures are looked at a second or two apart: what is shorter was not left out."""
MOST_SPELLS = 12
"""A clip with more spells of a kind than this is one matter: nobody decides a flickering sound spell by spell."""


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
    def any(self) -> bool:
        """Whether anybody looked at anything."""
        return bool(self.view or self.sound or self.reference)

    @property
    def reference_state(self) -> str | None:
        """The named state, None where the clip was compared with nothing."""
        return None if self.reference is None else self.reference.state


NOTHING_LOOKED = Looks()


@dataclass(frozen=True, slots=True)
class Spell:
    """Touching stretches of a band that are not as they should be. `state`: the one that lasts longest in it.

    `count`: of how many spells it is the hull; `lasting_us`: how long these are together.
    """

    interval: TimeInterval
    state: str
    confidence: float
    lasting_us: int
    count: int = 1


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


def not_looked_at(parts: Iterable[BandPart], recorded: Iterable[TimeInterval]) -> tuple[TimeInterval, ...]:
    """Where something was recorded and the band says nothing: nobody looked, so that nobody may say it is in order."""
    left = subtract(union(recorded), union(part.interval for part in parts))
    return tuple(one for one in left if one.duration_us > _LOOKS_APART_US)


def within(parts: Iterable[BandPart], window: TimeInterval) -> tuple[BandPart, ...]:
    """The parts as far as they lie in the window."""
    near = (part for part in parts if part.interval.overlaps(window))
    shared = ((part, intersection(part.interval, window)) for part in near)
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
    """Stretches (state, from_s, to_s, confidence) of a file that begins at `start_us`, as far as the file reaches.

    A band is in one state at a time: where stretches overlap, the one that begins first counts.
    """
    parts: list[BandPart] = []
    for state, from_s, to_s, confidence in sorted(stretches, key=lambda one: (one[1], one[2], one[0])):
        first_us, last_us = (start_us + round(second * MICROS_PER_SECOND) for second in (from_s, to_s))
        last_us = min(last_us, LATEST_US if end_us is None else end_us)
        first_us = max(first_us, start_us if not parts else parts[-1].interval.end_us)
        if last_us > first_us:
            sure = min(max(0.0, confidence), 1.0)
            parts.append(BandPart(TimeInterval(UtcMicros(first_us), UtcMicros(last_us)), state, sure))
    return tuple(parts)


def _spells(parts: Sequence[BandPart], limits: BandLimits) -> tuple[Spell, ...]:
    runs: list[list[BandPart]] = []
    for part in parts:
        if runs and part.interval.start_us <= runs[-1][-1].interval.end_us:
            runs[-1].append(part)
        else:
            runs.append([part])
    spells = [_spell(run) for run in runs]
    found = [
        spell
        for spell in spells
        if spell.interval.duration_us >= limits.least_us and spell.confidence >= limits.least_confidence
    ]
    return tuple(found) if len(found) <= MOST_SPELLS else (_hull(found),)


def _spell(run: Sequence[BandPart]) -> Spell:
    lasting_us: dict[str, int] = {}
    for part in run:
        lasting_us[part.state] = lasting_us.get(part.state, 0) + part.interval.duration_us
    whole_us = sum(lasting_us.values())
    confidence = sum(part.confidence * part.interval.duration_us for part in run) / whole_us
    interval = TimeInterval(run[0].interval.start_us, max(part.interval.end_us for part in run))
    state = max(lasting_us, key=lambda state: (lasting_us[state], state))
    return Spell(interval, state, confidence, interval.duration_us)


def _hull(spells: Sequence[Spell]) -> Spell:
    lasting_us: dict[str, int] = {}
    for spell in spells:
        lasting_us[spell.state] = lasting_us.get(spell.state, 0) + spell.lasting_us
    whole_us = sum(lasting_us.values())
    return Spell(
        interval=TimeInterval(spells[0].interval.start_us, max(spell.interval.end_us for spell in spells)),
        state=max(lasting_us, key=lambda state: (lasting_us[state], state)),
        confidence=sum(spell.confidence * spell.lasting_us for spell in spells) / whole_us,
        lasting_us=whole_us,
        count=len(spells),
    )
