"""The command line of the fault table."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

import av.logging
from cyclopts import App, Parameter
from fault_films.cases import Case, cases_of_code, cases_of_film
from fault_films.clean import clean_variants
from fault_films.table import Outcome, Row, inspect_cases, inspect_clean, inspect_files

from edge.domain.media_kind import HEAD_BYTES, Container, container_of_magic
from edge.footage.probe_result import INSPECT_TARGET
from edge.platform.limited_worker import LimitedWorker

app = App(
    name="scripts/fault_table",
    help="Break films in every way, and look what is found, missed, false.",
    version_flags=[],
)


@app.default
def fault_table(
    *,
    footage: Annotated[Path | None, Parameter(name="--from")] = None,
    as_json: Annotated[bool, Parameter(name="--json", negative="")] = False,
    fails: Annotated[bool, Parameter(name="--fails", negative="")] = False,
) -> int:
    """Make every fault from whole films, inspect them in a limited worker, and print the table.

    Parameters
    ----------
    footage
        A folder of real footage: its files must show no fault, and its MP4 are broken in the same ways.
    as_json
        Print the table as JSON.
    fails
        Print only the rows that are missed, inexact, false or late.
    """
    av.logging.set_level(None)
    outcome = Outcome()
    with (
        tempfile.TemporaryDirectory(prefix="fault-table-") as temporary,
        closing(LimitedWorker(INSPECT_TARGET)) as prober,
    ):
        folder = Path(temporary)
        list(inspect_files([_empty(folder)], prober))  # the start of the child is not the time of the first file
        cases = [cases_of_code(folder)]
        if footage is not None:
            real = sorted(path for path in footage.iterdir() if path.is_file() and _container(path) is not None)
            cases += [cases_of_real(path) for path in real]
            outcome.clean += inspect_files(real, prober)
        for some in cases:
            outcome.broken += inspect_cases(some, folder, prober)
        outcome.clean += inspect_clean(clean_variants(), folder, prober)
    if as_json:
        print(json.dumps(_figures(outcome) | {"rows": [_row(row) for row in outcome.broken + outcome.clean]}, indent=1))
    else:
        for row in outcome.broken + outcome.clean:
            if not fails or row in outcome.wrong:
                print(_line(row))
        print("  ".join(f"{name} {value}" for name, value in _figures(outcome).items()))
    return 0 if outcome.is_good else 1


def _empty(folder: Path) -> Path:
    path = folder / "empty"
    path.touch()
    return path


def _container(path: Path) -> Container | None:
    with path.open("rb") as file:
        return container_of_magic(file.read(HEAD_BYTES))


def cases_of_real(path: Path) -> Iterator[Case]:
    """The cases for a real file; only a whole MP4 can be broken byte by byte with known places."""
    content = path.read_bytes()
    if _container(path) is Container.MP4 and b"moof" not in content[:1_000_000]:
        yield from cases_of_film(path.name, path)


def _figures(outcome: Outcome) -> dict[str, int | float]:
    rows = outcome.broken + outcome.clean
    return {
        "faults": len(outcome.broken),
        "found": len(outcome.broken) - len(outcome.missed),
        "missed": len(outcome.missed),
        "inexact": len(outcome.inexact),
        "with_exact_edges": sum(row.edge_s is not None and row.is_exact for row in outcome.broken),
        "clean": len(outcome.clean),
        "false": len(outcome.false),
        "longest_s": round(max((row.seconds for row in rows), default=0.0), 3),
    }


def _row(row: Row) -> dict[str, object]:
    return {
        "name": row.name,
        "expected": list(row.expected),
        "found": list(row.found),
        "verdict": row.verdict,
        "edge_error_s": row.edge_s,
        "seconds": round(row.seconds, 3),
    }


def _line(row: Row) -> str:
    if not row.expected:
        state = "clean" if not row.found else "FALSE"
    else:
        state = "found" if row.is_found and row.is_exact else "EDGE" if row.is_found else "MISSED"
    edge = "" if row.edge_s is None else f"{row.edge_s * 1000:.1f} ms"
    return f"{state:7}{row.name:48}{row.verdict:11}{edge:>10}  {', '.join(row.found)}"


if __name__ == "__main__":
    sys.exit(app())
