"""When a copy may go."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.domain.retention import KeepReason, LandingCopy, landing_copies_to_drop, reasons_to_keep_on_device

NOW = UtcMicros(1_790_000_000_000_000)
DAY = MICROS_PER_DAY


def keep(**changed: object) -> frozenset[KeepReason]:
    facts: dict[str, object] = {
        "rule": "receipted",
        "receipted_us": UtcMicros(NOW - DAY),
        "on_hold": False,
        "clock_trusted": True,
        "now_us": NOW,
    }
    return reasons_to_keep_on_device(**(facts | changed))  # type: ignore[arg-type]


def test_a_day_after_the_receipt_the_device_copy_may_go() -> None:
    assert keep() == frozenset()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        pytest.param({"rule": "keep"}, KeepReason.RULE_KEEPS, id="a folder is kept for ever"),
        pytest.param({"rule": "landed_twice"}, KeepReason.RULE_KEEPS, id="an unknown rule keeps"),
        pytest.param({"receipted_us": UtcMicros(NOW - DAY + 1)}, KeepReason.WITHIN_A_DAY, id="a microsecond too early"),
        pytest.param({"on_hold": True}, KeepReason.ON_HOLD, id="a hold keeps"),
        pytest.param({"clock_trusted": False}, KeepReason.CLOCK_FAULT, id="a clock fault keeps"),
    ],
)
def test_one_reason_is_enough_to_keep(changed: dict[str, object], reason: KeepReason) -> None:
    assert keep(**changed) == {reason}


def test_without_a_receipt_it_is_kept_and_every_reason_is_named() -> None:
    assert keep(receipted_us=None, on_hold=True) == {
        KeepReason.NOT_RECEIPTED,
        KeepReason.WITHIN_A_DAY,
        KeepReason.ON_HOLD,
    }


def test_a_receipt_from_the_future_is_a_clock_fault() -> None:
    assert KeepReason.CLOCK_FAULT in keep(receipted_us=UtcMicros(NOW + 1))


def copies(*ages_days: float, size_bytes: int = 100) -> list[LandingCopy]:
    return [
        LandingCopy(f"{number:032x}", size_bytes, UtcMicros(int(NOW - age * DAY)))
        for number, age in enumerate(ages_days)
    ]


def drop(found: list[LandingCopy], *, used_bytes: int = 0) -> list[LandingCopy]:
    return landing_copies_to_drop(
        found, used_bytes=used_bytes, total_bytes=1000, drop_percent=90, keep_us=7 * DAY, now_us=NOW
    )


def test_a_landing_copy_goes_seven_days_after_its_receipt() -> None:
    fresh, old = copies(6.99, 7)
    assert drop([fresh, old]) == [old]


def test_a_full_disk_takes_the_oldest_receipts_first_and_only_as_many_as_it_needs() -> None:
    newest, oldest, middle = copies(1, 3, 2)
    assert drop([newest, oldest, middle], used_bytes=1000) == [oldest, middle]


@given(st.lists(st.floats(0, 30), max_size=20), st.integers(0, 1000))
def test_nothing_goes_that_is_neither_old_nor_in_the_way(ages: list[float], used_bytes: int) -> None:
    found = copies(*ages)
    dropped = drop(found, used_bytes=used_bytes)
    left = used_bytes
    for copy in dropped:
        assert NOW - copy.receipted_us >= 7 * DAY or left >= 900
        left -= copy.size_bytes
    assert left < 900 or len(dropped) == len(found)
