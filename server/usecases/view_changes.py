"""A monitor's view against its commissioning, clip by clip: when it was another, and what a person said of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from edge.contract.inspection import ReferenceState
from server.domain.findings import FindingDraft, FindingKind, FindingState, finding_id_of
from server.store.recorded import known_rows
from server.store.tables import Device, Finding, FindingStep, FootageAssignment, SightingRow

VIEW_KIND_OF = {
    ReferenceState.MOVED.value: FindingKind.VIEW_MOVED,
    ReferenceState.BLOCKED.value: FindingKind.VIEW_BLOCKED,
}
_SAID = (FindingState.ACCEPTED, FindingState.REJECTED)
_MOST_REJECTIONS = 100


@dataclass(frozen=True, slots=True)
class _Episode:
    """Clips of a monitor in one changed state; between them none was as commissioned, and no person said it is.

    `since_us`: when the last clip before them began that was, or when a person said so; thus a clip that comes late
    changes no episode's name.
    """

    since_us: int
    from_us: int
    until_us: int
    clips: int
    first_clip: str


def view_drafts(session: Session, device: Device, *, now_us: int) -> list[FindingDraft]:
    """One finding for as long as a monitor's view stays changed, from its first such clip to the last one.

    What a gateway says of a device that is no monitor counts for nothing: such a device has no commissioned view.
    """
    if device.kind != "monitor":
        return []
    said = known_rows(session, FootageAssignment, known_us=now_us)
    owned = _Owned(
        device.number,
        here=sorted(row.number for row in said if row.device_number == device.number),
        away=sorted(row.number for row in said if row.device_number != device.number),
    )
    return [
        FindingDraft(
            finding_id=finding_id_of(kind, "device", device.number, episode.since_us),
            kind=kind,
            unit_number=device.unit_number,
            device_number=device.number,
            from_us=episode.from_us,
            until_us=episode.until_us,
            evidence=(("clips", str(episode.clips)), ("clip", episode.first_clip)),
        )
        for state, kind in VIEW_KIND_OF.items()
        for episode in _episodes(session, owned, state, now_us)
    ]


def said_of_view(session: Session, device_number: str, state: str, at_us: int, *, known_us: int) -> str | None:
    """What a person last decided of that change of the device's view at that time: accepted, rejected, or None.

    Closing the matter (rectified) is no decision of its own; opening it anew takes the decision back.
    """
    query = (
        select(FindingStep.state)
        .join(Finding, Finding.finding_id == FindingStep.finding_id)
        .where(
            Finding.device_number == device_number,
            Finding.kind == VIEW_KIND_OF[state],
            Finding.from_us <= at_us,
            Finding.until_us >= at_us,
            FindingStep.at_us <= known_us,
            FindingStep.state != FindingState.RECTIFIED,
        )
        .order_by(FindingStep.row_id.desc())
        .limit(1)
    )
    last = session.scalars(query).first()
    return last if last in _SAID else None


@dataclass(frozen=True, slots=True)
class _Owned:
    """A device's clips: those gateways read as its own unless a person said otherwise, and those a person gave it."""

    number: str
    here: list[str]
    away: list[str]

    def sightings(self, row: Any, now_us: int) -> ColumnElement[bool]:
        """The one sighting that speaks for each of them; see `clip_facts`.

        `coalesce` and `abs` change no value here. They keep the indices by device and by arrival out of the plan, which
        would read every sighting of the device for each one; by state and by clip only few are read.
        """
        own: ColumnElement[bool] = row.device_number == self.number
        if self.away:
            own = and_(own, row.clip_id.not_in(self.away))
        if self.here:
            own = or_(own, row.clip_id.in_(self.here))
        other: Any = aliased(SightingRow)
        of_it = [func.coalesce(other.device_number, "") == self.number, other.clip_id.in_(self.here)][
            : 2 if self.here else 1
        ]
        earlier = or_(
            other.received_us < row.received_us,
            and_(other.received_us == row.received_us, other.sighting_id < row.sighting_id),
        )
        is_open, other_is_open = row.applied_offset_us == 0, other.applied_offset_us == 0
        before = or_(and_(is_open, ~other_is_open), and_(or_(~is_open, other_is_open), earlier))
        speaks_over = select(other.sighting_id).where(
            other.clip_id == row.clip_id, other.received_us <= now_us, or_(*of_it), before
        )
        return and_(own, func.abs(row.received_us) <= now_us, ~speaks_over.exists())


def _episodes(session: Session, owned: _Owned, state: str, now_us: int) -> list[_Episode]:
    """Clips in the state, told apart by what was as commissioned before them."""
    row, earlier = aliased(SightingRow), aliased(SightingRow)
    in_order = (
        select(earlier.corrected_start_us)
        .where(
            earlier.reference_state == ReferenceState.OK.value,
            earlier.corrected_start_us < row.corrected_start_us,
            owned.sightings(earlier, now_us),
        )
        .order_by(earlier.corrected_start_us.desc())
        .limit(1)
        .correlate(row)
        .scalar_subquery()
    )
    said_us = _rejected(session, owned.number, state, now_us)
    seen_us, told_us = func.coalesce(in_order, 0), _latest_before(row.corrected_start_us, said_us)
    since = case((told_us > seen_us, told_us), else_=seen_us).label("since_us")
    changed = [
        row.reference_state == state,
        row.corrected_start_us.is_not(None),
        owned.sightings(row, now_us),
    ]
    until = func.max(func.coalesce(row.corrected_end_us, row.corrected_start_us))
    query = (
        select(since, func.min(row.corrected_start_us), until, func.count(row.clip_id.distinct()))
        .where(*changed)
        .group_by("since_us")
        .order_by(func.min(row.corrected_start_us))
    )
    episodes: list[_Episode] = []
    for since_us, from_us, until_us, clips in session.execute(query):
        first = select(row.clip_id).where(*changed, row.corrected_start_us == from_us).order_by(row.clip_id).limit(1)
        episodes.append(_Episode(since_us, from_us, until_us, clips, session.scalars(first).one()))
    return episodes


def _rejected(session: Session, device_number: str, state: str, now_us: int) -> list[int]:
    """When persons said that the camera is in order although a look found it changed; the newest first."""
    query = (
        select(FindingStep.at_us)
        .join(Finding, Finding.finding_id == FindingStep.finding_id)
        .where(
            Finding.device_number == device_number,
            Finding.kind == VIEW_KIND_OF[state],
            FindingStep.state == FindingState.REJECTED.value,
            FindingStep.at_us <= now_us,
        )
        .order_by(FindingStep.at_us.desc())
        .limit(_MOST_REJECTIONS)
    )
    return list(session.scalars(query))


def _latest_before(start_us: Any, moments_us: list[int]) -> ColumnElement[int]:
    if not moments_us:
        return literal(0)
    return case(*((start_us > moment_us, moment_us) for moment_us in moments_us), else_=0)
