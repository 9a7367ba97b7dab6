"""How many statements a piece of work sends to the database, and how many rows it gets back: load without a clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from server.store.database import Database


@dataclass
class Reading:
    """What was counted."""

    statements: int = 0
    count: int = 0


@contextmanager
def rows_read(db: Database) -> Iterator[Reading]:
    """Count statements, and the rows that SQLite hands out, while the block runs."""
    reading = Reading()

    def before(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
            reading.statements += 1

    def connected(connection: Any, *_rest: Any) -> None:
        connection.row_factory = _counted(reading)

    event.listen(db.engine, "before_cursor_execute", before)
    event.listen(db.engine, "checkout", connected)
    try:
        yield reading
    finally:
        event.remove(db.engine, "before_cursor_execute", before)
        event.remove(db.engine, "checkout", connected)


def _counted(reading: Reading) -> Any:
    def row(_cursor: Any, values: tuple[Any, ...]) -> tuple[Any, ...]:
        reading.count += 1
        return values

    return row
