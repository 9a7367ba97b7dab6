"""What can be wrong with the journal, and what to do: one error for each reaction."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from edge.contract.sentences import sentence

RESTORE = sentence("journal_restore", "Restore it from the backup, or move it away and re-dock")
_MAKE_WRITABLE = sentence(
    "journal_writable",
    "Let this user write the data folder and everything in it; a disk that is read-only may have failed: look at it",
)
START_ONCE = sentence("journal_start", "Start the agent once")
_LOOK_AT_DISK = sentence("journal_disk", "Check the disk and its cable, then try again")
_TRY_AGAIN = sentence("journal_busy", "Another program keeps it: try again in a moment")
_ADVICE = {
    sqlite3.SQLITE_CANTOPEN: _MAKE_WRITABLE,
    sqlite3.SQLITE_READONLY: _MAKE_WRITABLE,
    sqlite3.SQLITE_PERM: _MAKE_WRITABLE,
    sqlite3.SQLITE_IOERR: _LOOK_AT_DISK,
    sqlite3.SQLITE_BUSY: _TRY_AGAIN,
    sqlite3.SQLITE_LOCKED: _TRY_AGAIN,
}
"""What to do where the file itself may well be whole: nobody should move it away for that."""


class JournalUnusableError(Exception):
    """The journal cannot be trusted or read; the agent stops and a person acts."""

    def __init__(self, *, path: Path, why: str, advice: str) -> None:
        super().__init__(
            sentence("journal_unusable", "journal {path}: {why}. {advice}", path=path, why=why, advice=advice)
        )
        self.path, self.why, self.advice = path, why, advice


class NoJournalError(JournalUnusableError):
    """There is none yet, or the agent is making it at this moment: nothing is wrong."""

    def __init__(self, *, path: Path) -> None:
        super().__init__(path=path, why=sentence("journal_none", "there is none yet"), advice=START_ONCE)


class JournalInUseError(Exception):
    """Another process keeps this journal; two agents on one data folder would land everything twice."""

    def __init__(self, *, path: Path) -> None:
        super().__init__(
            sentence(
                "journal_in_use",
                "journal {path} is in use: another agent runs on this data folder. End it first",
                path=path,
            )
        )
        self.path = path


class JournalFullError(Exception):
    """No space for a row. Nothing of the transaction stands; the caller waits for space and does it again."""

    def __init__(self, *, path: Path) -> None:
        super().__init__(
            sentence(
                "journal_full",
                "journal {path}: the disk is full. Free space on it; the agent goes on by itself",
                path=path,
            )
        )
        self.path = path


class JournalBusyError(Exception):
    """Another program keeps the journal too long. Nothing of the transaction stands; it is done again."""

    def __init__(self, *, path: Path) -> None:
        super().__init__(
            sentence(
                "journal_kept",
                "journal {path}: another program keeps it. Close what has it open; the agent goes on by itself",
                path=path,
            )
        )
        self.path = path


def says_full(error: sqlite3.DatabaseError) -> bool:
    """Whether SQLite found no space."""
    return _code(error) == sqlite3.SQLITE_FULL


def says_busy(error: sqlite3.DatabaseError) -> bool:
    """Whether another connection keeps the file; then nothing was written."""
    return _code(error) == sqlite3.SQLITE_BUSY


def unusable(path: Path, error: sqlite3.DatabaseError) -> JournalUnusableError:
    """What SQLite refused, with what to do about it."""
    return JournalUnusableError(
        path=path,
        why=sentence("journal_sqlite", "SQLite says: {error}", error=str(error)),
        advice=_ADVICE.get(_code(error), RESTORE),
    )


def _code(error: sqlite3.DatabaseError) -> int:
    """The primary result code of SQLite."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
