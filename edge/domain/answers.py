"""Whether the other side answers: a broker that takes every message proves nothing about the server behind it.

A server that cannot believe a gateway, because it knows another key for it or because a second machine runs under its
id, sets its reports aside and says nothing: whoever is not believed gets no answer, or anyone could make it speak.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.contract.instants import UtcMicros

UNANSWERED_S = 120.0
"""Silence that needs an explanation. Reports are said again every ten seconds, and a busy server notes them within
some seconds. House rule."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Since when something that must be answered is under way without any answer; both times None: nothing is.

    `since_s` is steady time, `since_us` the same moment for people.
    """

    since_s: float | None = None
    since_us: UtcMicros | None = None

    def on_sent(self, now_s: float, now_us: UtcMicros) -> Silence:
        """Something that must be answered was sent."""
        return self if self.since_s is not None else Silence(now_s, now_us)

    def unanswered_since_us(self, now_s: float) -> UtcMicros | None:
        """When the silence began, once it has lasted too long."""
        is_long = self.since_s is not None and now_s - self.since_s >= UNANSWERED_S
        return self.since_us if is_long else None
