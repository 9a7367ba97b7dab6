"""Looks after what is stored while the server runs: a few clips a minute, so that all are read again in a month.

It gives way to everybody: one thread of the lowest priority, a bounded rate, one clip at a time. Every hour it compares
files and rows as the start does, and changes nothing. How far the acts have come it writes beside the database.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress

import structlog
from sqlalchemy.exc import DBAPIError

from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from server.domain.verification import Wrong
from server.store.act_log import latest_act
from server.store.clip_checks import longest_unchecked, note_sealed, sealed_total
from server.store.history_mark import HistoryMark, write_mark
from server.store.pace import Pace, PaceEndedError
from server.usecases.context import AppContext
from server.usecases.look_again import look_again
from server.usecases.signing_state import check_the_end
from server.usecases.tell_verified import tell_outcomes, tell_wrong
from server.usecases.verify_store import Watching, believed_keys, outcome_of, verify_clip

log = structlog.get_logger(__name__)
_TICK_S, _MARK_EVERY_S, _PORTION_EVERY_S, _LOOK_EVERY_S = 1.0, 5.0, 60.0, 3600.0
_NICE = 15
_MOST_AT_ONCE = 500
_EARLY = 0.5
"""What was read within half the time is left alone: in a small store every clip would have its turn every day."""


class StoreWatch:
    """`start`, then `stop`. One thread; what it finds becomes an event and a finding, and stops signing."""

    def __init__(self, context: AppContext) -> None:
        self._context = context
        self._pace = Pace(context.config.verify.rate_bytes_s, context.clock)
        self._stopping = threading.Event()
        self._mark: HistoryMark | None = None
        self._sealed_until_us = 0
        now_s = context.clock.steady_s()
        self._mark_s, self._portion_s, self._look_s = now_s, now_s, now_s + _LOOK_EVERY_S
        self._thread = threading.Thread(target=self._run, name="store-watch", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Give up the clip at hand, and write down how far the acts have come."""
        self._stopping.set()
        self._pace.stop()
        if self._thread.is_alive():
            self._thread.join(timeout=15)
            try:
                self._write_mark()
            except (DBAPIError, OSError) as error:
                log.error("store_watch_failed", why=str(error))

    def _run(self) -> None:
        with suppress(OSError):  # a system without priorities of threads: the rate alone keeps it modest
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
        while not self._stopping.wait(_TICK_S):
            try:
                self.step(self._context.clock.now_us(), self._context.clock.steady_s())
            except PaceEndedError:
                return
            except (DBAPIError, OSError) as error:  # a full or locked disk: the next round tries again
                log.error("store_watch_failed", why=str(error))
            except Exception:  # the loop's outer edge: a store that nobody reads again must not go unseen
                log.exception("store_watch_failed")

    def step(self, now_us: UtcMicros, now_s: float) -> None:
        """Whatever is due."""
        if now_s >= self._mark_s:
            self._mark_s = now_s + _MARK_EVERY_S
            self._write_mark()
        if now_s >= self._portion_s:
            self._portion_s = now_s + _PORTION_EVERY_S
            self._check_portion(now_us)
        if now_s >= self._look_s:
            self._look_s = now_s + _LOOK_EVERY_S
            look_again(self._context, now_us=now_us)

    def _write_mark(self) -> None:
        """It goes forward alone: where the acts went back under the running server, signing stops first."""
        db = self._context.db
        db.refuse_replaced()
        if self._mark is not None:
            check_the_end(db, self._mark, now_us=self._context.clock.now_us())
        with db.reading() as session:
            newest = latest_act(session)
        if newest is not None and self._mark != HistoryMark(*newest):
            write_mark(self._context.config.data_dir, HistoryMark(*newest))
            self._mark = HistoryMark(*newest)

    def _check_portion(self, now_us: UtcMicros) -> None:
        """As many bytes as a minute's share of the whole, the longest unchecked first; none that was read recently."""
        days = self._context.config.verify.whole_store_days
        if days <= 0:
            return
        db, files = self._context.db, self._context.clip_files
        self._sealed_until_us = note_sealed(db, since_us=self._sealed_until_us)
        with db.reading() as session:
            share_bytes = sealed_total(session)[1] * _PORTION_EVERY_S / (days * 86_400)
            due = list(longest_unchecked(session, clips=_MOST_AT_ONCE, size_bytes=int(share_bytes) + 1))
            keys, _ = believed_keys(session)
        due = [one for one in due if one.checked_us < now_us - days * MICROS_PER_DAY * _EARLY]
        outcomes: dict[str, str] = {}
        wrong: list[Wrong] = []
        watching = Watching(on_bytes=self._pace.take)
        try:
            for one in due:
                with db.reading() as session:
                    found = verify_clip(session, files, one, keys, watching)
                outcomes[one.clip_id] = outcome_of(found)
                wrong += found
        finally:  # also of a portion that was given up half way
            tell_outcomes(db, outcomes, now_us=now_us)
            tell_wrong(db, wrong, now_us=now_us)
        for item in wrong:
            log.error("stored_clip_wrong", subject=item.subject.value, item=item.item, why=item.said.code)
