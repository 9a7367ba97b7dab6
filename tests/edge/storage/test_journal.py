"""Rules of the journal: what was committed stands, what was not does not, and a file it cannot trust is refused."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from edge.contract.identifiers import checked_topic_id
from edge.contract.instants import UtcMicros
from edge.storage.journal import Journal, reading_journal, remember, remembered
from edge.storage.journal_errors import JournalInUseError, JournalUnusableError
from edge.storage.schema import SCHEMA_VERSION

NOW_US = UtcMicros(1_790_000_000_000_000)


def _open(folder: Path) -> Journal:
    return Journal.open(folder / "journal.sqlite3", now_us=NOW_US)


class PowerCutError(Exception):
    """Whatever ends a transaction early."""


def _change_then_fail(journal: Journal) -> None:
    with journal.transaction() as rows:
        remember(rows, "kept", "no")
        assert journal.next_counter() == 1
        raise PowerCutError


def test_every_start_has_an_id_of_its_own_and_counts_anew(tmp_path: Path) -> None:
    first = _open(tmp_path)
    assert [first.next_counter(), first.next_counter()] == [1, 2]
    first.close()
    second = _open(tmp_path)
    assert second.boot_id != first.boot_id
    assert checked_topic_id(second.boot_id) == second.boot_id
    assert second.next_counter() == 1


def test_what_was_committed_stands_after_a_restart_and_what_failed_does_not(tmp_path: Path) -> None:
    journal = _open(tmp_path)
    with journal.transaction() as rows:
        remember(rows, "kept", "yes")
    with pytest.raises(PowerCutError):
        _change_then_fail(journal)
    journal.close()
    with _open(tmp_path).transaction() as rows:
        assert remembered(rows, "kept") == "yes"
        assert remembered(rows, "never") is None


def test_a_counter_given_in_a_transaction_that_fails_is_given_again_only_in_a_later_one(tmp_path: Path) -> None:
    journal = _open(tmp_path)
    with pytest.raises(PowerCutError):
        _change_then_fail(journal)
    assert journal.next_counter() == 1


def test_threads_never_get_the_same_counter(tmp_path: Path) -> None:
    journal = _open(tmp_path)
    given: list[int] = []

    def take() -> None:
        given.extend(journal.next_counter() for _ in range(50))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 201))


def test_every_commit_is_on_stable_storage_before_it_returns(tmp_path: Path) -> None:
    with _open(tmp_path).transaction() as rows:
        assert rows.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert rows.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def test_a_second_agent_on_one_data_folder_is_refused(tmp_path: Path) -> None:
    journal = _open(tmp_path)
    with pytest.raises(JournalInUseError, match="another agent"):
        _open(tmp_path)
    journal.close()
    _open(tmp_path).close()


def test_a_journal_of_a_newer_release_is_refused_with_what_to_do(tmp_path: Path) -> None:
    _open(tmp_path).close()
    connection = sqlite3.connect(tmp_path / "journal.sqlite3")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(JournalUnusableError, match="Install the release"):
        _open(tmp_path)
    with pytest.raises(JournalUnusableError), reading_journal(tmp_path / "journal.sqlite3"):
        pass


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_a_damaged_journal_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(content)
    with pytest.raises(JournalUnusableError, match="Restore it from the backup"):
        _open(tmp_path)
    assert path.read_bytes() == content


def test_nobody_is_told_to_move_a_journal_away_that_only_cannot_be_opened_or_written(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite3").mkdir()
    with pytest.raises(JournalUnusableError, match="Let this user write the data folder"):
        _open(tmp_path)


def test_status_reads_beside_a_running_agent_and_cannot_write(tmp_path: Path) -> None:
    journal = _open(tmp_path)
    with journal.transaction() as rows:
        remember(rows, "state", "fine")
    with reading_journal(tmp_path / "journal.sqlite3") as rows:
        assert remembered(rows, "state") == "fine"
    with (
        pytest.raises(JournalUnusableError, match=r"readonly.*Let this user write"),
        reading_journal(tmp_path / "journal.sqlite3") as rows,
    ):
        remember(rows, "state", "changed")


def test_status_before_the_first_start_says_so(tmp_path: Path) -> None:
    with pytest.raises(JournalUnusableError, match="Start the agent"), reading_journal(tmp_path / "journal.sqlite3"):
        pass
