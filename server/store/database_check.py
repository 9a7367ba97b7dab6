"""Whether SQLite itself finds the database whole: asked on a connection of its own that can change nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from edge.contract.sentences import sentence
from server.store.database import DatabaseUnusableError

_MOST = 20


def database_faults(path: Path, *, thorough: bool) -> list[str]:
    """What SQLite says is wrong with the file, in its own words; empty: nothing.

    `thorough` compares every index with its table and every reference with what it names, too. Runs beside a server.
    """
    pragma = "integrity_check" if thorough else "quick_check"
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)) as rows:
            rows.execute("PRAGMA busy_timeout = 60000")
            faults = [str(row[0]) for row in rows.execute(f"PRAGMA {pragma}({_MOST})") if row[0] != "ok"]
            if thorough:
                faults += [
                    f"{table} row {row_id} names a row of {parent} that is not there"
                    for table, row_id, parent, _ in rows.execute("PRAGMA foreign_key_check").fetchmany(_MOST)
                ]
            return faults
    except sqlite3.DatabaseError as error:
        return [str(error)]


def refuse_damaged(path: Path) -> None:
    """At start: a database that SQLite finds damaged is not written to. Reads all of it, some seconds a gigabyte.

    Raises DatabaseUnusableError.
    """
    faults = database_faults(path, thorough=False) if path.is_file() else []
    if faults:
        raise DatabaseUnusableError(
            url=str(path),
            why=sentence("database_damaged", "it is damaged ({error})", error=faults[0]),
            do=sentence("restore_database", "Put it aside and restore it from the backup"),
        )
