"""The store: one writer, rows with two times, and a chain of acts that shows every change."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from server.domain.acts import ChainBrokenError
from server.store import to_judge
from server.store.act_log import append_act, verify_acts
from server.store.database import Database, DatabaseUnusableError, WritingInsideWritingError
from server.store.recorded import OtherThingError, known_rows, record, replace, withdraw
from server.store.tables import Act, Base, Duty, ToJudge


@pytest.fixture
def db(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    database.migrate()
    return database


def duty(number: str, start_us: int, end_us: int | None, *, recorded_us: int, officer: str = "007") -> Duty:
    return Duty(
        number=number,
        valid_from_us=start_us,
        valid_until_us=end_us,
        recorded_us=recorded_us,
        recorded_by="test",
        officer_number=officer,
        unit_number="U1",
        kind="road",
        note=None,
    )


# ---------------------------------------------------------------------------------------------- the database
def test_the_migrated_schema_is_the_one_the_tables_describe(db: Database) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_twice_changes_nothing(db: Database) -> None:
    db.migrate()


def test_a_schema_of_a_newer_program_is_refused_with_what_to_do(db: Database) -> None:
    with db.writing() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseUnusableError, match="Install the newer program"):
        db.migrate()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "postgresql://localhost/x"])
def test_a_database_that_cannot_keep_a_receipt_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUnusableError):
        Database(url)


def test_every_connection_commits_to_stable_storage(db: Database) -> None:
    with db.writing() as session:
        assert session.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert session.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_a_clip_that_comes_in_waits_for_the_command_line_that_imports_a_large_register(db: Database) -> None:
    import_of_50000_rows_ms = 30_000
    with db.reading() as session:
        assert session.execute(text("PRAGMA busy_timeout")).scalar_one() > import_of_50000_rows_ms


def test_a_writer_waits_for_a_foreign_lock_instead_of_failing(db: Database) -> None:
    foreign = sqlite3.connect(db.path, isolation_level=None, check_same_thread=False)
    foreign.execute("BEGIN IMMEDIATE")
    release = threading.Timer(0.3, lambda: foreign.execute("COMMIT"))
    release.start()
    with db.writing() as session:
        to_judge.mark(session, "device", "A", 1)
    release.join()
    with db.reading() as session:
        assert session.scalars(select(ToJudge.subject_number)).all() == ["A"]


def test_what_fails_halfway_is_not_kept(db: Database) -> None:
    def fail() -> None:
        with db.writing() as session:
            to_judge.mark(session, "device", "A", 1)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with db.reading() as session:
        assert session.scalars(select(ToJudge)).all() == []


def test_a_second_transaction_inside_the_first_is_a_programming_error(db: Database) -> None:
    with db.writing(), pytest.raises(WritingInsideWritingError), db.writing():
        pass


def test_a_reading_session_keeps_nothing(db: Database) -> None:
    with db.reading() as session:
        session.add(ToJudge(subject_kind="device", subject_number="A", since_us=1))
    with db.reading() as session:
        assert session.scalars(select(ToJudge)).all() == []


# ---------------------------------------------------------------------------------------------- acts
def some_acts(db: Database, count: int) -> None:
    for number in range(count):
        with db.writing() as session:
            append_act(
                session,
                at_us=number,
                actor="test",
                verb="look",
                subject_kind="clip",
                subject_id=f"c{number}",
                data={"原因": "查", "n": number},
            )


def test_the_chain_of_acts_holds(db: Database) -> None:
    some_acts(db, 5)
    with db.reading() as session:
        assert verify_acts(session) == 5
        assert verify_acts(session, last=2) == 2


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE act SET actor = 'someone' WHERE act_index = 3",
        "UPDATE act SET data_json = '{}' WHERE act_index = 3",
        "UPDATE act SET at_us = at_us + 1 WHERE act_index = 3",
        "DELETE FROM act WHERE act_index = 3",
        "UPDATE act SET hash = previous_hash || '0' WHERE act_index = 3",
        "UPDATE act SET previous_hash = hash WHERE act_index = 3",
    ],
)
def test_a_changed_or_missing_act_is_found_and_named(db: Database, tampering: str) -> None:
    some_acts(db, 5)
    with db.writing() as session:
        session.execute(text(tampering))
    with db.reading() as session, pytest.raises(ChainBrokenError) as caught:
        verify_acts(session)
    assert caught.value.index == 3


def test_an_act_of_a_transaction_that_fails_leaves_no_hole(db: Database) -> None:
    some_acts(db, 1)

    def fail() -> None:
        with db.writing() as session:
            append_act(session, at_us=9, actor="x", verb="x", subject_kind="x", subject_id="x", data={})
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    some_acts(db, 1)
    with db.reading() as session:
        assert session.scalars(select(Act.index).order_by(Act.index)).all() == [1, 2]
        assert verify_acts(session) == 2


# ---------------------------------------------------------------------------------------------- two times
def test_a_correction_is_seen_from_when_it_is_recorded_and_not_before(db: Database) -> None:
    with db.writing() as session:
        old = record(session, duty("D1", 100, 200, recorded_us=10))
        replace(session, old, duty("D1", 100, 300, recorded_us=20))
    with db.reading() as session:
        assert [row.valid_until_us for row in known_rows(session, Duty, known_us=9)] == []
        assert [row.valid_until_us for row in known_rows(session, Duty, known_us=10)] == [200]
        assert [row.valid_until_us for row in known_rows(session, Duty, known_us=20)] == [300]


def test_a_withdrawn_row_is_gone_from_then_on_and_still_there_before(db: Database) -> None:
    with db.writing() as session:
        withdraw(session, record(session, duty("D1", 1, 2, recorded_us=10)), recorded_us=30, recorded_by="clerk")
    with db.reading() as session:
        assert len(known_rows(session, Duty, known_us=29)) == 1
        assert known_rows(session, Duty, known_us=30) == []


def test_a_row_never_replaces_one_of_another_thing(db: Database) -> None:
    with db.writing() as session, pytest.raises(OtherThingError):
        replace(session, record(session, duty("D1", 1, 2, recorded_us=1)), duty("D2", 1, 2, recorded_us=2))


def test_validity_is_half_open_and_touching_ends_do_not_overlap(db: Database) -> None:
    with db.writing() as session:
        record(session, duty("D1", 100, 200, recorded_us=1))
        record(session, duty("D2", 200, None, recorded_us=1, officer="008"))
    with db.reading() as session:
        assert [row.number for row in known_rows(session, Duty, known_us=1, at_us=199)] == ["D1"]
        assert [row.number for row in known_rows(session, Duty, known_us=1, at_us=200)] == ["D2"]
        window = TimeInterval(UtcMicros(150), UtcMicros(200))
        assert [row.number for row in known_rows(session, Duty, known_us=1, overlapping=window)] == ["D1"]
        assert [row.number for row in known_rows(session, Duty, known_us=1, officer_number="008")] == ["D2"]
        assert len(known_rows(session, Duty, known_us=1, officer_number={"007", "008"})) == 2


@settings(max_examples=25, deadline=None)
@given(ends=st.lists(st.integers(101, 999), min_size=1, max_size=6), known=st.integers(0, 70))
def test_what_was_known_at_a_past_instant_never_changes(
    ends: list[int], known: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    database = Database(f"sqlite:///{tmp_path_factory.mktemp('law') / 'x.sqlite3'}")
    Base.metadata.create_all(database.engine)
    answers = []
    last: Duty | None = None
    for step, end_us in enumerate(ends):
        with database.writing() as session:
            row = duty("D1", 100, end_us, recorded_us=10 * (step + 1))
            last = record(session, row) if last is None else replace(session, last, row)
        if 10 * (step + 1) >= known:
            with database.reading() as session:
                answers.append([row.valid_until_us for row in known_rows(session, Duty, known_us=known)])
    assert len({tuple(answer) for answer in answers[1:]}) <= 1
    database.close()


# ---------------------------------------------------------------------------------------------- what waits
def test_a_subject_marked_while_it_is_judged_waits_again(db: Database) -> None:
    with db.writing() as session:
        to_judge.mark(session, "device", "A", 5)
    with db.reading() as session:
        judged = to_judge.waiting(session)
    with db.writing() as session:
        to_judge.mark(session, "device", "A", 5)
        to_judge.unmark(session, judged)
    with db.writing() as session:
        assert [row.subject_number for row in to_judge.waiting(session)] == ["A"]
        to_judge.unmark(session, to_judge.waiting(session))
    with db.reading() as session:
        assert to_judge.waiting(session) == []
