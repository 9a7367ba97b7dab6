"""A way whose messages are lost, doubled, held back, shuffled, said again much later, or changed on their way."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from typing import Any

from edge.contract.events import Opened
from edge.contract.topics import ChunkTopic, UpTopic
from fault_stage.places import Places
from fault_stage.way import Way

_MOST_KEPT = 400


class Harm(StrEnum):
    """What may happen to a message."""

    LOST = "lost"
    DOUBLED = "doubled"
    HELD_BACK = "held_back"
    SAID_AGAIN = "said_again"
    """Another one that was carried long before comes once more behind it."""
    CHANGED = "changed"
    """A chunk alone: a bit of its bytes, its length, its place, its check or its fence."""


Change = Callable[[random.Random, ChunkTopic, bytes], tuple[ChunkTopic, bytes]]


def _flip(payload: bytes, place: int) -> bytes:
    return payload[:place] + bytes([payload[place] ^ 1]) + payload[place + 1 :]


CHANGES: dict[str, Change] = {
    "its first byte": lambda _dice, topic, chunk: (topic, _flip(chunk, 0)),
    "a byte within": lambda dice, topic, chunk: (topic, _flip(chunk, dice.randrange(len(chunk)))),
    "its last byte": lambda _dice, topic, chunk: (topic, _flip(chunk, len(chunk) - 1)),
    "its end is missing": lambda _dice, topic, chunk: (topic, chunk[:-1]),
    "something stands behind it": lambda _dice, topic, chunk: (topic, chunk + b"\0"),
    "it is empty": lambda _dice, topic, _chunk: (topic, b""),
    "its check": lambda _dice, topic, chunk: (replace(topic, check=f"{int(topic.check, 16) ^ 1:016x}"), chunk),
    "its place": lambda _dice, topic, chunk: (replace(topic, index=topic.index + 1), chunk),
    "a place beyond the clip": lambda _dice, topic, chunk: (replace(topic, index=topic.index + 10_000), chunk),
    "its fence": lambda _dice, topic, chunk: (replace(topic, upload=topic.upload + 1), chunk),
    "its lane": lambda _dice, topic, chunk: (replace(topic, worker_id="another-worker"), chunk),
}
"""What of a chunk is changed on its way, one class of places each."""


class RoughWay(Way):
    """Both halves and a carrier that follows `dice`. Once `harms` is emptied it carries as it should."""

    def __init__(self, places: Places, *, start: int, dice: random.Random, harms: frozenset[Harm]) -> None:
        super().__init__(places, start=start)
        self._dice = dice
        self.harms = harms
        self.done: Counter[str] = Counter()
        self._up: list[tuple[UpTopic | ChunkTopic, bytes]] = []
        self._down: list[Opened] = []
        self._carried_up: list[tuple[UpTopic | ChunkTopic, bytes]] = []
        self._carried_down: list[Opened] = []

    def round(self) -> bool:
        """As ever, and some of what was held back arrives."""
        did = super().round()
        up, self._up = self._some(self._up)
        down, self._down = self._some(self._down)
        for topic, payload in up:
            super().to_server(topic, payload)
        for opened in down:
            super().to_gateway(opened)
        return did or bool(up or down)

    def to_server(self, topic: UpTopic | ChunkTopic, payload: bytes) -> None:
        """Whatever arrives of it, and what else arrives with it."""
        if isinstance(topic, ChunkTopic) and self._happens(Harm.CHANGED, 0.4):
            name = self._dice.choice(list(CHANGES))
            topic, payload = CHANGES[name](self._dice, topic, payload)
            self.done[name] += 1
        for one in self._roughly((topic, payload), self._up, self._carried_up):
            super().to_server(*one)

    def to_gateway(self, opened: Opened) -> None:
        """Whatever arrives of it, and what else arrives with it."""
        for one in self._roughly(opened, self._down, self._carried_down):
            super().to_gateway(one)

    def _roughly(self, item: Any, held_back: list[Any], carried: list[Any]) -> list[Any]:
        carried.append(item)
        del carried[:-_MOST_KEPT]
        if self._happens(Harm.LOST, 0.12):
            return []
        arrives = [item] * (2 if self._happens(Harm.DOUBLED, 0.2) else 1)
        if self._happens(Harm.HELD_BACK, 0.25):
            held_back.extend(arrives)
            arrives = []
        if self._happens(Harm.SAID_AGAIN, 0.1):
            arrives.append(self._dice.choice(carried))
        return arrives

    def _some(self, held_back: list[Any]) -> tuple[list[Any], list[Any]]:
        """In another order than they came; all of them once nothing is harmed any more."""
        self._dice.shuffle(held_back)
        count = self._dice.randint(0, len(held_back)) if self.harms else len(held_back)
        return held_back[:count], held_back[count:]

    def _happens(self, harm: Harm, chance: float) -> bool:
        happens = harm in self.harms and self._dice.random() < chance
        self.done[harm] += happens
        return happens
