"""A database that is damaged is named when the server starts, and never written to."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from bench import Bench, content_of
from running_broker import free_port

from edge.contract.messages import Receipt
from tests.server.keeping.test_keeping_commands import CJK, ran


@pytest.fixture
def database(bench: Bench) -> Path:
    """Of a server that has sealed a clip and ended; all of it in one file."""
    assert isinstance(bench.gateway().upload(content_of(40_000)), Receipt)
    bench.context.db.close()
    path = bench.context.db.path
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    settings = bench.folder / "server.toml"
    port = free_port(3)
    text = (
        settings.read_text().replace("# port = 8470", f"port = {port}").replace("# port = 8471", f"port = {port + 1}")
    )
    settings.write_text(text.replace("# embedded_port = 8472", f"embedded_port = {port + 2}"))
    return path


def overwritten(offset: int, data: bytes) -> Callable[[Path], None]:
    def harm(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(offset)
            file.write(data)

    return harm


def page_of(table: str) -> Callable[[Path], None]:
    def harm(path: Path) -> None:
        with sqlite3.connect(path) as connection:
            (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        overwritten((page - 1) * 4096, b"\xff" * 64)(path)

    return harm


HARMS: dict[str, Callable[[Path], None]] = {
    "its first bytes": overwritten(0, b"no database at all"),
    "its list of tables": overwritten(100, b"\xff" * 32),
    "the page of the clips": page_of("clip"),
    "the page of the acts": page_of("act"),
    "the page of an index": page_of("ix_clip_state"),
    "its second half": lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 8192 * 4096]),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_damaged_database_ends_the_start_with_a_sentence(
    database: Path, harm: Callable[[Path], None], language: str
) -> None:
    harm(database)
    before = database.read_bytes()
    done = ran("run", "--lang", language, "--data", str(database.parent))
    assert done.code == 1, done
    assert "Traceback" not in done.err
    assert str(database) in done.err
    assert bool(CJK.search(done.err)) is (language == "zh-CN"), done.err
    assert database.read_bytes() == before
