"""The two MQTT connections of a gateway: control, and bulk, so that a word never waits behind chunks."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable

import structlog
from blake3 import blake3

from edge.contract.events import MessageRefusedError, Opened, open_down
from edge.contract.instants import UtcMicros
from edge.contract.messages import Receipt
from edge.contract.topics import (
    ChunkTopic,
    DownKind,
    DownTopic,
    ForeignTopicError,
    UpKind,
    UpTopic,
    gateway_subscription,
    parse_topic,
)
from edge.domain.uplink import ANY_TIME, Pace, UplinkRule, credited, on_departed, on_new_connection, on_sent
from edge.platform.key_ring import KeyRing
from edge.platform.mqtt import BrokerLogin, MqttLink
from edge.transport.key_sets import key_sets_in, signing_key_of

log = structlog.get_logger(__name__)

MOST_WAITING, MOST_WAITING_BYTES = 64, 65_536
"""Messages signed by a key unknown here that are kept until a register brings it; the server says all of them again."""


class GatewayLinks:
    """Sends what it is given and hands over what can be believed; keeps nothing that matters."""

    def __init__(
        self,
        login: BrokerLogin,
        *,
        gateway_id: str,
        keys: KeyRing,
        on_message: Callable[[Opened], None],
        on_connected: Callable[[], None],
        on_set_aside: Callable[[str], None] = lambda _reason: None,
        fresh_login: Callable[[], BrokerLogin] | None = None,
        uplink: UplinkRule = ANY_TIME,
        steady_s: Callable[[], float],
    ) -> None:
        self._gateway_id, self._keys = gateway_id, keys
        self._waiting_for_key: deque[tuple[str, bytes]] = deque(maxlen=MOST_WAITING)
        self._on_message, self._on_connected, self._on_set_aside = on_message, on_connected, on_set_aside
        self._lock = threading.Lock()
        self._uplink, self._steady_s = uplink, steady_s
        self._pace, self._bulk_epoch = Pace(), 0
        self._said_hello = False
        self.set_aside: Counter[str] = Counter()
        self.control = MqttLink(
            login,
            [gateway_subscription(gateway_id)],
            on_message=self._received,
            on_connected=self._control_came_up,
            prefer_mqtt5=True,
            keepalive_s=15,
            fresh_login=fresh_login,
        )
        self.bulk = MqttLink(
            login,
            [],
            on_message=lambda _topic, _payload: None,
            on_connected=self._bulk_came_up,
            prefer_mqtt5=False,  # nothing of it is used here
            keepalive_s=15,
            fresh_login=fresh_login,
            bulk=True,
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
        """How many more bytes may be on their way to the broker now."""
        with self._lock:
            self._pace = credited(self._pace, self._uplink, now_s=self._steady_s())
            return self._pace.room_bytes if self._pace.credit_bytes > 0 else 0

    @property
    def rate_bytes_s(self) -> float:
        """How fast the broker took chunks when it was last measured; 0.0 before."""
        with self._lock:
            return self._pace.rate_bytes_s

    def send_control(self, kind: UpKind, message: bytes) -> bool:
        """Whether the message was handed to the control connection."""
        taken = self.control.publish(str(UpTopic(self._gateway_id, kind)), message)
        if taken and kind is UpKind.HELLO:
            self._said_hello = True
        return taken

    def send_chunk(self, worker: str, upload: int, index: int, chunk: bytes, departed: Callable[[], None]) -> bool:
        """Whether the chunk was handed to the bulk connection; `departed` is called when it has left for the broker.

        At QoS 0: an acknowledgement by the broker would cost a seventh of all CPU time, and proves nothing.
        """
        topic = ChunkTopic(worker, self._gateway_id, upload, index, blake3(chunk).hexdigest(8))
        with self._lock:
            epoch = self._bulk_epoch
            self._pace = on_sent(self._pace, len(chunk), now_s=self._steady_s())

        def has_departed() -> None:
            self._departed(epoch, len(chunk))
            departed()

        taken = self.bulk.publish(str(topic), chunk, qos=0, on_departed=has_departed)
        if not taken:
            self._departed(epoch, len(chunk))
        return taken

    # ------------------------------------------------------------------ called by the connections' threads
    def _departed(self, epoch: int, size_bytes: int) -> None:
        with self._lock:
            if epoch == self._bulk_epoch:
                self._pace = on_departed(self._pace, size_bytes, now_s=self._steady_s())

    def _control_came_up(self) -> None:
        self._said_hello = False
        self._one_came_up()

    def _bulk_came_up(self) -> None:
        with self._lock:
            self._bulk_epoch += 1
            self._pace = on_new_connection(self._pace)
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
            if parsed.kind is DownKind.REGISTER:
                self._follow_key_sets(payload)
            else:
                self._keep_for_its_key(topic, payload)
            self._on_message(self._believed(parsed.kind, payload))
        except MessageRefusedError as error:
            self._put_aside(error.reason, error.detail, topic)
        except ForeignTopicError as error:
            self._put_aside("foreign_topic", str(error), topic)

    def _believed(self, kind: DownKind, payload: bytes) -> Opened:
        """The message, if its key was in use then: a receipt is old bytes, all else is signed when it is said."""
        opened = open_down(payload, kind, gateway_id=self._gateway_id, verifier=self._keys)
        sealed_us: UtcMicros | None = opened.data.sealed if isinstance(opened.data, Receipt) else None
        if opened.signed and not self._keys.may_have_signed(opened.event.keyid or "", sealed_us):
            raise MessageRefusedError(reason="ended_key", detail="the server's key had been replaced by then")
        return opened

    def _follow_key_sets(self, payload: bytes) -> None:
        """The sets prove themselves; the register that brings them is believed by the newest of them."""
        try:
            if not self._keys.follow(key_sets_in(payload)):
                return
        except OSError as error:  # a full disk: the register is not believed either, and comes again
            log.error("key_set_not_kept", why=str(error))
            return
        waiting = list(self._waiting_for_key)
        self._waiting_for_key.clear()
        for topic, message in waiting:
            self._received(topic, message)

    def _keep_for_its_key(self, topic: str, payload: bytes) -> None:
        """What a key not heard of signed is set aside, and looked at again once a register brings that key."""
        key_id = signing_key_of(payload)
        if key_id is not None and not self._keys.knows(key_id) and len(payload) <= MOST_WAITING_BYTES:
            self._waiting_for_key.append((topic, payload))

    def _put_aside(self, reason: str, detail: str, topic: str) -> None:
        self.set_aside[reason] += 1
        log.warning("message_set_aside", reason=reason, detail=detail, topic=topic[:120])
        self._on_set_aside(reason)
