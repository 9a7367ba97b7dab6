"""From the bytes of a CSV file to cells: encoding and delimiter found out and stated, foreign columns named."""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass

from edge.contract.sentences import sentence
from server.usecases.imports.columns import COLUMNS, Column
from server.usecases.imports.summary import ImportRefusedError, RowError, RowErrorCode

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_ROWS = 200_000
MAX_CELL_CHARACTERS = 4_000
DELIMITERS = (",", ";")
_SPLIT = sentence("split", "Split it")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One data row: cells by column name, stripped; a column the file does not have is absent."""

    row_number: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class CsvTable:
    """A file as it was read."""

    encoding: str
    delimiter: str
    columns: tuple[Column, ...]
    ignored_columns: tuple[str, ...]
    rows: tuple[CsvRow, ...]
    errors: tuple[RowError, ...]


def read_table(kind: str, data: bytes) -> CsvTable:
    """The rows of a CSV of this kind. Raises ImportRefusedError where the file as a whole cannot be read.

    Rows with a wrong number of cells are in `errors`; empty rows are left out.
    """
    if kind not in COLUMNS:
        raise ImportRefusedError(
            code="unknown_kind",
            why=sentence("no_register", "there is no register {kind}", kind=repr(kind)),
            do=sentence("use_register", "Use one of {known}", known=tuple(COLUMNS)),
        )
    if len(data) > MAX_FILE_BYTES:
        raise ImportRefusedError(
            code="too_large",
            why=sentence(
                "file_bytes", "the file has {size} bytes, the limit is {limit}", size=len(data), limit=MAX_FILE_BYTES
            ),
            do=_SPLIT,
        )
    text, encoding = _decoded(data)
    known = {alias: column for column in COLUMNS[kind] for alias in (column.name, column.chinese)}
    delimiter = _delimiter(text, known)
    lines = _lines(text, delimiter)
    header = [cell.strip() for cell in lines[0][1]] if lines else []
    places = _places(header, known, kind)
    rows, errors = _rows(lines[1:], places, len(header))
    return CsvTable(
        encoding=encoding,
        delimiter=delimiter,
        columns=tuple(places),
        ignored_columns=tuple(name for name in header if name and name.lower() not in known),
        rows=tuple(rows),
        errors=tuple(errors),
    )


def _decoded(data: bytes) -> tuple[str, str]:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in data[:4096]:
        raise ImportRefusedError(
            code="encoding",
            why=sentence("no_text", "the file is not text in UTF-8 or GB18030"),
            do=sentence("save_utf8", "Save it as CSV UTF-8"),
        )
    with_bom = data.startswith(codecs.BOM_UTF8)
    candidates = [("utf-8-sig", "UTF-8 with BOM")] if with_bom else [("utf-8", "UTF-8"), ("gb18030", "GB18030")]
    for codec, name in candidates:
        try:
            return data.decode(codec), name
        except UnicodeDecodeError:
            continue
    raise ImportRefusedError(
        code="encoding",
        why=sentence("mixed_text", "the file is neither UTF-8 nor GB18030 throughout"),
        do=sentence("save_utf8_again", "Save it again as CSV UTF-8"),
    )


def _delimiter(text: str, known: dict[str, Column]) -> str:
    first = next((line for line in io.StringIO(text) if line.strip()), "")

    def columns_found(delimiter: str) -> int:
        return sum(cell.strip().strip('"').strip().lower() in known for cell in first.split(delimiter))

    return max(DELIMITERS, key=lambda delimiter: (columns_found(delimiter), first.count(delimiter)))


def _lines(text: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """(row number, cells); a cell may hold line breaks, a spreadsheet still counts it as one row."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[tuple[int, list[str]]] = []
    try:
        for number, cells in enumerate(reader, start=1):
            if any(cell.strip() for cell in cells):
                lines.append((number, cells))
            if len(lines) > MAX_ROWS:
                why = sentence("file_rows", "the file has more than {limit} rows", limit=MAX_ROWS)
                raise ImportRefusedError(code="too_large", why=why, do=_SPLIT)
    except csv.Error as error:
        raise ImportRefusedError(
            code="csv",
            why=sentence("no_csv", "row {row} or the one after it is not CSV", row=len(lines) + 1),
            do=sentence("open_quotation", "Look for a quotation mark that is not closed"),
        ) from error
    if not lines:
        raise ImportRefusedError(
            code="empty",
            why=sentence("no_rows", "the file has no rows"),
            do=sentence("export_again", "Export it again"),
        )
    return lines


def _places(header: list[str], known: dict[str, Column], kind: str) -> dict[Column, int]:
    places: dict[Column, int] = {}
    for place, name in enumerate(header):
        column = known.get(name.lower())
        if column is None:
            continue
        if column in places:
            raise ImportRefusedError(
                code="header",
                why=sentence("column_twice", "the column {name} stands there twice", name=name),
                do=sentence("remove_one", "Remove one"),
            )
        places[column] = place
    missing = [column.name for column in COLUMNS[kind] if column.required and column not in places]
    if missing:
        raise ImportRefusedError(
            code="header",
            why=sentence(
                "columns_missing",
                "the first row lacks the columns {columns} of {kind}",
                columns=tuple(missing),
                kind=kind,
            ),
            do=sentence("add_columns", "Add them; the first row must hold the column names"),
        )
    return places


def _rows(
    lines: list[tuple[int, list[str]]], places: dict[Column, int], width: int
) -> tuple[list[CsvRow], list[RowError]]:
    rows: list[CsvRow] = []
    errors: list[RowError] = []
    for number, cells in lines:
        if len(cells) != width:
            errors.append(
                RowError(
                    number,
                    "",
                    RowErrorCode.WRONG_COLUMN_COUNT,
                    str(len(cells)),
                    sentence(
                        "do_cells",
                        "give the row {width} cells; a cell that holds the delimiter needs quotation marks",
                        width=width,
                    ),
                )
            )
            continue
        rows.append(CsvRow(number, {column.name: cells[place].strip() for column, place in places.items()}))
    return rows, errors
