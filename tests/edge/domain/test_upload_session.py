"""One clip's upload, step by step."""

from __future__ import annotations

import pytest

from edge.contract.messages import Grant, Have, Refusal
from edge.domain.upload import (
    RangeBeyondClipError,
    SendChunk,
    SendOffer,
    Upload,
    UploadPhase,
    begin,
    offer_again,
    on_departed,
    on_grant,
    on_have,
    on_refusal,
    on_time,
)

CLIP = "0" * 32
CHUNK = 1024


def grant(number: int = 1, *, held: tuple[tuple[int, int], ...] = (), window: int = 4 * CHUNK) -> Grant:
    return Grant(clip_id=CLIP, upload=number, worker="wk-00000001", chunk_bytes=CHUNK, window_bytes=window, held=held)


def have(
    serial: int, *held: tuple[int, int], number: int = 1, window: int = 4 * CHUNK, bad: tuple[int, ...] = ()
) -> Have:
    return Have(clip_id=CLIP, upload=number, serial=serial, window_bytes=window, held=held, bad_chunks=bad)


def granted(size_bytes: int = 10 * CHUNK, **changed: object) -> tuple[Upload, list[int]]:
    upload, _ = begin(CLIP, size_bytes, now_s=0.0)
    upload, actions = on_grant(upload, grant(**changed), now_s=0.1)  # type: ignore[arg-type]
    return upload, indexes(actions)


def indexes(actions: object) -> list[int]:
    assert isinstance(actions, list)
    return [action.index for action in actions if isinstance(action, SendChunk)]


def all_departed(upload: Upload, *, now_s: float) -> Upload:
    while upload.undeparted:
        upload = on_departed(upload, upload.number, now_s=now_s)
    return upload


def test_a_new_upload_offers_its_clip() -> None:
    assert begin(CLIP, 5, now_s=0.0)[1] == [SendOffer(CLIP)]


def test_a_grant_opens_the_window_and_no_more() -> None:
    upload, sent = granted()
    assert sent == [0, 1, 2, 3]
    assert upload.outstanding_bytes == 4 * CHUNK


def test_what_the_server_holds_already_is_not_sent() -> None:
    assert granted(held=((0, 2 * CHUNK), (3 * CHUNK, 4 * CHUNK)))[1] == [2, 4, 5, 6]


def test_a_chunk_that_is_held_in_part_is_sent_whole() -> None:
    assert granted(held=((100, CHUNK + 1),))[1] == [0, 1, 2, 3]


def test_the_last_chunk_is_as_long_as_what_is_left() -> None:
    upload, _ = begin(CLIP, CHUNK + 1, now_s=0.0)
    _, actions = on_grant(upload, grant(), now_s=0.1)
    last = actions[-1]
    assert isinstance(last, SendChunk)
    assert (last.start_bytes, last.end_bytes) == (CHUNK, CHUNK + 1)


def test_one_chunk_is_sent_however_small_the_window_is() -> None:
    upload, sent = granted(window=1024)
    assert sent == [0]
    assert indexes(on_have(upload, have(1, (0, CHUNK), window=1024), now_s=0.2)[1]) == [1]


def test_a_have_lets_as_much_follow_as_it_acknowledges() -> None:
    upload, _ = granted()
    _, actions = on_have(upload, have(1, (0, 2 * CHUNK)), now_s=0.2)
    assert indexes(actions) == [4, 5]


def test_bad_chunks_are_sent_again() -> None:
    upload, _ = granted()
    _, actions = on_have(upload, have(1, (0, CHUNK), bad=(2,)), now_s=0.2)
    assert indexes(actions) == [2, 4]


def test_ranges_may_shrink_and_what_is_gone_is_sent_again() -> None:
    upload, _ = granted()
    upload, _ = on_have(upload, have(1, (0, 4 * CHUNK)), now_s=0.2)
    upload, actions = on_have(upload, have(2, (0, CHUNK)), now_s=0.3)
    assert upload.held == ((0, CHUNK),)
    assert actions == []  # four chunks are under way already
    upload, actions = on_have(upload, have(3, (0, CHUNK), (4 * CHUNK, 8 * CHUNK)), now_s=0.4)
    assert indexes(actions) == [1, 2, 3, 8]


@pytest.mark.parametrize("word", [have(1, (0, CHUNK), number=2), have(0 + 1, (0, CHUNK), number=7)])
def test_the_word_of_another_grant_changes_nothing(word: Have) -> None:
    upload, _ = granted()
    assert on_have(upload, word, now_s=0.2) == (upload, [])


def test_a_have_that_is_not_newer_changes_nothing() -> None:
    upload, _ = granted()
    upload, _ = on_have(upload, have(5, (0, CHUNK)), now_s=0.2)
    for serial in (4, 5):
        assert on_have(upload, have(serial, (0, 4 * CHUNK)), now_s=0.3) == (upload, [])


@pytest.mark.parametrize("number", [1, 2])
def test_a_grant_that_is_not_newer_changes_nothing(number: int) -> None:
    upload, _ = granted(number=2)
    assert on_grant(upload, grant(number), now_s=0.2) == (upload, [])


def test_a_newer_grant_starts_from_its_own_ranges() -> None:
    upload, _ = granted()
    upload, actions = on_grant(upload, grant(2, held=((CHUNK, 2 * CHUNK),)), now_s=0.2)
    assert indexes(actions) == [0, 2, 3, 4]
    assert on_have(upload, have(9, (0, 10 * CHUNK), number=1), now_s=0.3) == (upload, [])


def test_bytes_beyond_the_clip_are_refused() -> None:
    upload, _ = granted()
    beyond = (0, 11 * CHUNK)
    with pytest.raises(RangeBeyondClipError):
        on_grant(upload, grant(2, held=(beyond,)), now_s=0.2)
    with pytest.raises(RangeBeyondClipError):
        on_have(upload, have(1, beyond), now_s=0.2)


def test_silence_is_answered_by_a_new_offer_with_nothing_outstanding() -> None:
    upload, _ = granted()
    upload = all_departed(upload, now_s=0.2)
    assert on_time(upload, now_s=3.1)[1] == []
    upload, actions = on_time(upload, now_s=3.3)
    assert actions == [SendOffer(CLIP)]
    assert upload.outstanding_bytes == 0


def test_a_slow_link_is_not_silence() -> None:
    upload, _ = granted()
    upload = on_departed(upload, 1, now_s=50.0)  # three chunks are still on their way to the broker
    assert on_time(upload, now_s=60.0) == (upload, [])
    assert on_time(all_departed(upload, now_s=60.0), now_s=63.5)[1] == [SendOffer(CLIP)]


def test_a_have_without_progress_does_not_break_the_silence() -> None:
    upload, _ = granted()
    upload = all_departed(upload, now_s=0.2)
    for serial in range(1, 5):
        upload, _ = on_have(upload, have(serial), now_s=serial * 0.7)
    assert on_time(upload, now_s=3.3)[1] == [SendOffer(CLIP)]


def test_four_slow_round_trips_are_waited_for() -> None:
    upload, _ = begin(CLIP, CHUNK, now_s=0.0)
    upload, _ = on_grant(upload, grant(), now_s=2.0)
    upload = all_departed(upload, now_s=2.0)
    assert on_time(upload, now_s=9.9)[1] == []
    assert on_time(upload, now_s=10.1)[1] == [SendOffer(CLIP)]


def test_offers_that_bring_nothing_come_more_and_more_slowly_up_to_a_limit() -> None:
    upload, _ = begin(CLIP, CHUNK, now_s=0.0)
    now_s, pauses, last_s = 0.0, [], 0.0
    while len(pauses) < 6:
        now_s += 0.5
        upload, actions = on_time(upload, now_s=now_s)
        if actions:
            pauses.append(now_s - last_s)
            last_s = now_s
    assert pauses == sorted(pauses)
    assert pauses[0] < 4
    assert pauses[-1] <= 16


def test_after_several_vain_offers_a_lower_number_is_taken_again() -> None:
    upload, _ = granted(number=100)
    upload = all_departed(upload, now_s=0.2)
    now_s = 0.2
    for _ in range(4):
        now_s += 100
        upload, _ = on_time(upload, now_s=now_s)
    _, actions = on_grant(upload, grant(3), now_s=now_s + 1)
    assert indexes(actions) == [0, 1, 2, 3]


def test_a_busy_server_is_asked_again_when_it_said() -> None:
    upload, _ = begin(CLIP, CHUNK, now_s=0.0)
    busy = Refusal(clip_id=CLIP, reason="busy", permanent=False, retry_after_s=20)
    upload = on_refusal(upload, busy, now_s=1.0)
    assert upload.phase is UploadPhase.DEFERRED
    assert on_time(upload, now_s=20.9)[1] == []
    assert on_time(upload, now_s=21.1)[1] == [SendOffer(CLIP)]


def test_a_refusal_after_the_grant_is_late_and_changes_nothing() -> None:
    upload, _ = granted()
    busy = Refusal(clip_id=CLIP, reason="busy", permanent=False, retry_after_s=20)
    assert on_refusal(upload, busy, now_s=1.0) == upload


def test_an_empty_clip_has_nothing_to_send() -> None:
    assert granted(size_bytes=0)[1] == []


def test_a_new_connection_offers_again() -> None:
    upload, _ = granted()
    upload, actions = offer_again(upload, now_s=1.0)
    assert actions == [SendOffer(CLIP)]
    assert (upload.outstanding_bytes, upload.undeparted, upload.phase) == (0, 0, UploadPhase.OFFERED)
