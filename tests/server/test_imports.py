"""Registers from CSV: what a department's spreadsheet may do, and what it may not."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from edge.contract.instants import UtcMicros, parse_rfc3339, rfc3339
from server.store.act_log import verify_acts
from server.store.database import Database
from server.store.recorded import known_rows
from server.store.tables import Act, Certificate, Device, Duty, Officer, Site, ToJudge
from server.usecases.import_register import import_csv
from server.usecases.imports.summary import ImportRefusedError, ImportSummary, RowErrorCode

NOW_US = parse_rfc3339("2026-11-21T12:00:00Z")
HOUR_US = 3_600_000_000
DUTIES = "number,officer_number,unit_number,kind,start,end,note\n"


@pytest.fixture
def db(tmp_path: Path) -> Database:
    database = Database(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    database.migrate()
    return database


def take(db: Database, kind: str, text: str | bytes, *, now_us: int = NOW_US, dry_run: bool = False) -> ImportSummary:
    data = text if isinstance(text, bytes) else text.encode()
    return import_csv(db, kind, data, by="test", now_us=now_us, dry_run=dry_run)


def duty_line(number: str = "D1", start: str = "2026-11-21 08:00:00", end: str = "2026-11-21 09:00:00") -> str:
    return f"{number},007,U1,road,{start},{end},\n"


def codes(summary: ImportSummary) -> list[RowErrorCode]:
    return [error.code for error in summary.errors]


def test_a_row_is_on_record_with_its_local_times_read_in_the_rule_sets_zone(db: Database) -> None:
    summary = take(db, "duties", DUTIES + duty_line())
    assert (summary.new, summary.changed, summary.unchanged, summary.ok) == (1, 0, 0, True)
    with db.reading() as session:
        [duty] = known_rows(session, Duty, known_us=NOW_US)
    assert rfc3339(UtcMicros(duty.valid_from_us)) == "2026-11-21T00:00:00.000000Z"


def test_the_same_file_twice_changes_nothing(db: Database) -> None:
    take(db, "duties", DUTIES + duty_line())
    again = take(db, "duties", DUTIES + duty_line(), now_us=NOW_US + 1)
    assert (again.new, again.changed, again.unchanged) == (0, 0, 1)


def test_changed_content_is_a_later_row_and_the_earlier_one_answers_for_its_time(db: Database) -> None:
    take(db, "duties", DUTIES + duty_line())
    take(db, "duties", DUTIES + duty_line(end="2026-11-21 10:00:00"), now_us=NOW_US + HOUR_US)
    with db.reading() as session:
        [then] = known_rows(session, Duty, known_us=NOW_US)
        [today] = known_rows(session, Duty, known_us=NOW_US + HOUR_US)
    assert (then.valid_until_us, today.valid_until_us) == (
        parse_rfc3339("2026-11-21T01:00:00Z"),
        parse_rfc3339("2026-11-21T02:00:00Z"),
    )


def test_one_bad_row_leaves_nothing_imported(db: Database) -> None:
    summary = take(db, "duties", DUTIES + duty_line("D1") + duty_line("D2", start="tomorrow"))
    assert [(error.row_number, error.column, error.code) for error in summary.errors] == [
        (3, "start", RowErrorCode.NOT_A_TIME)
    ]
    with db.reading() as session:
        assert known_rows(session, Duty, known_us=NOW_US) == []
        assert session.scalar(select(func.count()).select_from(Act)) == 0


def test_a_dry_run_says_what_would_be_and_writes_nothing(db: Database) -> None:
    summary = take(db, "duties", DUTIES + duty_line(), dry_run=True)
    assert (summary.new, summary.dry_run, summary.act_index) == (1, True, None)
    with db.reading() as session:
        assert known_rows(session, Duty, known_us=NOW_US) == []


def test_an_import_is_an_act_and_what_depends_on_it_is_judged_again(db: Database) -> None:
    summary = take(db, "duties", DUTIES + duty_line())
    with db.reading() as session:
        assert verify_acts(session) == 1
        assert session.scalars(select(Act)).one().index == summary.act_index
        marked = {(row.subject_kind, row.subject_number) for row in session.scalars(select(ToJudge))}
    assert marked == {("duty", "D1"), ("officer", "007")}


@pytest.mark.parametrize(
    ("encode", "stated"),
    [
        pytest.param(lambda text: text.encode(), "UTF-8", id="UTF-8"),
        pytest.param(lambda text: b"\xef\xbb\xbf" + text.encode(), "UTF-8 with BOM", id="UTF-8 as Excel writes it"),
        pytest.param(lambda text: text.encode("gb18030"), "GB18030", id="GB18030 as Chinese Excel writes it"),
    ],
)
def test_the_encoding_is_found_out_and_stated(db: Database, encode: object, stated: str) -> None:
    assert callable(encode)
    summary = take(db, "officers", encode("警号,姓名,单位编号\n0012,张伟,U1\n"))
    assert (summary.encoding, summary.new) == (stated, 1)
    with db.reading() as session:
        [officer] = known_rows(session, Officer, known_us=NOW_US)
    assert (officer.number, officer.name) == ("0012", "张伟")


def test_a_semicolon_separates_as_well_as_a_comma(db: Database) -> None:
    summary = take(db, "officers", 'number;name;unit_number\n"0012";"Li, Na";U1\n')
    assert (summary.delimiter, summary.new) == (";", 1)


def test_leading_zeros_and_cells_like_formulas_are_kept_as_data(db: Database) -> None:
    take(db, "officers", "number,name,unit_number\n000123,=1+1,U1\n")
    with db.reading() as session:
        [officer] = known_rows(session, Officer, known_us=NOW_US)
    assert (officer.number, officer.name) == ("000123", "=1+1")


def test_numbers_that_no_register_knows_are_named_but_do_not_stop_the_import(db: Database) -> None:
    take(db, "officers", "number,name,unit_number\n007,A,U1\n")
    summary = take(db, "duties", DUTIES + duty_line() + duty_line("D2").replace("007", "07"))
    assert summary.new == 2
    assert summary.unknown_numbers == (("unit_number", "U1"), ("officer_number", "07"))


def test_columns_nobody_asked_for_are_named(db: Database) -> None:
    summary = take(db, "officers", "number,name,unit_number,telephone\n1,A,U1,555\n")
    assert (summary.ignored_columns, summary.new) == (("telephone",), 1)


@pytest.mark.parametrize(
    ("kind", "line", "code"),
    [
        ("duties", "1.23E+17,007,U1,road,2026-11-21 08:00,2026-11-21 09:00,", RowErrorCode.NUMBER_IN_EXPONENT_FORM),
        ("duties", "D1,1.5e11,U1,road,2026-11-21 08:00,2026-11-21 09:00,", RowErrorCode.NUMBER_IN_EXPONENT_FORM),
        ("duties", ",007,U1,road,2026-11-21 08:00,2026-11-21 09:00,", RowErrorCode.MISSING_VALUE),
        ("duties", "D1,007,U1,dancing,2026-11-21 08:00,2026-11-21 09:00,", RowErrorCode.UNKNOWN_CHOICE),
        ("duties", "D1,007,U1,road,2026-11-21 09:00,2026-11-21 09:00,", RowErrorCode.END_NOT_AFTER_START),
        ("duties", "D1,007,U1,road,2026-02-30 09:00,2026-11-21 09:00,", RowErrorCode.NOT_A_TIME),
        ("duties", "D1,007,U1,road,2026-11-21 25:00,2026-11-22 09:00,", RowErrorCode.NOT_A_TIME),
        ("duties", "D1,007,U1,road,2026-11-21 08:00", RowErrorCode.WRONG_COLUMN_COUNT),
        ("duties", "D1,0\x0707,U1,road,2026-11-21 08:00,2026-11-21 09:00,", RowErrorCode.CONTROL_CHARACTER),
        ("duties", "D1,007,U1,road,2026-11-21 08:00,2026-11-21 09:00," + "x" * 5000, RowErrorCode.TOO_LONG),
    ],
)
def test_a_bad_row_is_refused_with_its_class(db: Database, kind: str, line: str, code: RowErrorCode) -> None:
    summary = take(db, kind, DUTIES + line + "\n")
    assert codes(summary) == [code]
    assert summary.errors[0].row_number == 2
    assert summary.errors[0].do


def test_a_number_that_stands_there_twice_is_refused(db: Database) -> None:
    assert codes(take(db, "duties", DUTIES + duty_line() + duty_line())) == [RowErrorCode.DUPLICATE_NUMBER]


@pytest.mark.parametrize(
    ("local", "code"),
    [
        ("2026-03-29 02:30:00", RowErrorCode.LOCAL_TIME_MISSING),
        ("2026-10-25 02:30:00", RowErrorCode.LOCAL_TIME_DOUBLE),
    ],
)
def test_a_local_time_that_never_was_or_was_twice_needs_its_offset(
    db: Database, local: str, code: RowErrorCode
) -> None:
    take(db, "devices", "number,kind,unit_number,time_zone\nB1,recorder,U1,Europe/Paris\n")
    text = "number,device_number,officer_number,valid_from,valid_until\n"
    assert codes(take(db, "assignments", f"{text}A1,B1,007,{local},\n")) == [code]
    assert take(db, "assignments", f"{text}A1,B1,007,{local.replace(' ', 'T')}+01:00,\n").ok


def test_a_date_alone_is_the_whole_day(db: Database) -> None:
    text = "number,device_number,function,valid_from,valid_until\nC1,M1,speed,2026-01-01,2026-12-31\n"
    take(db, "certificates", text)
    with db.reading() as session:
        [certificate] = known_rows(session, Certificate, known_us=NOW_US)
    assert rfc3339(UtcMicros(certificate.valid_from_us)) == "2025-12-31T16:00:00.000000Z"
    assert rfc3339(UtcMicros(certificate.valid_until_us or 0)) == "2026-12-31T16:00:00.000000Z"


def test_a_certificate_without_an_end_ends_by_the_rules_interval(db: Database) -> None:
    take(db, "certificates", "number,device_number,function,performed\nC1,M1,alcohol,2026-01-31\n")
    with db.reading() as session:
        [certificate] = known_rows(session, Certificate, known_us=NOW_US)
    assert rfc3339(UtcMicros(certificate.valid_until_us or 0)) == "2026-07-30T16:00:00.000000Z"


def test_one_certificate_may_cover_several_functions(db: Database) -> None:
    text = "number,device_number,function,performed\nC1,M1,speed,2026-01-31\nC1,M1,clock,2026-01-31\n"
    assert take(db, "certificates", text).new == 2
    assert take(db, "certificates", text, now_us=NOW_US + 1).unchanged == 2


def test_a_column_the_file_does_not_have_leaves_what_is_on_record(db: Database) -> None:
    take(db, "devices", "number,kind,unit_number,model,functions\nM1,monitor,U1,XJ-7,speed+clock\n")
    take(db, "devices", "number,kind,unit_number\nM1,monitor,U2\n", now_us=NOW_US + 1)
    with db.reading() as session:
        [device] = known_rows(session, Device, known_us=NOW_US + 1)
    assert (device.unit_number, device.model, device.functions) == ("U2", "XJ-7", "speed,clock")


@pytest.mark.parametrize(
    ("kind", "data", "code"),
    [
        ("people", b"number\n", "unknown_kind"),
        ("officers", b"", "empty"),
        ("officers", b"\n  \n", "empty"),
        ("officers", b"number,name\n1,A\n", "header"),
        ("officers", b"number,name,number,unit_number\n", "header"),
        ("officers", b"\xff\xfen\x00u\x00m\x00", "encoding"),
        ("officers", b"number,name,unit_number\n1,\xff\xff\xff,U1\n", "encoding"),
        ("officers", b'number,name,unit_number\n1,"A,U1\n', "csv"),
    ],
)
def test_a_file_that_is_no_register_is_refused_as_a_whole(db: Database, kind: str, data: bytes, code: str) -> None:
    with pytest.raises(ImportRefusedError) as refused:
        take(db, kind, data)
    assert refused.value.code == code


def real_places(road_of: Callable[[dict[str, str]], str]) -> str:
    """The French list of 2018 in our columns."""
    source = Path(__file__).parents[3] / "shared" / "locations" / "radars_france_2018.csv"
    if not source.is_file():
        pytest.skip("no list of real places beside the checkout (../shared/locations)")
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            "number",
            "kind",
            "road",
            "direction",
            "district",
            "longitude",
            "latitude",
            "enforcement",
            "unit_number",
            "stage",
        ]
    )
    for row in csv.DictReader(io.StringIO(source.read_text(encoding="utf-8-sig"))):
        facts = [row[name] for name in ("direction", "departement", "longitude", "latitude", "date_installation")]
        writer.writerow([row["id"], row["type"], road_of(row), *facts, "FR", "active"])
    return out.getvalue()


def test_real_places_without_a_road_are_named_row_by_row_and_nothing_is_taken(db: Database) -> None:
    summary = take(db, "sites", real_places(lambda row: row["emplacement"]))
    assert set(codes(summary)) == {RowErrorCode.MISSING_VALUE}
    assert {error.column for error in summary.errors} == {"road"}
    with db.reading() as session:
        assert known_rows(session, Site, known_us=NOW_US) == []


def test_3350_real_places_are_taken_once(db: Database) -> None:
    text = real_places(lambda row: row["emplacement"] or row["route"] or "unnamed")
    summary = take(db, "sites", text)
    assert (summary.errors, summary.new) == ((), 3350)
    assert take(db, "sites", text, now_us=NOW_US + 1).unchanged == 3350
    with db.reading() as session:
        assert len(known_rows(session, Site, known_us=NOW_US + 1)) == 3350


@pytest.mark.parametrize("end", ["9999-12-31", "9999-12-31 23:59:59", "2200-01-01T00:00:00Z", "0001-01-01"])
def test_a_day_beyond_all_calendars_is_refused_and_an_open_end_explained(db: Database, end: str) -> None:
    summary = take(db, "duties", DUTIES + duty_line(end=end))
    assert RowErrorCode.NOT_A_TIME in codes(summary)
    assert "open end" in summary.errors[0].do
