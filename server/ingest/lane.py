"""The worker's lane: the uploads it granted, from the first chunk to the receipt. Runs in the writing thread alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import structlog

from edge.contract.events import down_event
from edge.contract.messages import Grant, Refusal, RefusalReason
from edge.contract.topics import ChunkTopic, DownKind, DownTopic
from edge.contract.wire_model import WireModel
from server.domain.receiving import MAX_BATCH_CHUNKS, Limits, Reservation, batch_is_due, chunk_bytes_for, window_for
from server.ingest import metrics
from server.ingest.open_upload import OpenUpload
from server.ingest.read_back import ReadBack
from server.store.clip_files import PartUnusableError, StoreFullError
from server.usecases.context import AppContext
from server.usecases.hold_ranges import close_uploads, count_wrong_bytes, journal_ranges
from server.usecases.receive_offer import Granted
from server.usecases.seal_clip import MOST_WRONG_BYTES, quarantine_clip, seal_clip

log = structlog.get_logger(__name__)
Say = Callable[[DownTopic, bytes], None]
_SOON_BYTES = 16 << 20
"""A clip with no more than this left to hash is sealed before its gateway could miss an answer."""


class Lane:
    """Open uploads by number. `say` hands an answer to the link; a lost answer is asked for again by the gateway."""

    def __init__(self, context: AppContext, worker_id: str, say: Say, read_back: ReadBack) -> None:
        self.worker_id = worker_id
        self._context, self._say = context, say
        self._read_back = read_back
        self._open: dict[int, OpenUpload] = {}
        self._chunks, self._oldest_s = 0, 0.0
        self._window_is_half_used = self._last_chunk_came = False
        self._rates: dict[str, float] = {}

    def limits(self, gateway_id: str) -> Limits:
        """How much may be on its way at once, in chunks that suit the gateway's link."""
        ingest = self._context.config.ingest
        chunk_bytes = chunk_bytes_for(self._rates.get(gateway_id), ingest.chunk_bytes)
        return Limits(chunk_bytes, ingest.window_bytes, ingest.gateway_bytes, ingest.worker_bytes)

    # ------------------------------------------------------------------ grants
    def reservations(self) -> list[Reservation]:
        """What the open uploads may have on their way."""
        return [
            Reservation(upload.clip_id, upload.granted.gateway_id, upload.window_bytes)
            for upload in self._open.values()
        ]

    def settle(self, clip_id: str, gateway_id: str, now_s: float) -> OpenUpload | None:
        """Take back the gateway's own grant of a clip it offers anew; its ranges are flushed and journalled."""
        for number, upload in self._open.items():
            if upload.clip_id == clip_id and upload.granted.gateway_id == gateway_id:
                del self._open[number]
                self._learn(upload, now_s)
                try:
                    upload.flush()
                except (StoreFullError, PartUnusableError) as error:
                    self._lose(upload, error)
                    return None
                journal_ranges(self._context.db, {clip_id: upload.held})
                return upload
        return None

    def open(self, granted: Granted, settled: OpenUpload | None, now_s: float) -> None:
        """Begin a granted upload and say so; what is held already is verified and sealed without another byte."""
        try:
            if settled is None:
                upload = OpenUpload(granted, self._context.clip_files, self._read_back, now_s)
            else:
                upload = settled
                upload.renew(granted, now_s)
        except (StoreFullError, PartUnusableError) as error:
            log.error("part_file_unusable", clip=granted.clip_id, why=str(error))
            close_uploads(self._context.db, [granted.upload], state="failed")
            self.refuse(granted.gateway_id, granted.clip_id, RefusalReason.STORE_FULL)
            return
        self._open[granted.upload] = upload
        metrics.OPEN_UPLOADS.set(len(self._open))
        if granted.size_bytes > 0:
            grant = Grant(
                clip_id=granted.clip_id,
                upload=granted.upload,
                worker=self.worker_id,
                chunk_bytes=granted.chunk_bytes,
                window_bytes=granted.window_bytes,
                held=upload.held,
            )
            self._tell(granted.gateway_id, DownKind.GRANT, grant)

    def refuse(self, gateway_id: str, clip_id: str, reason: RefusalReason) -> None:
        """Not now."""
        ingest = self._context.config.ingest
        retry_s = ingest.busy_retry_s if reason is RefusalReason.BUSY else ingest.full_retry_s
        self.say_refusal(gateway_id, Refusal(clip_id=clip_id, reason=reason, permanent=False, retry_after_s=retry_s))

    def say_refusal(self, gateway_id: str, refusal: Refusal) -> None:
        """Send a bare refusal, and count it."""
        metrics.REFUSALS.labels(reason=refusal.reason).inc()
        self._tell(gateway_id, DownKind.REFUSAL, refusal)

    # ------------------------------------------------------------------ chunks
    def take_chunk(self, topic: ChunkTopic, payload: bytes, now_s: float) -> None:
        """Write a chunk of one of the open uploads; any other is dropped: its fence has fallen."""
        upload = self._open.get(topic.upload)
        if upload is None or upload.granted.gateway_id != topic.gateway_id or topic.worker_id != self.worker_id:
            metrics.CHUNKS.labels(outcome="fenced").inc()
            return
        try:
            outcome = upload.take(topic, payload, now_s)
        except (StoreFullError, PartUnusableError) as error:
            self._give_up(topic.upload, upload, error)
            return
        metrics.CHUNKS.labels(outcome=outcome).inc()
        if outcome == "written":
            metrics.CHUNK_BYTES.inc(len(payload))
            self._window_is_half_used |= upload.window_is_half_used
            self._last_chunk_came |= upload.has_all_bytes
        if self._chunks == 0:
            self._oldest_s = now_s
        self._chunks += 1

    def flush(self, now_s: float, *, more_waits: bool) -> bool:
        """When a batch is due or a gateway waits for it: flush, journal the ranges, answer. Whether it was so.

        `more_waits`: other messages are here already, so that clips that ended may wait for each other. A clip that is
        whole and hashed soon is sealed by `seal_whole` right after: its receipt is its answer.
        """
        urgent = self._window_is_half_used or (self._last_chunk_came and not more_waits)
        if not urgent and not batch_is_due(self._chunks, self._oldest_s, now_s):
            return False
        self._window_is_half_used = self._last_chunk_came = False
        self._chunks = 0
        owing = [(number, upload) for number, upload in self._open.items() if upload.owes_answer]
        flushed: list[OpenUpload] = []
        with metrics.FLUSH_SECONDS.time():
            for number, upload in owing:
                try:
                    upload.flush()
                    if not upload.can_be_sealed_after(_SOON_BYTES):
                        flushed.append(upload)
                except (StoreFullError, PartUnusableError) as error:
                    self._give_up(number, upload, error)
            journal_ranges(self._context.db, {upload.clip_id: upload.held for upload in flushed})
        for upload in flushed:
            self._answer(upload)
        return True

    def forget_all(self) -> None:
        """A transaction failed: what it granted was never told, and more may be known here than is on record."""
        for upload in self._open.values():
            upload.close()
        self._open.clear()

    # ------------------------------------------------------------------ the end of an upload
    def seal_whole(self) -> None:
        """Seal what is held and hashed to its end."""
        for number, upload in list(self._open.items()):
            try:
                if upload.is_whole:
                    self._finish(number, upload)
            except (StoreFullError, PartUnusableError) as error:
                self._give_up(number, upload, error)

    def lapse(self, now_s: float) -> None:
        """Give back the budgets of grants that have been idle too long; their bytes stay."""
        idle_s = self._context.config.ingest.grant_idle_s
        idle = [
            number
            for number, upload in self._open.items()
            if now_s - upload.touched_s > idle_s and not upload.is_being_hashed
        ]
        for number in idle:
            self._learn(self._open[number], now_s)
            self._open.pop(number).close()
        close_uploads(self._context.db, idle, state="lapsed")
        metrics.OPEN_UPLOADS.set(len(self._open))

    def close(self) -> None:
        """At the end of the worker: flush and journal what is written."""
        self._chunks = max(self._chunks, MAX_BATCH_CHUNKS)
        self.flush(0.0, more_waits=False)
        for upload in self._open.values():
            upload.close()
        self._open.clear()
        self._read_back.stop()

    def _finish(self, number: int, upload: OpenUpload) -> None:
        granted, context = upload.granted, self._context
        now_us = context.clock.now_us()
        if upload.hash_agrees:
            upload.part.require_in_place(granted.size_bytes)
            del self._open[number]
            self._learn(upload, context.clock.steady_s())
            upload.close()
            receipt = seal_clip(
                context.db,
                granted.clip_id,
                upload_number=number,
                gateway_id=granted.gateway_id,
                stored_path=context.clip_files.finish(granted.clip_id),
                signer=context.signer,
                now_us=now_us,
            )
            metrics.SEALED.inc()
            log.info("clip_sealed", clip=granted.clip_id, gateway=granted.gateway_id, size_bytes=granted.size_bytes)
            self._say(DownTopic(granted.gateway_id, DownKind.RECEIPT), receipt)
        elif count_wrong_bytes(context.db, granted.clip_id, granted.gateway_id) < MOST_WRONG_BYTES:
            log.warning("hash_differs", clip=granted.clip_id, gateway=granted.gateway_id, again=True)
            upload.begin_again(context.clip_files)
            self._answer(upload)
        else:
            del self._open[number]
            upload.close()
            context.clip_files.keep_part_aside(granted.clip_id, granted.gateway_id)
            refusal = quarantine_clip(
                context.db,
                granted.clip_id,
                upload_number=number,
                gateway_id=granted.gateway_id,
                signer=context.signer,
                now_us=now_us,
            )
            metrics.QUARANTINED.inc()
            metrics.REFUSALS.labels(reason=RefusalReason.HASH_DIFFERS.value).inc()
            log.error("clip_quarantined", clip=granted.clip_id, gateway=granted.gateway_id)
            self._say(DownTopic(granted.gateway_id, DownKind.REFUSAL), refusal)
        metrics.OPEN_UPLOADS.set(len(self._open))

    def _answer(self, upload: OpenUpload) -> None:
        granted = upload.granted
        limits = replace(self.limits(granted.gateway_id), chunk_bytes=granted.chunk_bytes)
        window = window_for(granted.gateway_id, granted.clip_id, granted.size_bytes, self.reservations(), limits)
        self._tell(granted.gateway_id, DownKind.HAVE, upload.have(window or granted.chunk_bytes))

    def _learn(self, upload: OpenUpload, now_s: float) -> None:
        """How fast the gateway's link was, for the chunks of its next grant."""
        rate = upload.rate_bytes_s(now_s)
        if rate is not None:
            self._rates[upload.granted.gateway_id] = rate

    def _give_up(self, number: int, upload: OpenUpload, error: StoreFullError | PartUnusableError) -> None:
        """Room is gone: the ranges stay and the gateway waits. Bytes may be gone: every range is asked for again."""
        self._open.pop(number, None)
        self._lose(upload, error)
        close_uploads(self._context.db, [number], state="failed")
        self.refuse(upload.granted.gateway_id, upload.clip_id, RefusalReason.STORE_FULL)

    def _lose(self, upload: OpenUpload, error: StoreFullError | PartUnusableError) -> None:
        log.error("upload_given_up", clip=upload.clip_id, why=str(error))
        upload.close()
        if isinstance(error, PartUnusableError):
            journal_ranges(self._context.db, {upload.clip_id: ()})
            try:
                self._context.clip_files.drop_part(upload.clip_id)
            except OSError as failed:  # a disk that was made read-only: no range of it counts, so it is written over
                log.error("part_file_not_removed", clip=upload.clip_id, why=failed.strerror)

    def _tell(self, gateway_id: str, kind: DownKind, data: WireModel) -> None:
        now_us = self._context.clock.now_us()
        message = down_event(
            kind,
            data,
            gateway_id=gateway_id,
            event_id=f"{self.worker_id}.{now_us}",
            now_us=now_us,
            signer=self._context.signer,
        )
        self._say(DownTopic(gateway_id, kind), message)
