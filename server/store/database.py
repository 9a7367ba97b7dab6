"""The database: many readers, one writer, and nothing called durable before COMMIT has returned.

SQLite in WAL mode with synchronous=FULL, checked at open. Writers take a lock and BEGIN IMMEDIATE, because a reader
that becomes a writer fails with "database is locked" the moment another wrote in between.
"""

from __future__ import annotations

import errno
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session

from edge.contract.sentences import sentence

BUSY_TIMEOUT_MS = 60_000
"""How long one program waits for another that writes: importing 50,000 rows by the command line takes half of it."""
_FULL = 2
_WRITING = "tallylight_writing"
_MIGRATIONS = Path(__file__).parent / "migrations"
_NEWEST = max(path.name.partition("_")[0] for path in (_MIGRATIONS / "versions").glob("[0-9]*_*.py"))


class DatabaseUnusableError(Exception):
    """The database cannot be used as it is; the program stops, and a person decides."""

    def __init__(self, *, url: str, why: str, do: str) -> None:
        super().__init__(sentence("database", "database {url}: {why}. {do}", url=url, why=why, do=do))
        self.url, self.why, self.do = url, why, do


class DatabaseReplacedError(OSError):
    """Another file stands under the database's name than the one that was opened: what is written now, nobody finds."""

    def __init__(self, *, path: Path) -> None:
        why = sentence(
            "database_replaced",
            "another file was put in its place while this program runs, and nothing is written or signed any more:"
            " end this program, make sure that the newest database lies there, and start it again",
        )
        super().__init__(errno.ESTALE, why, str(path))


class WritingInsideWritingError(RuntimeError):
    """One thread asked for a second writing transaction inside its first; it would wait for itself."""

    def __init__(self) -> None:
        super().__init__("writing() inside writing(): pass the session on instead")


class _Together(threading.local):
    """What the present thread has begun with `together`: its transaction, once there is one, and what ends it."""

    ends: ExitStack | None = None
    session: Session | None = None
    inside = False


class Database:
    """One database by URL. Thread-safe; sessions are not, and live as long as their `with` block."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.url = parsed.render_as_string(hide_password=True)
        if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
            raise DatabaseUnusableError(
                url=self.url,
                why=sentence("not_sqlite", "it is not a SQLite file"),
                do=sentence("write_sqlite", "Write sqlite:////PATH/tallylight.sqlite3 in server.toml"),
            )
        self.path = Path(parsed.database)
        self._engine = create_engine(parsed, pool_size=20, max_overflow=60, pool_timeout=30)
        event.listen(self._engine, "connect", _prepare_connection)
        event.listen(self._engine, "begin", _begin)
        self._writing_engine = self._engine.execution_options(**{_WRITING: True})
        self._writer = threading.Lock()
        self._writer_thread: int | None = None
        self._together = _Together()
        self._file: tuple[int, int] | None = None
        self._check_durability()
        self._file = self._file_there()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A consistent view of the committed rows. Nothing that is added or changed in it is kept.

        Inside `together`, once something was written there, it is the view of that transaction.
        """
        if self._together.session is not None:
            yield self._together.session
            return
        with Session(self._engine, autoflush=False, expire_on_commit=False) as session:
            yield session  # closing rolls back and leaves what was read usable

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """The one writing transaction: committed, and so durable, when the block ends; rolled back on any error."""
        together = self._together
        if together.ends is None:
            with self._transaction() as session:
                yield session
            return
        if together.inside:
            raise WritingInsideWritingError
        if together.session is None:
            together.session = together.ends.enter_context(self._transaction())
        together.inside = True
        try:
            with together.session.begin_nested():
                yield together.session
        finally:
            together.inside = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """All `writing` blocks of this thread in here share one transaction and become durable when this block ends.

        Each is still rolled back alone on an error of its own. What they promise may be told only afterwards: an error
        that leaves this block rolls all of them back.
        """
        if self._together.ends is not None:
            raise WritingInsideWritingError
        try:
            with ExitStack() as ends:
                self._together.ends = ends
                yield
        finally:
            self._together.session = self._together.ends = None

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        if self._writer_thread == threading.get_ident():
            raise WritingInsideWritingError
        with self._writer:
            self._writer_thread = threading.get_ident()
            try:
                self.refuse_replaced()
                with Session(self._writing_engine, expire_on_commit=False) as session:
                    session.connection()  # BEGIN IMMEDIATE now: what is read from here on cannot change under us
                    yield session
                    session.commit()
                self.refuse_replaced()  # before anybody is told what was committed
            except OperationalError as error:
                cause = _first_cause(error)
                if _disk_failed(cause):
                    self._engine.dispose()  # no descriptor that gave an error is flushed again
                if cause is error:
                    raise
                raise cause from cause.__cause__
            finally:
                self._writer_thread = None

    def migrate(self) -> None:
        """Bring the schema to this program's version, in one transaction. Raises DatabaseUnusableError if newer."""
        if self._is_current():
            return
        from alembic import command  # a seventh of a command's start, and seldom needed
        from alembic.config import Config
        from alembic.util.exc import CommandError

        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
        with self._writer, self._writing_engine.begin() as connection:
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "head")
            except CommandError as error:
                raise DatabaseUnusableError(
                    url=self.url,
                    why=sentence("schema_unknown", "its schema is not known to this program"),
                    do=sentence("install_newer", "Install the newer program"),
                ) from error

    def refuse_replaced(self) -> None:
        """Raises DatabaseReplacedError. SQLite goes on with the file that it has open, also when it has lost its name,
        and what it signs then is signed twice.
        """
        if self._file is not None and self._file_there() != self._file:
            raise DatabaseReplacedError(path=self.path)

    def _file_there(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def _is_current(self) -> bool:
        with self._engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            return connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == _NEWEST

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        """For migrations' tests and metrics; everything else uses reading() and writing()."""
        return self._engine

    def _check_durability(self) -> None:
        try:
            with self._engine.connect() as connection:
                journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
                synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
        except OperationalError as error:
            raise DatabaseUnusableError(
                url=self.url,
                why=sentence("cannot_open", "it cannot be opened ({error})", error=str(error.orig)),
                do=sentence("check_folder", "Check the folder, its owner and the room on its disk"),
            ) from error
        except DatabaseError as error:
            raise DatabaseUnusableError(
                url=self.url,
                why=sentence("database_damaged", "it is damaged ({error})", error=str(error.orig)),
                do=sentence("restore_database", "Put it aside and restore it from the backup"),
            ) from error
        if journal != "wal" or synchronous != _FULL:
            raise DatabaseUnusableError(
                url=self.url,
                why=sentence(
                    "not_durable",
                    "journal_mode is {journal}, synchronous is {synchronous}; receipts need wal and {needed} (full)",
                    journal=journal,
                    synchronous=synchronous,
                    needed=_FULL,
                ),
                do=sentence("local_disk", "Put the data folder on a local disk"),
            )


def _first_cause(error: OperationalError) -> OperationalError:
    """SQLite rolls all back by itself on a full or failing disk; that its savepoint is gone then is not what failed."""
    first, context = error, error.__context__
    while context is not None:
        first = context if isinstance(context, OperationalError) else first
        context = context.__context__
    return first


def _disk_failed(error: OperationalError) -> bool:
    return int(getattr(error.orig, "sqlite_errorcode", 0)) & 0xFF == sqlite3.SQLITE_IOERR


def _prepare_connection(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; `_begin` does
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get(_WRITING, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
