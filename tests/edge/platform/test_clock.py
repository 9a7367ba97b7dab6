"""The one place that reads the clock."""

from __future__ import annotations

import time

from edge.platform.clock import SystemClock


def test_wall_time_is_utc_microseconds() -> None:
    before, now_us, after = time.time(), SystemClock().now_us(), time.time()
    assert int(before * 1e6) - 1 <= now_us <= int(after * 1e6) + 1


def test_steady_time_never_goes_back() -> None:
    clock = SystemClock()
    readings = [clock.steady_s() for _ in range(100)]
    assert readings == sorted(readings)


def test_the_kernel_is_asked_whether_the_clock_is_kept() -> None:
    assert SystemClock().synchronised() in (True, False)


def test_a_clock_that_a_person_vouches_for_counts_as_synchronised() -> None:
    assert SystemClock(vouched=True).synchronised()
