"""The two MQTT connections of a gateway: control, and bulk, so that a word never waits behind chunks."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

import structlog
from blake3 import blake3

from edge.contract.dsse import Verifier
from edge.contract.events import MessageRefusedError, Opened, open_down
from edge.contract.topics import (
    ChunkTopic,
    DownTopic,
    ForeignTopicError,
    UpKind,
    UpTopic,
    gateway_subscription,
    parse_topic,
)
from edge.platform.mqtt import BrokerLogin, MqttLink

log = structlog.get_logger(__name__)

ROOM_BYTES = 4 * 1024 * 1024
"""Most bytes on their way to the broker: enough for 50 Mbit/s at 60 ms, little enough to give way to a broken link."""


class GatewayLinks:
    """Sends what it is given and hands over what can be believed; keeps nothing that matters."""

    def __init__(
        self,
        login: BrokerLogin,
        *,
        gateway_id: str,
        verifier: Verifier,
        on_message: Callable[[Opened], None],
        on_connected: Callable[[], None],
        on_set_aside: Callable[[str], None] = lambda _reason: None,
    ) -> None:
        self._gateway_id, self._verifier = gateway_id, verifier
        self._on_message, self._on_connected, self._on_set_aside = on_message, on_connected, on_set_aside
        self._lock = threading.Lock()
        self._departing_bytes, self._bulk_epoch = 0, 0
        self._said_hello = False
        self.set_aside: Counter[str] = Counter()
        self.control = MqttLink(
            login,
            [gateway_subscription(gateway_id)],
            on_message=self._received,
            on_connected=self._control_came_up,
            prefer_mqtt5=True,
            keepalive_s=15,
        )
        self.bulk = MqttLink(
            login,
            [],
            on_message=lambda _topic, _payload: None,
            on_connected=self._bulk_came_up,
            prefer_mqtt5=True,
            keepalive_s=15,
        )

    def start(self) -> None:
        """Begin connecting; returns at once."""
        self.control.start()
        self.bulk.start()

    def stop(self) -> None:
        """Close both."""
        self.control.stop()
        self.bulk.stop()

    @property
    def connected(self) -> bool:
        """Whether both connections stand."""
        return self.control.connected and self.bulk.connected

    @property
    def greeted(self) -> bool:
        """Whether both stand and hello was the first word: until then nothing else is said."""
        return self.connected and self._said_hello

    @property
    def room_bytes(self) -> int:
        """How many more bytes may be on their way to the broker."""
        with self._lock:
            return ROOM_BYTES - self._departing_bytes

    def send_control(self, kind: UpKind, message: bytes) -> bool:
        """Whether the message was handed to the control connection."""
        taken = self.control.publish(str(UpTopic(self._gateway_id, kind)), message)
        if taken and kind is UpKind.HELLO:
            self._said_hello = True
        return taken

    def send_chunk(self, worker: str, upload: int, index: int, chunk: bytes, departed: Callable[[], None]) -> bool:
        """Whether the chunk was handed to the bulk connection; `departed` is called when the broker has it."""
        topic = ChunkTopic(worker, self._gateway_id, upload, index, blake3(chunk).hexdigest(8))
        with self._lock:
            epoch = self._bulk_epoch
            self._departing_bytes += len(chunk)

        def broker_has() -> None:
            self._departed(epoch, len(chunk))
            departed()

        taken = self.bulk.publish(str(topic), chunk, on_broker_has=broker_has)
        if not taken:
            self._departed(epoch, len(chunk))
        return taken

    # ------------------------------------------------------------------ called by the connections' threads
    def _departed(self, epoch: int, size_bytes: int) -> None:
        with self._lock:
            if epoch == self._bulk_epoch:
                self._departing_bytes -= size_bytes

    def _control_came_up(self) -> None:
        self._said_hello = False
        self._one_came_up()

    def _bulk_came_up(self) -> None:
        with self._lock:
            self._bulk_epoch += 1
            self._departing_bytes = 0
        self._one_came_up()

    def _one_came_up(self) -> None:
        if self.connected:
            log.info("connected")
            self._on_connected()

    def _received(self, topic: str, payload: bytes) -> None:
        try:
            parsed = parse_topic(topic)
            if not isinstance(parsed, DownTopic) or parsed.gateway_id != self._gateway_id:
                raise ForeignTopicError(topic=topic)
            opened = open_down(payload, parsed.kind, gateway_id=self._gateway_id, verifier=self._verifier)
        except MessageRefusedError as error:
            self._put_aside(error.reason, error.detail, topic)
        except ForeignTopicError as error:
            self._put_aside("foreign_topic", str(error), topic)
        else:
            self._on_message(opened)

    def _put_aside(self, reason: str, detail: str, topic: str) -> None:
        self.set_aside[reason] += 1
        log.warning("message_set_aside", reason=reason, detail=detail, topic=topic[:120])
        self._on_set_aside(reason)
