"""A database that is kept by another, damaged, or cut short: it is said, nothing false is told, work goes on."""

from __future__ import annotations

import random
import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from bench import Bench, clip_of, content_of
from docked_agent import Dock, assert_all_is_kept, until
from fault_stage.places import Places, feed, make_places
from fault_stage.promises import read_promises
from fault_stage.way import Way
from fault_stage.way_checks import broken_at_end
from scripted_gateway import CLOCK
from served import serving
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError, OperationalError

from edge.agent import Agent
from edge.config import load_config
from edge.contract.messages import Receipt
from edge.contract.topics import DownKind
from edge.storage import journal as gateway_journal
from edge.storage.journal import Journal
from edge.storage.journal_errors import JournalBusyError
from server.store import database
from server.store.tables import SetAside

PAGE_BYTES = 4096


@contextmanager
def kept(path: Path) -> Iterator[None]:
    """Another program has begun to write into the database, and does not end."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@pytest.mark.broker
def test_databases_that_are_kept_for_longer_than_anyone_waits_cost_time_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 200)
    monkeypatch.setattr(gateway_journal, "_BUSY_TIMEOUT_MS", 200)
    contents = [random.Random(seed).randbytes(700_000) for seed in range(4)]
    with serving("embedded", tmp_path) as served:
        dock = Dock(served, tmp_path)
        agent = Agent(load_config(dock.data_dir / "edge.toml"), CLOCK)
        broken: list[str] = []
        running = threading.Thread(target=lambda: broken.append(agent.run()))
        running.start()
        try:
            dock.put(*contents[:1])
            assert until(lambda: dock.receipted() == 1)
            with kept(served.context.db.path):
                dock.put(*contents[1:2], first=1)
                assert until(lambda: "locked" in served.worker.trouble, 20)
                with served.context.db.reading() as session:
                    assert session.connection().exec_driver_sql("SELECT count(*) FROM act").scalar_one() > 0
            with kept(dock.data_dir / "journal.sqlite3"):
                dock.put(*contents[2:], first=2)
                assert until(lambda: bool(agent._failing), 20)
                assert set(agent._failing.values()) == {JournalBusyError.__name__}
            assert_all_is_kept(dock, contents)
        finally:
            agent.stop()
            running.join(30)
            dock.log.close()
    assert broken == [""]


def test_a_journal_that_another_keeps_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_journal, "_BUSY_TIMEOUT_MS", 50)
    journal = Journal.open(tmp_path / "journal.sqlite3", now_us=CLOCK.now_us())
    with kept(tmp_path / "journal.sqlite3"), pytest.raises(JournalBusyError, match="Close what has it open"):
        journal.next_counter()
    assert journal.next_counter() == 1
    journal.close()


def test_a_page_that_goes_bad_under_a_running_server_seals_nothing_and_leaves_nothing_behind(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(100_000)
    assert isinstance(gateway.upload(content_of(50_000, seed=2)), Receipt)
    spoiled = spoil(bench.context.db.path, "clip")
    bench.context.db.close()  # no page of it is held in memory
    with pytest.raises(DatabaseError):
        gateway.offer(gateway.manifest(content))
    bench.steps.forget()
    assert gateway.hears_nothing(DownKind.GRANT, for_s=0.1)
    spoiled()
    bench.context.db.close()
    assert bench.rows(select(SetAside)) == []
    assert isinstance(gateway.upload(content), Receipt)
    assert clip_of(bench, content).state == "sealed"


def test_after_an_error_of_the_disk_the_server_writes_over_descriptors_of_its_own_again(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(50_000)
    descriptors = bench.context.db.engine.pool
    log = bench.context.db.path.with_name(bench.context.db.path.name + "-wal")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size, before[1]))
    try:
        with pytest.raises(OperationalError, match="disk I/O error"):
            gateway.offer(gateway.manifest(content))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    bench.steps.forget()
    assert bench.context.db.engine.pool is not descriptors
    assert gateway.hears_nothing(DownKind.GRANT, for_s=0.1)
    assert isinstance(gateway.upload(content), Receipt)


@pytest.mark.parametrize("left", [0, 0.3, 0.7], ids=lambda left: f"{left:.0%} of it is left")
def test_a_gateway_whose_journal_lost_its_newest_pages_keeps_its_word(tmp_path: Path, left: float) -> None:
    places = Places.below(tmp_path)
    make_places(places)
    feed(places, "K-01_20261101T000000_0001.mp4", random.Random(1).randbytes(150_000))
    way = Way(places, start=1)
    assert way.run()
    journal = places.gateway / "journal.sqlite3"
    log = journal.with_name(journal.name + "-wal")
    kept_log, kept_rows = log.read_bytes(), journal.read_bytes()
    assert kept_log
    way.close()
    journal.write_bytes(kept_rows)
    log.write_bytes(kept_log[: int(len(kept_log) * left)])
    journal.with_name(journal.name + "-shm").unlink(missing_ok=True)
    again = Way(places, start=2)
    assert again.run()
    sealed = [promise for promise in read_promises(places.book) if promise.kind == "receipt"]
    assert len({promise.clip_id for promise in sealed}) == 1
    assert len({promise.value["sha256"] for promise in sealed}) == 1
    assert broken_at_end(again, places) == []


def spoil(path: Path, table: str) -> Callable[[], None]:
    """Write over the first page of a table; what is returned puts it back."""
    with closing(sqlite3.connect(path)) as rows:
        rows.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = rows.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    place = (page - 1) * PAGE_BYTES

    def write(data: bytes) -> None:
        with path.open("r+b") as file:
            file.seek(place)
            file.write(data)

    with path.open("rb") as file:
        file.seek(place)
        good = file.read(64)
    write(b"\xff" * 64)
    return lambda: write(good)
