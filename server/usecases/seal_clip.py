"""A clip becomes evidence: seal, act and signed receipt in one transaction; or it is put into quarantine."""

from __future__ import annotations

import json

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from edge.contract.dsse import Signer
from edge.contract.events import down_event
from edge.contract.instants import UtcMicros
from edge.contract.messages import Receipt, Refusal, RefusalReason
from edge.contract.topics import DownKind
from server.store.act_log import append_act
from server.store.database import Database
from server.store.tables import Act, Clip, Upload, WrongBytes
from server.usecases.receive_events import record_own_event
from server.usecases.receive_sighting import QUARANTINED, SEALED, devices_of, mark_device

MOST_WRONG_BYTES = 2


class SealWithoutReceiptError(Exception):
    """A sealed clip has no receipt; nothing may be said about it."""

    def __init__(self, *, clip_id: str) -> None:
        super().__init__(f"clip {clip_id} is sealed without a receipt: compare the database with its backup")
        self.clip_id = clip_id


def seal_clip(
    db: Database,
    clip_id: str,
    *,
    upload_number: int,
    gateway_id: str,
    stored_path: str,
    signer: Signer,
    now_us: UtcMicros,
) -> bytes:
    """The receipt's bytes, durable when this returns; only then may they be published.

    The file must already stand, verified, under its final name. Sealing twice gives the same bytes.
    """
    with db.writing() as session:
        clip = session.get_one(Clip, clip_id)
        if clip.state == SEALED and clip.receipt is not None:
            return clip.receipt
        act = append_act(
            session,
            at_us=now_us,
            actor=f"gateway:{gateway_id}",
            verb="seal",
            subject_kind="clip",
            subject_id=clip_id,
            data={"sha256": clip.sha256, "size_bytes": clip.size_bytes, "upload": upload_number},
        )
        clip.state, clip.stored_path, clip.sealed_us, clip.act_index = SEALED, stored_path, now_us, act.index
        clip.held_json = json.dumps([[0, clip.size_bytes]] if clip.size_bytes else [])
        clip.receipt = _receipt(clip, act, upload_number, gateway_id, signer)
        session.execute(update(Upload).where(Upload.number == upload_number).values(state="sealed"))
        _mark(session, clip_id, now_us)
        return clip.receipt


def stored_receipt(clip: Clip) -> bytes:
    """The signed bytes as they were first published: they go to whoever offers the content."""
    if clip.receipt is None:
        raise SealWithoutReceiptError(clip_id=clip.clip_id)
    return clip.receipt


def is_quarantined(session: Session, clip_id: str, gateway_id: str) -> bool:
    """Whether this gateway has sent bytes of the clip that were wrong twice. Another's true copy is still welcome."""
    row = session.get(WrongBytes, (clip_id, gateway_id))
    return row is not None and row.times >= MOST_WRONG_BYTES


def trust_again(session: Session, clip_id: str, gateway_id: str) -> None:
    """After a person's decision: what the gateway sends of this clip is taken once more."""
    session.execute(delete(WrongBytes).where(WrongBytes.clip_id == clip_id, WrongBytes.gateway_id == gateway_id))


def quarantine_clip(
    db: Database, clip_id: str, *, upload_number: int, gateway_id: str, signer: Signer, now_us: UtcMicros
) -> bytes:
    """The signed refusal, once it is on record that the bytes are not, twice, those the manifest names."""
    with db.writing() as session:
        clip = session.get_one(Clip, clip_id)
        clip.state = QUARANTINED
        detail = {"clip_id": clip_id, "sha256": clip.sha256, "size_bytes": str(clip.size_bytes)}
        record_own_event(
            session, gateway_id=gateway_id, code=RefusalReason.HASH_DIFFERS.value, detail=detail, now_us=now_us
        )
        append_act(
            session,
            at_us=now_us,
            actor="system",
            verb="quarantine",
            subject_kind="clip",
            subject_id=clip_id,
            data={"reason": RefusalReason.HASH_DIFFERS.value, "upload": upload_number, "gateway": gateway_id},
        )
        session.execute(update(Upload).where(Upload.number == upload_number).values(state="failed"))
        _mark(session, clip_id, now_us)
    return hash_refusal(clip_id, gateway_id, signer, now_us)


def hash_refusal(clip_id: str, gateway_id: str, signer: Signer, now_us: UtcMicros) -> bytes:
    """No for good, signed: the bytes sent were, twice, not those announced."""
    refusal = Refusal(
        clip_id=clip_id,
        reason=RefusalReason.HASH_DIFFERS,
        permanent=True,
        detail="the bytes that arrived were twice not those the manifest names; a person must look at both",
    )
    return down_event(
        DownKind.REFUSAL,
        refusal,
        gateway_id=gateway_id,
        event_id=f"refusal.{clip_id}.{now_us}",
        now_us=now_us,
        signer=signer,
    )


def _receipt(clip: Clip, act: Act, upload_number: int, gateway_id: str, signer: Signer) -> bytes:
    receipt = Receipt(
        clip_id=clip.clip_id,
        size_bytes=clip.size_bytes,
        sha256=clip.sha256,
        sealed=UtcMicros(act.at_us),
        upload=upload_number,
        gateway_id=gateway_id,
        act_index=act.index,
        act_hash=act.hash,
    )
    return down_event(
        DownKind.RECEIPT,
        receipt,
        gateway_id=gateway_id,
        event_id=f"receipt.{act.index}",
        now_us=UtcMicros(act.at_us),
        signer=signer,
    )


def _mark(session: Session, clip_id: str, now_us: int) -> None:
    """Whether it has arrived is judged as a whole each time; when it was recorded does not change."""
    for device in sorted(devices_of(session, clip_id), key=str):
        mark_device(session, device, now_us, ())
