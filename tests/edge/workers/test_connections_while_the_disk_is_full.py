"""A connection that comes while no row finds space is not lost: everything goes on once there is space again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from edge.contract.topics import UpKind
from edge.storage.journal_errors import JournalFullError
from tests.edge.workers.full_journal import full_disk
from tests.edge.workers.test_reporting_worker import Bench as ReportingBench
from tests.edge.workers.upload_bench import Bench as UploadBench
from tests.edge.workers.upload_bench import FakeLinks


class LinksThatBreak(FakeLinks):
    """While broken, a chunk is taken and goes down with the connection."""

    is_broken = False

    def send_chunk(self, worker: str, upload: int, index: int, chunk: bytes, departed: Callable[[], None]) -> bool:
        return super().send_chunk(worker, upload, index, chunk, (lambda: None) if self.is_broken else departed)


def test_hello_is_said_as_soon_as_there_is_space(tmp_path: Path) -> None:
    bench = ReportingBench(tmp_path / "edge")
    with full_disk(bench.gateway.journal):
        bench.worker.reconnected()
        with pytest.raises(JournalFullError):
            bench.turn()
    assert bench.turn(seconds=5)[0] is UpKind.HELLO
    assert UpKind.HELLO not in bench.turn(seconds=5)
    bench.gateway.journal.close()


def test_a_clip_whose_chunks_went_down_with_a_connection_is_offered_again(tmp_path: Path) -> None:
    bench = UploadBench(tmp_path / "edge", in_flight=2)
    bench.links = LinksThatBreak()
    bench.worker = bench.new_worker()
    refused, sending = bench.gateway.land(b"1"), bench.gateway.land(b"content" * 1000)
    bench.turn()
    bench.refuse(refused, "hash_differs", permanent=True)
    bench.links.is_broken = True
    bench.grant(sending)
    with full_disk(bench.gateway.journal):
        bench.worker.reconnected()
        with pytest.raises(JournalFullError):
            bench.turn()
    bench.turn(seconds=5)
    assert bench.offered() == [refused, sending, sending]
    bench.gateway.journal.close()
