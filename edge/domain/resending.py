"""Which of the messages that wait for `noted` are sent: the oldest, but none that is refused may hold up the others.

A server sets aside what it cannot believe or read and says nothing, so a message may stay unnoted for good: from a time
in which another machine was taken for this gateway, or of a release that the server does not understand.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

Name = tuple[str, int]
"""Boot id and counter."""

TRIES_IN_VAIN = 3
MOST_BEHIND = 256
"""More are not passed over: then the server is silent, and the order is worth more. House rules, all three."""
_PLACES_BEHIND = 2


class Attempts:
    """How often each message was sent. What was sent in vain goes behind the others, two at a time."""

    def __init__(self) -> None:
        self._tries: dict[Name, int] = {}
        self._behind: set[Name] = set()

    @property
    def behind(self) -> int:
        """How many messages are passed over."""
        return len(self._behind)

    def on_sent(self, name: Name) -> None:
        """It was sent (again)."""
        self._tries[name] = self._tries.get(name, 0) + 1
        if self._tries[name] >= TRIES_IN_VAIN and len(self._behind) < MOST_BEHIND:
            self._behind.add(name)

    def on_noted(self, name: Name) -> None:
        """The server has it. If it was one of those passed over, the server was silent and refused nothing."""
        self._tries.pop(name, None)
        if name in self._behind:
            self.forget()

    def forget(self) -> None:
        """Begin anew with the oldest, as after a new connection."""
        self._tries.clear()
        self._behind.clear()

    def chosen(self, waiting: Sequence[Name], under_way: Collection[Name], *, places: int) -> list[Name]:
        """Of those waiting, oldest first, the ones that may be under way now."""
        behind = [name for name in waiting if name in self._behind]
        behind.sort(key=lambda name: (name not in under_way, self._tries[name]))
        turns = behind[:_PLACES_BEHIND]
        return [name for name in waiting if name not in self._behind][: places - len(turns)] + turns
