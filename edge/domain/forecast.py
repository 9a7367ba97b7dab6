"""When will everything that waits have its receipt, at the speed measured, within the uplink's hours and limit?

Flagged clips go first and keep to no hours, so they are said by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge.contract.instants import LATEST_US, MICROS_PER_DAY, MICROS_PER_SECOND, UtcMicros
from edge.domain.uplink import UplinkRule

ANSWER_S = 0.05
"""What a clip costs beside its bytes: report, offer, seal, one after the other at the server. Measured 40 ms."""
FARTHEST_US = 366 * MICROS_PER_DAY
"""Nothing is foretold beyond this. House rule."""


class NotKnown(StrEnum):
    """Why no time can be said."""

    NOT_RUNNING = "agent_not_running"
    NOT_CONNECTED = "not_connected"
    PUT_OFF = "put_off_by_server"
    CLOCK_UNSET = "time_not_known"
    NEVER_MEASURED = "never_measured"
    TOO_FAR = "too_far"


@dataclass(frozen=True, slots=True)
class Load:
    """Clips and their bytes."""

    clips: int = 0
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What can be offered: all of it, and the flagged among it. `held_back`: refused for good, or its copy is lost."""

    whole: Load = Load()
    flagged: Load = Load()
    held_back: Load = Load()


@dataclass(frozen=True, slots=True)
class Forecast:
    """`done_us`: when all has its receipt; None: unknown, because of `reason`. `sending_us`: how long the sending
    itself takes, without hours and obstacles; None where no speed was ever measured.
    """

    done_us: UtcMicros | None
    sending_us: int | None
    reason: NotKnown | None = None


@dataclass(frozen=True, slots=True)
class UplinkForecast:
    """For all that waits, and for the flagged alone. `paused_until_us`: the hours are closed, and open then."""

    whole: Forecast
    flagged: Forecast
    rate_bytes_s: float | None
    paused_until_us: UtcMicros | None


def forecast_uplink(
    waiting: Waiting,
    *,
    rate_bytes_s: float | None,
    rule: UplinkRule,
    now_us: UtcMicros,
    obstacle: NotKnown | None = None,
) -> UplinkForecast:
    """`rate_bytes_s`: as measured last, None where never. `obstacle`: what keeps clips from leaving at all now.

    An upper bound: what the server holds of a clip under way counts as waiting.
    """
    rate = _within_limit(rate_bytes_s, rule)
    flagged_us = sending_time_us(waiting.flagged, rate)
    rest = Load(
        max(0, waiting.whole.clips - waiting.flagged.clips),
        max(0, waiting.whole.size_bytes - waiting.flagged.size_bytes),
    )
    rest_us = sending_time_us(rest, rate)
    flagged_done_us = None if flagged_us is None else _plus(now_us, flagged_us)
    flagged = _forecast(waiting.flagged, flagged_us, flagged_done_us, now_us, obstacle)
    whole_us, whole_done_us = None, None
    if flagged_us is not None and rest_us is not None:
        whole_us = flagged_us + rest_us
        if flagged_done_us is not None:
            whole_done_us = flagged_done_us if rest.clips == 0 else after_open_time(rule, flagged_done_us, rest_us)
    if whole_done_us is not None and whole_done_us - now_us > FARTHEST_US:
        whole_done_us = None
    return UplinkForecast(
        whole=_forecast(waiting.whole, whole_us, whole_done_us, now_us, obstacle),
        flagged=flagged,
        rate_bytes_s=rate,
        paused_until_us=None if rule.is_open(now_us) else rule.changes_us(now_us),
    )


def sending_time_us(load: Load, rate_bytes_s: float | None) -> int | None:
    """How long that load takes on an open link; 0 for nothing, None where the speed is unknown."""
    if load.clips == 0:
        return 0
    if rate_bytes_s is None:
        return None
    return round((load.size_bytes / rate_bytes_s + load.clips * ANSWER_S) * MICROS_PER_SECOND)


def after_open_time(rule: UplinkRule, from_us: UtcMicros, open_us: int) -> UtcMicros | None:
    """When the uplink will have been open for `open_us` since then; None: not within `FARTHEST_US`."""
    at_us, left_us = from_us, open_us
    while at_us - from_us <= FARTHEST_US:
        changes_us = rule.changes_us(at_us)
        if rule.is_open(at_us):
            if changes_us is None or left_us <= changes_us - at_us:
                return _plus(at_us, left_us)
            left_us -= changes_us - at_us
        if changes_us is None:
            return None
        at_us = changes_us
    return None


def _within_limit(rate_bytes_s: float | None, rule: UplinkRule) -> float | None:
    """A limit alone is no measurement: the link may be slower."""
    if rate_bytes_s is None or rate_bytes_s <= 0:
        return None
    return rate_bytes_s if rule.bytes_per_s is None else min(rate_bytes_s, rule.bytes_per_s)


def _forecast(
    load: Load, sending_us: int | None, done_us: UtcMicros | None, now_us: UtcMicros, obstacle: NotKnown | None
) -> Forecast:
    if load.clips == 0:
        return Forecast(now_us, 0)
    if obstacle is not None:
        return Forecast(None, sending_us, obstacle)
    if sending_us is None:
        return Forecast(None, None, NotKnown.NEVER_MEASURED)
    return Forecast(done_us, sending_us, NotKnown.TOO_FAR if done_us is None else None)


def _plus(at_us: UtcMicros, length_us: int) -> UtcMicros | None:
    """None beyond what is foretold, and beyond what a calendar can name."""
    later_us = at_us + length_us
    return UtcMicros(later_us) if length_us <= FARTHEST_US and later_us <= LATEST_US else None
