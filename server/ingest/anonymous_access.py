"""Whether an external broker lets in whoever comes: a server does not work with one that does."""

from __future__ import annotations

import secrets
import threading

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from edge.contract.sentences import sentence
from edge.platform.mqtt import BrokerLogin

_WAIT_S = 5.0


class AnonymousBrokerError(Exception):
    """Anybody may connect to the broker; its administrator must forbid it."""

    def __init__(self, *, url: str) -> None:
        super().__init__(
            sentence(
                "broker_anonymous",
                "the broker {url} lets in whoever comes, without a password: set `allow_anonymous false` there",
                url=url,
            )
        )
        self.url = url


def refuse_anonymous_broker(login: BrokerLogin) -> None:
    """Knock without a name. Raises AnonymousBrokerError; a broker that is not there yet lets nobody in."""
    if _lets_in(login):
        raise AnonymousBrokerError(url=login.url)


def _lets_in(login: BrokerLogin) -> bool:
    answered, opened = threading.Event(), False

    def on_connect(
        _client: paho.Client, _data: object, _flags: object, reason: ReasonCode, _properties: object
    ) -> None:
        nonlocal opened
        opened = not reason.is_failure
        answered.set()

    client = paho.Client(
        CallbackAPIVersion.VERSION2, client_id=f"tl-{secrets.token_hex(16)}", reconnect_on_failure=False
    )
    client.on_connect, client.on_disconnect = on_connect, lambda *_: answered.set()
    client.connect_timeout = _WAIT_S
    try:
        if login.tls:
            client.tls_set_context(login.trust.context())
        client.connect(login.host, login.port)
    except OSError:  # not there, or not to be believed: the links say so, with the reason, again and again
        return False
    client.loop_start()
    answered.wait(_WAIT_S)
    client.disconnect()
    client.loop_stop()
    return opened
