"""How much one gateway may add to what the server keeps: clips that are announced and never come, and records. Pure.

Whoever is over a limit is told nothing false: its offers are refused as busy, its reports and events stay unnoted, and
it says them again. Reports may use nine tenths of a limit and offers all of it, so that what was announced can still be
sent: a limit that kept back the very clips that would end it would never be left again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

REPORTS_SHARE = 0.9
"""House rule: what is left for offers is more than a gateway has under way at once."""
_DAY_S = 86_400.0
COUNT_AGAIN_S = 10.0
"""A gateway at its limit is counted again no oftener than that."""


class Limit(StrEnum):
    """What a gateway has too much of."""

    CLIPS = "clips"
    RECORDS = "records"


class OverLimitError(Exception):
    """The gateway has had its share for now; nothing of the message is kept, and it is said again later."""

    def __init__(self, *, gateway_id: str, limit: Limit, most: int) -> None:
        super().__init__(f"{gateway_id} is over its limit of {limit}: {most}")
        self.gateway_id, self.limit, self.most = gateway_id, limit, most


@dataclass(frozen=True, slots=True)
class GatewayLimits:
    """`waiting_clips`: announced and not sealed. `day_bytes`: of records in a day, and at once after a quiet day."""

    waiting_clips: int
    day_bytes: int

    def most(self, limit: Limit) -> int:
        """The figure of a limit."""
        return self.waiting_clips if limit is Limit.CLIPS else self.day_bytes


@dataclass(frozen=True, slots=True)
class GatewayLoad:
    """What a gateway has used. Times: steady seconds.

    `waiting_clips` grows by what is announced and is counted anew before anything is refused because of it, so it is
    never too small. `day_bytes` drains evenly over a day.
    """

    waiting_clips: int
    counted_s: float
    day_bytes: float = 0.0
    at_s: float = 0.0

    def counted(self, waiting_clips: int, now_s: float) -> GatewayLoad:
        """With the truth, as the table says it."""
        return replace(self, waiting_clips=waiting_clips, counted_s=now_s)

    def drained(self, limits: GatewayLimits, now_s: float) -> GatewayLoad:
        """As it is now."""
        drained = (now_s - self.at_s) * limits.day_bytes / _DAY_S
        return replace(self, day_bytes=max(0.0, self.day_bytes - drained), at_s=now_s)

    def with_more(self, size_bytes: int, *, is_new_clip: bool) -> GatewayLoad:
        """After a record of that size was kept."""
        return replace(
            self, waiting_clips=self.waiting_clips + is_new_clip, day_bytes=self.day_bytes + max(0, size_bytes)
        )

    def exceeded(self, limits: GatewayLimits, size_bytes: int, *, is_new_clip: bool, is_offer: bool) -> Limit | None:
        """Which limit a further record would exceed; None: it may be kept."""
        share = 1.0 if is_offer else REPORTS_SHARE
        if is_new_clip and self.waiting_clips + 1 > limits.waiting_clips * share:
            return Limit.CLIPS
        return Limit.RECORDS if self.day_bytes + size_bytes > limits.day_bytes * share else None
