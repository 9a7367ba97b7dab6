"""The one place that reads the clock. Everything else takes `now_us` as an argument."""

from __future__ import annotations

import ctypes
import sys
import time
from typing import Protocol

from edge.contract.instants import UtcMicros


class Clock(Protocol):
    """Wall time for evidence, steady time for waiting. Never one for the other."""

    def now_us(self) -> UtcMicros: ...

    def steady_s(self) -> float: ...

    def synchronised(self) -> bool: ...


class SystemClock:
    """The machine's clock.

    `vouched`: a person says that it is kept right by means the kernel does not see, such as a virtual machine's host.
    """

    def __init__(self, *, vouched: bool = False) -> None:
        self._vouched = vouched

    def now_us(self) -> UtcMicros:
        """Wall time, integer UTC microseconds."""
        return UtcMicros(time.time_ns() // 1000)

    def steady_s(self) -> float:
        """Seconds that only grow; no relation to wall time."""
        return time.monotonic()

    def synchronised(self) -> bool:
        """Whether the clock may be believed: vouched for, or kept by a time service.

        Source: adjtimex(2), STA_UNSYNC and TIME_ERROR.
        """
        return self._vouched or _kernel_clock_synchronised()


_STA_UNSYNC, _TIME_ERROR = 0x40, 5


def _kernel_clock_synchronised() -> bool:
    if sys.platform != "linux":
        return False
    buffer = (ctypes.c_long * 64)()  # struct timex is 208 bytes; modes = 0 only reads
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(buffer))
    status = ctypes.cast(buffer, ctypes.POINTER(ctypes.c_int))[10]  # modes, pad, offset, freq, maxerror, esterror
    return bool(state not in (-1, _TIME_ERROR) and not status & _STA_UNSYNC)
