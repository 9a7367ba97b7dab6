"""The messages of one step share a commit: each is undone alone, and nothing of any is durable before the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from server.store import to_judge
from server.store.clip_files import ClipFiles
from server.store.database import Database, WritingInsideWritingError
from server.store.tables import ToJudge


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{tmp_path / 'tallylight.sqlite3'}")
    database.migrate()
    yield database
    database.close()


def mark(db: Database, number: str, *, fails: bool = False) -> None:
    with db.writing() as session:
        to_judge.mark(session, "device", number, 1)
        if fails:
            raise KeyError(number)


def marked(db: Database) -> list[str | None]:
    with db.reading() as session:
        return sorted(session.scalars(select(ToJudge.subject_number)), key=str)


def seen_by_another_program(db: Database) -> list[str | None]:
    other = Database(f"sqlite:///{db.path}")
    try:
        return marked(other)
    finally:
        other.close()


def test_nothing_is_durable_before_all_of_it_is(db: Database) -> None:
    with db.together():
        mark(db, "A")
        mark(db, "B")
        assert marked(db) == ["A", "B"]  # whoever answers in the same step sees what it wrote
        assert seen_by_another_program(db) == []
    assert seen_by_another_program(db) == ["A", "B"]


def test_what_fails_halfway_takes_nothing_else_along(db: Database) -> None:
    with db.together():
        mark(db, "A")
        with pytest.raises(KeyError):
            mark(db, "B", fails=True)
        mark(db, "C")
    assert marked(db) == ["A", "C"]


def test_an_error_of_the_whole_step_undoes_all_of_it(db: Database) -> None:
    def fail() -> None:
        with db.together():
            mark(db, "A")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert marked(db) == []
    mark(db, "B")
    assert marked(db) == ["B"]


def test_a_step_that_writes_nothing_holds_nobody_up(db: Database) -> None:
    other = Database(f"sqlite:///{db.path}")
    with db.together():
        assert marked(db) == []
        mark(other, "A")
        assert marked(db) == ["A"]
    other.close()


def test_writing_inside_writing_is_a_programming_error_there_too(db: Database) -> None:
    with db.together(), db.writing(), pytest.raises(WritingInsideWritingError), db.writing():
        pass
    with db.together(), pytest.raises(WritingInsideWritingError), db.together():
        pass


def test_a_final_file_whose_seal_was_never_committed_is_taken_up_again(tmp_path: Path) -> None:
    files = ClipFiles(tmp_path)
    files.make()
    part = files.open_part("c" * 32)
    part.write_at(0, b"footage")
    part.flush()
    part.close()
    files.finish("c" * 32)
    again = files.open_part("c" * 32)
    assert again.read_at(0, 100) == b"footage"
    again.write_at(7, b"!")
    assert not files.is_finished("c" * 32)
    again.close()
