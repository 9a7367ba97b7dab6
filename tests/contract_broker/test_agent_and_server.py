"""The agent against the server's real ingest half, with kills and cuts in the middle of uploads."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from docked_agent import Dock, assert_all_is_kept, until
from served import CLOCK, Served

from server.usecases.revoke_gateway import revoke_gateway

pytestmark = pytest.mark.broker


@pytest.fixture
def dock(served: Served, tmp_path: Path) -> Iterator[Dock]:
    made = Dock(served, tmp_path)
    yield made
    made.kill()
    made.log.close()


def test_a_folder_of_recordings_is_sealed(dock: Dock) -> None:
    contents = [random.Random(n).randbytes(size) for n, size in enumerate([0, 1, 600_000, 3_000_000])]
    dock.put(*contents)
    dock.start()
    assert_all_is_kept(dock, contents)


def test_a_revoked_gateway_is_told_so_and_keeps_its_footage(dock: Dock) -> None:
    dock.put(b"first")
    dock.start()
    assert until(lambda: dock.receipted() == 1)
    context = dock.served.context
    revoke_gateway(context.db, dock.gateway_id, by="t", now_us=CLOCK.now_us())
    dock.served.broker.gateways_changed()
    assert until(lambda: any("login_refused" in str(row[0]) for row in dock.rows("SELECT value FROM meta")), 40)
    (dock.source / "BC01_20261121100000_0002.mp4").write_bytes(b"second")
    assert until(lambda: len(dock.rows("SELECT 1 FROM content")) == 2)
    assert dock.receipted() == 1
