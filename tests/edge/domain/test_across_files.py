"""What the files of one device say together: coverage, gaps with their cause, overlaps, duplicates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, subtract, total_us, union
from edge.domain.across_files import DeviceSummary, summarise
from edge.domain.device_files import DEFAULT_LIMITS, Duplicate, FileFacts, NotCounted, PlacedFault
from edge.domain.double_times import second_reading
from tests.edge.domain.device_times import SECOND_US, a_file, at, span


# ------------------------------------------------------------------ holes
def test_a_hole_between_files_is_a_gap_only_beyond_the_tolerance() -> None:
    summary = summarise([a_file("a", span(0, 60)), a_file("b", span(62, 120)), a_file("c", span(122.5, 180))])
    (gap,) = summary.gaps
    assert (gap.interval, gap.cause) == (span(120, 122.5), "unknown")
    assert summary.tolerated == (span(60, 62),), "what is tolerated is counted"


@pytest.mark.parametrize(
    ("hole_s", "frame_s", "is_one"),
    [(0.0, 0.04, True), (0.05, 0.04, True), (0.051, 0.04, False), (0.1, 0.1, True), (0.11, 0.1, False)],
)
def test_files_that_nearly_touch_are_continuous(hole_s: float, frame_s: float, is_one: bool) -> None:
    frame_us = round(frame_s * SECOND_US)
    files = [
        a_file("a", span(0, 60), frame_us=frame_us),
        a_file("b", span(60 + hole_s, 120), frame_us=frame_us),
    ]
    summary = summarise(files)
    assert (len(summary.coverage) == 1, summary.gaps) == (is_one, ())


def test_a_hole_inside_a_file_is_a_gap_however_short() -> None:
    (gap,) = summarise([a_file("a", span(0, 60), span(60.04, 90))]).gaps
    assert gap.interval == span(60, 60.04)
    assert gap.evidence == ("frames are missing inside a",)


@pytest.mark.parametrize(
    ("code", "cause"),
    [("frames_missing", "unknown"), ("data_hole", "file_damaged"), ("clock_step", "clock_step")],
)
def test_what_was_found_inside_a_file_says_why_it_has_a_hole(code: str, cause: str) -> None:
    file = a_file("a", span(0, 60), span(70, 90), faults=(PlacedFault(code, span(60, 70)),))
    assert [gap.cause for gap in summarise([file]).gaps] == [cause]


def test_another_file_over_a_hole_leaves_none() -> None:
    assert summarise([a_file("a", span(0, 60), span(70, 90)), a_file("b", span(59, 71))]).gaps == ()


@pytest.mark.parametrize(
    "damaged",
    [
        a_file("b", span(60, 90), sequence=2, damaged=True),
        a_file("b", sequence=2, damaged=True, start_us=at(60)),
    ],
    ids=["cut", "unreadable"],
)
def test_a_damaged_file_explains_the_hole_it_leaves(damaged: FileFacts) -> None:
    files = [a_file("a", span(0, 60), sequence=1), damaged, a_file("c", span(120, 180), sequence=3)]
    (gap,) = summarise(files).gaps
    assert (gap.cause, gap.evidence) == ("file_damaged", ("b is damaged",))


def test_a_file_still_being_written_is_listed_and_explains_the_hole_before_the_next() -> None:
    growing = a_file("b", sequence=2, damaged=True, is_growing=True, start_us=at(60))
    summary = summarise([a_file("a", span(0, 60), sequence=1), growing, a_file("c", span(120, 180), sequence=3)])
    assert summary.growing == ("b",)
    assert [gap.cause for gap in summary.gaps] == ["still_growing"]


def test_a_hole_shorter_than_the_times_are_known_is_no_certain_gap() -> None:
    files = [
        a_file(name, span(*times), uncertainty_us=5 * SECOND_US) for name, times in (("a", (0, 60)), ("b", (64, 99)))
    ]
    (gap,) = summarise(files).gaps
    assert not gap.is_certain
    (gap,) = summarise([files[0], a_file("b", span(66, 99), uncertainty_us=5 * SECOND_US)]).gaps
    assert gap.is_certain


# ------------------------------------------------------------------ numbers
def test_a_number_left_out_says_that_a_segment_is_missing() -> None:
    summary = summarise([a_file("a", span(0, 60), sequence=1), a_file("d", span(180, 240), sequence=4)])
    (gap,) = summary.gaps
    assert (gap.cause, gap.evidence) == ("segment_missing", ("no file numbered 2-3",))
    (missing,) = summary.missing_numbers
    assert (missing.first, missing.last, missing.place) == (2, 3, span(60, 180))


def test_a_number_is_missing_also_where_the_times_go_on() -> None:
    summary = summarise([a_file("a", span(0, 60), sequence=1), a_file("c", span(60, 120), sequence=3)])
    assert (summary.gaps, [missing.text for missing in summary.missing_numbers]) == ((), ["2"])
    assert summary.missing_numbers[0].place is None


@pytest.mark.parametrize(
    ("numbers", "missing"),
    [
        pytest.param([1, 2, 3], [], id="one after the other"),
        pytest.param([9998, 9999, 0, 1], [], id="a count of four digits that begins again with 0"),
        pytest.param([9998, 9999, 1, 2], [], id="or with 1"),
        pytest.param([998, 999, 1000], [], id="or goes on with more digits"),
        pytest.param([1, 2, 3, 1, 2], [], id="a new day or recording begins with 1"),
        pytest.param([1, 2, 3, 1, 2, 3, 4], [], id="and goes further than the one before"),
        pytest.param([1, 2, 2, 3], [], id="one number twice"),
        pytest.param([1, 3, 1, 2, 4], ["2", "3"], id="each count has its own losses"),
        pytest.param([5, 9, 12], ["6-8", "10-11"], id="ranges"),
        pytest.param([7], [], id="one file misses nothing"),
    ],
)
def test_numbers_that_are_missing(numbers: list[int], missing: list[str]) -> None:
    files = [
        a_file(f"f{place}", span(60 * place, 60 * place + 60), sequence=number) for place, number in enumerate(numbers)
    ]
    assert [found.text for found in summarise(files).missing_numbers] == missing


def test_a_file_that_says_no_time_still_has_its_number() -> None:
    files = [a_file("a", span(0, 60), sequence=1), a_file("c", span(120, 180), sequence=3)]
    summary = summarise([*files, a_file("b", sequence=2)])
    assert summary.missing_numbers == ()
    assert summary.not_counted == (NotCounted("b", "unknown_start"),)
    assert summary.gaps[0].evidence == ("b belongs here by its number; when it was is unknown",)


def test_files_of_two_days_with_a_loss_on_the_first_are_no_clock_set_back() -> None:
    day_s = 36_000
    first = [a_file(f"a{number}", span(60 * number, 60 * number + 60), sequence=number) for number in (1, 2, 4, 5)]
    second = [
        a_file(f"b{number}", span(day_s + 60 * number, day_s + 60 * number + 60), sequence=number)
        for number in (1, 2, 3)
    ]
    summary = summarise([*first, *second])
    assert summary.clock_steps == ()
    assert [missing.text for missing in summary.missing_numbers] == ["3"]


# ------------------------------------------------------------------ overlaps, duplicates, what has no place
def test_two_files_that_claim_the_same_time_overlap() -> None:
    files = [a_file("a", span(0, 60)), a_file("b", span(50, 110)), a_file("c", span(109, 170))]
    (overlap,) = summarise(files).overlaps
    assert (overlap.interval, overlap.names) == (span(50, 60), ("a", "b"))


def test_the_same_content_twice_counts_once_and_is_named() -> None:
    one = a_file("a", span(0, 60), sequence=1, uncertainty_us=SECOND_US)
    copy = a_file("copy of a", span(500, 560), content="a", uncertainty_us=5 * SECOND_US)
    summary = summarise([copy, one])
    assert (summary.coverage, summary.overlaps) == ((span(0, 60),), ())
    assert summary.duplicates == (Duplicate("copy of a", "a"),)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"in_future": True}, "start_in_future"),
        ({"other_devices": ("BC02",)}, "other_device"),
        ({"start_us": UtcMicros(10 * SECOND_US)}, "clock_not_set"),
        ({"start_us": None}, "unknown_start"),
    ],
)
def test_what_has_no_place_in_time_is_listed_and_covers_nothing(more: dict[str, Any], reason: str) -> None:
    spans = () if "start_us" in more else (span(600, 660),)
    summary = summarise([a_file("a", span(0, 60)), a_file("b", *spans, **more)])
    assert (summary.coverage, summary.gaps) == ((span(0, 60),), ())
    assert summary.not_counted == (NotCounted("b", reason),)


# ------------------------------------------------------------------ a change of summer time
HOUR = 3600.0


def _double(name: str, start_s: float, end_s: float, *, sequence: int | None = None) -> FileFacts:
    """A name in the double hour: this reading, or one an hour later."""
    return a_file(
        name,
        span(start_s, end_s),
        sequence=sequence,
        other_start_us=at(start_s + HOUR),
        uncertainty_us=3601 * SECOND_US,
    )


@pytest.mark.parametrize("with_numbers", [True, False])
def test_a_double_local_time_is_read_so_that_it_joins_its_neighbours(with_numbers: bool) -> None:
    number = (lambda value: value) if with_numbers else (lambda _value: None)
    files = [
        a_file("a", span(0, 600), sequence=number(1)),
        _double("b", 600, 1200, sequence=number(2)),
        _double("c", 1200 - HOUR, 1800 - HOUR, sequence=number(3)),
        a_file("d", span(1800, 2400), sequence=number(4)),
    ]
    summary = summarise(files)
    assert (summary.coverage, summary.gaps, summary.overlaps) == ((span(0, 2400),), (), ())
    assert [(double.name, double.decided) for double in summary.double_times] == [("b", True), ("c", True)]
    assert summary.uncertainty_us == SECOND_US


def test_a_double_time_that_joins_nothing_stays_uncertain() -> None:
    summary = summarise([_double("b", 0, 60)])
    assert [double.decided for double in summary.double_times] == [False]
    assert summary.uncertainty_us == 3601 * SECOND_US


def test_the_second_reading_of_the_second_reading_is_the_first() -> None:
    file = _double("b", 0, 60)
    assert second_reading(second_reading(file)) == file


# ------------------------------------------------------------------ laws
spans = st.tuples(st.integers(0, 500), st.integers(1, 60)).map(lambda pair: span(pair[0], pair[0] + pair[1]))


@st.composite
def files(draw: st.DrawFn) -> list[FileFacts]:
    """Any files of a device: with and without numbers, damaged, growing, with holes, of one or two readings."""
    made = []
    for number in range(draw(st.integers(1, 12))):
        pieces = tuple(union(draw(st.lists(spans, min_size=1, max_size=3))))
        made.append(
            a_file(
                f"f{number}",
                *pieces,
                sequence=draw(st.none() | st.integers(0, 20)),
                damaged=draw(st.booleans()),
                recording=draw(st.none() | st.sampled_from(["A", "B"])),
                uncertainty_us=draw(st.sampled_from([0, SECOND_US, 5 * SECOND_US])),
                is_growing=draw(st.booleans()),
            )
        )
    return made


@given(files())
def test_coverage_gaps_and_what_is_tolerated_share_out_the_whole_span(found: list[FileFacts]) -> None:
    summary = summarise(found)
    whole = [TimeInterval(summary.coverage[0].start_us, summary.coverage[-1].end_us)]
    parts = [*summary.coverage, *summary.tolerated, *(gap.interval for gap in summary.gaps)]
    assert subtract(whole, parts) == []
    assert sum(part.duration_us for part in parts) == total_us(whole)
    assert not subtract([piece for file in found for piece in file.recorded], summary.coverage)
    assert all(part.duration_us <= DEFAULT_LIMITS.join_us for part in summary.tolerated)


@given(files(), st.randoms(use_true_random=False))
def test_the_order_of_the_files_does_not_matter(found: list[FileFacts], order: object) -> None:
    shuffled = list(found)
    order.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random, which is banned here
    assert summarise(shuffled) == summarise(found)


@given(files(), st.integers(0, 11))
def test_a_copy_of_a_file_changes_nothing_but_is_named(found: list[FileFacts], which: int) -> None:
    original = found[which % len(found)]
    summary = summarise([*found, replace(original, name="z copy")])
    assert summary.duplicates == (Duplicate("z copy", original.name),)
    assert replace(summary, duplicates=()) == summarise(found)


def _moved(summary: DeviceSummary, by_us: int) -> object:
    return (
        tuple(one.shifted(by_us) for one in summary.coverage),
        tuple((gap.interval.shifted(by_us), gap.cause, gap.evidence) for gap in summary.gaps),
        tuple((one.interval.shifted(by_us), one.names) for one in summary.overlaps),
        tuple(one.shifted(by_us) for one in summary.tolerated),
        tuple((one.at_us + by_us, one.step_us, one.kind) for one in summary.clock_steps),
        tuple((one.at_us + by_us, one.first, one.last) for one in summary.missing_numbers),
    )


@given(files(), st.integers(-400_000, 400_000))
def test_all_files_moved_by_a_time_move_everything_by_it(found: list[FileFacts], by_s: int) -> None:
    by_us = by_s * SECOND_US
    moved = [
        replace(
            file,
            start_us=UtcMicros((file.start_us or 0) + by_us),
            recorded=tuple(one.shifted(by_us) for one in file.recorded),
        )
        for file in found
    ]
    assert _moved(summarise(moved), 0) == _moved(summarise(found), by_us)
