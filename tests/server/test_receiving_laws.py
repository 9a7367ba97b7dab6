"""What the ingest worker decides: ranges, chunks, budgets, batches."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.receiving import (
    ByteSpan,
    ChunkOutsideClipError,
    Limits,
    Reservation,
    batch_is_due,
    chunk_bytes_for,
    chunk_span,
    first_run_bytes,
    is_complete,
    is_held,
    window_for,
    with_span,
    without_beyond,
)

spans = st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))
LIMITS = Limits(chunk_bytes=10, window_bytes=40, gateway_bytes=60, worker_bytes=100)


def bytes_of(held: tuple[ByteSpan, ...] | list[ByteSpan]) -> set[int]:
    return {byte for start, end in held for byte in range(start, end)}


@given(st.lists(spans, max_size=12))
def test_the_held_ranges_are_exactly_the_bytes_that_came(came: list[ByteSpan]) -> None:
    held: tuple[ByteSpan, ...] = ()
    for span in came:
        held = with_span(held, span)
    assert bytes_of(held) == bytes_of(came)
    assert list(held) == sorted(held)
    assert all(one[1] < other[0] for one, other in pairwise(held))


@given(st.permutations([(0, 10), (10, 20), (20, 30), (25, 33)]))
def test_the_order_in_which_chunks_come_changes_nothing(order: list[ByteSpan]) -> None:
    held: tuple[ByteSpan, ...] = ()
    for span in order:
        held = with_span(held, span)
    assert held == ((0, 33),)
    assert is_complete(held, 33)
    assert not is_complete(held, 34)


@given(st.lists(spans, max_size=8), st.integers(0, 80))
def test_a_file_that_is_shorter_than_its_row_holds_no_byte_beyond_its_end(told: list[ByteSpan], size: int) -> None:
    assert bytes_of(without_beyond(told, size)) == {byte for byte in bytes_of(told) if byte < size}


@given(st.lists(spans, max_size=8), spans)
def test_a_span_is_held_exactly_when_each_of_its_bytes_is(came: list[ByteSpan], asked: ByteSpan) -> None:
    held: tuple[ByteSpan, ...] = ()
    for span in came:
        held = with_span(held, span)
    assert is_held(held, asked) == (bytes_of([asked]) <= bytes_of(held))
    assert first_run_bytes(held) == next(byte for byte in range(200) if byte not in bytes_of(held))


@given(st.integers(1, 10_000), st.integers(1, 700))
def test_the_chunks_of_a_clip_cover_it_once_and_nothing_else(size: int, chunk: int) -> None:
    held: tuple[ByteSpan, ...] = ()
    for index in range(-(-size // chunk)):
        length = min(chunk, size - index * chunk)
        span = chunk_span(index, length, chunk_bytes=chunk, size_bytes=size)
        assert not is_held(held, span)
        held = with_span(held, span)
    assert held == ((0, size),)


@pytest.mark.parametrize(
    ("index", "length"),
    [
        pytest.param(3, 10, id="behind the end"),
        pytest.param(10**17, 10, id="far behind the end"),
        pytest.param(0, 9, id="too short"),
        pytest.param(0, 11, id="too long"),
        pytest.param(2, 10, id="the last one with more than the rest"),
        pytest.param(0, 0, id="empty"),
    ],
)
def test_a_chunk_that_does_not_fit_the_clip_is_refused(index: int, length: int) -> None:
    with pytest.raises(ChunkOutsideClipError):
        chunk_span(index, length, chunk_bytes=10, size_bytes=25)


@pytest.mark.parametrize(
    ("size", "open_now", "window"),
    [
        pytest.param(1000, [], 30, id="half of the gateway's, so that another clip finds room"),
        pytest.param(15, [], 20, id="no more than the clip needs"),
        pytest.param(0, [], 10, id="never below one chunk"),
        pytest.param(1000, [("b", "south", 10)], 30, id="another gateway's clip takes nothing of this one's"),
        pytest.param(1000, [("b", "north", 20), ("c", "north", 10)], 10, id="a share in whole chunks"),
        pytest.param(1000, [(f"b{n}", f"g{n}", 10) for n in range(9)], 10, id="one chunk while there is one"),
        pytest.param(1000, [("b", "north", 40)], 20, id="what the gateway has left"),
        pytest.param(1000, [("b", "north", 55)], None, id="less than a chunk is left: busy"),
        pytest.param(1000, [("b", "south", 60), ("c", "east", 20)], 20, id="what the worker has left"),
        pytest.param(1000, [("b", "south", 60), ("c", "east", 40)], None, id="the worker is full: busy"),
        pytest.param(1000, [("a", "north", 60)], 30, id="a clip's own reservation is given back first"),
    ],
)
def test_a_window_fits_the_budgets_or_the_answer_is_busy(
    size: int, open_now: list[tuple[str, str, int]], window: int | None
) -> None:
    reservations = [Reservation(*row) for row in open_now]
    assert window_for("north", "a", size, reservations, LIMITS) == window


@given(
    st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from(["north", "south"])), max_size=30), st.integers(0, 500)
)
def test_the_budgets_are_never_exceeded(offers: list[tuple[str, str]], size: int) -> None:
    open_now: dict[str, Reservation] = {}
    for clip, gateway in offers:
        window = window_for(gateway, clip, size, open_now.values(), LIMITS)
        if window is not None:
            assert window % LIMITS.chunk_bytes == 0
            open_now[clip] = Reservation(clip, gateway, window)
    assert sum(reservation.window_bytes for reservation in open_now.values()) <= LIMITS.worker_bytes
    for name in ("north", "south"):
        used = sum(reservation.window_bytes for reservation in open_now.values() if reservation.gateway_id == name)
        assert used <= LIMITS.gateway_bytes


@pytest.mark.parametrize(
    ("rate_bytes_s", "chunk_bytes"),
    [
        pytest.param(None, 512 * 1024, id="nothing is known yet"),
        pytest.param(100e6, 512 * 1024, id="loopback"),
        pytest.param(2.5e6, 256 * 1024, id="20 Mbit/s"),
        pytest.param(1.25e6, 128 * 1024, id="10 Mbit/s"),
        pytest.param(8_000, 64 * 1024, id="64 kbit/s: eight seconds"),
        pytest.param(0.0, 64 * 1024, id="nothing came in a whole grant"),
    ],
)
def test_a_chunk_suits_the_link(rate_bytes_s: float | None, chunk_bytes: int) -> None:
    assert chunk_bytes_for(rate_bytes_s, 512 * 1024) == chunk_bytes
    assert chunk_bytes_for(rate_bytes_s, 1024) == 1024


@given(st.integers(1, 5))
def test_once_all_have_heard_their_windows_there_is_room_for_one_more(clips: int) -> None:
    told = [Reservation(f"b{number}", "north", 30 if number == 0 else 0) for number in range(clips)]
    for number, reservation in enumerate(told):
        window = window_for("north", reservation.clip_id, 1000, told, LIMITS)
        told[number] = Reservation(reservation.clip_id, "north", window or LIMITS.chunk_bytes)
    assert window_for("north", "new", 1000, told, LIMITS) is not None


@pytest.mark.parametrize(
    ("chunks", "age_s", "due"),
    [(0, 99.0, False), (1, 0.1, False), (1, 0.2, True), (15, 0.1, False), (16, 0.0, True)],
)
def test_a_batch_is_answered_after_16_chunks_or_200_ms(chunks: int, age_s: float, due: bool) -> None:
    assert batch_is_due(chunks, 100.0, 100.0 + age_s) is due
