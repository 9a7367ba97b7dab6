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
from edge.storage.journal_errors import (
    RESTORE,
    START_ONCE,
    JournalBusyError,
    JournalFullError,
    JournalInUseError,
    JournalUnusableError,
    NoJournalError,
    says_busy,
    says_full,
    unusable,
)
from edge.storage.schema import SCHEMA, SCHEMA_VERSION, UPGRADES

_SYNCHRONOUS_FULL = 2
_BUSY_TIMEOUT_MS = 10_000
_COUNTERS_AT_ONCE = 256
"""Counters for messages that are sent and not kept are set aside in one commit: an fsync each would be the dearest
part of an offer."""


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
                if says_full(error):
                    raise JournalFullError(path=path) from error
                raise unusable(path, error) from error
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

        Raises JournalFullError where the disk has no space, JournalBusyError where another program keeps the file.
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
                if says_full(error):
                    raise JournalFullError(path=self._path) from error
                if says_busy(error):
                    raise JournalBusyError(path=self._path) from error
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
    """A read-only connection beside a running agent, for `status` and `doctor`. Raises NoJournalError or
    JournalUnusableError.
    """
    if not path.exists():
        raise NoJournalError(path=path)
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    except sqlite3.DatabaseError as error:
        raise unusable(path, error) from error
    try:
        connection.row_factory = sqlite3.Row
        if _version(connection) == 0:
            raise NoJournalError(path=path)
        _check_version(connection, path)
        connection.execute("BEGIN")  # one snapshot for all that is shown
        yield connection
    except sqlite3.DatabaseError as error:
        raise unusable(path, error) from error
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
        raise unusable(path, error) from error
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
            advice=RESTORE,
        )


def _make_schema(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables, or bring those of an older release up to this one's; all or nothing."""
    version = _version(connection)
    statements = SCHEMA if version == 0 else "".join(UPGRADES.get(step, "") for step in range(version, SCHEMA_VERSION))
    if version < SCHEMA_VERSION:
        connection.executescript(f"BEGIN IMMEDIATE; {statements} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
    _check_version(connection, path)


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    version = _version(connection)
    if version < SCHEMA_VERSION:
        raise JournalUnusableError(
            path=path,
            why=sentence("journal_older", "an older release wrote it"),
            advice=START_ONCE,
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
