"""A server's data folder, made as `init` makes it, but on a copy of a database that was migrated once."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from edge.contract.instants import UtcMicros
from server.store.database import Database
from server.usecases.set_up import set_up


@cache
def migrated() -> bytes:
    """An empty migrated database, made once: migrating takes longer than most tests."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite3"
        db = Database(f"sqlite:///{path}")
        db.migrate()
        db.close()
        return path.read_bytes()


def make_server_folder(folder: Path, *, now_us: UtcMicros, port: int | None = None) -> None:
    """Settings, keys and an empty database; what is there already stays."""
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / "tallylight.sqlite3").write_bytes(migrated())
    set_up(folder, now_us=now_us, port=port)
