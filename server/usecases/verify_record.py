"""Whether the rows of a sealed clip still say what was signed: id, receipt, act and upload, each against the others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from edge.contract.events import MessageRefusedError, Opened, open_down
from edge.contract.identifiers import clip_id_of, key_id_of
from edge.contract.messages import Receipt
from edge.contract.sentences import Sentence, sentence
from edge.contract.topics import DownKind
from edge.platform.signing import PublicKeys
from server.domain.acts import canonical_json
from server.domain.verification import STOP_RECORD_CHANGED, Subject, Wrong
from server.store.tables import Act, Clip, ServerKeyRow, Upload
from server.usecases.receive_sighting import SEALED


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """Every key that ever signed here, and over [since_us, until_us) when."""

    public: PublicKeys
    spans: Mapping[str, tuple[int, int | None]]

    def counted_at(self, key_id: str, at_us: int) -> bool:
        """Whether what this key signed then may be believed."""
        since_us, until_us = self.spans.get(key_id, (at_us + 1, None))
        return since_us <= at_us and (until_us is None or at_us < until_us)


@dataclass(frozen=True, slots=True)
class ClipRecord:
    """A clip's row with those it names. None: it names none, or the one it names is gone."""

    clip: Clip
    act: Act | None
    upload: Upload | None


def server_keys(rows: list[ServerKeyRow], begun: Mapping[str, str]) -> tuple[ServerKeys, list[Wrong]]:
    """The keys that may be believed, and what is wrong with the others.

    `begun`: key id -> public key (hex) as the acts have it.
    """
    wrong = [
        _of_key(row.key_id)
        for row in rows
        if key_id_of(row.public_key) != row.key_id or begun.get(row.key_id) != row.public_key.hex()
    ]
    bad = {one.item for one in wrong}
    good = [row for row in rows if row.key_id not in bad]
    spans = {row.key_id: (row.since_us, row.until_us) for row in good}
    return ServerKeys(PublicKeys({row.key_id: row.public_key for row in good}), spans), wrong


def record_of(session: Session, clip: Clip) -> ClipRecord:
    """The rows that a clip's row names."""
    act = None if clip.act_index is None else session.get(Act, clip.act_index)
    upload = None
    if act is not None:
        number = _data_of(act).get("upload")
        upload = session.get(Upload, number) if isinstance(number, int) else None
    return ClipRecord(clip, act, upload)


def wrong_in_record(record: ClipRecord, keys: ServerKeys) -> Iterator[Wrong]:
    """Everything in the rows of a sealed clip that is not what was signed."""
    clip = record.clip
    if not _is_its_own_id(clip):
        said = sentence("verify_id", "clip {clip}: size and hash in its row are not its own", clip=clip.clip_id)
        yield _of_clip(clip, said)
    if clip.stored_path != f"{clip.clip_id[:2]}/{clip.clip_id}":
        yield _of_clip(
            clip,
            sentence(
                "verify_path",
                "clip {clip}: its row names the file {path}",
                clip=clip.clip_id,
                path=str(clip.stored_path),
            ),
        )
    if clip.receipt is None:
        said = sentence("verify_no_receipt", "clip {clip} is sealed and has no receipt", clip=clip.clip_id)
        yield _of_clip(clip, said)
        return
    try:
        opened = open_down(clip.receipt, DownKind.RECEIPT, gateway_id=clip.gateway_id, verifier=keys.public)
    except MessageRefusedError as error:
        yield _of_clip(
            clip,
            sentence(
                "verify_receipt_refused",
                "clip {clip}: its receipt does not stand ({why})",
                clip=clip.clip_id,
                why=error.reason,
            ),
        )
        return
    yield from _wrong_in_receipt(record, opened, keys)


def _wrong_in_receipt(record: ClipRecord, opened: Opened, keys: ServerKeys) -> Iterator[Wrong]:
    clip, receipt = record.clip, opened.data
    if not isinstance(receipt, Receipt):
        return
    told: dict[str, tuple[object, object]] = {
        "clip_id": (clip.clip_id, receipt.clip_id),
        "sha256": (clip.sha256, receipt.sha256),
        "size_bytes": (clip.size_bytes, receipt.size_bytes),
        "sealed_us": (clip.sealed_us, receipt.sealed),
        "act_index": (clip.act_index, receipt.act_index),
        "gateway_id": (clip.gateway_id, receipt.gateway_id),
    }
    differing = [name for name, (row, signed) in told.items() if row != signed]
    if differing:
        yield _of_clip(
            clip,
            sentence(
                "verify_row_differs",
                "clip {clip}: its row says otherwise than its receipt: {fields}",
                clip=clip.clip_id,
                fields=tuple(differing),
            ),
        )
    if not keys.counted_at(opened.event.keyid or "", receipt.sealed):
        yield _of_clip(
            clip,
            sentence(
                "verify_key_time",
                "clip {clip}: its receipt was signed with key {key}, which did not count then",
                clip=clip.clip_id,
                key=opened.event.keyid or "",
            ),
        )
    yield from _wrong_in_act(record, receipt)


def _wrong_in_act(record: ClipRecord, receipt: Receipt) -> Iterator[Wrong]:
    clip, act, upload = record.clip, record.act, record.upload
    if act is None or act.hash != receipt.act_hash:
        yield _of_clip(
            clip,
            sentence(
                "verify_act_differs",
                "clip {clip}: its receipt names act {act}, which is not in the chain as it was signed",
                clip=clip.clip_id,
                act=receipt.act_index,
            ),
        )
        return
    data = {"sha256": receipt.sha256, "size_bytes": receipt.size_bytes, "upload": receipt.upload}
    if (act.verb, act.subject_kind, act.subject_id, act.data_json) != (
        "seal",
        "clip",
        receipt.clip_id,
        canonical_json(data),
    ):
        yield _of_clip(
            clip,
            sentence(
                "verify_act_other",
                "clip {clip}: act {act} does not seal what its receipt says",
                clip=clip.clip_id,
                act=act.index,
            ),
        )
    if upload is None or (upload.clip_id, upload.gateway_id) != (receipt.clip_id, receipt.gateway_id):
        yield _of_clip(
            clip,
            sentence(
                "verify_upload_differs",
                "clip {clip}: upload {number}, which brought it, is not on record as it was",
                clip=clip.clip_id,
                number=receipt.upload,
            ),
        )


def wrong_seal_act(act: Act, clip: Clip | None) -> Wrong | None:
    """A seal in the chain whose clip is not sealed by it any more: a row that was taken away or changed."""
    if clip is not None and clip.state == SEALED and clip.act_index == act.index:
        return None
    said = sentence(
        "verify_seal_without_clip",
        "act {act} sealed clip {clip}, whose row is gone or says otherwise",
        act=act.index,
        clip=act.subject_id,
    )
    return Wrong(Subject.CLIP, act.subject_id, said, STOP_RECORD_CHANGED)


def _is_its_own_id(clip: Clip) -> bool:
    try:
        return clip_id_of(clip.size_bytes, clip.sha256) == clip.clip_id
    except (ValueError, OverflowError):  # no hash at all, or a size that no file has
        return False


def _data_of(act: Act) -> dict[str, object]:
    try:
        data = json.loads(act.data_json)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}


def _of_clip(clip: Clip, said: Sentence) -> Wrong:
    return Wrong(Subject.CLIP, clip.clip_id, said, STOP_RECORD_CHANGED)


def _of_key(key_id: str) -> Wrong:
    said = sentence("verify_key", "signing key {key}: its row is not the key that the acts say was begun", key=key_id)
    return Wrong(Subject.KEY, key_id, said, STOP_RECORD_CHANGED)
