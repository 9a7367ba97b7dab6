"""What was received and not yet worked off: gateways take turns, and where it is full whoever has most in it loses."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(slots=True)
class _Line(Generic[Item]):
    """What one speaker said, in its order."""

    items: deque[tuple[Item, int]] = field(default_factory=deque)
    size_bytes: int = 0


class FairQueue(Generic[Item]):
    """Bounded by messages and bytes. `put` and `wake` for any thread, `get` for one.

    Each speaker's messages keep their order; between speakers one message goes after the other, so that a flood of one
    costs the others no more than every second turn. When a bound is reached the newest of the longest line goes: what
    a gateway said is said again.
    """

    def __init__(self, *, most_messages: int, most_bytes: int) -> None:
        self._most_messages, self._most_bytes = most_messages, most_bytes
        self._lines: dict[str, _Line[Item]] = {}
        self._turns: deque[str] = deque()
        self._messages = self._bytes = 0
        self._is_woken = False
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return self._messages

    def put(self, speaker: str, item: Item, size_bytes: int) -> int:
        """Add it at the end of the speaker's line. How many messages had to go for it, or instead of it."""
        with self._changed:
            line = self._lines.get(speaker)
            if line is None:
                line = self._lines[speaker] = _Line()
                self._turns.append(speaker)
            line.items.append((item, size_bytes))
            self._count(line, 1, size_bytes)
            dropped = 0
            while self._messages > self._most_messages or self._bytes > self._most_bytes:
                self._drop_one()
                dropped += 1
            self._changed.notify()
            return dropped

    def wake(self) -> None:
        """Let `get` return at once, with nothing if nothing is here."""
        with self._changed:
            self._is_woken = True
            self._changed.notify()

    def get(self, timeout_s: float = 0.0) -> Item | None:
        """The next in turn, waiting for it up to `timeout_s`; None: nothing came."""
        with self._changed:
            if not self._messages and not self._is_woken and timeout_s > 0:
                self._changed.wait(timeout_s)
            self._is_woken = False
            if not self._messages:
                return None
            speaker = self._turns.popleft()
            line = self._lines[speaker]
            item, size_bytes = line.items.popleft()
            self._count(line, -1, -size_bytes)
            if line.items:
                self._turns.append(speaker)
            else:
                del self._lines[speaker]
            return item

    def _drop_one(self) -> None:
        speaker = max(self._lines, key=self._share_of)
        line = self._lines[speaker]
        _, size_bytes = line.items.pop()
        self._count(line, -1, -size_bytes)
        if not line.items:
            del self._lines[speaker]
            self._turns.remove(speaker)

    def _share_of(self, speaker: str) -> float:
        line = self._lines[speaker]
        return max(len(line.items) / self._most_messages, line.size_bytes / self._most_bytes)

    def _count(self, line: _Line[Item], messages: int, size_bytes: int) -> None:
        self._messages += messages
        self._bytes += size_bytes
        line.size_bytes += size_bytes
