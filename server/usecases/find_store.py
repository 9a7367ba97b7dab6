"""Findings of the store: clips not as they were sealed, receipts whose clip is gone, clips that wait too long."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.contract.messages import Status
from server.domain.findings import FindingDraft, FindingKind, FindingState, finding_id_of
from server.store.clip_checks import wrong_checks
from server.store.tables import Clip, EventRow, Finding, FindingStep, Gateway
from server.usecases.finding_store import SYSTEM, write_findings
from server.usecases.receive_sighting import SEALED

STORE_KINDS = frozenset(
    {FindingKind.SEALED_CLIP_WRONG, FindingKind.RECEIPTED_CLIP_MISSING, FindingKind.CLIPS_WAITING_LONG}
)
_MOST_EVENTS = 10_000
"""A gateway's claims fill no more than that; what is older is still in its events."""


def store_drafts(session: Session, *, now_us: UtcMicros) -> list[FindingDraft]:
    """What is wrong with what was promised, now."""
    gateways = {row.gateway_id: row for row in session.scalars(select(Gateway))}
    return [
        *_wrong_clips(session),
        *_missing_clips(session, gateways),
        *_waiting_long(gateways.values(), now_us),
    ]


def is_as_sealed(session: Session, clip_id: str, *, known_us: int) -> bool:
    """False from the reading that found it otherwise until the one that found it whole again.

    What persons say of the finding in between changes nothing.
    """
    query = select(FindingStep.state).where(
        FindingStep.finding_id == finding_id_of(FindingKind.SEALED_CLIP_WRONG, clip_id),
        FindingStep.by == SYSTEM,
        FindingStep.at_us <= known_us,
    )
    last = session.scalars(query.order_by(FindingStep.row_id.desc()).limit(1)).first()
    return last in {None, FindingState.WITHDRAWN.value}


def write_wrong_clips(session: Session, *, now_us: UtcMicros) -> None:
    """The findings that `is_as_sealed` reads, in the transaction that records what was found: nothing lies between."""
    on_record = session.scalars(select(Finding).where(Finding.kind == FindingKind.SEALED_CLIP_WRONG.value)).all()
    write_findings(session, _wrong_clips(session), on_record, now_us=now_us)


def _wrong_clips(session: Session) -> Iterator[FindingDraft]:
    kind = FindingKind.SEALED_CLIP_WRONG
    for check in wrong_checks(session):
        clip = session.get(Clip, check.clip_id)
        gateway = None if clip is None else session.get(Gateway, clip.gateway_id)
        yield FindingDraft(
            finding_id=finding_id_of(kind, check.clip_id),
            kind=kind,
            unit_number=None if gateway is None else gateway.unit_number,
            clip_id=check.clip_id,
            evidence=(("clip", check.clip_id),),
        )


def _missing_clips(session: Session, gateways: dict[str, Gateway]) -> Iterator[FindingDraft]:
    """A gateway holds a receipt for a clip that is not (yet, again) sealed here: this database is an older one."""
    kind = FindingKind.RECEIPTED_CLIP_MISSING
    query = select(EventRow).where(EventRow.code == kind.value).order_by(EventRow.row_id.desc()).limit(_MOST_EVENTS)
    for event in session.scalars(query):
        clip_id = str(json.loads(event.detail_json).get("clip_id", ""))
        clip = session.get(Clip, clip_id)
        if clip is not None and clip.state == SEALED:
            continue
        gateway = gateways.get(event.gateway_id)
        yield FindingDraft(
            finding_id=finding_id_of(kind, event.gateway_id, clip_id),
            kind=kind,
            unit_number=None if gateway is None else gateway.unit_number,
            clip_id=None if clip is None else clip_id,
            from_us=event.at_us,
            evidence=(("gateway", event.gateway_id if gateway is None else gateway.name), ("clip", clip_id)),
        )


def _waiting_long(gateways: Iterable[Gateway], now_us: UtcMicros) -> Iterator[FindingDraft]:
    kind = FindingKind.CLIPS_WAITING_LONG
    for gateway in gateways:
        status = _status(gateway)
        if status is None or status.oldest_waiting is None or now_us - status.oldest_waiting <= MICROS_PER_DAY:
            continue
        yield FindingDraft(
            finding_id=finding_id_of(kind, gateway.gateway_id),
            kind=kind,
            unit_number=gateway.unit_number,
            from_us=status.oldest_waiting,
            evidence=(("gateway", gateway.name),),
        )


def _status(gateway: Gateway) -> Status | None:
    try:
        return None if gateway.status_json is None else Status.model_validate_json(gateway.status_json)
    except ValidationError:  # of a release that said it otherwise
        return None
