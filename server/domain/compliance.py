"""Was recorded what had to be? A duty, or a monitor's hours, against the footage of the devices that answer for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.contract.coverage import CoverageState, GapKind, Stretch, Tolerance, gap_kind, judge_expected
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, clip_to, intersection, subtract, union
from server.domain.device_facts import DeviceFacts

NOT_HANDED_IN = "not_handed_in"
NOT_YET_UPLOADED = "not_yet_uploaded"
AMBIGUOUS_WEARER = "ambiguous_wearer"


class Why(StrEnum):
    """Why nothing can be said about an instant yet."""

    NOT_DOCKED = "not_docked"
    NOT_INSPECTED = "not_inspected"
    IN_FUTURE = "in_future"
    AMBIGUOUS = "ambiguous_wearer"


@dataclass(frozen=True, slots=True)
class HoldingFact:
    """A device that answers for a duty over an interval. `ambiguous`: somebody else held it then too."""

    device_number: str
    interval: TimeInterval
    ambiguous: bool = False


@dataclass(frozen=True, slots=True)
class JudgedStretch:
    """Neighbouring expected instants of one state. `kind` for gaps, `why` for what is undetermined."""

    interval: TimeInterval
    state: CoverageState
    kind: str | None = None
    why: Why | None = None


@dataclass(frozen=True, slots=True)
class _Knowledge:
    known_until_us: int
    listed_until_us: int
    known_us: int
    past_deadline: bool


def judge_duty(
    expected: TimeInterval,
    *,
    holdings: Iterable[HoldingFact],
    devices: Mapping[str, DeviceFacts],
    known_us: UtcMicros,
    deadline_us: UtcMicros,
    tolerance: Tolerance,
) -> tuple[JudgedStretch, ...]:
    """Every instant of `expected` in exactly one state, in time order; gaps with their kind.

    Only footage of devices held then counts; an instant is settled once every device held then has been docked with its
    full list, or `deadline_us` has passed: then what is missing is a gap of kind `not_handed_in`. What lies after
    `known_us` is never a gap. Source: rules `gap.*`, `handin.deadline`.
    """
    held = [_within(holding, expected) for holding in holdings if holding.interval.overlaps(expected)]
    recorded: list[TimeInterval] = []
    doubtful: list[TimeInterval] = []
    holes: list[TimeInterval] = []
    for holding in held:
        facts = devices.get(holding.device_number)
        if facts is None:
            continue
        footage = clip_to(facts.recorded, holding.interval)
        (doubtful if holding.ambiguous else recorded).extend(footage)
        doubtful.extend(clip_to(facts.doubtful, holding.interval))
        holes.extend(hole for clip in facts.clips for hole in clip.holes)
    knowledge = _Knowledge(
        known_until_us=_until(held, devices, known_us, lambda facts: facts.known_until_us),
        listed_until_us=_until(held, devices, known_us, lambda facts: facts.listed_until_us),
        known_us=known_us,
        past_deadline=known_us >= deadline_us,
    )
    stretches = judge_expected(
        expected,
        recorded,
        known_until_us=UtcMicros(knowledge.known_until_us),
        tolerance=tolerance,
        holes_inside_files=holes,
    )
    cover = union(holding.interval for holding in held)
    judged = [
        piece for stretch in stretches for piece in _refined(stretch, expected, cover, union(doubtful), knowledge)
    ]
    return _merged(judged)


def _within(holding: HoldingFact, expected: TimeInterval) -> HoldingFact:
    inside = intersection(holding.interval, expected)
    return holding if inside is None else HoldingFact(holding.device_number, inside, holding.ambiguous)


def _until(
    held: list[HoldingFact], devices: Mapping[str, DeviceFacts], known_us: int, of: Callable[[DeviceFacts], int]
) -> int:
    """The first instant of which a device that was held then has not told yet; `known_us` where there is none."""
    until_us = known_us
    for holding in held:
        facts = devices.get(holding.device_number)
        told_us = 0 if facts is None else of(facts)
        if told_us < holding.interval.end_us:
            until_us = min(until_us, max(told_us, holding.interval.start_us))
    return until_us


def _refined(
    stretch: Stretch,
    expected: TimeInterval,
    cover: list[TimeInterval],
    doubtful: list[TimeInterval],
    knowledge: _Knowledge,
) -> list[JudgedStretch]:
    if stretch.state in (CoverageState.RECORDED, CoverageState.TOLERATED):
        return [JudgedStretch(stretch.interval, stretch.state)]
    judged = [
        JudgedStretch(piece, CoverageState.UNDETERMINED, why=Why.AMBIGUOUS)
        for piece in clip_to(doubtful, stretch.interval)
    ]
    clear = subtract([stretch.interval], doubtful)
    for piece in subtract(clear, cover):
        judged.extend(_unheld(piece, knowledge))
    hull = TimeInterval(cover[0].start_us, cover[-1].end_us) if cover else expected
    for inside in cover:
        for piece in clip_to(clear, inside):
            if stretch.state is CoverageState.GAP:
                judged.append(JudgedStretch(piece, CoverageState.GAP, kind=gap_kind(piece, hull).value))
            else:
                judged.extend(_unsettled(piece, knowledge))
    return judged


def _unheld(piece: TimeInterval, knowledge: _Knowledge) -> list[JudgedStretch]:
    past, future = _cut(piece, knowledge.known_us)
    judged = [JudgedStretch(part, CoverageState.UNDETERMINED, why=Why.IN_FUTURE) for part in future]
    kind = GapKind.NO_RECORDER_ASSIGNED.value
    return judged + [JudgedStretch(part, CoverageState.GAP, kind=kind) for part in past]


def _unsettled(piece: TimeInterval, knowledge: _Knowledge) -> list[JudgedStretch]:
    past, future = _cut(piece, knowledge.known_us)
    judged = [JudgedStretch(part, CoverageState.UNDETERMINED, why=Why.IN_FUTURE) for part in future]
    for part in past:
        listed, unlisted = _cut(part, max(knowledge.listed_until_us, knowledge.known_until_us))
        if knowledge.listed_until_us <= knowledge.known_until_us:
            listed, unlisted = [], [part]
        judged.extend(
            JudgedStretch(one, CoverageState.UNDETERMINED, kind=NOT_YET_UPLOADED, why=Why.NOT_INSPECTED)
            for one in listed
        )
        for one in unlisted:
            if knowledge.past_deadline:
                judged.append(JudgedStretch(one, CoverageState.GAP, kind=NOT_HANDED_IN))
            else:
                judged.append(JudgedStretch(one, CoverageState.UNDETERMINED, why=Why.NOT_DOCKED))
    return judged


def _cut(piece: TimeInterval, at_us: int) -> tuple[list[TimeInterval], list[TimeInterval]]:
    """What lies before `at_us`, and what does not."""
    if piece.end_us <= at_us:
        return [piece], []
    if piece.start_us >= at_us:
        return [], [piece]
    cut_us = UtcMicros(at_us)
    return [TimeInterval(piece.start_us, cut_us)], [TimeInterval(cut_us, piece.end_us)]


def _merged(stretches: Sequence[JudgedStretch]) -> tuple[JudgedStretch, ...]:
    merged: list[JudgedStretch] = []
    for stretch in sorted(stretches, key=lambda one: one.interval):
        last = merged[-1] if merged else None
        same = last is not None and (last.state, last.kind, last.why) == (stretch.state, stretch.kind, stretch.why)
        if last is not None and same and last.interval.end_us == stretch.interval.start_us:
            whole = TimeInterval(last.interval.start_us, stretch.interval.end_us)
            merged[-1] = JudgedStretch(whole, stretch.state, stretch.kind, stretch.why)
        else:
            merged.append(stretch)
    return tuple(merged)
