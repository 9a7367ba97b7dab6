"""Judging never takes the machine from the clips that come in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.ingest.judging import rest_s


@pytest.mark.parametrize(("worked", "rest"), [(0.0, 0.5), (0.1, 0.5), (1.0, 4.0), (60.0, 20.0)])
def test_the_longer_a_judgement_took_the_longer_the_rest_within_bounds(worked: float, rest: float) -> None:
    assert rest_s(worked) == rest


@given(st.floats(0, 5))
def test_at_most_a_fifth_of_the_time_goes_into_judging(worked: float) -> None:
    assert worked <= (worked + rest_s(worked)) / 5 + 1e-9
