"""The parts that pages are made of: cells, axes, numbers, the vendored style sheet."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_SECOND, UtcMicros, parse_rfc3339
from edge.contract.intervals import TimeInterval
from server.pages.catalogues import Language
from server.pages.csv_out import csv_cell, csv_text
from server.pages.formats import Formats
from server.pages.static_files import STATIC
from server.pages.timeline import Axis, ticks_on, zoomed

START_US = parse_rfc3339("2026-11-21T09:00:00+08:00")
CHINESE, ENGLISH = Formats(Language.CHINESE), Formats(Language.ENGLISH)
instants = st.integers(START_US - MICROS_PER_DAY, START_US + MICROS_PER_DAY)
axes = st.integers(MICROS_PER_SECOND, 40 * MICROS_PER_DAY).map(
    lambda length: Axis(TimeInterval(START_US, UtcMicros(START_US + length)), 170.0, 770.0)
)


@given(st.text(max_size=50))
def test_no_cell_begins_as_a_formula_does(text: str) -> None:
    cell = csv_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell in (text, "'" + text)


@given(
    st.lists(
        st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=20), min_size=2, max_size=2)
    )
)
def test_a_table_reads_back_as_it_was_written(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(["a", "b"], rows).removeprefix("\ufeff"), newline="")))
    assert read[1:] == [[csv_cell(value) for value in row] for row in rows]


def test_a_number_below_zero_stays_a_number() -> None:
    assert csv_cell(-7.5) == "-7.5"
    assert csv_cell(None) == ""


@given(axes, instants, instants)
def test_a_later_instant_never_lies_further_left(axis: Axis, one: int, other: int) -> None:
    assert axis.x(min(one, other)) <= axis.x(max(one, other))
    assert axis.left_px <= axis.x(one) <= axis.left_px + axis.width_px


@given(axes)
def test_an_axis_has_a_few_ticks_at_round_local_times(axis: Axis) -> None:
    ticks = ticks_on(axis, "Asia/Shanghai")
    assert len(ticks) <= 8
    assert all(axis.shows_instant(tick) for tick in ticks)
    assert all(tick % MICROS_PER_SECOND == 0 for tick in ticks)


@given(st.lists(st.tuples(instants, st.integers(1, MICROS_PER_DAY)), max_size=5))
def test_a_zoom_stays_inside_the_whole_and_shows_all_of_every_part(parts: list[tuple[int, int]]) -> None:
    whole = TimeInterval(UtcMicros(START_US - 3 * MICROS_PER_DAY), UtcMicros(START_US + 3 * MICROS_PER_DAY))
    intervals = [TimeInterval(UtcMicros(start), UtcMicros(start + length)) for start, length in parts]
    span = zoomed(whole, intervals)
    assert whole.start_us <= span.start_us < span.end_us <= whole.end_us
    assert all(span.start_us <= part.start_us and part.end_us <= span.end_us for part in intervals)


@pytest.mark.parametrize(
    ("duration_us", "chinese", "english"),
    [
        (0, "0 秒", "0 s"),
        (7_200_000, "7.2 秒", "7.2 s"),
        (90_000_000, "1 分 30 秒", "1 min 30 s"),
        (3_599_600_000, "1 小时 00 分", "1 h 00 min"),
        (8_160_000_000, "2 小时 16 分", "2 h 16 min"),
        (3 * MICROS_PER_DAY, "3 天 0 小时", "3 d 0 h"),
        (None, "–", "–"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(duration_us: int | None, chinese: str, english: str) -> None:
    assert (CHINESE.span(duration_us), ENGLISH.span(duration_us)) == (chinese, english)


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 10, "0%"), (1, 3, "33.3%"), (99_999, 100_000, "99.9%"), (10, 10, "100%"), (0, 0, "–")],
)
def test_a_share_is_never_rounded_up_to_all(part: int, whole: int, text: str) -> None:
    assert ENGLISH.share(part, whole) == text


def test_times_are_local_and_the_last_day_of_a_half_open_interval_is_the_day_before() -> None:
    midnight = parse_rfc3339("2026-11-10T16:00:00Z")
    assert CHINESE.exact(midnight) == "2026年11月11日 00:00:00"
    assert CHINESE.last_day(midnight) == "2026年11月10日"
    assert ENGLISH.last_day(midnight) == "10 Nov 2026"


def test_the_vendored_style_sheet_is_byte_for_byte_the_released_one() -> None:
    folder = STATIC / "vendor" / "govuk-frontend"
    said = dict(line.split(": ", 1) for line in (folder / "VENDORED").read_text().splitlines())
    assert hashlib.sha256((folder / "govuk-frontend.min.css").read_bytes()).hexdigest() == said["sha256"]
    assert said["version"].startswith("6.")
    assert "MIT" in (folder / "LICENSE").read_text()
    assert sorted(path.name for path in folder.iterdir()) == ["LICENSE", "VENDORED", "govuk-frontend.min.css"]


def test_our_font_stack_stands_over_every_rule_of_the_vendored_sheet() -> None:
    own = (STATIC / "tallylight.css").read_text(encoding="utf-8")
    assert '[class*="govuk-"]' in own
    assert "Noto Sans CJK SC" in own
    assert "url(" not in own


def test_no_template_has_a_script_or_a_style_of_its_own() -> None:
    for path in Path(STATIC).parents[1].glob("*/templates/*.html"):
        text = path.read_text(encoding="utf-8")
        assert "<script" not in text, path
        assert " style=" not in text, path
        assert "<style" not in text, path
        assert "|safe" not in text.replace(" ", ""), path
