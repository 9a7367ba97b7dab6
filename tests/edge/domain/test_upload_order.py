"""Which clip goes next, and whether a receipt is for it."""

from __future__ import annotations

import pytest

from edge.contract.instants import UtcMicros
from edge.contract.messages import Receipt
from edge.domain.receipt_check import ReceiptFault, receipt_faults
from edge.domain.upload_order import WaitingClip, next_clip


def clip(name: str, *, size: int = 100, device: str = "A", flagged: bool = False) -> WaitingClip:
    return WaitingClip(name, "", size, name, device=device, flagged=flagged)


def order(*clips: WaitingClip) -> str:
    waiting, turns, names = list(clips), {}, ""
    while (chosen := next_clip(waiting, turns)) is not None:
        waiting.remove(chosen)
        turns[chosen.device] = len(names)
        names += chosen.clip_id
    return names


def test_nothing_waits() -> None:
    assert order() == ""


def test_flagged_before_all_others() -> None:
    assert order(clip("a", size=1), clip("b", size=9, flagged=True)) == "ba"


def test_small_before_large() -> None:
    assert order(clip("a", size=9), clip("b", size=1), clip("c", size=5)) == "bca"


def test_devices_take_turns_whatever_the_size_of_their_clips() -> None:
    small = [clip(name, size=1, device="A") for name in "abc"]
    large = [clip(name, size=99, device="B") for name in "xyz"]
    assert order(*small, *large) == "axbycz"


RECEIPT = Receipt(
    clip_id="1" * 32,
    size_bytes=10,
    sha256="2" * 64,
    sealed=UtcMicros(0),
    upload=1,
    gateway_id="gw-0123456789abcdef",
    act_index=5,
    act_hash="3" * 64,
)


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        ({"clip_id": "4" * 32}, ReceiptFault.OTHER_CLIP),
        ({"size_bytes": 11}, ReceiptFault.OTHER_SIZE),
        ({"sha256": "5" * 64}, ReceiptFault.OTHER_BYTES),
        ({"act_is_of_another_clip": True}, ReceiptFault.ACT_USED_TWICE),
    ],
)
def test_a_receipt_must_be_for_exactly_what_lies_here(changed: dict[str, object], fault: ReceiptFault) -> None:
    facts: dict[str, object] = {
        "clip_id": "1" * 32,
        "size_bytes": 10,
        "sha256": "2" * 64,
        "act_is_of_another_clip": False,
    }
    assert receipt_faults(RECEIPT, **facts) == frozenset()  # type: ignore[arg-type]
    assert receipt_faults(RECEIPT, **(facts | changed)) == {fault}  # type: ignore[arg-type]
