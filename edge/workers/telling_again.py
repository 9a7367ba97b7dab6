"""Tells a restored server again what it noted since its backup was made: dockings, events, and what clips were met."""

from __future__ import annotations

import json
import sqlite3

import structlog

from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from edge.contract.messages import ClipReport, Report
from edge.contract.topics import UpKind
from edge.storage.journal import Journal
from edge.storage.outbox import Outbox
from edge.storage.told_messages import (
    hear_of_restore,
    keep_telling_again,
    manifests_since,
    telling_again,
    told_since,
)

log = structlog.get_logger(__name__)
_AT_ONCE = 50


class TellAgain:
    """For one thread. Whoever is stopped goes on; the server keeps once what it hears twice."""

    def __init__(self, journal: Journal, outbox: Outbox) -> None:
        self._journal, self._outbox = journal, outbox
        self._may_wait = True

    def hear(self, rows: sqlite3.Connection, forgotten: TimeInterval) -> None:
        """In the caller's transaction: the server was restored from a backup and forgot what it noted in that time."""
        if hear_of_restore(rows, forgotten):
            log.warning("server_was_restored", since_us=forgotten.start_us, advice="what it noted since is told again")
            self._may_wait = True

    def step(self, now_us: UtcMicros) -> bool:
        """Put some of it into the outbox. True: there may be more."""
        if self._may_wait:
            with self._journal.transaction() as rows:
                self._may_wait = self._some(rows, now_us)
        return self._may_wait

    def _some(self, rows: sqlite3.Connection, now_us: UtcMicros) -> bool:
        state = telling_again(rows)
        if state is None or state.is_done:
            return False
        if told := told_since(rows, state, limit=_AT_ONCE):
            for one in told:
                self._outbox.put_back(rows, one)
            keep_telling_again(rows, state.model_copy(update={"told_place": told[-1].place}))
            return True
        manifests = manifests_since(rows, state, limit=_AT_ONCE)
        if manifests is None:
            keep_telling_again(rows, state.model_copy(update={"is_done": True}))
            return False
        for envelope in manifests.envelopes:
            report = ClipReport(manifest=json.loads(self._outbox.signed_now(envelope)))
            self._outbox.put(rows, UpKind.REPORT, Report(content=report), now_us)
        keep_telling_again(rows, state.model_copy(update={"sighting_place": manifests.place}))
        return True
