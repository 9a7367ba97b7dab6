"""A journal of an older release is opened by a newer one, with everything in it; it is never made anew."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from edge.contract.instants import UtcMicros
from edge.storage.journal import Journal, reading_journal
from edge.storage.journal_errors import JournalUnusableError
from edge.storage.overview import read_overview
from edge.storage.schema import SCHEMA_VERSION, UPGRADES
from edge.storage.uploads import waiting_clips

NOW_US = UtcMicros(1_790_000_000_000_000)
FIRST = Path(__file__).with_name("journal_version_1.sql")
ROWS = """
INSERT INTO content (clip_id, sha256, size_bytes, landing_name, state, landed_us) VALUES
  ('sealed', 'a', 1, NULL, 'receipted', 10), ('waits', 'b', 2, 'waits', 'sending', 20),
  ('refused', 'c', 3, 'refused', 'refused', 30), ('lost its way', 'd', 4, 'lost its way', 'landed', 40),
  ('not looked into', 'e', 5, 'not looked into', 'landed', 50);
UPDATE content SET act_index = 7, act_hash = 'x', receipted_us = 15 WHERE clip_id = 'sealed';
UPDATE content SET refusal_reason = 'hash_differs' WHERE clip_id = 'refused';
INSERT INTO docking (docking_id, source, folder, device, docked_us, until_us, statement_sha256, reported) VALUES
  ('d1', 'dock', '', 'BC-01', 5, 6, 'scan', 1), ('d2', 'dock', '', 'BC-09', 5, 6, 'scan', 1);
INSERT INTO sighting (sighting_id, clip_id, docking_id, device, file_name, path, source, seen_us, modified_us,
                      generation, manifest) VALUES
  ('s1', 'sealed', 'd1', 'BC-01', 'a', 'a', 'dock', 10, 10, 1, x'00'),
  ('s2', 'sealed', 'd1', 'BC-01', 'a', 'b', 'dock', 11, 11, 1, x'00'),
  ('s3', 'waits', 'd1', 'BC-01', 'a', 'c', 'dock', 20, 20, 1, x'00'),
  ('s4', 'refused', 'd1', NULL, 'a', 'd', 'dock', 30, 30, 1, x'00'),
  ('s5', 'not looked into', 'd1', 'BC-01', 'a', 'e', 'dock', 50, 50, 1, NULL);
INSERT INTO seen_file (source, path, size_bytes, modified_ns, state, rested_since_us) VALUES
  ('dock', 'a', 1, 1, 'landed', 10);
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "journal.sqlite3"
    connection = sqlite3.connect(path)
    connection.executescript(FIRST.read_text() + ROWS)
    connection.close()
    return path


def shape(path: Path) -> dict[str, object]:
    connection = sqlite3.connect(path)
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")]
    columns = {name: sorted(row[1:] for row in connection.execute(f"PRAGMA table_xinfo({name})")) for name in names}
    connection.close()
    return {name: [column[:4] for column in found] for name, found in columns.items()}


def test_every_version_that_ever_was_has_its_way_to_the_present_one() -> None:
    assert sorted(UPGRADES) == list(range(1, SCHEMA_VERSION))


def test_an_upgraded_journal_has_the_tables_and_indexes_of_a_new_one(old: Path, tmp_path: Path) -> None:
    Journal.open(old, now_us=NOW_US).close()
    (tmp_path / "new").mkdir()
    Journal.open(tmp_path / "new" / "journal.sqlite3", now_us=NOW_US).close()
    assert shape(old) == shape(tmp_path / "new" / "journal.sqlite3")


def test_what_waited_goes_on_what_was_refused_is_asked_and_the_counts_are_right(old: Path) -> None:
    journal = Journal.open(old, now_us=NOW_US)
    with journal.transaction() as rows:
        waiting = waiting_clips(rows, flagged_clips=(), at_most=10, now_us=NOW_US)
        orphans = rows.execute("SELECT clip_id FROM content WHERE is_sighted = 0").fetchall()
        overview = read_overview(rows, now_us=NOW_US)
    assert {(clip.clip_id, clip.device) for clip in waiting} == {("waits", "BC-01"), ("refused", "")}
    assert [row["clip_id"] for row in orphans] == ["lost its way"]
    assert (overview.receipted_clips, overview.backlog.clips, overview.last_receipt_us) == (1, 4, 15)
    assert [(line.device, line.clips, line.receipted_clips) for line in overview.devices] == [
        ("BC-01", 3, 1),
        ("BC-09", 0, 0),
        (None, 1, 0),
    ]
    journal.close()


def test_status_of_an_older_journal_says_to_start_the_agent_and_changes_nothing(old: Path) -> None:
    before = old.read_bytes()
    with pytest.raises(JournalUnusableError, match="Start the agent once"), reading_journal(old):
        pass
    assert old.read_bytes() == before
