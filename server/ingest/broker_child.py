"""The embedded broker's process: amqtt with its holes closed. Started by `embedded_broker`, ends with its parent.

Standard input carries one JSON object per line: first `{"host", "port", "logins", "tls"}`, later `{"logins"}`; `logins`
maps a user to the SHA-256 of his password, `tls` names the files of certificate and key, or is null: then all is plain.
End of input ends the process. Standard output says `ready` once.

Closed here (amqtt 0.12.1, each held by a test): retained messages reach every client that connects; a Last Will is
delivered without the topic check; a CONNECT with a wrong password ends the session of the client id it names, and the
refused session stays in memory; a packet of 256 MB is taken into memory whole.
"""

from __future__ import annotations

import asyncio
import ctypes
import hmac
import json
import logging
import secrets
import signal
import ssl
import sys
from pathlib import Path
from typing import Any

from amqtt.adapters import ReaderAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.errors import AMQTTError, BrokerError, MQTTError, NoDataError
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.session import Session

from edge.platform.tls import ServedCertificate
from server.domain.broker_access import may_publish, may_subscribe, password_digest

_PR_SET_PDEATHSIG = 1
_CONNECT_WAIT_S = 10.0
_MAX_CONNECTIONS = 2000
_MOST_PACKET_BYTES = 1_100_000
"""Above the largest chunk and the largest control message."""


class BoundedReader(ReaderAdapter):
    """Ends a connection that announces a packet larger than anything that is ever said here."""

    def __init__(self, reader: ReaderAdapter) -> None:
        self._reader = reader

    async def read(self, n: int = -1) -> bytes:
        """Raises MQTTError."""
        if n > _MOST_PACKET_BYTES:
            raise MQTTError(f"a packet of {n} bytes is larger than {_MOST_PACKET_BYTES}")
        data: bytes = await self._reader.read(n)
        return data

    def feed_eof(self) -> None:
        self._reader.feed_eof()


class HardenedBroker(Broker):
    """amqtt without retained messages, wills, shared client ids and sessions that outlive their connection."""

    def __init__(self, host: str, port: int, logins: dict[str, str], tls: list[str] | None = None) -> None:
        bind = f"{host}:{port}"
        listener = {"type": "tcp", "bind": bind, "max_connections": _MAX_CONNECTIONS, "ssl": tls is not None}
        self._tls = None if tls is None else ServedCertificate(Path(tls[0]), Path(tls[1]))
        super().__init__({"listeners": {"default": listener}, "plugins": {}})
        self._logins = logins

    def _create_ssl_context(self, _listener: object) -> ssl.SSLContext:
        """Asked where `tls` was given: TLS 1.3 alone, and a renewed certificate without a restart."""
        if self._tls is None:
            raise BrokerError("no certificate was given")
        return self._tls.listening

    async def take_logins(self, logins: dict[str, str]) -> None:
        """From now on these may log in; live sessions of all others, and of changed passwords, are cut."""
        changed = {user for user, digest in self._logins.items() if logins.get(user) != digest}
        self._logins = logins
        for session, handler in list(self._sessions.values()):
            if session.username in changed:
                await handler.handle_connection_closed()

    async def retain_message(self, *_arguments: Any, **_named: Any) -> None:
        """Nothing is ever retained."""

    async def _client_connected(self, listener_name: str, reader: Any, writer: Any) -> None:
        await super()._client_connected(listener_name, BoundedReader(reader), writer)

    async def _initialize_client_session(
        self, reader: Any, writer: Any, remote_address: str, remote_port: int
    ) -> tuple[BrokerProtocolHandler, Session]:
        """A session of its own for every connection, whatever client id and clean-session flag it names."""
        del remote_address, remote_port
        try:
            connecting = BrokerProtocolHandler.init_from_connect(reader, writer, self.plugins_manager)
            handler, session = await asyncio.wait_for(connecting, _CONNECT_WAIT_S)
        except (AMQTTError, MQTTError, NoDataError, TimeoutError) as error:
            await writer.close()
            raise AMQTTError(f"no usable CONNECT: {type(error).__name__}") from error
        session.client_id = secrets.token_hex(16)
        session.clean_session, session.parent, session.will_flag = True, 0, False
        return handler, session

    async def _handle_client_session(self, *arguments: Any, **named: Any) -> None:
        session = next(argument for argument in arguments if isinstance(argument, Session))
        try:
            await super()._handle_client_session(*arguments, **named)
        finally:
            await self._delete_session(session.client_id or "")

    async def _authenticate(self, session: Session, _: Any) -> bool:
        digest = self._logins.get(session.username or "", "")
        return hmac.compare_digest(digest, password_digest(session.password or ""))

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        user = session.username or ""
        if user not in self._logins:
            return False
        return may_publish(user, topic) if action is Action.PUBLISH else may_subscribe(user, topic)


def end_with_parent() -> None:
    """Ask the kernel for SIGKILL when the parent dies; the end of standard input does the same where it cannot."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


async def serve() -> None:
    """Until standard input ends."""
    lines = asyncio.StreamReader(limit=1 << 24)
    protocol = asyncio.StreamReaderProtocol(lines)
    await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
    first = json.loads(await lines.readline())
    broker = HardenedBroker(first["host"], first["port"], first["logins"], first["tls"])
    await broker.start()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while line := await lines.readline():
        await broker.take_logins(json.loads(line)["logins"])


if __name__ == "__main__":
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides when this ends
    logging.basicConfig(level=logging.CRITICAL)  # amqtt logs client ids and payloads
    asyncio.run(serve())
