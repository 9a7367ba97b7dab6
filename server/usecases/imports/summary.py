"""What an import says when it is done, and the errors that stop it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge.contract.sentences import Sentence, sentence


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

    @property
    def sentence(self) -> Sentence:
        """What is wrong, in words."""
        return _WHAT_IS_WRONG[self]


_WHAT_IS_WRONG = {
    RowErrorCode.WRONG_COLUMN_COUNT: sentence("row_wrong_column_count", "wrong number of cells"),
    RowErrorCode.MISSING_VALUE: sentence("row_missing_value", "a value is missing"),
    RowErrorCode.TOO_LONG: sentence("row_too_long", "too long"),
    RowErrorCode.CONTROL_CHARACTER: sentence("row_control_character", "an invisible character"),
    RowErrorCode.NUMBER_IN_EXPONENT_FORM: sentence("row_number_in_exponent_form", "a number was cut off"),
    RowErrorCode.NOT_A_NUMBER: sentence("row_not_a_number", "no number"),
    RowErrorCode.OUT_OF_RANGE: sentence("row_out_of_range", "outside the range"),
    RowErrorCode.NOT_A_TIME: sentence("row_not_a_time", "no time"),
    RowErrorCode.LOCAL_TIME_MISSING: sentence("row_local_time_missing", "a local time that did not exist"),
    RowErrorCode.LOCAL_TIME_DOUBLE: sentence("row_local_time_double", "a local time that was there twice"),
    RowErrorCode.UNKNOWN_CHOICE: sentence("row_unknown_choice", "an unknown word"),
    RowErrorCode.UNKNOWN_ZONE: sentence("row_unknown_zone", "no time zone"),
    RowErrorCode.NOT_A_SCHEDULE: sentence("row_not_a_schedule", "no schedule"),
    RowErrorCode.END_NOT_AFTER_START: sentence("row_end_not_after_start", "the end is not after the start"),
    RowErrorCode.DUPLICATE_NUMBER: sentence("row_duplicate_number", "the number stands there twice"),
}


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
        super().__init__(sentence("import_refused", "{why}. {do}", why=why, do=do))
        self.code, self.why, self.do = code, why, do
