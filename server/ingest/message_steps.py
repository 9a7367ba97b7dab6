"""The messages of one step: worked off in one transaction, answered once that is durable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, ProgrammingError

from edge.contract.instants import UtcMicros
from edge.contract.topics import ChunkTopic, DownTopic, ForeignTopicError, UpTopic, parse_topic
from server.ingest.aside import Aside
from server.ingest.control import Control
from server.ingest.lane import Lane
from server.ingest.read_back import ReadBack
from server.usecases.context import AppContext

log = structlog.get_logger(__name__)
_NOTED_AT_ONCE, _NOTED_EVERY_S = 100, 0.1
_AT_ONCE, _LONGEST_STEP_S = 64, 0.1
"""Messages that share a transaction, and how long it may take: other threads wait to write meanwhile."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message as it came, with when, by both clocks."""

    topic: str
    payload: bytes
    received_us: UtcMicros
    received_s: float


Answer = tuple[DownTopic, bytes]


class MessageSteps:
    """One worker's lane and control. For one thread; once `read_back` has caught up, a step may find a clip to seal."""

    def __init__(
        self,
        context: AppContext,
        worker_id: str,
        read_back: ReadBack,
    ) -> None:
        self._context = context
        self._answers: list[Answer] = []
        self._noted_said_s = 0.0
        self.aside = Aside(context.db, max_rows=context.config.ingest.set_aside_rows)
        self.lane = Lane(context, worker_id, self._say, read_back)
        self.control = Control(context, self.lane, self._say, self.aside, on_history_lost=self._stop_signing)

    def step(
        self, received: Received | None, next_one: Callable[[], Received | None], *, more_waits: Callable[[], bool]
    ) -> list[Answer]:
        """Work off `received` and what `next_one` gives at once; the answers, to be sent now that all is durable.

        On an error nothing of the step is on record, and whoever sent it says it again: call `forget` then.
        """
        self._answers = []
        steady_s = self._context.clock.steady_s
        began_s = steady_s()
        with self._context.db.together():
            for _ in range(_AT_ONCE):
                if received is not None:
                    self._take(received)
                if self.lane.flush(steady_s(), more_waits=more_waits()):
                    break
                if steady_s() - began_s > _LONGEST_STEP_S or (received := next_one()) is None:
                    break
            self._say_noted(steady_s(), more_waits=more_waits())
            if not self.control.signing_stopped:  # what was granted before it stopped waits, whole and unsealed
                self.lane.seal_whole()
        return self._answers

    def tidy(self, work: Callable[[], None]) -> list[Answer]:
        """What is due without a message: `work`, in one transaction; the answers."""
        self._answers = []
        with self._context.db.together():
            work()
        return self._answers

    def forget(self) -> None:
        """After an error: only what is on record counts."""
        self._answers = []
        self.lane.forget_all()

    def close(self) -> list[Answer]:
        """At the end of the worker: write down what has come; the last answers."""
        self._answers = []
        self.lane.close()
        return self._answers

    def _stop_signing(self) -> None:
        self.control.signing_stopped = True

    def _say(self, topic: DownTopic, message: bytes) -> None:
        self._answers.append((topic, message))

    def _take(self, received: Received) -> None:
        """Work a message off; one that nobody foresaw is kept for a person instead of holding up what follows it."""
        try:
            self._work_off(received)
        except Exception as error:  # the outer edge of one message
            if _is_the_machines(error):  # not the message's fault, and it will be said again
                raise
            log.exception("message_failed", topic=received.topic[:120])
            detail = "the server failed on this message: look for message_failed in its log, and tell its makers"
            self.aside.put(received.topic, received.payload, "server_failed", detail, received.received_us)

    def _work_off(self, received: Received) -> None:
        try:
            topic = parse_topic(received.topic)
        except ForeignTopicError as error:
            self.aside.put(received.topic, received.payload, "foreign_topic", str(error), received.received_us)
            return
        match topic:
            case ChunkTopic():
                self.lane.take_chunk(topic, received.payload, self._context.clock.steady_s())
            case UpTopic():
                self.control.take(
                    topic, received.payload, received_us=received.received_us, received_s=received.received_s
                )
            case DownTopic():
                self.aside.put(
                    received.topic, received.payload, "foreign_topic", "an answer came back", received.received_us
                )

    def _say_noted(self, now_s: float, *, more_waits: bool) -> None:
        """Many in one message while there is more to do, yet soon: a gateway waits with its next reports for it."""
        if not more_waits or now_s - self._noted_said_s >= _NOTED_EVERY_S:
            self._noted_said_s = now_s
            self.control.say_noted()
        else:
            self.control.say_noted(at_least=_NOTED_AT_ONCE)


def _is_the_machines(error: Exception) -> bool:
    """Whether a disk, the database, the memory or the descriptors failed, whatever the message said."""
    if isinstance(error, (DataError, IntegrityError, ProgrammingError)):
        return False
    return isinstance(error, (DBAPIError, OSError, MemoryError))
