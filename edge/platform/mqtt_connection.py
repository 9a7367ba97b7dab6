"""One paho client from its first to its last packet."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

log = structlog.get_logger(__name__)

OnMessage = Callable[[str, bytes], None]
_FAREWELL_S = 1.0


class MqttConnection:
    """One client from its first to its last packet, and what became of it."""

    def __init__(
        self, client: paho.Client, subscriptions: Sequence[str], on_message: OnMessage, came_up: Callable[[], None]
    ) -> None:
        self.client, self._subscriptions = client, subscriptions
        self._on_message, self._came_up = on_message, came_up
        self.answered, self.was_up = False, False
        self.refused: str | None = None
        self.ended = threading.Event()
        self._unconfirmed: set[int] = set()
        self._lock = threading.Lock()  # never held while paho is called: it calls back under locks of its own
        self._told_when_taken: dict[int, Callable[[], None] | None] = {}
        self._taken_early: set[int] = set()
        client.on_connect, client.on_subscribe = self._connected, self._subscribed
        client.on_disconnect, client.on_message = self._disconnected, self._message
        client.on_publish = self._taken

    def publish(self, topic: str, payload: bytes, qos: int, on_departed: Callable[[], None] | None) -> bool:
        """Whether the client took it."""
        message = self.client.publish(topic, payload, qos=qos)
        if message.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            return False
        with self._lock:
            early = message.mid in self._taken_early
            self._taken_early.discard(message.mid)
            if not early:
                self._told_when_taken[message.mid] = on_departed
        if early and on_departed is not None:
            on_departed()
        return True

    def close(self) -> None:
        """Say goodbye; a link that no longer takes bytes is cut, so that this always returns."""
        self.client.on_message = None
        self.client.disconnect()
        self.ended.clear()
        if self.client.is_connected():
            self.ended.wait(_FAREWELL_S)
        stream = self.client.socket()
        if isinstance(stream, socket.socket):
            with suppress(OSError):  # already gone
                stream.shutdown(socket.SHUT_RDWR)
        self.client.loop_stop()

    # ------------------------------------------------------------------ called by the client's thread
    def _connected(self, _c: paho.Client, _u: object, _f: object, reason: ReasonCode, _p: object) -> None:
        self.answered = True
        if reason.is_failure:
            self._refuse(str(reason))
            return
        for pattern in self._subscriptions:
            _, number = self.client.subscribe(pattern, qos=1)
            if number is not None:
                self._unconfirmed.add(number)
        if not self._unconfirmed:
            self._complete()

    def _subscribed(self, _c: object, _u: object, number: int, reasons: list[ReasonCode], _p: object) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refuse("a subscription is not allowed")
            return
        self._unconfirmed.discard(number)
        if not self._unconfirmed and not self.was_up:
            self._complete()

    def _disconnected(self, _c: object, _u: object, _f: object, _r: object, _p: object) -> None:
        self.ended.set()

    def _taken(self, _c: object, _u: object, number: int, _r: object, _p: object) -> None:
        with self._lock:
            if number not in self._told_when_taken:  # faster than `publish` could return
                self._taken_early.add(number)
                return
            tell = self._told_when_taken.pop(number)
        if tell is not None:
            self._guarded(tell)

    def _message(self, _c: object, _u: object, message: paho.MQTTMessage) -> None:
        if message.retain:  # nothing here is ever retained: what is, comes from someone else
            return
        self._guarded(lambda: self._on_message(message.topic, bytes(message.payload)))

    def _complete(self) -> None:
        self.was_up = True
        self._guarded(self._came_up)

    def _refuse(self, why: str) -> None:
        self.refused = why
        self.ended.set()

    def _guarded(self, call: Callable[[], None]) -> None:
        """The outermost frame of the client's thread: a fault of ours must end the connection, not silence it."""
        try:
            call()
        except Exception:
            log.exception("message_handler_failed")
            self.ended.set()
