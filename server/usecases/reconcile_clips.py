"""At start: what lies on disk and what the rows say are brought together, before the first message is taken."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import structlog
from sqlalchemy import select

from edge.contract.identifiers import ClipId
from edge.contract.instants import UtcMicros
from edge.platform.durable import sha256_of_file
from server.domain.receiving import is_complete, without_beyond
from server.store.clip_files import PartUnusableError, StoreFullError
from server.store.history_mark import read_mark
from server.store.tables import Clip, Upload
from server.usecases.context import AppContext
from server.usecases.hold_ranges import journal_ranges, lapse_all_uploads
from server.usecases.receive_sighting import SEALED
from server.usecases.seal_clip import seal_clip
from server.usecases.signing_state import check_recent_acts, why_signing_stopped
from server.usecases.tell_verified import tell_missing

log = structlog.get_logger(__name__)


@dataclass
class Reconciled:
    """What was found and done. Clip ids."""

    sealed: list[str] = field(default_factory=list)
    begun_again: list[str] = field(default_factory=list)
    parts_removed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    signing_stopped: list[str] = field(default_factory=list)


def reconcile_clips(context: AppContext, *, now_us: UtcMicros) -> Reconciled:
    """Seal what was whole when the last run ended, forget bytes that are gone, name what is missing. Repeatable."""
    lapse_all_uploads(context.db)
    check_recent_acts(context.db, now_us=now_us, mark=read_mark(context.config.data_dir))
    done = Reconciled()
    _look_for_sealed_files(context, done, now_us)
    with context.db.reading() as session:
        done.signing_stopped = why_signing_stopped(session)
    _look_at_parts(context, done, now_us)
    _look_for_files_without_seal(context, done, now_us)
    log.info("clips_reconciled", **{name: len(found) for name, found in vars(done).items()})
    return done


def _look_for_sealed_files(context: AppContext, done: Reconciled, now_us: UtcMicros) -> None:
    with context.db.reading() as session:
        rows = session.execute(select(Clip.clip_id, Clip.size_bytes, Clip.stored_path).where(Clip.state == SEALED))
        for clip_id, size_bytes, stored_path in rows:
            path = context.clip_files.path_of(stored_path or "")
            if not path.is_file() or path.stat().st_size != size_bytes:
                done.missing.append(clip_id)
    tell_missing(context.db, done.missing, now_us=now_us)


def _look_at_parts(context: AppContext, done: Reconciled, now_us: UtcMicros) -> None:
    for clip_id in list(context.clip_files.parts()):
        try:
            _look_at_part(context, ClipId(clip_id), done, now_us)
        except (StoreFullError, PartUnusableError, OSError) as error:  # all else starts; its next offer looks again
            log.error("part_file_left_as_it_is", clip=clip_id, why=str(error))
    _forget_ranges_without_part(context)


def _look_at_part(context: AppContext, clip_id: ClipId, done: Reconciled, now_us: UtcMicros) -> None:
    with context.db.reading() as session:
        clip = session.get(Clip, clip_id)
    if clip is None or clip.state == SEALED:
        context.clip_files.drop_part(clip_id)
        done.parts_removed.append(clip_id)
        return
    part = context.clip_files.open_part(clip_id)
    size_bytes = part.size_bytes
    part.close()
    told = [(int(start), int(end)) for start, end in json.loads(clip.held_json)]
    held = without_beyond(told, size_bytes)
    upload = _last_upload(context, clip_id)
    if is_complete(held, clip.size_bytes) and upload is not None and not done.signing_stopped:
        _seal_part(context, clip, upload, done, now_us)
    elif list(held) != told:
        journal_ranges(context.db, {clip_id: held})


def _forget_ranges_without_part(context: AppContext) -> None:
    with context.db.reading() as session:
        rows = session.execute(select(Clip.clip_id).where(Clip.state != SEALED, Clip.held_json != "[]")).scalars()
        gone = [clip_id for clip_id in rows if not context.clip_files.has_part(clip_id)]
    journal_ranges(context.db, {clip_id: () for clip_id in gone if not context.clip_files.is_finished(clip_id)})


def _look_for_files_without_seal(context: AppContext, done: Reconciled, now_us: UtcMicros) -> None:
    """A power cut between the rename and the transaction leaves a final file that no row names."""
    for clip_id in list(context.clip_files.finished()):
        with context.db.reading() as session:
            clip = session.get(Clip, clip_id)
        if clip is None:
            log.error("file_without_row", clip=clip_id)
            done.unknown.append(clip_id)
        elif clip.state != SEALED and not done.signing_stopped:
            upload = _last_upload(context, clip_id)
            if upload is None:  # sealed in a history that was lost, and since then only announced: its grant takes it
                log.info("file_without_grant", clip=clip_id)
                continue
            try:
                _seal_file(context, clip, upload, done, now_us)
            except OSError as error:  # as above
                log.error("file_without_seal_left_as_it_is", clip=clip_id, why=str(error))


def _seal_file(context: AppContext, clip: Clip, upload: Upload, done: Reconciled, now_us: UtcMicros) -> None:
    clip_id = ClipId(clip.clip_id)
    sha256, size_bytes = sha256_of_file(context.clip_files.final_path(clip_id))
    if (sha256, size_bytes) == (clip.sha256, clip.size_bytes):
        _seal(context, upload, f"{clip_id[:2]}/{clip_id}", now_us)
        done.sealed.append(clip_id)
    else:
        context.clip_files.take_back(clip_id)
        journal_ranges(context.db, {clip_id: ()})
        done.begun_again.append(clip_id)


def _seal_part(context: AppContext, clip: Clip, upload: Upload, done: Reconciled, now_us: UtcMicros) -> None:
    sha256, _ = sha256_of_file(context.clip_files.part_path(clip.clip_id))
    if sha256 == clip.sha256:
        _seal(context, upload, context.clip_files.finish(ClipId(clip.clip_id)), now_us)
        done.sealed.append(clip.clip_id)
    else:
        context.clip_files.drop_part(clip.clip_id)
        journal_ranges(context.db, {clip.clip_id: ()})
        done.begun_again.append(clip.clip_id)


def _last_upload(context: AppContext, clip_id: str) -> Upload | None:
    with context.db.reading() as session:
        return session.scalars(
            select(Upload).where(Upload.clip_id == clip_id).order_by(Upload.number.desc()).limit(1)
        ).first()


def _seal(context: AppContext, upload: Upload, stored_path: str, now_us: UtcMicros) -> None:
    """The receipt waits in its row; the gateway asks for it with its next offer."""
    seal_clip(
        context.db,
        upload.clip_id,
        upload_number=upload.number,
        gateway_id=upload.gateway_id,
        stored_path=stored_path,
        signer=context.signer,
        now_us=now_us,
    )
