"""A server restored from a backup hears again, from the real agent, what it noted since the backup was made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from docked_agent import Dock, until
from served import CLOCK, Served, serving, wait_a_little
from sqlalchemy import select

from server.config import load_config
from server.ingest.broker_service import BrokerService
from server.ingest.worker import IngestWorker
from server.store.database import Database
from server.store.tables import Docking, DockingFile, EventRow, ReportRow, SightingRow
from server.usecases.make_backup import make_backup
from server.usecases.restore_backup import restore_backup
from server.usecases.set_up import open_context
from server.usecases.signing_state import why_signing_stopped

pytestmark = pytest.mark.broker

UNNOTED = "SELECT 1 FROM outbox WHERE noted_us IS NULL LIMIT 1"


@contextmanager
def put_back(folder: Path) -> Iterator[Served]:
    """The restored server, under the address of the old one."""
    opened = open_context(load_config(folder), CLOCK)
    broker = BrokerService(opened)
    context = replace(opened, gateways_changed=broker.gateways_changed)
    broker.start()
    served = Served("embedded", context, broker, IngestWorker(context, on_deaf=broker.deaf), None)
    served.worker.start()
    try:
        yield served
    finally:
        served.worker.stop()
        broker.stop()
        context.db.close()


def comparisons(dock: Dock) -> int:
    """How often the agent has compared what it holds with the server."""
    return Path(dock.log.name).read_text().count('"event": "compared"')


def told(db: Database) -> dict[str, set[tuple[object, ...]]]:
    """What gateways told, as it is on record."""
    queries = {
        "dockings": select(Docking.number, Docking.device_number, Docking.complete, Docking.valid_until_us),
        "files": select(DockingFile.docking_number, DockingFile.name, DockingFile.clip_id, DockingFile.reason),
        "sightings": select(SightingRow.sighting_id, SightingRow.clip_id, SightingRow.docking_number),
        "events": select(EventRow.code, EventRow.at_us).where(EventRow.gateway_id.startswith("gw-")),
    }
    with db.reading() as session:
        return {name: {tuple(row) for row in session.execute(query)} for name, query in queries.items()}


def test_dockings_events_and_sightings_told_since_the_backup_are_told_again(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with serving("embedded", tmp_path / "old") as served:
        dock = Dock(served, tmp_path)
        request.addfinalizer(dock.close)
        dock.start()
        dock.put(b"before the backup")
        assert until(lambda: dock.receipted() == 1 and not dock.rows(UNNOTED))
        config = served.context.config
        make_backup(config, tmp_path / "backup", software="test", now_us=CLOCK.now_us())
        known = told(served.context.db)
        dock.put(b"since", b"and this", first=1)
        (dock.source / "BC01_20261121080100_0001.json").write_text("{ no sidecar")
        (dock.source / "not-a-recording.mp4.part").write_bytes(b"x")
        assert until(lambda: dock.receipted() == 3 and not dock.rows(UNNOTED))
        truth = told(served.context.db)
        assert len(truth["dockings"]) > len(known["dockings"])
        assert len(truth["events"]) > len(known["events"])
        assert len(truth["sightings"]) == len(known["sightings"]) + 2
    restore_backup(tmp_path / "backup", tmp_path / "new", by="console:test", now_us=CLOCK.now_us())
    with put_back(tmp_path / "new") as served:
        db = served.context.db
        assert told(db) == known
        assert until(lambda: all(truth[name] <= told(db)[name] for name in truth)), (truth, told(db))
        assert told(db)["dockings"] == truth["dockings"]
        with db.reading() as session:
            assert why_signing_stopped(session)  # all this before any person decided
        all_is_told = "SELECT 1 FROM meta WHERE key = 'tell_again' AND value LIKE '%true%'"
        assert until(lambda: bool(dock.rows(all_is_told)) and not dock.rows(UNNOTED))
        with db.reading() as session:
            reports = len(session.scalars(select(ReportRow.row_id)).all())
        compared = comparisons(dock)
        dock.kill()
        dock.start()
        assert until(lambda: comparisons(dock) > compared)  # it is up, and the restored server has answered it
        wait_a_little()
        assert not dock.rows(UNNOTED)
        with db.reading() as session:
            assert len(session.scalars(select(ReportRow.row_id)).all()) == reports  # once, whatever is started anew
