"""What a check found becomes known: each clip's outcome, and why nothing may be signed where something changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import structlog

from edge.contract.instants import UtcMicros
from edge.platform.clock import Clock
from server.domain.broker_access import SERVER_USER
from server.domain.verification import STOP_ACTS_BROKEN, STOP_FILE_CHANGED, STOP_FILE_MISSING, Wrong
from server.store.clip_checks import record_checks, wrong_checks
from server.store.clip_files import ClipFiles
from server.store.database import Database
from server.store.history_mark import HistoryMark
from server.usecases.find_store import write_wrong_clips
from server.usecases.signing_state import record_stop, stop_signing
from server.usecases.verify_store import Scope, Verified, Watching, verify_store

log = structlog.get_logger(__name__)
_AT_ONCE, _EVERY_S = 500, 20.0
_MISSING = "verify_file_missing"


def tell_outcomes(db: Database, outcomes: Mapping[str, str], *, now_us: UtcMicros) -> None:
    """Clip id -> outcome. A clip that is not as it was sealed becomes a finding, one that is again is withdrawn."""
    if not outcomes:
        return
    with db.writing() as session:
        record_checks(session, outcomes, now_us=now_us)
        write_wrong_clips(session, now_us=now_us)


def tell_missing(db: Database, clip_ids: Sequence[str], *, now_us: UtcMicros) -> None:
    """Sealed clips without their file, noted once: it is for the next reading of each to say that it is back."""
    with db.reading() as session:
        known = {check.clip_id for check in wrong_checks(session)}
    tell_outcomes(db, dict.fromkeys(set(clip_ids) - known, _MISSING), now_us=now_us)
    for clip_id in clip_ids:
        log.error("sealed_file_missing", clip=clip_id)
        stop_signing(db, STOP_FILE_MISSING, {"clip_id": clip_id}, now_us=now_us)


def verify_and_tell(
    db: Database, files: ClipFiles, scope: Scope, *, mark: HistoryMark | None, clock: Clock, watching: Watching
) -> Verified:
    """`verify_store`, with what it found on record; of a database that is damaged nothing is written."""
    outcomes = Outcomes(db, clock)
    done = verify_store(
        db, files, scope, mark=mark, now_us=clock.now_us(), watching=replace(watching, on_clip=outcomes.note)
    )
    if not any(one.is_of_database for one in done.wrong):
        outcomes.tell()
        tell_wrong(db, done.wrong, now_us=clock.now_us())
    return done


class Outcomes:
    """Outcomes of one check, written together now and then: a commit for each clip would cost more than reading it."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock, self._told_s = db, clock, clock.steady_s()
        self._waiting: dict[str, str] = {}

    def note(self, clip_id: str, outcome: str) -> None:
        """A clip was looked at."""
        self._waiting[clip_id] = outcome
        if len(self._waiting) >= _AT_ONCE or self._clock.steady_s() - self._told_s > _EVERY_S:
            self.tell()

    def tell(self) -> None:
        """Write what waits."""
        self._told_s = self._clock.steady_s()
        tell_outcomes(self._db, self._waiting, now_us=self._clock.now_us())
        self._waiting = {}


def tell_wrong(db: Database, wrong: Sequence[Wrong], *, now_us: UtcMicros) -> int:
    """Signing stops for what was signed and changed since; what a person has decided upon stays decided. How many."""
    stopping = [one for one in wrong if one.stop_code]
    if not stopping:
        return 0
    with db.writing() as session:
        return sum(record_stop(session, SERVER_USER, one.stop_code, _detail(one), now_us) for one in stopping)


def _detail(one: Wrong) -> dict[str, str]:
    match one.stop_code:
        case code if code in {STOP_FILE_MISSING, STOP_FILE_CHANGED}:
            return {"clip_id": one.item}  # as the check at start says it, so that it is told once
        case code if code == STOP_ACTS_BROKEN:
            return {"act": one.item, "why": one.said.code}
        case _:
            return {one.subject.value: one.item, "why": one.said.code}
