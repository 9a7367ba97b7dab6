"""A gateway offers a clip: it is granted, refused for now, refused for good, or its receipt is said again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.orm import Session

from edge.contract.dsse import Signer
from edge.contract.instants import UtcMicros
from edge.contract.manifest import Manifest
from edge.contract.messages import Refusal, RefusalReason
from server.domain.receiving import ByteSpan, Limits, Reservation, window_for
from server.store.database import Database
from server.store.tables import Clip, Gateway, Upload
from server.usecases.admission import Admit, admit_all
from server.usecases.receive_sighting import OFFERED, RECEIVING, SEALED, record_sighting
from server.usecases.seal_clip import hash_refusal, is_quarantined, stored_receipt

_GRANT_BYTES = 128
"""What a grant's row takes: whoever offers the same clip without end makes one each time."""


@dataclass(frozen=True, slots=True)
class Granted:
    """Leave to send; `upload` is the fence. `held` are the journalled ranges, which the part file must still have."""

    upload: int
    clip_id: str
    gateway_id: str
    sha256: str
    size_bytes: int
    chunk_bytes: int
    window_bytes: int
    held: tuple[ByteSpan, ...]


@dataclass(frozen=True, slots=True)
class Sealed:
    """The content is sealed already: the receipt's stored bytes, whichever gateway it was first sent to."""

    receipt: bytes


@dataclass(frozen=True, slots=True)
class RefusedForGood:
    """The signed bytes of a permanent refusal."""

    refusal: bytes


@dataclass(frozen=True, slots=True)
class RefusedForNow:
    """Not now; offer again later."""

    refusal: Refusal


OfferAnswer = Granted | Sealed | RefusedForGood | RefusedForNow


@dataclass(frozen=True, slots=True)
class Room:
    """What the worker can take in now."""

    worker_id: str
    open_now: Sequence[Reservation]
    limits: Limits
    free_bytes: int
    reserve_bytes: int
    busy_retry_s: float
    full_retry_s: float
    signing_stopped: bool = False


def receive_offer(
    db: Database,
    manifest: Manifest,
    envelope: bytes,
    *,
    gateway_id: str,
    flagged: bool,
    clock_limit_us: int,
    room: Room,
    signer: Signer,
    now_us: UtcMicros,
    admit: Admit = admit_all,
) -> OfferAnswer:
    """The answer, with the offer's rows durable when this returns. The manifest's signature has been checked.

    Raises SightingReusedError, OverLimitError.
    """
    with db.writing() as session:
        gateway = session.get_one(Gateway, gateway_id)
        clip = record_sighting(
            session,
            manifest,
            envelope,
            gateway=gateway,
            flagged=flagged,
            clock_limit_us=clock_limit_us,
            received_us=now_us,
            admit=admit,
        )
        if clip.state == SEALED:
            return Sealed(stored_receipt(clip))
        if is_quarantined(session, clip.clip_id, gateway_id):
            return RefusedForGood(hash_refusal(clip.clip_id, gateway_id, signer, now_us))
        return _grant(session, clip, gateway_id, room, now_us, admit)


def _grant(
    session: Session, clip: Clip, gateway_id: str, room: Room, now_us: UtcMicros, admit: Admit
) -> Granted | RefusedForNow:
    if room.signing_stopped:
        return _not_now(clip.clip_id, RefusalReason.SIGNING_STOPPED, room.full_retry_s)
    held = tuple((int(start), int(end)) for start, end in json.loads(clip.held_json))
    if clip.gateway_id != gateway_id:
        held = ()  # bytes of two gateways are never mixed: the false ones of one would be blamed on the other
    missing_bytes = clip.size_bytes - sum(end - start for start, end in held)
    if room.free_bytes - missing_bytes < room.reserve_bytes:
        return _not_now(clip.clip_id, RefusalReason.STORE_FULL, room.full_retry_s)
    sent_by_another = any(other.clip_id == clip.clip_id and other.gateway_id != gateway_id for other in room.open_now)
    window = window_for(gateway_id, clip.clip_id, clip.size_bytes, room.open_now, room.limits)
    if window is None or sent_by_another:
        clip.state = clip.state if clip.state == RECEIVING else OFFERED
        return _not_now(clip.clip_id, RefusalReason.BUSY, room.busy_retry_s)
    admit(session, _GRANT_BYTES)
    session.execute(
        update(Upload).where(Upload.clip_id == clip.clip_id, Upload.state == "open").values(state="replaced")
    )
    upload = Upload(
        clip_id=clip.clip_id,
        gateway_id=gateway_id,
        worker_id=room.worker_id,
        state="open",
        granted_us=now_us,
        chunk_bytes=room.limits.chunk_bytes,
    )
    session.add(upload)
    clip.state, clip.gateway_id, clip.held_json = RECEIVING, gateway_id, json.dumps(held)
    session.flush()
    return Granted(
        upload=upload.number,
        clip_id=clip.clip_id,
        gateway_id=gateway_id,
        sha256=clip.sha256,
        size_bytes=clip.size_bytes,
        chunk_bytes=room.limits.chunk_bytes,
        window_bytes=window,
        held=held,
    )


def _not_now(clip_id: str, reason: RefusalReason, retry_after_s: float) -> RefusedForNow:
    return RefusedForNow(Refusal(clip_id=clip_id, reason=reason, permanent=False, retry_after_s=retry_after_s))
