"""A gateway that has run for years is as quick as a new one: no question reads through what is long done with."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest

from edge.config import EdgeConfig, SourceConfig
from edge.contract.instants import MICROS_PER_DAY, UtcMicros, rfc3339
from edge.contract.messages import Register, RegisterDevice
from edge.contract.topics import DownKind
from edge.storage.contents import ContentState
from edge.storage.forecast_figures import last_clips_of, last_receipt_us_of, read_disk_forecast, read_waiting
from edge.storage.journal import Journal
from edge.storage.overview import read_overview
from edge.storage.reconcile import reconcile_landing
from edge.storage.uploads import waiting_clips
from edge.workers.release import ReleaseWorker
from edge.workers.relisting import monitors_to_list
from edge.workers.reporting import ReportingWorker
from edge.workers.source_watch import SourceWatch
from tests.edge.gateway import Gateway
from tests.edge.workers.upload_bench import Bench, FakeLinks

SMALL = ("tally", "register_copy", "meta", "json_each", "boot", "pragma_")
"""Tables that do not grow, or with the number of devices alone."""
OF_WHAT_WAITS = (
    "content_ready",
    "content_flagged",
    "content_put_off",
    "content_refusals",
    "content_here",
    "content_lost",
    "content_to_drop",
    "content_unsighted",
    "docking_unreported",
    "seen_file_resting",
    "seen_file_listed",
    "sighting_uninspected",
    "outbox",
)
"""Indexes that hold only what is not done with yet."""
A_LIST_OF_ALL_FILES = "SEARCH seen_file USING INDEX sqlite_autoindex_seen_file_1 (source=?)"
"""A scan compares all files that lie in a source with all that are known of it; nothing else may."""


@contextmanager
def listening(journal: Journal) -> Iterator[list[str]]:
    """Every statement said to the journal meanwhile, with its values."""
    said: list[str] = []
    with journal.transaction() as rows:
        rows.set_trace_callback(said.append)
    yield said
    with journal.transaction() as rows:
        rows.set_trace_callback(None)


def reads_through(rows: sqlite3.Connection, statements: list[str]) -> dict[str, str]:
    """Steps that read a whole growing table or index, with a statement that takes them."""
    found: dict[str, str] = {}
    for statement in statements:
        if statement.split(maxsplit=1)[0] not in {"SELECT", "UPDATE", "DELETE", "WITH"}:
            continue
        for step in rows.execute(f"EXPLAIN QUERY PLAN {statement}"):
            detail = step["detail"]
            searched = detail.startswith("SEARCH") and " USING " in detail and not detail.endswith("(source=?)")
            if searched or not detail.startswith(("SCAN", "SEARCH")):
                continue
            allowed = any(f" {name}" in detail for name in (*SMALL, "CONSTANT ROW", "asked"))
            if not allowed and not any(name in detail for name in OF_WHAT_WAITS) and detail != A_LIST_OF_ALL_FILES:
                found[detail] = statement
    return found


def register() -> Register:
    return Register(
        number=1,
        issued=UtcMicros(0),
        devices=(RegisterDevice(device="MON-1", kind="monitor", time_zone="Asia/Shanghai"),),
        flagged_clips=("0" * 32,),
    )


def test_a_day_of_landing_and_looking_reads_through_nothing(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path)
    with listening(gateway.journal) as said:
        for number in range(3):
            (gateway.folder / f"MON-1_2026112108{number:02d}00_0001.mp4").write_bytes(bytes([number]) * 100)
        (gateway.folder / "notes.txt").write_text("no medium")
        (gateway.folder / "card").mkdir()
        (gateway.folder / "card" / "a.mp4").write_bytes(b"on a card")
        (gateway.folder / "card" / "docking.json").write_text(
            json.dumps({"device": "BC-07", "docked": rfc3339(gateway.now_us)})
        )
        gateway.run(40)
        with gateway.journal.transaction() as rows:
            watch = SourceWatch.of(SourceConfig(name="dock", folder=gateway.folder, list_interval_s=60))
            monitors_to_list(rows, register(), watch, UtcMicros(gateway.now_us + MICROS_PER_DAY))
        gateway.now_us = UtcMicros(gateway.now_us + MICROS_PER_DAY)
        gateway.run(3)
        lost = next(iter(gateway.landed()))
        gateway.area.path_of(lost).unlink()
        assert reconcile_landing(gateway.journal, gateway.area, now_us=gateway.now_us).fetching == (lost,)
    with gateway.journal.transaction() as rows:
        assert reads_through(rows, said) == {}
    gateway.journal.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "edge")
    yield made
    made.gateway.journal.close()


def test_a_day_of_uploading_and_reporting_reads_through_nothing(bench: Bench) -> None:
    journal = bench.gateway.journal
    reporting = ReportingWorker(
        journal,
        bench.outbox,
        _ReportingLinks(),
        installation_id="in-00000001",
        data_dir=bench.gateway.folder,
        clock=bench.clock,
        resend_interval_s=10,
        status_interval_s=30,
    )
    release = ReleaseWorker(
        journal,
        landing=bench.gateway.landing,
        clock=bench.clock,
        keep_days=0.0,
        drop_percent=90,
        usage=lambda _: (1, 2),
    )
    with listening(journal) as said:
        first, second = bench.gateway.land(b"1"), bench.gateway.land(b"22")
        bench.worker.reconnected()
        bench.turn()
        bench.grant(first)
        bench.receipt(first)
        bench.refuse(second, "hash_differs", permanent=True)
        reporting.reconnected()
        while reporting.step(bench.clock.now_us()):
            pass
        while release.step(bench.clock.now_us()):
            pass
    assert bench.state(first) is ContentState.RECEIPTED
    with journal.transaction() as rows:
        assert reads_through(rows, said) == {}


def test_the_check_sees_a_question_that_reads_through(bench: Bench) -> None:
    with bench.gateway.journal.transaction() as rows:
        for statement in ("SELECT count(*) FROM content", "SELECT 1 FROM sighting WHERE file_name = 'x'"):
            assert statement in reads_through(rows, [statement]).values()


def test_what_goes_next_is_asked_by_device_and_never_by_going_through_all_that_waits(bench: Bench) -> None:
    for number in range(20):
        bench.gateway.land(bytes([number]), device=f"BC-{number % 4}", flagged=number % 5 == 0)
    with listening(bench.gateway.journal) as said, bench.gateway.journal.transaction() as rows:
        assert len(waiting_clips(rows, flagged_clips=(), at_most=256, now_us=bench.clock.now_us())) == 20
    with bench.gateway.journal.transaction() as rows:
        asked = [f"EXPLAIN QUERY PLAN {one}" for one in said if one.startswith("SELECT")]
        steps = [step["detail"] for one in asked for step in rows.execute(one)]
    assert not [step for step in steps if "content_by_state" in step]


def test_status_reads_through_nothing(bench: Bench) -> None:
    journal = bench.gateway.journal
    bench.receipt(bench.gateway.land(b"1"))
    bench.gateway.land(b"22")
    bench.hear(DownKind.REGISTER, register())
    with listening(journal) as said, journal.transaction() as rows:
        overview = read_overview(rows, now_us=bench.clock.now_us())
        read_waiting(rows, register().flagged_clips)
        config = EdgeConfig(data_dir=bench.gateway.folder)
        read_disk_forecast(rows, config, used_bytes=1, total_bytes=2, now_us=bench.clock.now_us())
        last_clips_of(rows, "BC-01")
        last_receipt_us_of(rows, "BC-01")
    assert (overview.receipted_clips, overview.backlog.clips) == (1, 1)
    with journal.transaction() as rows:
        assert reads_through(rows, said) == {}


class _ReportingLinks(FakeLinks):
    set_aside: Mapping[str, int] = MappingProxyType({})
