"""The journal: the gateway's only memory, one SQLite file, one writer, every commit on stable storage."""

from __future__ import annotations

import fcntl
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edge.contract.instants import UtcMicros
from edge.contract.sentences import sentence
from edge.platform.durable import fsync_directory
from edge.storage.schema import SCHEMA, SCHEMA_VERSION, UPGRADES

_SYNCHRONOUS_FULL = 2
_BUSY_TIMEOUT_MS = 10_000
_COUNTERS_AT_ONCE = 256
"""Counters for messages that are sent and not kept are set aside in one commit: an fsync each would be the dearest
part of an offer."""


_RESTORE = sentence("journal_restore", "Restore it from the backup, or move it away and re-dock")
_MAKE_WRITABLE = sentence(
    "journal_writable",
    "Let this user write the data folder and everything in it; a disk that is read-only may have failed: look at it",
)
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


class Journal:
    """One connection shared by all threads; whoever holds it has the whole of it (an RLock)."""

    def __init__(self, path: Path, connection: sqlite3.Connection, *, boot_id: str, lock_descriptor: int) -> None:
        self._path, self._connection = path, connection
        self._lock_descriptor = lock_descriptor
        self._lock = threading.RLock()
        self._depth = 0
        self._counters_left = range(0)
        self.boot_id = boot_id
        """Id of this start of the agent, form of a TopicId; counters are unique within it."""

    @staticmethod
    def open(path: Path, *, now_us: UtcMicros) -> Journal:
        """The journal at `path`, made where there is none, checked, with a boot row of its own.

        Raises JournalUnusableError (damaged, newer schema, a disk that does not keep its word), JournalInUseError or
        JournalFullError.
        """
        lock_descriptor = _lock_file(path)
        try:
            connection = _connect(path)
            try:
                _make_durable_and_check(connection, path)
                _make_schema(connection, path)
                boot_id = f"boot-{secrets.token_hex(8)}"
                connection.execute("INSERT INTO boot (boot_id, started_us) VALUES (?, ?)", (boot_id, now_us))
            except sqlite3.DatabaseError as error:
                connection.close()
                if _says_full(error):
                    raise JournalFullError(path=path) from error
                raise _unusable(path, error) from error
            except BaseException:
                connection.close()
                raise
        except BaseException:
            os.close(lock_descriptor)
            raise
        fsync_directory(path.parent)
        return Journal(path, connection, boot_id=boot_id, lock_descriptor=lock_descriptor)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """BEGIN IMMEDIATE .. COMMIT; rolled back on an error. Inside another transaction of this thread it joins it.

        Raises JournalFullError where the disk has no space.
        """
        with self._lock:
            if self._depth:
                yield self._connection
                return
            self._depth = 1
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                if _says_full(error):
                    raise JournalFullError(path=self._path) from error
                raise
            finally:
                self._depth = 0
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def next_counter(self) -> int:
        """A number that was never given before under this boot id; joins the running transaction."""
        with self._lock:
            if self._depth:
                return self._take_counters(1)
            if not self._counters_left:
                with self.transaction():
                    first = self._take_counters(_COUNTERS_AT_ONCE)
                self._counters_left = range(first, first + _COUNTERS_AT_ONCE)
            counter, self._counters_left = self._counters_left[0], self._counters_left[1:]
            return counter

    def _take_counters(self, count: int) -> int:
        """The first of `count` numbers, in the running transaction."""
        (after,) = self._connection.execute(
            "UPDATE boot SET next_counter = next_counter + ? WHERE boot_id = ? RETURNING next_counter",
            (count, self.boot_id),
        ).fetchone()
        return int(after) - count

    def close(self) -> None:
        """Give the file back; the journal cannot be used after it."""
        with self._lock:
            self._connection.close()
            with suppress(OSError):  # a second close: the lock is gone already, which is what is wanted
                os.close(self._lock_descriptor)


@contextmanager
def reading_journal(path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection beside a running agent, for `status` and `doctor`. Raises JournalUnusableError."""
    if not path.exists():
        raise JournalUnusableError(
            path=path,
            why=sentence("journal_none", "there is none yet"),
            advice=sentence("journal_start", "Start the agent once"),
        )
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    except sqlite3.DatabaseError as error:
        raise _unusable(path, error) from error
    try:
        connection.row_factory = sqlite3.Row
        _check_version(connection, path)
        connection.execute("BEGIN")  # one snapshot for all that is shown
        yield connection
    except sqlite3.DatabaseError as error:
        raise _unusable(path, error) from error
    finally:
        connection.close()


def remember(rows: sqlite3.Connection, key: str, value: str) -> None:
    """Keep a small fact under `key`."""
    rows.execute("INSERT INTO meta VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value", (key, value))


def remembered(rows: sqlite3.Connection, key: str) -> str | None:
    """The fact kept under `key`."""
    row = rows.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row[0])


def _lock_file(path: Path) -> int:
    descriptor = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise JournalInUseError(path=path) from error
    return descriptor


def _connect(path: Path) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except sqlite3.DatabaseError as error:
        raise _unusable(path, error) from error
    connection.row_factory = sqlite3.Row
    return connection


def _make_durable_and_check(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
    if mode != "wal" or synchronous != _SYNCHRONOUS_FULL:
        raise JournalUnusableError(
            path=path,
            why=sentence(
                "journal_not_durable",
                "it cannot be kept durably here (journal mode {mode}, synchronous {synchronous})",
                mode=mode,
                synchronous=synchronous,
            ),
            advice=sentence("journal_local", "Put the data folder on a local disk"),
        )
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise JournalUnusableError(
            path=path,
            why=sentence("journal_damaged", "it is damaged ({detail})", detail=verdict),
            advice=_RESTORE,
        )


def _make_schema(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or bring those of an older release up to this one's; all or nothing."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    statements = SCHEMA if version == 0 else "".join(UPGRADES.get(step, "") for step in range(version, SCHEMA_VERSION))
    if version < SCHEMA_VERSION:
        connection.executescript(f"BEGIN IMMEDIATE; {statements} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
    _check_version(connection, path)


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version < SCHEMA_VERSION:
        raise JournalUnusableError(
            path=path,
            why=sentence("journal_older", "an older release wrote it"),
            advice=sentence("journal_start", "Start the agent once"),
        )
    if version > SCHEMA_VERSION:
        raise JournalUnusableError(
            path=path,
            why=sentence(
                "journal_version",
                "it has schema version {version}, this program reads version {known}",
                version=version,
                known=SCHEMA_VERSION,
            ),
            advice=sentence("journal_release", "Install the release of tallylight-edge that wrote it, or a newer one"),
        )


def _says_full(error: sqlite3.DatabaseError) -> bool:
    return _code(error) == sqlite3.SQLITE_FULL


def _unusable(path: Path, error: sqlite3.DatabaseError) -> JournalUnusableError:
    return JournalUnusableError(
        path=path,
        why=sentence("journal_sqlite", "SQLite says: {error}", error=str(error)),
        advice=_ADVICE.get(_code(error), _RESTORE),
    )


def _code(error: sqlite3.DatabaseError) -> int:
    """The primary result code of SQLite."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
