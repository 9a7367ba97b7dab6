"""One MQTT connection at a time to one broker, made anew whenever it breaks.

paho replays its in-flight set on a reconnect of the same client, so each connection gets a new one, with a clean start
and a new client id (user name and 128 random bits, never logged). A PUBACK says nothing here: only the other side's
application messages acknowledge.
"""

from __future__ import annotations

import secrets
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

log = structlog.get_logger(__name__)

OnMessage = Callable[[str, bytes], None]
_ANSWER_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class BrokerLogin:
    """Where the broker is and who we are there. `mqtt://` is plain (loopback only), `mqtts://` is TLS."""

    url: str
    user: str
    password: str
    ca_pem: str | None = None

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or (8883 if self.tls else 1883)

    @property
    def tls(self) -> bool:
        return urlsplit(self.url).scheme == "mqtts"


class LinkState(StrEnum):
    """How the connection stands, for status pages and `doctor`."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    UNREACHABLE = "unreachable"
    LOGIN_REFUSED = "login_refused"
    STOPPED = "stopped"


class MqttLink:
    """Keeps one connection up from `start` to `stop`. Callbacks come from the link's own thread: hand over, return.

    `mqtt5` is tried first where `prefer_mqtt5`; a broker that does not answer it gets 3.1.1 from then on.
    """

    def __init__(
        self,
        login: BrokerLogin,
        subscriptions: Sequence[str],
        *,
        on_message: OnMessage,
        on_connected: Callable[[], None] = lambda: None,
        prefer_mqtt5: bool = False,
        keepalive_s: int = 30,
        retry_s: tuple[float, float] = (0.2, 10.0),
    ) -> None:
        self._login, self._subscriptions = login, list(subscriptions)
        self._on_message, self._on_connected = on_message, on_connected
        self._protocol = paho.MQTTv5 if prefer_mqtt5 else paho.MQTTv311
        self._keepalive_s, self._retry_s = keepalive_s, retry_s
        self._client: paho.Client | None = None
        self._stopping, self._up = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep_up, name="mqtt-link", daemon=True)
        self.state = LinkState.CONNECTING
        self.last_error = ""

    def start(self) -> None:
        """Begin connecting; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Close the connection and end the thread."""
        self._stopping.set()
        self.drop()
        self._thread.join(timeout=10)
        self.state = LinkState.STOPPED

    def drop(self) -> None:
        """Give up the present connection; a new one with a new client follows unless the link is stopping."""
        with self._lock:
            client = self._client
        if client is not None:
            client.disconnect()

    def wait_connected(self, timeout_s: float) -> bool:
        """Whether the connection stands with all subscriptions, waiting up to `timeout_s`."""
        return self._up.wait(timeout_s)

    @property
    def connected(self) -> bool:
        """Whether the connection stands now."""
        return self._up.is_set()

    def publish(self, topic: str, payload: bytes, *, qos: int = 1) -> bool:
        """Hand a message to the connection. False: there is none, nothing was sent; say it again later.

        True promises nothing: only the other side's answer does.
        """
        with self._lock:
            client = self._client
        if client is None or not self._up.is_set():
            return False
        return client.publish(topic, payload, qos=qos).rc == MQTTErrorCode.MQTT_ERR_SUCCESS

    # ------------------------------------------------------------------ the link's thread
    def _keep_up(self) -> None:
        pause_s, longest_s = self._retry_s
        wait_s = pause_s
        while not self._stopping.is_set():
            was_up = self._one_connection()
            wait_s = pause_s if was_up else min(wait_s * 2, longest_s)
            self._stopping.wait(wait_s)

    def _one_connection(self) -> bool:
        """Connect, serve until the connection ends, tidy up. Whether it was ever fully up."""
        self.state = LinkState.CONNECTING if not self.last_error else self.state
        client = self._new_client()
        with self._lock:
            self._client = client
        answered, was_up, ended = threading.Event(), threading.Event(), threading.Event()
        waiting_for: set[int] = set()

        def connected(c: paho.Client, _u: object, _f: object, reason: ReasonCode, _p: object) -> None:
            answered.set()
            if reason.is_failure:
                self.state, self.last_error = LinkState.LOGIN_REFUSED, f"the broker refused the login: {reason}"
                log.warning("broker_login_refused", user=self._login.user, reason=str(reason))
                c.disconnect()
                return
            for pattern in self._subscriptions:
                _, mid = c.subscribe(pattern, qos=1)
                if mid is not None:
                    waiting_for.add(mid)
            if not waiting_for:
                came_up()

        def subscribed(c: paho.Client, _u: object, mid: int, reasons: list[ReasonCode], _p: object) -> None:
            if any(reason.is_failure for reason in reasons):
                self.state, self.last_error = LinkState.LOGIN_REFUSED, "the broker refused a subscription"
                c.disconnect()
                return
            waiting_for.discard(mid)
            if not waiting_for and not was_up.is_set():
                came_up()

        def came_up() -> None:
            was_up.set()
            self.state, self.last_error = LinkState.CONNECTED, ""
            self._up.set()
            self._on_connected()

        def disconnected(_c: object, _u: object, _f: object, _r: object, _p: object) -> None:
            ended.set()

        def message(_c: object, _u: object, received: paho.MQTTMessage) -> None:
            if not received.retain:  # nothing here is ever retained: what is, comes from someone else
                self._on_message(received.topic, received.payload)

        client.on_connect, client.on_subscribe = connected, subscribed
        client.on_disconnect, client.on_message = disconnected, message
        try:
            client.connect(self._login.host, self._login.port, keepalive=self._keepalive_s)
            client.loop_start()
            if not ended.wait(0) and not answered.wait(_ANSWER_WAIT_S):
                self.state, self.last_error = LinkState.UNREACHABLE, "the broker does not answer the connection request"
            else:
                while not ended.wait(0.5) and not self._stopping.is_set():
                    pass
        except (OSError, ssl.SSLError, ValueError) as error:
            self.state, self.last_error = LinkState.UNREACHABLE, f"{type(error).__name__}: {error}"
        finally:
            self._up.clear()
            with self._lock:
                self._client = None
            client.disconnect()
            client.loop_stop()
            client.on_message = None
        if not answered.is_set() and not was_up.is_set() and self._protocol == paho.MQTTv5:
            self._protocol = paho.MQTTv311
        if was_up.is_set() and not self._stopping.is_set():
            self.state = LinkState.CONNECTING
            log.info("broker_connection_ended", user=self._login.user)
        return was_up.is_set()

    def _new_client(self) -> paho.Client:
        client_id = f"{self._login.user}-{secrets.token_hex(16)}"
        if self._protocol == paho.MQTTv5:
            client = paho.Client(
                CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5, reconnect_on_failure=False
            )
        else:
            client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, reconnect_on_failure=False)
        client.username_pw_set(self._login.user, self._login.password)
        client.max_inflight_messages_set(65_000)  # the window is ours, by bytes and by the server's word
        client.connect_timeout = 5.0
        client.on_socket_open = _no_delay
        if self._login.tls:
            context = ssl.create_default_context(cadata=self._login.ca_pem)
            context.minimum_version = ssl.TLSVersion.TLSv1_3
            client.tls_set_context(context)
        return client


def _no_delay(_client: paho.Client, _userdata: object, sock: object) -> None:
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
