"""Taking a register from a CSV file: all rows or none, the same file twice changes nothing, one act per import."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import inspect
from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from edge.contract.sentences import sentence
from server.domain.rules import RuleSet
from server.store import to_judge
from server.store.act_log import append_act
from server.store.database import Database
from server.store.recorded import Row, known_rows, record_all, replacement
from server.store.rule_files import load_rules
from server.store.tables import Device, Officer, Recorded, Site, Unit
from server.store.to_judge import Subject
from server.usecases.imports.columns import CERTIFICATE_FUNCTIONS, ColumnType
from server.usecases.imports.reading import CsvRow, CsvTable, read_table
from server.usecases.imports.rows import KINDS, Kind, RowContext
from server.usecases.imports.summary import ImportSummary, RowError, RowErrorCode
from server.usecases.imports.values import BadCellError, Value, cell_value

MAX_ERRORS_SHOWN = 200
MAX_UNKNOWN_SHOWN = 20
_REFERENCES: dict[str, type[Recorded]] = {
    "unit_number": Unit,
    "officer_number": Officer,
    "device_number": Device,
    "site_number": Site,
}
_NOT_CONTENT = frozenset({"row_id", "recorded_us", "recorded_by", "replaces", "withdrawn", "parts"})
_ENDS = (("start", "end"), ("docked", "until"), ("valid_from", "valid_until"), ("arrived", "cleared"))


def import_csv(
    db: Database,
    kind: str,
    data: bytes,
    *,
    by: str,
    now_us: int,
    dry_run: bool = False,
    rules: RuleSet | None = None,
) -> ImportSummary:
    """Import a CSV file into the register `kind`; `rules` None: the shipped rule set.

    One transaction: with one bad row nothing is imported, and the summary names every bad row. A row that is on record
    with the same content stays; one with other content is replaced by a later row, and what depends on it is judged
    again. Raises ImportRefusedError where the file as a whole cannot be read.
    """
    rules = rules or load_rules()
    table = read_table(kind, data)
    if dry_run:
        with db.reading() as session:
            return _Import(session, kind, table, rules, by, now_us).summary(dry_run=True)
    with db.writing() as session:
        work = _Import(session, kind, table, rules, by, now_us)
        if not work.errors:
            work.write(hashlib.sha256(data).hexdigest())
        return work.summary(dry_run=False)


class _Import:
    """One import in one transaction: read everything first, then write everything."""

    def __init__(self, session: Session, kind: str, table: CsvTable, rules: RuleSet, by: str, now_us: int) -> None:
        self.session, self.kind, self.table, self.rules = session, kind, table, rules
        self.by, self.now_us = by, now_us
        self.definition = KINDS[kind]
        self.errors: list[RowError] = list(table.errors)
        self.new: list[Recorded] = []
        self.changed: list[tuple[Recorded, Recorded]] = []
        self.unchanged = 0
        self.act_index: int | None = None
        self._zones = _device_zones(session, table, now_us)
        self._sort(self._built())

    def write(self, file_sha256: str) -> None:
        """Put everything on record, mark what depends on it, and append the act."""
        subjects: list[Subject] = []
        record_all(self.session, [*self.new, *(replacement(old, new) for old, new in self.changed)])
        for row in [*self.new, *(row for pair in self.changed for row in pair)]:
            subjects.extend(self.definition.subjects(row))
        to_judge.mark_all(self.session, subjects, self.now_us)
        act = append_act(
            self.session,
            at_us=self.now_us,
            actor=self.by,
            verb="register.imported",
            subject_kind="register",
            subject_id=self.kind,
            data={
                "sha256": file_sha256,
                "new": len(self.new),
                "changed": len(self.changed),
                "unchanged": self.unchanged,
            },
        )
        self.act_index = act.index

    def summary(self, *, dry_run: bool) -> ImportSummary:
        """What was done, or would be."""
        errors = sorted(self.errors, key=lambda error: error.row_number)
        return ImportSummary(
            kind=self.kind,
            encoding=self.table.encoding,
            delimiter=self.table.delimiter,
            rows=len(self.table.rows) + len(self.table.errors),
            new=len(self.new),
            changed=len(self.changed),
            unchanged=self.unchanged,
            errors=tuple(errors[:MAX_ERRORS_SHOWN]),
            errors_left_out=max(0, len(errors) - MAX_ERRORS_SHOWN),
            ignored_columns=self.table.ignored_columns,
            dry_run=dry_run,
            act_index=self.act_index,
            unknown_numbers=self._unknown_numbers(),
        )

    def _unknown_numbers(self) -> tuple[tuple[str, str], ...]:
        """Numbers the rows name that stand on no register: rows may come in any order, so this is no error."""
        unknown: list[tuple[str, str]] = []
        for column, model in _REFERENCES.items():
            named = {row.cells[column] for row in self.table.rows if row.cells.get(column)}
            known = {row.number for row in _in_batches(self.session, model, named, self.now_us)}
            unknown += [(column, number) for number in sorted(named - known)]
        return tuple(unknown[:MAX_UNKNOWN_SHOWN])

    def _built(self) -> list[tuple[CsvRow, dict[str, Any]]]:
        built: list[tuple[CsvRow, dict[str, Any]]] = []
        seen: dict[tuple[Any, ...], int] = {}
        for row in self.table.rows:
            try:
                attributes = self._attributes(row)
                self._refuse_double(row, attributes, seen)
            except BadCellError as error:
                self.errors.append(RowError(row.row_number, error.column, error.code, error.text[:60], error.do))
            else:
                built.append((row, attributes))
        return built

    def _attributes(self, row: CsvRow) -> dict[str, Any]:
        zone = ZoneInfo(self._zones.get(row.cells.get("device_number", ""), self.rules.time_zone))
        values: dict[str, Value] = {
            column.name: cell_value(column, row.cells[column.name], zone, self._choices(column.name, column.type))
            for column in self.table.columns
        }
        context = RowContext(rules=self.rules, zone=zone, now_us=self.now_us)
        attributes = {"number": values["number"], **self.definition.build(values, context)}
        _refuse_backward(values, attributes)
        return attributes

    def _choices(self, column: str, column_type: ColumnType) -> tuple[str, ...]:
        """Choices that are data rather than part of the format."""
        if column == "function" or column_type is ColumnType.LIST:
            return CERTIFICATE_FUNCTIONS
        if column == "kind" and self.kind == "duties":
            return self.rules.words("duty.kinds", UtcMicros(self.now_us))
        return ()

    def _refuse_double(self, row: CsvRow, attributes: dict[str, Any], seen: dict[tuple[Any, ...], int]) -> None:
        identity = tuple(attributes[name] for name in self.definition.identity)
        if identity in seen:
            raise BadCellError(
                column="number",
                code=RowErrorCode.DUPLICATE_NUMBER,
                text=str(attributes["number"]),
                do=sentence("do_keep_one", "row {row} has the same number: keep one of them", row=seen[identity]),
            )
        seen[identity] = row.row_number

    def _sort(self, built: list[tuple[CsvRow, dict[str, Any]]]) -> None:
        """Which rows are new, which change one on record, which are there already."""
        definition = self.definition
        numbers = {attributes["number"] for _, attributes in built}
        on_record = {
            tuple(getattr(row, name) for name in definition.identity): row
            for row in _in_batches(self.session, definition.model, numbers, self.now_us)
        }
        given = _given_attributes(definition, self.table)
        for _, attributes in built:
            old = on_record.get(tuple(attributes[name] for name in definition.identity))
            if old is None:
                self.new.append(self._row(attributes))
                continue
            kept = {name: getattr(old, name) for name in _content_names(definition.model) if name not in given}
            merged = {**attributes, **kept}
            if all(getattr(old, name) == value for name, value in merged.items()):
                self.unchanged += 1
            else:
                self.changed.append((old, self._row(merged)))

    def _row(self, attributes: dict[str, Any]) -> Recorded:
        make: Any = self.definition.model
        row: Recorded = make(**attributes, recorded_us=self.now_us, recorded_by=self.by, replaces=None, withdrawn=False)
        return row


def _content_names(model: type[Recorded]) -> list[str]:
    return [attribute.key for attribute in inspect(model).column_attrs if attribute.key not in _NOT_CONTENT]


def _given_attributes(definition: Kind, table: CsvTable) -> frozenset[str]:
    """The attributes that the file's own columns say something about; the others stay as they are on record."""
    names = {column.name for column in table.columns}
    given = {attribute for name in names for attribute in definition.attributes.get(name, (name,))}
    if names & {"performed", "issued", "valid_from"}:
        given |= {"valid_from_us", "valid_until_us"}  # a certificate's validity may follow from these
    return frozenset(given)


def _in_batches(session: Session, model: type[Row], numbers: set[str], now_us: int) -> Iterable[Row]:
    ordered = sorted(numbers)
    for first in range(0, len(ordered), 5000):
        yield from known_rows(session, model, known_us=now_us, number=ordered[first : first + 5000])


def _device_zones(session: Session, table: CsvTable, now_us: int) -> dict[str, str]:
    """The time zone of each device the file names, as far as it is on record: its local times are meant in it."""
    numbers = {row.cells.get("device_number", "") for row in table.rows} - {""}
    return {row.number: row.time_zone for row in _in_batches(session, Device, numbers, now_us)}


def _refuse_backward(values: dict[str, Value], attributes: dict[str, Any]) -> None:
    for start, end in _ENDS:
        first = attributes["valid_from_us"] if start == "valid_from" else values.get(start)
        last = values.get(end)
        if isinstance(first, int) and isinstance(last, int) and last <= first and not _may_touch(start, first, last):
            raise BadCellError(
                column=end,
                code=RowErrorCode.END_NOT_AFTER_START,
                text="",
                do=sentence("do_later", "{end} must be later than {start}", end=end, start=start),
            )


def _may_touch(start: str, first: int, last: int) -> bool:
    """A docking of a moment is one; everything else has a duration."""
    return start == "docked" and first == last
