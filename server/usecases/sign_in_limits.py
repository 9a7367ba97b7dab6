"""How often somebody may try to sign in. Pure counting over `now_us`; kept in memory, emptied by a restart."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from edge.contract.instants import MICROS_PER_SECOND

WINDOW_US = 300 * MICROS_PER_SECOND
FAILURES_PER_ACCOUNT = 5
FAILURES_PER_ADDRESS = 20
KEYS_HELD = 10_000


class TooManyAttemptsError(Exception):
    """Too many failed attempts for this name or from this address; they may try again after a while."""

    def __init__(self, *, retry_after_s: int) -> None:
        super().__init__(f"too many attempts to sign in: try again in {retry_after_s} s")
        self.retry_after_s = retry_after_s


class SignInLimits:
    """Attempts of the last five minutes that have failed or are not decided yet, by account name and by address.

    A name counts whether or not an account of it exists, so that the limit tells nothing. An attempt is counted
    before the password is looked at: parallel attempts cannot slip through together. Thread-safe, bounded in memory.
    """

    def __init__(self) -> None:
        self._attempts: OrderedDict[tuple[str, str], deque[int]] = OrderedDict()
        self._lock = threading.Lock()

    def attempt(self, name: str, address: str, now_us: int) -> None:
        """Count an attempt. Raises TooManyAttemptsError, and then does not count it."""
        limits = ((("account", name), FAILURES_PER_ACCOUNT), (("address", address), FAILURES_PER_ADDRESS))
        with self._lock:
            waits_us = [self._wait_us(key, allowed, now_us) for key, allowed in limits]
            if max(waits_us) > 0:
                raise TooManyAttemptsError(retry_after_s=-(-max(waits_us) // MICROS_PER_SECOND))
            for key, _ in limits:
                self._attempts.setdefault(key, deque()).append(now_us)
                self._attempts.move_to_end(key)
            while len(self._attempts) > KEYS_HELD:
                self._attempts.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """The password was right: the name's attempts are forgotten, and this one of the address."""
        with self._lock:
            self._attempts.pop(("account", name), None)
            of_address = self._attempts.get(("address", address))
            if of_address:
                of_address.pop()

    def _wait_us(self, key: tuple[str, str], allowed: int, now_us: int) -> int:
        recent = self._attempts.get(key)
        if recent is None:
            return 0
        while recent and recent[0] <= now_us - WINDOW_US:
            recent.popleft()
        return recent[0] + WINDOW_US - now_us if len(recent) >= allowed else 0
