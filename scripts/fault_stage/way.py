"""A clip's whole way in one program: landed, inspected, offered, received, sealed, receipted, released.

The code is that of the product; only the broker between the two halves is left out, so that the same system calls come
in the same order every time.
"""

from __future__ import annotations

from collections import deque

from edge.contract.events import Opened
from edge.contract.topics import ChunkTopic, UpTopic
from edge.storage.identity import load_server_keys
from fault_stage.places import Places, SetClock, StepClock
from fault_stage.promises import PromiseBook
from fault_stage.way_gateway import WayGateway
from fault_stage.way_server import WayServer

_ROUND_S, _REST_S = 0.3, 31.0
"""A batch is due in every round; when nothing is to be done, what looks twice a minute looks again."""
_RESTS_IN_A_ROW = 3


class Way:
    """Both halves, started as after a boot. `start` counts the starts."""

    def __init__(self, places: Places, *, start: int) -> None:
        self._clock = StepClock(start)
        self.server_clock, self.gateway_clock = SetClock(self._clock), SetClock(self._clock)
        self._book = PromiseBook(places.book)
        self._heard: deque[Opened] = deque()
        self._book.begin("server start")
        self.server = WayServer(
            places, self.server_clock, self._book, verifier=load_server_keys(places.gateway), deliver=self._heard.append
        )
        self._book.begin("gateway start")
        self.gateway = WayGateway(places, self.gateway_clock, self._book)

    def round(self) -> bool:
        """Both halves once. Whether there was something to do."""
        did = self.step_gateway()
        while self.gateway.links.said:
            did = True
            self.to_server(*self.gateway.links.said.popleft())
        while self._heard:
            did = True
            self.to_gateway(self._heard.popleft())
        self._clock.pass_s(_ROUND_S)
        return did

    def step_gateway(self) -> bool:
        """Every worker of the gateway once. Whether one of them had something to do."""
        return self.gateway.step()

    def to_server(self, topic: UpTopic | ChunkTopic, payload: bytes) -> None:
        """A message of the gateway arrives, and what it makes due is done."""
        self._book.begin("receiving" if isinstance(topic, ChunkTopic) else f"taking {topic.kind}")
        self.server.take(topic, payload)
        self._clock.pass_s(_ROUND_S)
        self._book.begin("answering and sealing")
        self.server.work()

    def to_gateway(self, opened: Opened) -> None:
        """An answer of the server arrives."""
        self.gateway.receive(opened)

    def run(self, *, at_most: int = 2_000) -> bool:
        """Rounds until nothing is left to be done. False: there still was after so many."""
        rests = 0
        for _ in range(at_most):
            if self.round():
                rests = 0
                continue
            rests += 1
            if rests == _RESTS_IN_A_ROW:
                return True
            self._clock.pass_s(_REST_S)
        return False

    def pass_s(self, seconds: float) -> None:
        """Let time go by for both."""
        self._clock.pass_s(seconds)

    def close(self) -> None:
        """A clean stop of both."""
        self.gateway.close()
        self.server.close()
        self._book.close()
