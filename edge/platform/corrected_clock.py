"""The machine's clock, or the server's where the machine does not know what time it is. Satisfies `Clock`.

A gateway without a battery for its clock wakes in 1970, or when it was last switched off. It is told by what no time
can be earlier than: this release, and the newest time the server signed. It goes on landing footage, connects
without asking whether certificates are valid yet, and takes the time that the server signs.
"""

from __future__ import annotations

from edge.contract.instants import MICROS_PER_HOUR, MICROS_PER_SECOND, UtcMicros
from edge.platform.clock import Clock
from edge.platform.version import RELEASED_US

_SLACK_US = MICROS_PER_HOUR
"""A clock that is only a little behind is wrong, not unset: the server measures it and says so."""


class CorrectedClock:
    """For any thread: what is heard replaces one value as a whole."""

    def __init__(self, clock: Clock, *, newest_heard_us: int = 0) -> None:
        """`newest_heard_us`: the newest time the server ever signed, as far as it is held; 0: none."""
        self._clock, self._newest_heard_us = clock, newest_heard_us
        self._correction: tuple[int, float] | None = None

    def heard(self, server_us: UtcMicros, *, is_fresh: bool) -> None:
        """The server signed this time. `is_fresh`: just now, as a word; what is kept and said again may be old."""
        self._newest_heard_us = max(self._newest_heard_us, server_us)
        if is_fresh and (self._correction is None or server_us >= self._corrected_us(self._correction)):
            self._correction = (server_us, self._clock.steady_s())

    @property
    def newest_heard_us(self) -> int:
        """What the next start must not be earlier than."""
        return self._newest_heard_us

    @property
    def is_unset(self) -> bool:
        """Whether the machine does not know what time it is. One that is kept by a time service knows it."""
        machine_us = self._clock.now_us()
        if machine_us < RELEASED_US:
            return True
        return machine_us < self._newest_heard_us - _SLACK_US and not self._clock.synchronised()

    def now_us(self) -> UtcMicros:
        """The machine's time; the server's where the machine's is unset and the server's was heard."""
        if self._correction is not None and self.is_unset:
            return self._corrected_us(self._correction)
        return self._clock.now_us()

    def steady_s(self) -> float:
        """Seconds that only grow."""
        return self._clock.steady_s()

    def synchronised(self) -> bool:
        """Never while the clock is unset, corrected or not: what came over a broker is good to a second at best."""
        return not self.is_unset and self._clock.synchronised()

    def _corrected_us(self, correction: tuple[int, float]) -> UtcMicros:
        server_us, heard_s = correction
        return UtcMicros(server_us + int((self._clock.steady_s() - heard_s) * MICROS_PER_SECOND))
