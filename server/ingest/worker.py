"""One ingest worker: a link whose thread only queues, and one thread that believes, writes, seals and answers."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable

import structlog

from edge.contract.identifiers import worker_id_of
from edge.contract.topics import server_subscriptions
from edge.platform.mqtt import MqttLink
from server.domain.broker_access import PING_TOPIC, gateway_in
from server.ingest import metrics
from server.ingest.fair_queue import FairQueue
from server.ingest.message_steps import Answer, MessageSteps, Received
from server.ingest.own_login import server_login
from server.ingest.read_back import ReadBack
from server.usecases.context import AppContext
from server.usecases.signing_state import why_signing_stopped

log = structlog.get_logger(__name__)
_MAX_QUEUED_MESSAGES = 20_000
_WAIT_S = 0.05
_TIDY_EVERY_S = 1.0
_REGISTERS_EVERY_S = 5.0
_PING_EVERY_S = 10.0
_PING_LOST_S = 25.0
_TROUBLE_S = 30.0
"""Gateways that hear nothing say it again at least every quarter of a minute: a trouble that lasts stays in sight."""


class IngestWorker:
    """Start, then `stop`. A new worker id at every start: chunks granted by a dead worker reach nobody."""

    def __init__(self, context: AppContext, *, on_deaf: Callable[[int], None] = lambda _times: None) -> None:
        """`on_deaf` is told how often in a row the broker has not answered a ping."""
        self._context, self._on_deaf = context, on_deaf
        self.worker_id = worker_id_of(secrets.token_bytes(8))
        most_bytes = 2 * context.config.ingest.worker_bytes
        self._queue = FairQueue[Received](most_messages=_MAX_QUEUED_MESSAGES, most_bytes=most_bytes)
        self._stopping = threading.Event()
        self._link = self._new_link()
        self._steps = MessageSteps(context, self.worker_id, ReadBack(self._queue.wake))
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
        self._ping_sent_s = self._ping_heard_s = context.clock.steady_s()
        self._registers_s = self._ping_sent_s
        self._times_deaf = 0
        self._failure: tuple[float, str] | None = None

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()
        self._link.start()

    def stop(self) -> None:
        """Write down what has come, then end."""
        self._link.stop()
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=30)

    @property
    def link(self) -> MqttLink:
        """The connection to the broker."""
        return self._link

    @property
    def alive(self) -> bool:
        """Whether the writing thread runs."""
        return self._thread.is_alive()

    @property
    def trouble(self) -> str:
        """Why a step failed within the last half minute, so that nothing of it was answered; "" where none did."""
        if self._failure is None or self._context.clock.steady_s() - self._failure[0] > _TROUBLE_S:
            return ""
        return self._failure[1]

    def wait_connected(self, timeout_s: float) -> bool:
        """Whether the worker hears gateways, waiting up to `timeout_s`."""
        return self._link.wait_connected(timeout_s)

    # ------------------------------------------------------------------ the link's thread
    def _hear(self, topic: str, payload: bytes) -> None:
        """Queue and return. What does not fit is dropped, of whoever has most in the queue: it is said again."""
        if topic == PING_TOPIC:
            self._ping_heard_s, self._times_deaf = self._context.clock.steady_s(), 0
            metrics.BROKER_UP.set(1)
            return
        clock = self._context.clock
        received = Received(topic, payload, clock.now_us(), clock.steady_s())
        dropped = self._queue.put(gateway_in(topic), received, len(payload))
        if dropped:
            metrics.CHUNKS.labels(outcome="overflow").inc(dropped)

    def _new_link(self) -> MqttLink:
        config = self._context.config.broker
        subscriptions = [*server_subscriptions(self.worker_id), PING_TOPIC]
        if config.shared_subscription:
            subscriptions[0] = f"$share/ingest/{subscriptions[0]}"
        return MqttLink(
            server_login(self._context),
            subscriptions,
            on_message=self._hear,
            prefer_mqtt5=config.shared_subscription,
            retry_s=(0.2, 2.0),
            fresh_login=lambda: server_login(self._context),
        )

    def _send(self, answers: Iterable[Answer]) -> None:
        for topic, message in answers:
            if not self._link.publish(str(topic), message):
                log.info("answer_not_sent", kind=topic.kind.value, gateway=topic.gateway_id)

    # ------------------------------------------------------------------ the writing thread
    def _run(self) -> None:
        tidied_s = 0.0
        while not self._stopping.is_set() or self._more_waits():
            try:
                self._send(self._steps.step(self._queue.get(_WAIT_S), self._queue.get, more_waits=self._more_waits))
                now_s = self._context.clock.steady_s()
                if now_s - tidied_s >= _TIDY_EVERY_S:
                    tidied_s = now_s
                    self._tidy(now_s)
            except Exception as error:  # the outer loop: one message or one full disk must not end it for all gateways
                self._failure = self._context.clock.steady_s(), str(error).partition("\n")[0]
                log.exception("ingest_step_failed")
                self._steps.forget()
                self._stopping.wait(0.5)
        self._send(self._steps.close())

    def _more_waits(self) -> bool:
        return len(self._queue) > 0

    def _tidy(self, now_s: float) -> None:
        self._ping(now_s)
        metrics.QUEUED.set(len(self._queue))
        self._send(self._steps.tidy(lambda: self._tidy_rows(now_s)))

    def _tidy_rows(self, now_s: float) -> None:
        steps = self._steps
        steps.lane.lapse(now_s)
        if now_s - self._registers_s >= _REGISTERS_EVERY_S:
            self._registers_s = now_s
            steps.control.say_changed_registers()
        with self._context.db.reading() as session:
            steps.control.signing_stopped = bool(why_signing_stopped(session))

    def _ping(self, now_s: float) -> None:
        """Ask the broker for our own word; when it stays out, a new connection is made."""
        if now_s - self._ping_sent_s >= _PING_EVERY_S:
            self._ping_sent_s = now_s
            self._link.publish(PING_TOPIC, b"")
        if now_s - self._ping_heard_s < _PING_LOST_S:
            return
        metrics.BROKER_UP.set(0)
        self._times_deaf += 1
        log.warning("broker_ping_lost", link=self._link.state.value, error=self._link.last_error)
        self._ping_heard_s = now_s
        self._link.drop()
        self._on_deaf(self._times_deaf)
