"""What an import says when it is done, and the errors that stop it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RowErrorCode(StrEnum):
    """The class of a bad row; each leads to another correction in the file."""

    WRONG_COLUMN_COUNT = "wrong_column_count"
    MISSING_VALUE = "missing_value"
    TOO_LONG = "too_long"
    CONTROL_CHARACTER = "control_character"
    NUMBER_IN_EXPONENT_FORM = "number_in_exponent_form"
    NOT_A_NUMBER = "not_a_number"
    OUT_OF_RANGE = "out_of_range"
    NOT_A_TIME = "not_a_time"
    LOCAL_TIME_MISSING = "local_time_missing"
    LOCAL_TIME_DOUBLE = "local_time_double"
    UNKNOWN_CHOICE = "unknown_choice"
    UNKNOWN_ZONE = "unknown_zone"
    NOT_A_SCHEDULE = "not_a_schedule"
    END_NOT_AFTER_START = "end_not_after_start"
    DUPLICATE_NUMBER = "duplicate_number"


@dataclass(frozen=True, slots=True)
class RowError:
    """One fault. `row_number` is the line a spreadsheet shows: the header is row 1. `text` is the cell, cut short."""

    row_number: int
    column: str
    code: RowErrorCode
    text: str
    do: str


@dataclass(frozen=True, slots=True)
class ImportSummary:
    """What an import did, or would do. With any error nothing was imported."""

    kind: str
    encoding: str
    delimiter: str
    rows: int
    new: int
    changed: int
    unchanged: int
    errors: tuple[RowError, ...]
    errors_left_out: int
    ignored_columns: tuple[str, ...]
    dry_run: bool
    act_index: int | None
    unknown_numbers: tuple[tuple[str, str], ...] = ()
    """(column, number) of what is on no register yet: a later file may bring it, or it is a slip. At most 20."""

    @property
    def ok(self) -> bool:
        """Whether every row was good."""
        return not self.errors


class ImportRefusedError(Exception):
    """The file cannot be read as this kind at all. `code`: unknown_kind, too_large, encoding, empty, header, csv."""

    def __init__(self, *, code: str, why: str, do: str) -> None:
        super().__init__(f"{why}. {do}")
        self.code, self.why, self.do = code, why, do
