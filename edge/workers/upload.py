"""Brings every landed clip to its receipt: offers, sends what the server grants, keeps what it signs."""

from __future__ import annotations

import json
import queue
import sqlite3
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import structlog

from edge.contract.events import Opened
from edge.contract.instants import LATEST_US, MICROS_PER_SECOND, UtcMicros
from edge.contract.messages import Events, GatewayEvent, Grant, Have, Offer, Receipt, Refusal, RefusalReason
from edge.contract.topics import UpKind
from edge.domain import upload as session
from edge.domain.receipt_check import receipt_faults
from edge.domain.uplink import ANY_TIME, UplinkRule
from edge.domain.upload import RangeBeyondClipError, SendChunk, Upload, UploadPhase
from edge.domain.upload_order import SMALL_BYTES, WaitingClip
from edge.platform.clock import Clock
from edge.storage import uploads
from edge.storage.contents import ContentState, find_content
from edge.storage.journal import Journal
from edge.storage.outbox import Outbox
from edge.workers.chunk_queue import ChunkQueue, LandingUnreadableError
from edge.workers.rotted_copies import put_aside_if_rotted
from edge.workers.upload_candidates import UploadCandidates
from edge.workers.upload_links import UploadLinks

log = structlog.get_logger(__name__)

_OF_THE_SERVER = frozenset(
    {RefusalReason.BUSY, RefusalReason.STORE_FULL, RefusalReason.SIGNING_STOPPED, RefusalReason.GATEWAY_CLONED}
)
"""Reasons that would meet every other clip too: the clip keeps its turn and waits."""
_UNREADABLE_RETRY_S = 600


@dataclass(frozen=True, slots=True)
class _Departed:
    clip_id: str
    upload: int


class UploadWorker:
    """Keeps up to `in_flight` uploads going. `receive`, `reconnected` may be called by any thread, `step` by one."""

    def __init__(
        self,
        journal: Journal,
        outbox: Outbox,
        links: UploadLinks,
        *,
        landing: Path,
        clock: Clock,
        in_flight: int,
        small_bytes: int = SMALL_BYTES,
        uplink: UplinkRule = ANY_TIME,
    ) -> None:
        self._journal, self._outbox, self._links, self._clock = journal, outbox, links, clock
        self._uplink, self._landing = uplink, landing
        self._candidates = UploadCandidates(journal, places=in_flight, small_bytes=small_bytes)
        self._uploads: dict[str, Upload] = {}
        self._chunks = ChunkQueue(landing)
        self._inbox: queue.SimpleQueue[Opened | _Departed | None] = queue.SimpleQueue()
        self._is_newly_connected = False
        self._last_us = LATEST_US
        self.put_off_by_server = ""
        """Why the server takes no clip from here for now; "" while it does."""
        self.wake = threading.Event()

    def receive(self, opened: Opened) -> None:
        """A verified grant, have, receipt or refusal."""
        self._inbox.put(opened)
        self.wake.set()

    def reconnected(self) -> None:
        """Both connections are new and hello was said: what was outstanding is nothing any more."""
        self._inbox.put(None)
        self.wake.set()

    def step(self, now_us: UtcMicros) -> bool:
        """One round. True: there was something to do, call again at once."""
        if now_us < self._last_us:
            with self._journal.transaction() as rows:
                uploads.ask_again_after_setting_the_clock_back(rows, now_us)
        self._last_us = now_us
        did = self._take_inbox(now_us)
        if not self._links.greeted:
            return did
        for upload in list(self._uploads.values()):
            self._go_on(*session.on_time(upload, now_s=self._clock.steady_s()), now_us)
        did |= self._begin_uploads(now_us)
        return self._send_chunks(now_us) or did

    # ------------------------------------------------------------------ what came in
    def _take_inbox(self, now_us: UtcMicros) -> bool:
        took = False
        while True:
            if self._is_newly_connected:
                self._offer_all_again(now_us)
            try:
                item = self._inbox.get_nowait()
            except queue.Empty:
                return took
            took = True
            if item is None:
                self._is_newly_connected = True
            elif isinstance(item, _Departed):
                self._on_departed(item)
            else:
                self._on_message(item, now_us)

    def _offer_all_again(self, now_us: UtcMicros) -> None:
        """What a full journal interrupts is done at the next step: chunks that went down with the old connection depart
        no more, and whoever waits for them would wait for ever.
        """
        with self._journal.transaction() as rows:
            uploads.ask_again_after_connecting(rows)
        for upload in list(self._uploads.values()):
            self._go_on(*session.offer_again(upload, now_s=self._clock.steady_s()), now_us)
        self._is_newly_connected = False

    def _on_message(self, opened: Opened, now_us: UtcMicros) -> None:
        match opened.data:
            case Grant() as grant:
                self._on_ranges(grant, now_us)
            case Have() as have:
                self._on_ranges(have, now_us)
            case Receipt() as receipt:
                self._on_receipt(receipt, opened.raw, now_us)
            case Refusal() as refusal:
                self._on_refusal(refusal, now_us)

    def _on_ranges(self, word: Grant | Have, now_us: UtcMicros) -> None:
        upload = self._uploads.get(word.clip_id)
        if upload is None:
            return
        now_s = self._clock.steady_s()
        try:
            if isinstance(word, Have):
                self._go_on(*session.on_have(upload, word, now_s=now_s), now_us)
                return
            granted, actions = session.on_grant(upload, word, now_s=now_s)
        except RangeBeyondClipError as error:
            log.warning("ranges_beyond_clip", clip_id=error.clip_id, end_bytes=error.end_bytes)
            self._uploads[word.clip_id] = session.put_off(upload, now_s=now_s)
            self._chunks.clear(word.clip_id)
            return
        if granted is not upload:
            self.put_off_by_server = ""
            self._chunks.clear(word.clip_id)
            with self._journal.transaction() as rows:
                uploads.mark_on_its_way(rows, word.clip_id, ContentState.SENDING)
            log.info("granted", clip_id=word.clip_id, upload=word.upload, held_bytes=granted.held_bytes)
            self._go_on(granted, actions, now_us)

    def _on_departed(self, item: _Departed) -> None:
        upload = self._uploads.get(item.clip_id)
        if upload is not None:
            self._uploads[item.clip_id] = session.on_departed(upload, item.upload, now_s=self._clock.steady_s())

    def _on_receipt(self, receipt: Receipt, envelope: bytes, now_us: UtcMicros) -> None:
        with self._journal.transaction() as rows:
            content = find_content(rows, receipt.clip_id)
            if content is None:
                log.warning("receipt_for_unknown_clip", clip_id=receipt.clip_id)
                return
            faults = receipt_faults(
                receipt,
                clip_id=content.clip_id,
                size_bytes=content.size_bytes,
                sha256=content.sha256,
                act_is_of_another_clip=uploads.act_is_of_another_clip(rows, receipt),
            )
            if faults:
                self._tell(rows, "receipt_refused", now_us, clip_id=receipt.clip_id, why=", ".join(sorted(faults)))
            else:
                uploads.keep_receipt(rows, receipt, envelope, now_us)
        if faults:
            log.warning("receipt_refused", clip_id=receipt.clip_id, why=sorted(faults))
            return
        self.put_off_by_server = ""
        log.info("receipted", clip_id=receipt.clip_id, act_index=receipt.act_index)
        self._end(receipt.clip_id)

    def _on_refusal(self, refusal: Refusal, now_us: UtcMicros) -> None:
        log.warning("refused", clip_id=refusal.clip_id, reason=refusal.reason, permanent=refusal.permanent)
        if refusal.permanent:
            with self._journal.transaction() as rows:
                uploads.keep_refusal(rows, refusal.clip_id, reason=refusal.reason, now_us=now_us)
            self._end(refusal.clip_id)
            if refusal.reason == RefusalReason.HASH_DIFFERS:
                put_aside_if_rotted(self._journal, self._landing, refusal.clip_id, tell=self._tell, now_us=now_us)
            return
        upload = self._uploads.get(refusal.clip_id)
        if upload is None or upload.phase is not UploadPhase.OFFERED:
            return
        if refusal.reason in _OF_THE_SERVER:
            self.put_off_by_server = refusal.reason
            self._uploads[refusal.clip_id] = session.on_refusal(upload, refusal, now_s=self._clock.steady_s())
            return
        after_s = max(session.SHORTEST_RETRY_S, refusal.retry_after_s or session.RETRY_AFTER_S)
        self._put_off(refusal.clip_id, refusal.reason, after_s, now_us)

    # ------------------------------------------------------------------ what goes out
    def _begin_uploads(self, now_us: UtcMicros) -> bool:
        now_s, began = self._clock.steady_s(), False
        while True:
            under_way = {upload.clip_id: upload.size_bytes for upload in self._uploads.values()}
            flagged_only = not self._uplink.is_open(now_us)
            clip = self._candidates.take(under_way, now_s=now_s, now_us=now_us, flagged_only=flagged_only)
            if clip is None:
                return began
            self._begin(clip, now_us)
            began = True

    def _begin(self, clip: WaitingClip, now_us: UtcMicros) -> None:
        with self._journal.transaction() as rows:
            if not uploads.begin_offer(rows, clip.clip_id):
                return
        try:
            self._chunks.open(clip.clip_id, clip.landing_name, clip.size_bytes, flagged=clip.flagged)
        except LandingUnreadableError as error:
            self._unreadable(error, now_us)
            return
        self._go_on(*session.begin(clip.clip_id, clip.size_bytes, now_s=self._clock.steady_s()), now_us)

    def _go_on(self, upload: Upload, actions: list[session.Action], now_us: UtcMicros) -> None:
        self._uploads[upload.clip_id] = upload
        for action in actions:
            if isinstance(action, SendChunk):
                self._chunks.add(action)
            else:
                self._chunks.clear(upload.clip_id)
                self._offer(upload.clip_id, now_us)

    def _offer(self, clip_id: str, now_us: UtcMicros) -> None:
        with self._journal.transaction() as rows:
            manifest, content = uploads.manifest_of(rows, clip_id), find_content(rows, clip_id)
        if manifest is None or content is None:
            log.error("clip_without_manifest", clip_id=clip_id)
            return
        offer = Offer(manifest=json.loads(manifest), flagged=content.flagged)
        log.info("offered", clip_id=clip_id)
        self._links.send_control(UpKind.OFFER, self._outbox.passing(UpKind.OFFER, offer, now_us))

    def _send_chunks(self, now_us: UtcMicros) -> bool:
        sent, flagged_only = False, not self._uplink.is_open(now_us)
        while self._links.room_bytes > 0 and (action := self._chunks.take(flagged_only=flagged_only)) is not None:
            try:
                chunk = self._chunks.read(action)
            except LandingUnreadableError as error:
                self._unreadable(error, now_us)
                continue
            departed = partial(self._note_departed, _Departed(action.clip_id, action.upload))
            if not self._links.send_chunk(action.worker, action.upload, action.index, chunk, departed):
                return sent  # the connection is gone; all is offered again when it stands
            sent = True
        return sent

    def _note_departed(self, item: _Departed) -> None:
        self._inbox.put(item)
        self.wake.set()

    # ------------------------------------------------------------------ ends
    def _put_off(self, clip_id: str, reason: str, after_s: float, now_us: UtcMicros) -> None:
        with self._journal.transaction() as rows:
            retry_at_us = UtcMicros(now_us + int(after_s * MICROS_PER_SECOND))
            uploads.put_off(rows, clip_id, reason=reason, now_us=now_us, retry_at_us=retry_at_us)
        self._end(clip_id)

    def _unreadable(self, error: LandingUnreadableError, now_us: UtcMicros) -> None:
        log.error("landing_copy_unreadable", clip_id=error.clip_id, why=error.why)
        if error.passes:
            self._put_off(error.clip_id, "landing_copy_unreadable", session.RETRY_AFTER_S, now_us)
            return
        with self._journal.transaction() as rows:
            self._tell(rows, "landing_copy_unreadable", now_us, clip_id=error.clip_id, why=error.why)
        self._put_off(error.clip_id, "landing_copy_unreadable", _UNREADABLE_RETRY_S, now_us)

    def _end(self, clip_id: str) -> None:
        self._uploads.pop(clip_id, None)
        self._chunks.close(clip_id)
        self._candidates.place_is_free()

    def _tell(self, rows: sqlite3.Connection, code: str, now_us: UtcMicros, **detail: str) -> None:
        event = GatewayEvent(code=code, at=now_us, detail=detail)
        self._outbox.put(rows, UpKind.EVENTS, Events(events=(event,)), now_us)
