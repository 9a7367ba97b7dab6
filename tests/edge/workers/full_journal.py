"""A journal whose disk is full for as long as a block runs: every number and every refusal needs one page too many."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from edge.storage.journal import Journal

_COUNTERS_SET_ASIDE = 256


@contextmanager
def full_disk(journal: Journal) -> Iterator[None]:
    """Of a new journal, what was set aside is used up before, so that the next number needs a row."""
    for _ in range(_COUNTERS_SET_ASIDE):
        journal.next_counter()
    with journal.transaction() as rows:
        for table in ("boot", "content"):
            rows.execute(
                f"CREATE TEMP TRIGGER full_{table} AFTER UPDATE ON {table} BEGIN"  # noqa: S608 - constant
                " INSERT INTO meta VALUES ('too much', hex(zeroblob(100000))); END"
            )
        rows.execute("PRAGMA max_page_count = 1")  # no more than there are
    yield
    with journal.transaction() as rows:
        rows.execute("DROP TRIGGER full_boot")
        rows.execute("DROP TRIGGER full_content")
        rows.execute("PRAGMA max_page_count = 4294967294")
