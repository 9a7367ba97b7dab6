"""Gateways take turns, and what one may add is counted: the queue and the arithmetic, without a server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.topics import ChunkTopic, UpKind, UpTopic
from server.domain.broker_access import gateway_in
from server.domain.gateway_limits import GatewayLimits, GatewayLoad, Limit
from server.ingest.fair_queue import FairQueue


# ---------------------------------------------------------------------------------------------- taking turns
def test_a_flood_of_one_costs_another_every_second_turn_at_most() -> None:
    queue = FairQueue[str](most_messages=10_000, most_bytes=1_000_000)
    for number in range(5_000):
        queue.put("mad", f"mad {number}", 10)
    for number in range(3):
        queue.put("calm", f"calm {number}", 10)
    first = [queue.get() for _ in range(7)]
    assert [one for one in first if one and one.startswith("calm")] == ["calm 0", "calm 1", "calm 2"]


@pytest.mark.parametrize(("messages", "size_bytes"), [(100, 1), (10_000, 100)])
def test_where_the_queue_is_full_only_the_flood_loses(messages: int, size_bytes: int) -> None:
    queue = FairQueue[str](most_messages=messages, most_bytes=1_000)
    queue.put("calm", "calm 0", size_bytes)
    dropped = sum(queue.put("mad", f"mad {number}", size_bytes) for number in range(300))
    queue.put("calm", "calm 1", size_bytes)
    said = [queue.get() for _ in range(len(queue))]
    assert [one for one in said if one and one.startswith("calm")] == ["calm 0", "calm 1"]
    assert dropped >= 200


def test_a_wait_ends_with_a_message_or_a_call_and_never_keeps_a_message_back() -> None:
    queue = FairQueue[str](most_messages=10, most_bytes=100)
    queue.wake()
    assert queue.get(60) is None
    queue.put("a", "one", 1)
    queue.wake()
    assert (queue.get(60), queue.get()) == ("one", None)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 40)), max_size=60))
def test_the_queue_keeps_each_ones_order_and_its_bounds(puts: list[tuple[str, int]]) -> None:
    queue = FairQueue[tuple[str, int]](most_messages=20, most_bytes=200)
    dropped = 0
    for number, (speaker, size_bytes) in enumerate(puts):
        dropped += queue.put(speaker, (speaker, number), size_bytes)
        assert len(queue) <= 20
    said = list(iter(queue.get, None))
    assert len(said) == len(puts) - dropped
    for speaker in "abc":
        own = [number for name, number in said if name == speaker]
        assert own == sorted(own)
    assert len(queue) == 0


def test_a_topic_names_its_gateway() -> None:
    assert gateway_in(str(UpTopic("gw-0123456789abcdef", UpKind.OFFER))) == "gw-0123456789abcdef"
    chunk = ChunkTopic("w-0123456789", "gw-0123456789abcdef", 7, 3, "0123456789abcdef")
    assert gateway_in(str(chunk)) == "gw-0123456789abcdef"
    assert [gateway_in(one) for one in ("", "tl/v1/up", "x/y/z/gw-1/offer", "tl/v1/down/gw-1/have")] == [""] * 4


# ---------------------------------------------------------------------------------------------- the arithmetic
@given(st.lists(st.tuples(st.integers(0, 900), st.floats(0, 5_000)), max_size=60))
def test_no_more_is_kept_than_a_full_day_and_what_the_time_gave_back(steps: list[tuple[int, float]]) -> None:
    limits = GatewayLimits(waiting_clips=10, day_bytes=10_000)
    load, now_s, kept = GatewayLoad(0, 0.0), 0.0, 0
    for size_bytes, pause_s in steps:
        now_s += pause_s
        load = load.drained(limits, now_s)
        if load.exceeded(limits, size_bytes, is_new_clip=False, is_offer=True) is None:
            load, kept = load.with_more(size_bytes, is_new_clip=False), kept + size_bytes
    assert kept <= 10_000 + now_s * 10_000 / 86_400 + 1


def test_reports_leave_a_tenth_of_each_limit_to_offers() -> None:
    limits = GatewayLimits(waiting_clips=100, day_bytes=1_000)
    full = GatewayLoad(90, 0.0, day_bytes=900)
    assert full.exceeded(limits, 0, is_new_clip=True, is_offer=False) is Limit.CLIPS
    assert full.exceeded(limits, 50, is_new_clip=False, is_offer=False) is Limit.RECORDS
    assert full.exceeded(limits, 50, is_new_clip=True, is_offer=True) is None
