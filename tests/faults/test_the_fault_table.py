"""The table of faults names every fault once, and only tests that exist."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

TABLE = Path(__file__).with_name("FAULTS.md")
FAULTS = 44
_TEST = re.compile(r"`([\w/.]+\.py)::(\w+)`")


@dataclass(frozen=True)
class Row:
    """One fault: `tests` as (path, name), `reason` why there is none, or none for a part of it."""

    number: int
    what: str
    holds: str
    tests: tuple[tuple[str, str], ...]
    reason: str


def rows() -> list[Row]:
    found = []
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0].isdigit():
            number, what, holds, shown = cells
            tests = tuple((path, name) for path, name in _TEST.findall(shown))
            found.append(Row(int(number), what, holds, tests, _TEST.sub("", shown).strip().removeprefix("-").strip()))
    return found


@cache
def functions_of(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


ROWS = rows()


def test_every_fault_stands_there_once_and_in_order() -> None:
    assert [row.number for row in ROWS] == list(range(1, FAULTS + 1))
    assert all(row.what and row.holds for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row.number))
def test_each_has_tests_that_exist_or_a_reason(checkout: Path, row: Row) -> None:
    assert row.tests or row.reason
    missing = [
        f"{path}::{name}"
        for path, name in row.tests
        if not (checkout / path).is_file() or name not in functions_of(checkout / path)
    ]
    assert missing == []


def test_the_check_sees_a_test_that_is_not_there() -> None:
    assert "test_that_nobody_wrote" not in functions_of(Path(__file__))
