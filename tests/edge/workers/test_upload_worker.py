"""The upload worker against connections that only remember what they were given."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.contract.events import down_event
from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_HOUR, UtcMicros
from edge.contract.messages import Have, Register
from edge.contract.topics import DownKind
from edge.storage.contents import ContentState
from edge.storage.register_copy import keep_register
from tests.edge.landed_clips import GATEWAY_ID, NOW
from tests.edge.workers.upload_bench import SERVER_KEY, Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "edge")
    yield made
    made.gateway.journal.close()


def test_a_clip_goes_from_landed_to_receipted(bench: Bench) -> None:
    content = bytes(range(256)) * 20
    clip = bench.gateway.land(content)
    bench.turn()
    assert (bench.offered(), bench.state(clip)) == ([clip], ContentState.OFFERED)
    bench.grant(clip)
    assert bench.state(clip) is ContentState.SENDING
    assert b"".join(chunk for _, _, chunk in bench.links.chunks) == content[:4096]
    bench.hear(DownKind.HAVE, Have(clip_id=clip, upload=1, serial=1, window_bytes=4096, held=((0, 4096),)))
    assert b"".join(chunk for _, _, chunk in bench.links.chunks) == content
    bench.receipt(clip)
    assert bench.state(clip) is ContentState.RECEIPTED
    assert bench.content(clip).act_hash is not None


def test_an_already_sealed_clip_needs_no_chunk(bench: Bench) -> None:
    clip = bench.gateway.land(b"known")
    bench.turn()
    bench.receipt(clip, gateway_id="gw-ffffffffffffffff")
    assert bench.state(clip) is ContentState.RECEIPTED
    assert bench.links.chunks == []


@pytest.mark.parametrize(
    "changed", [{"size_bytes": 1}, {"sha256": "0" * 64}], ids=["of another size", "of other bytes"]
)
def test_a_receipt_for_something_else_is_refused_and_told(bench: Bench, changed: dict[str, object]) -> None:
    clip = bench.gateway.land(b"content")
    bench.turn()
    bench.receipt(clip, **changed)
    assert bench.state(clip) is ContentState.OFFERED
    assert bench.events() == ["receipt_refused"]


def test_one_act_cannot_seal_two_clips(bench: Bench) -> None:
    first, second = bench.gateway.land(b"1"), bench.gateway.land(b"22")
    bench.turn()
    bench.receipt(first, act_index=7)
    bench.receipt(second, act_index=7)
    assert bench.state(second) is not ContentState.RECEIPTED
    assert bench.events() == ["receipt_refused"]


def test_a_receipt_that_comes_late_is_kept_all_the_same(bench: Bench) -> None:
    clip = bench.gateway.land(b"content")
    bench.worker = bench.new_worker()
    bench.links.greeted = False
    bench.receipt(clip)
    assert bench.state(clip) is ContentState.RECEIPTED


def test_after_a_restart_what_was_under_way_is_offered_again(bench: Bench) -> None:
    clip = bench.gateway.land(b"content" * 1000)
    bench.turn()
    bench.grant(clip)
    bench.worker = bench.new_worker()
    bench.turn()
    assert bench.offered() == [clip, clip]


def test_a_permanent_refusal_keeps_the_clip_and_its_reason(bench: Bench) -> None:
    clip = bench.gateway.land(b"content")
    bench.turn()
    bench.refuse(clip, "hash_differs", permanent=True)
    bench.turn(seconds=23 * 3600)
    content = bench.content(clip)
    assert (content.state, content.refusal_reason) == (ContentState.REFUSED, "hash_differs")
    assert content.landing_name is not None
    assert bench.offered() == [clip]


def test_a_clip_refused_for_good_is_offered_again_once_a_day_since_a_person_may_have_settled_it(bench: Bench) -> None:
    clip = bench.gateway.land(b"content")
    bench.turn()
    for _day in range(2):
        bench.refuse(clip, "hash_differs", permanent=True)
        bench.turn(seconds=23 * 3600)
        bench.turn(seconds=3601)
    assert bench.offered() == [clip] * 3
    bench.receipt(clip)
    assert bench.state(clip) is ContentState.RECEIPTED


def test_after_a_new_connection_it_is_offered_again_but_no_more_than_once_an_hour(bench: Bench) -> None:
    clip = bench.gateway.land(b"content")
    bench.turn()
    bench.refuse(clip, "hash_differs", permanent=True)
    for _connection in range(7):
        bench.worker.reconnected()
        bench.turn(seconds=500)
    assert bench.offered() == [clip]
    bench.turn(seconds=101)
    assert bench.offered() == [clip, clip]
    bench.refuse(clip, "hash_differs", permanent=True)
    bench.turn(seconds=7200)
    assert bench.offered() == [clip, clip]


def test_a_clock_that_was_set_back_keeps_no_clip_waiting(bench: Bench) -> None:
    clip = bench.gateway.land(b"content")
    bench.turn()
    bench.refuse(clip, "hash_differs", permanent=True)
    bench.clock.wall_us = UtcMicros(bench.clock.wall_us - 365 * MICROS_PER_DAY)
    bench.turn(seconds=2)
    assert bench.offered() == [clip, clip]


@pytest.mark.parametrize("hours", [1, 20], ids=["an hour", "most of a day"])
def test_nor_one_that_was_put_off_for_some_minutes(bench: Bench, hours: int) -> None:
    clip = bench.gateway.land(b"content")
    bench.turn()
    bench.refuse(clip, "manifest_refused", after_s=600)
    bench.turn(seconds=300)
    assert bench.offered() == [clip]
    bench.clock.wall_us = UtcMicros(bench.clock.wall_us - hours * MICROS_PER_HOUR)
    bench.turn(seconds=2)
    assert bench.offered() == [clip, clip]
    bench.refuse(clip, "manifest_refused", after_s=600)
    bench.turn(seconds=300)
    assert bench.offered() == [clip, clip]


def test_nor_does_a_start_with_a_clock_that_lost_its_time(bench: Bench) -> None:
    clip = bench.gateway.land(b"content")
    bench.turn()
    bench.refuse(clip, "manifest_refused", after_s=600)
    bench.clock.wall_us = UtcMicros(bench.clock.wall_us - 20 * MICROS_PER_HOUR)
    bench.worker = bench.new_worker()
    bench.turn()
    assert bench.offered() == [clip, clip]


def test_a_clip_refused_for_a_while_lets_others_go_first(bench: Bench) -> None:
    first = bench.gateway.land(b"1")
    bench.turn()
    second = bench.gateway.land(b"22")
    bench.refuse(first, "manifest_refused", after_s=3600)
    assert bench.offered() == [first, second]
    bench.receipt(second)
    bench.turn(seconds=3601)
    assert bench.offered() == [first, second, first]


def test_a_busy_server_is_asked_again_with_the_same_clip(bench: Bench) -> None:
    first, _second = bench.gateway.land(b"1"), bench.gateway.land(b"22")
    bench.turn()
    bench.refuse(first, "busy", after_s=10)
    bench.turn(seconds=9)
    assert bench.offered() == [first]
    bench.turn(seconds=2)
    assert bench.offered() == [first, first]


def test_why_the_server_takes_nothing_for_now_is_known_until_it_takes_something(bench: Bench) -> None:
    clip = bench.gateway.land(b"1")
    bench.turn()
    bench.refuse(clip, "gateway_cloned", after_s=10)
    assert bench.worker.put_off_by_server == "gateway_cloned"
    bench.turn(seconds=11)
    bench.grant(clip)
    assert bench.worker.put_off_by_server == ""


def test_flagged_clips_go_first_by_their_recorder_or_by_the_register(bench: Bench) -> None:
    large, flagged = bench.gateway.land(b"x" * 5000), bench.gateway.land(b"y" * 9000, flagged=True)
    small, named = bench.gateway.land(b"z"), bench.gateway.land(b"w" * 7000)
    with bench.gateway.journal.transaction() as rows:
        register = Register(number=1, issued=NOW, flagged_clips=(named,))
        raw = down_event(
            DownKind.REGISTER, register, gateway_id=GATEWAY_ID, event_id="x", now_us=NOW, signer=SERVER_KEY
        )
        keep_register(rows, register, raw, NOW)
    bench.turn()
    for clip in (named, flagged, small, large):
        assert bench.offered()[-1] == clip
        bench.receipt(clip)


def test_nothing_is_sent_while_there_is_no_connection(bench: Bench) -> None:
    bench.links.greeted = False
    bench.gateway.land(b"content")
    bench.turn(seconds=1000)
    assert bench.links.control == []


def test_a_new_connection_offers_again_and_counts_nothing_as_sent(bench: Bench) -> None:
    clip = bench.gateway.land(b"c" * 9000)
    bench.turn()
    bench.grant(clip)
    bench.links.chunks.clear()
    bench.worker.reconnected()
    bench.turn()
    assert bench.offered() == [clip, clip]
    bench.grant(clip, 2, (0, 1024))
    assert [index for _, index, _ in bench.links.chunks] == [1, 2, 3, 4]


def test_a_full_link_waits_with_its_chunks(bench: Bench) -> None:
    clip = bench.gateway.land(b"c" * 9000)
    bench.turn()
    bench.links.room_bytes = 0
    bench.grant(clip)
    assert bench.links.chunks == []
    bench.links.room_bytes = 1
    bench.turn(seconds=60)
    assert len(bench.links.chunks) == 4


@pytest.mark.parametrize("harm", ["missing", "short"])
def test_a_landing_copy_that_cannot_be_read_is_told_and_tried_later(bench: Bench, harm: str) -> None:
    clip = bench.gateway.land(b"content")
    path = bench.gateway.landing / clip
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(b"con")
    bench.turn()
    assert bench.offered() == []
    assert bench.content(clip).refusal_reason == "landing_copy_unreadable"
    assert bench.events() == ["landing_copy_unreadable"]
    path.write_bytes(b"content")
    bench.turn(seconds=601)
    assert bench.offered() == [clip]


def test_a_server_that_claims_bytes_beyond_the_clip_is_asked_again_later(bench: Bench) -> None:
    clip = bench.gateway.land(b"content")
    bench.turn()
    bench.grant(clip, 1, (0, 99))
    assert bench.links.chunks == []
    bench.turn(seconds=31)
    assert bench.offered() == [clip, clip]


def test_four_small_clips_go_in_the_place_of_one_and_a_large_one_is_not_overtaken(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "edge", in_flight=1, small_bytes=100)
    small = [bench.gateway.land(bytes([number]) * 50) for number in range(6)]
    large, larger = bench.gateway.land(b"x" * 500), bench.gateway.land(b"y" * 501)
    bench.turn()
    assert set(bench.offered()) < set(small)
    assert len(bench.offered()) == 4
    for count, clip in enumerate(sorted(small), start=1):
        bench.receipt(clip)
        assert len(bench.offered()) == min(6, count + 4) + (count == 6)
    assert bench.offered()[-1] == large
    bench.receipt(large)
    assert bench.offered()[-1] == larger
    bench.gateway.journal.close()


def test_a_thousand_waiting_clips_are_looked_for_now_and_then_and_not_for_each_place(bench: Bench) -> None:
    for number in range(40):
        bench.gateway.land(number.to_bytes(2))
    with bench.gateway.journal.transaction() as rows:
        asked: list[str] = []
        rows.set_trace_callback(lambda said: asked.append(said) if "FROM content WHERE retry_at_us" in said else None)
    bench.turn()
    at_first = len(asked)
    for _ in range(30):
        bench.receipt(bench.offered()[-1])
    assert len(bench.offered()) == 31
    assert len(asked) == at_first


def test_several_clips_go_side_by_side(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "edge", in_flight=3)
    clips = [bench.gateway.land(bytes([n]) * 9000, device=f"D{n}") for n in range(5)]
    bench.turn()
    assert len(bench.offered()) == 3
    for number, clip in enumerate(bench.offered(), start=1):
        bench.grant(clip, number)
    assert {upload for upload, _, _ in bench.links.chunks} == {1, 2, 3}
    assert set(bench.offered()) <= set(clips)
    bench.gateway.journal.close()
