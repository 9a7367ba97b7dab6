"""The fault table in small: broken films are found out with their places, whole ones have no fault."""

from __future__ import annotations

from pathlib import Path

import av.logging
import pytest
from fault_films.cases import small_cases
from fault_films.clean import Clean, clean_variants
from fault_films.table import inspect_cases, inspect_clean

from edge.footage.inspect_call import inspect_call

CLEAN = clean_variants()[::2]


class InThisProcess:
    """A prober without a child: a crash ends the test."""

    def call(self, argument: object, *, time_limit_s: float) -> object:
        assert isinstance(argument, dict)
        assert time_limit_s > 0
        return inspect_call(argument)


@pytest.fixture(autouse=True)
def quiet() -> None:
    av.logging.set_level(None)


def test_every_broken_film_is_found_out_with_its_place(tmp_path: Path) -> None:
    rows = list(inspect_cases(small_cases(tmp_path), tmp_path, InThisProcess()))
    assert len(rows) > 50
    assert [(row.name, row.found) for row in rows if not row.is_found] == []
    assert [(row.name, row.edge_s) for row in rows if not row.is_exact] == []


@pytest.mark.parametrize("variant", CLEAN, ids=lambda variant: variant.name)
def test_a_whole_film_has_no_fault(tmp_path: Path, variant: Clean) -> None:
    (row,) = inspect_clean([variant], tmp_path, InThisProcess())
    assert (row.verdict, row.found) == ("whole", ())


def test_there_are_at_least_forty_kinds_of_whole_films() -> None:
    assert len({variant.name for variant in clean_variants()}) >= 40
