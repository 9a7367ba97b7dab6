"""Seeing and hearing lie beside coverage, on the same axis, and only where there is footage."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.contract.inspection import ViewStretch
from edge.contract.intervals import subtract, total_us
from edge.domain.time_bands import BandStretch, FileBands, bands_of
from tests.edge.domain.device_times import at, span


def _view(state: str, from_s: float, to_s: float, confidence: float = 0.9) -> ViewStretch:
    return ViewStretch(state=state, from_s=from_s, to_s=to_s, confidence=confidence)


def test_stretches_of_successive_files_become_one_with_the_least_confidence() -> None:
    files = [
        FileBands((span(0, 60),), at(0), (_view("seeing", 0, 60, 0.9),)),
        FileBands((span(60, 120),), at(60), (_view("seeing", 0, 30, 0.7), _view("dark", 30, 60))),
    ]
    assert bands_of(files).seeing == (
        BandStretch(span(0, 90), "seeing", 0.7),
        BandStretch(span(90, 120), "dark", 0.9),
    )


def test_where_nothing_is_recorded_nothing_was_seen() -> None:
    file = FileBands((span(0, 10), span(20, 30)), at(0), (_view("seeing", 0, 30),))
    assert [one.interval for one in bands_of([file]).seeing] == [span(0, 10), span(20, 30)]


def test_a_file_without_a_start_has_no_band() -> None:
    assert bands_of([FileBands((), None, (_view("seeing", 0, 30),))]).seeing == ()


looks = st.lists(
    st.tuples(st.integers(0, 300), st.integers(1, 60), st.sampled_from(["seeing", "dark", "covered"])), max_size=8
)


@given(looks)
def test_no_instant_is_in_two_states(found: list[tuple[int, int, str]]) -> None:
    files = [
        FileBands((span(start, start + length),), at(start), (_view(state, 0, length),))
        for start, length, state in found
    ]
    band = [one.interval for one in bands_of(files).seeing]
    assert sum(one.duration_us for one in band) == total_us(band)
    assert subtract([piece for file in files for piece in file.recorded], band) == []
