"""At a start copies are dropped while the landing area is looked through; what vanishes meanwhile is no fault."""

from __future__ import annotations

from pathlib import Path

from edge.contract.instants import UtcMicros
from edge.storage.journal import Journal
from edge.storage.landing import LandingArea
from edge.storage.reconcile import Reconciliation, reconcile_landing

NOW_US = UtcMicros(1_790_000_000_000_000)
DROPPED = "0123456789abcdef" * 2


class AreaBeforeTheDrop(LandingArea):
    """It was looked through before a copy was dropped."""

    def standing(self) -> dict[str, int]:
        return {**super().standing(), DROPPED: 5}


def test_a_copy_that_was_dropped_after_the_look_is_passed_over(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path / "journal.sqlite3", now_us=NOW_US)
    found = reconcile_landing(journal, AreaBeforeTheDrop(tmp_path / "landing"), now_us=NOW_US)
    journal.close()
    assert found == Reconciliation()
