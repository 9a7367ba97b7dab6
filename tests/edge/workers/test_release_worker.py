"""The release worker drops what the server has, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.storage.contents import find_content
from edge.workers.release import ReleaseWorker
from tests.edge.landed_clips import NOW, FakeClock, Gateway


class Bench:
    """A worker and a disk whose filling a test says."""

    def __init__(self, folder: Path) -> None:
        self.gateway, self.clock, self.used_bytes = Gateway(folder), FakeClock(), 0
        self.worker = ReleaseWorker(
            self.gateway.journal,
            landing=self.gateway.landing,
            clock=self.clock,
            keep_days=7,
            drop_percent=90,
            usage=lambda _folder: (self.used_bytes, 1000),
        )

    def receipted(self, content: bytes, *, days_ago: float = 0) -> str:
        clip_id = self.gateway.land(content)
        with self.gateway.journal.transaction() as rows:
            rows.execute(
                "UPDATE content SET state = 'receipted', receipted_us = ? WHERE clip_id = ?",
                (int(NOW - days_ago * MICROS_PER_DAY), clip_id),
            )
        return clip_id

    def look(self) -> None:
        self.clock.steady += 60
        self.worker.step(UtcMicros(NOW))

    def has(self, clip_id: str) -> bool:
        with self.gateway.journal.transaction() as rows:
            content = find_content(rows, clip_id)
        assert content is not None
        assert (content.landing_name is not None) == (self.gateway.landing / clip_id).exists()
        return content.landing_name is not None


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "edge")
    yield made
    made.gateway.journal.close()


def test_a_copy_goes_a_week_after_its_receipt(bench: Bench) -> None:
    fresh, old = bench.receipted(b"fresh", days_ago=6.9), bench.receipted(b"old", days_ago=7.1)
    bench.look()
    assert (bench.has(fresh), bench.has(old)) == (True, False)


def test_on_a_full_disk_the_oldest_receipt_goes_first(bench: Bench) -> None:
    fresh, old = bench.receipted(b"x" * 200, days_ago=1), bench.receipted(b"y" * 200, days_ago=2)
    bench.used_bytes = 1000
    bench.look()
    assert (bench.has(fresh), bench.has(old)) == (True, False)


def test_what_has_no_receipt_is_never_dropped_however_full_the_disk_is(bench: Bench) -> None:
    waiting = bench.gateway.land(b"waiting")
    bench.used_bytes = 1000
    bench.look()
    assert bench.has(waiting)


def test_a_file_that_is_already_gone_does_not_stop_the_others(bench: Bench) -> None:
    gone, other = bench.receipted(b"gone", days_ago=9), bench.receipted(b"other", days_ago=8)
    (bench.gateway.landing / gone).unlink()
    bench.look()
    assert (bench.has(gone), bench.has(other)) == (False, False)
