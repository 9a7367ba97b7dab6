"""Reading held to a rate, so that a check of the whole store leaves the disk to those who wait for it."""

from __future__ import annotations

import threading

from edge.platform.clock import Clock

_LONGEST_WAIT_S = 0.5


class Pace:
    """Bytes per second, evenly. `take` is told what was read and waits; another thread may end the waiting for good."""

    def __init__(self, bytes_per_s: float, clock: Clock) -> None:
        """`bytes_per_s` 0: as fast as it goes."""
        self._bytes_per_s, self._clock = bytes_per_s, clock
        self._free_at_s = clock.steady_s()
        self._stopping = threading.Event()

    def take(self, size_bytes: int) -> None:
        """These bytes were read; return when the next may be. Raises PaceEndedError after `stop`."""
        if self._stopping.is_set():
            raise PaceEndedError
        if self._bytes_per_s <= 0:
            return
        self._free_at_s = max(self._free_at_s, self._clock.steady_s() - 1.0) + size_bytes / self._bytes_per_s
        while (ahead_s := self._free_at_s - self._clock.steady_s()) > 0:
            if self._stopping.wait(min(ahead_s, _LONGEST_WAIT_S)):
                raise PaceEndedError

    def stop(self) -> None:
        """Whoever reads gives up at its next block."""
        self._stopping.set()


class PaceEndedError(Exception):
    """The program ends; what was being read counts as not read."""

    def __init__(self) -> None:
        super().__init__("the reading was given up because the program ends")
