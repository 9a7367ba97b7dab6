"""Tables as CSV for spreadsheets: UTF-8 with BOM, and no cell that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from starlette.responses import Response

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
BOM = "\ufeff"


def csv_cell(value: object) -> str:
    """The value as text; what a spreadsheet would take for a formula gets a quote in front. Numbers stay numbers."""
    if value is None:
        return ""
    text = str(value)
    if not isinstance(value, int | float) and text.startswith(_FORMULA_STARTS):
        return "'" + text
    return text


def csv_text(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A whole table with its heading row."""
    out = io.StringIO()
    out.write(BOM)
    writer = csv.writer(out)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([csv_cell(value) for value in row])
    return out.getvalue()


def csv_answer(file_name: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A download. `file_name` is ours: ASCII, no quotes."""
    return Response(
        csv_text(columns, rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )
