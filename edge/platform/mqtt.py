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
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import paho.mqtt.client as paho
import structlog
from paho.mqtt.enums import CallbackAPIVersion

from edge.contract.sentences import sentence
from edge.platform.broker_probe import speaks_plain_mqtt, speaks_tls
from edge.platform.faults import os_reason
from edge.platform.mqtt_connection import MqttConnection, OnMessage
from edge.platform.tls import SYSTEM_TRUST, Trust

log = structlog.get_logger(__name__)

_ANSWER_WAIT_S = 5.0
_MQTT5_ANSWER_WAIT_S = 2.0  # a broker without MQTT 5 may stay silent, and that would delay every start
_BRIEF_S, _BRIEF_IN_A_ROW = 3.0, 3
"""Connections that end sooner, so many one after the other: the broker does not want what is said over them."""
_ENDED_SOON = sentence(
    "broker_ends_soon",
    "the broker ends every connection as soon as something is said over it: look at its log and its access rules for"
    " this gateway",
)
_NO_MQTT = sentence(
    "broker_no_mqtt",
    "what answers there ends the connection and speaks no MQTT, or wants it encrypted: check address and port; in a"
    " network with a sign-in page, sign in first",
)
_WANTS_TLS = sentence("broker_wants_tls", "that port speaks TLS: the address must begin with mqtts://")
_SPEAKS_PLAIN = sentence(
    "broker_speaks_plain",
    "a broker answers there without TLS: take the port on which it speaks TLS, or give it its certificate",
)
_WAITING_IN_KERNEL_BYTES = 128 << 10
_WRONG_PROTOCOL = "Unsupported protocol version"


@dataclass(frozen=True, slots=True)
class BrokerLogin:
    """Where the broker is and who we are there. `mqtt://` is plain (loopback only), `mqtts://` is TLS.

    `trust`: whom a broker with TLS must be.
    """

    url: str
    user: str
    password: str
    trust: Trust = SYSTEM_TRUST

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
    UNANSWERED = "unanswered"
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
        fresh_login: Callable[[], BrokerLogin] | None = None,
        bulk: bool = False,
    ) -> None:
        """`fresh_login` is asked before each connection, since CAs and clocks change; it may raise OSError.

        `bulk`: it carries much over links that may lose packets.
        """
        self._socket_made = _bulk_socket_made if bulk else _no_delay
        self._fresh_login = fresh_login or (lambda: login)
        self._login, self._subscriptions = login, list(subscriptions)
        self._on_message, self._on_connected = on_message, on_connected
        self._protocol = paho.MQTTv5 if prefer_mqtt5 else paho.MQTTv311
        self._keepalive_s, self._retry_s = keepalive_s, retry_s
        self._connection: MqttConnection | None = None
        self._stopping, self._up = threading.Event(), threading.Event()
        self._brief = 0
        self._thread = threading.Thread(target=self._keep_up, name="mqtt-link", daemon=True)
        self.state = LinkState.CONNECTING
        self.last_error = ""

    def start(self) -> None:
        """Begin connecting; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """Close the connection and end the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        self.state = LinkState.STOPPED

    def drop(self) -> None:
        """Give up the present connection; a new one with a new client follows unless the link is stopping."""
        connection = self._connection
        if connection is not None:
            connection.ended.set()

    def wait_connected(self, timeout_s: float) -> bool:
        """Whether the connection stands with all subscriptions, waiting up to `timeout_s`."""
        return self._up.wait(timeout_s)

    @property
    def connected(self) -> bool:
        """Whether the connection stands now."""
        return self._up.is_set()

    def publish(
        self, topic: str, payload: bytes, *, qos: int = 1, on_departed: Callable[[], None] | None = None
    ) -> bool:
        """Hand a message to the connection. False: there is none, nothing was sent; say it again later.

        True promises nothing: only the other side's answer does. `on_departed` is called once the broker has taken
        the message, or at `qos` 0 the connection; that says how fast the link is, and nothing about delivery.
        """
        connection = self._connection
        if connection is None or not self._up.is_set():
            return False
        return connection.publish(topic, payload, qos, on_departed)

    # ------------------------------------------------------------------ the link's thread
    def _keep_up(self) -> None:
        pause_s, longest_s = self._retry_s
        wait_s = pause_s
        while not self._stopping.is_set():
            was_up, spoke_5 = self._one_connection(), self._protocol == paho.MQTTv5
            if not was_up and spoke_5 and self.state is LinkState.UNANSWERED:
                self._protocol = paho.MQTTv311
                continue
            wait_s = pause_s if was_up and not self._brief else min(wait_s * 2, longest_s)
            if self._brief >= _BRIEF_IN_A_ROW:
                self._failed(LinkState.UNANSWERED, _ENDED_SOON)
            self._stopping.wait(wait_s)

    def _one_connection(self) -> bool:
        """Connect, serve until the connection ends, tidy up. Whether it was ever fully up."""
        try:
            self._login = self._fresh_login()
            connection = MqttConnection(self._new_client(), self._subscriptions, self._on_message, self._came_up)
        except OSError as error:  # a CA that cannot be read, or is none
            self._failed(LinkState.UNREACHABLE, os_reason(error))
            return False
        self._connection = connection
        try:
            connection.client.connect(self._login.host, self._login.port, keepalive=self._keepalive_s)
            connection.client.loop_start()
            self._serve(connection)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            self._brief = 0
            self._failed(LinkState.UNREACHABLE, self._why_unreachable(error))
        finally:
            self._up.clear()
            self._connection = None
            connection.close()
        if connection.was_up and not self._stopping.is_set():
            self.state = LinkState.CONNECTING
            log.info("broker_connection_ended", user=self._login.user)
        return connection.was_up

    def _serve(self, connection: MqttConnection) -> None:
        """Wait until the connection ends or the link stops, and say why where it never came up."""
        stood_s, self._brief = 0.0, self._brief + 1
        waited_s, longest_s = 0.0, _MQTT5_ANSWER_WAIT_S if self._protocol == paho.MQTTv5 else _ANSWER_WAIT_S
        while not self._stopping.is_set() and not connection.ended.wait(0.1):
            waited_s += 0.1
            stood_s += 0.1 if connection.was_up else 0.0
            if stood_s > _BRIEF_S and self._brief:
                self._brief, self.last_error = 0, ""
            if waited_s > longest_s and not connection.was_up:
                break
        if connection.was_up or self._stopping.is_set():
            return
        self._brief = 0
        if connection.refused is None and not connection.answered and self._meets_tls():
            self._failed(LinkState.UNANSWERED, _WANTS_TLS)
        elif connection.refused is None and not connection.answered and connection.ended.is_set():
            self._failed(LinkState.UNANSWERED, _NO_MQTT)
        elif connection.refused == _WRONG_PROTOCOL or (connection.refused is None and not connection.answered):
            self._failed(
                LinkState.UNANSWERED, sentence("broker_silent", "the broker does not answer the connection request")
            )
        elif connection.refused is not None:
            self._failed(
                LinkState.LOGIN_REFUSED,
                sentence("broker_refused", "the broker refused: {code}", code=connection.refused),
            )
        else:
            self._failed(LinkState.UNANSWERED, sentence("broker_deaf", "the broker does not answer the subscription"))

    def _meets_tls(self) -> bool:
        return not self._login.tls and speaks_tls(self._login.host, self._login.port)

    def _why_unreachable(self, error: OSError | ValueError) -> str:
        if not isinstance(error, OSError):
            return str(error)
        is_cut = isinstance(error, ssl.SSLEOFError | ConnectionResetError | TimeoutError)
        if self._login.tls and is_cut and speaks_plain_mqtt(self._login.host, self._login.port):
            return _SPEAKS_PLAIN
        return os_reason(error)

    def _came_up(self) -> None:
        self.state = LinkState.CONNECTED
        if self._brief < _BRIEF_IN_A_ROW:
            self.last_error = ""
        self._up.set()
        self._on_connected()

    def _failed(self, state: LinkState, error: str) -> None:
        if (state, error) != (self.state, self.last_error):
            log.warning("broker_connection_failed", user=self._login.user, state=state.value, error=error)
        self.state, self.last_error = state, error

    def _new_client(self) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"{self._login.user}-{secrets.token_hex(16)}",
            protocol=self._protocol,
            reconnect_on_failure=False,
        )
        client.username_pw_set(self._login.user, self._login.password)
        client.max_inflight_messages_set(65_000)  # the window is ours, by bytes and by the server's word
        client.connect_timeout = 5.0
        client.on_socket_open = self._socket_made
        if self._login.tls:
            client.tls_set_context(self._login.trust.context())
        return client


def _no_delay(_client: paho.Client, _userdata: object, sock: object) -> None:
    if isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _bulk_socket_made(client: paho.Client, userdata: object, sock: object) -> None:
    """BBR takes no lost packet for a full link: where one in a hundred is lost it carries sixteen times as much.

    Little may wait in the kernel, so that what departs at QoS 0 is nearly on the wire and its pace is the link's.
    """
    _no_delay(client, userdata, sock)
    if not isinstance(sock, socket.socket):
        return
    if hasattr(socket, "TCP_CONGESTION"):
        with suppress(OSError):  # a kernel without it, or that keeps it for root
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, b"bbr")
    if hasattr(socket, "TCP_NOTSENT_LOWAT"):
        with suppress(OSError):  # as before, more waits there
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _WAITING_IN_KERNEL_BYTES)
