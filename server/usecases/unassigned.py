"""Footage that no person can answer for: the queue, and a person saying where it is from."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session, defer

from server.domain.access import NotVisibleError, Permission, Scope
from server.domain.findings import FindingKind, FindingState
from server.domain.rules import RuleSet
from server.store.act_log import append_act
from server.store.recorded import known_rows, record, replace
from server.store.tables import Clip, Finding, FootageAssignment, SightingRow
from server.usecases.clip_reads import clip_item, sightings_of
from server.usecases.clip_scope import ClipScope
from server.usecases.pages import bounded, place_of, place_text
from server.usecases.receive_sighting import mark_clip
from server.usecases.register_reads import latest_device
from server.usecases.views import Page, UnassignedClip

MAX_REASON_CHARACTERS = 500
_BATCH = 5000


class ReasonMissingError(ValueError):
    """A person's step needs a reason; write one."""

    def __init__(self) -> None:
        super().__init__(f"give a reason of 1 to {MAX_REASON_CHARACTERS} characters")


def checked_reason(reason: str) -> str:
    """The reason without blanks around it. Raises ReasonMissingError."""
    text = reason.strip()
    if not text or len(text) > MAX_REASON_CHARACTERS:
        raise ReasonMissingError
    return text


def unassigned(
    session: Session,
    *,
    scope: Scope,
    rules: RuleSet,  # noqa: ARG001 - every list takes the same arguments
    now_us: int,
    limit: int = 50,
    after: str | None = None,
) -> Page[UnassignedClip]:
    """The queue, the oldest first. Raises NotPermittedError, BadPlaceError."""
    scope.require(Permission.SEE_UNASSIGNED)
    clip_scope = ClipScope(session, scope, known_us=now_us)
    found = _queue(session, clip_scope)
    place = place_of(after)
    rest = [one for one in found if place is None or (one[0].first_seen_us, one[0].clip_id) > place]
    count = bounded(limit)
    items = tuple(
        UnassignedClip(
            item=clip_item(clip, sighting, clip_scope, known_us=now_us),
            gateway_id=sighting.gateway_id,
            path=sighting.path,
            why=why,
        )
        for clip, sighting, why in rest[:count]
    )
    last = rest[count - 1][0] if len(rest) > count else None
    return Page(items, None if last is None else place_text(last.first_seen_us, last.clip_id), len(found))


def unassigned_count(session: Session, *, scope: Scope, now_us: int) -> int:
    """How long the queue is."""
    return len(_queue(session, ClipScope(session, scope, known_us=now_us)))


def assign_footage(
    session: Session, clip_id: str, *, device_number: str, reason: str, scope: Scope, now_us: int
) -> None:
    """Say on record that this clip is from that device, in the caller's writing transaction, as an act.

    Raises NotVisibleError for a clip or device outside the scope, NotPermittedError, ReasonMissingError.
    """
    scope.require(Permission.ASSIGN_FOOTAGE)
    text = checked_reason(reason)
    clip_scope = ClipScope(session, scope, known_us=now_us)
    sightings = [row for row in sightings_of(session, clip_id, known_us=now_us) if clip_scope.sees(row)]
    if not sightings:
        raise NotVisibleError(kind="clip", number=clip_id)
    device = latest_device(session, device_number, known_us=now_us)
    if device is None or not scope.sees_unit(device.unit_number):
        raise NotVisibleError(kind="device", number=device_number)
    row = FootageAssignment(
        number=clip_id,
        device_number=device_number,
        reason=text,
        valid_from_us=0,
        valid_until_us=None,
        recorded_us=now_us,
        recorded_by=scope.account,
        replaces=None,
        withdrawn=False,
    )
    before = known_rows(session, FootageAssignment, known_us=now_us, number=clip_id)
    if before:
        replace(session, before[-1], row)
    else:
        record(session, row)
    append_act(
        session,
        at_us=now_us,
        actor=scope.account,
        verb="footage.assigned",
        subject_kind="clip",
        subject_id=clip_id,
        data={"device": device_number, "reason": text},
    )
    mark_clip(session, clip_id, now_us, device_number)


def _queue(session: Session, clip_scope: ClipScope) -> list[tuple[Clip, SightingRow, str]]:
    """Clips without an owner, by first meeting, each with why.

    Judging found which these may be; whether they still are is asked anew, since a person may just have said it.
    """
    clip_ids = session.scalars(
        select(Finding.clip_id).where(
            Finding.kind == FindingKind.UNASSIGNED_FOOTAGE,
            Finding.state != FindingState.WITHDRAWN,
            Finding.clip_id.is_not(None),
        )
    )
    seen: set[str] = set()
    found: list[tuple[Clip, SightingRow, str]] = []
    ordered = sorted({clip_id for clip_id in clip_ids if clip_id is not None})
    for first in range(0, len(ordered), _BATCH):
        rows = session.execute(
            select(Clip, SightingRow)
            .join(SightingRow, SightingRow.clip_id == Clip.clip_id)
            .where(Clip.clip_id.in_(ordered[first : first + _BATCH]))
            .order_by(SightingRow.received_us, SightingRow.sighting_id)
            .options(defer(Clip.receipt), defer(SightingRow.manifest))
        ).all()
        clip_scope.expect({clip_scope.owner_of(sighting) for _, sighting in rows})
        for clip, sighting in rows:
            if clip.clip_id in seen:
                continue
            seen.add(clip.clip_id)
            why = clip_scope.why_unowned(sighting)
            if why is not None and clip_scope.sees(sighting):
                found.append((clip, sighting, why))
    return sorted(found, key=lambda one: (one[0].first_seen_us, one[0].clip_id))
