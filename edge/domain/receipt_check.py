"""Whether a receipt, whose signature already stands, is for what lies here."""

from __future__ import annotations

from enum import StrEnum

from edge.contract.messages import Receipt


class ReceiptFault(StrEnum):
    """Why a receipt is not taken. The clip stays unreceipted and is offered again."""

    OTHER_CLIP = "other_clip"
    OTHER_SIZE = "other_size"
    OTHER_BYTES = "other_bytes"
    ACT_USED_TWICE = "act_used_twice"


def receipt_faults(
    receipt: Receipt, *, clip_id: str, size_bytes: int, sha256: str, act_is_of_another_clip: bool
) -> frozenset[ReceiptFault]:
    """All faults; the empty set: the clip is sealed. One act seals one clip; a second for it means a forged chain."""
    faults = {
        ReceiptFault.OTHER_CLIP: receipt.clip_id != clip_id,
        ReceiptFault.OTHER_SIZE: receipt.size_bytes != size_bytes,
        ReceiptFault.OTHER_BYTES: receipt.sha256 != sha256,
        ReceiptFault.ACT_USED_TWICE: act_is_of_another_clip,
    }
    return frozenset(fault for fault, present in faults.items() if present)
