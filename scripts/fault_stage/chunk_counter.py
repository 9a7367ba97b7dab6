"""Counts the bytes of footage that a gateway sends under each grant: a process between it and the broker passes on what
comes.
"""

from __future__ import annotations

import mmap
import os
import selectors
import signal
import socket
from collections import Counter
from dataclasses import dataclass, field

from demo_stage.programs import StageError, end_with_parent

from edge.contract.topics import ChunkTopic, ForeignTopicError, parse_topic

_PUBLISH = 3
_READ_BYTES = 256 * 1024
_MOST_UPLOADS = 1 << 16
_COUNT_BYTES = 8


@dataclass(slots=True)
class PublishedBytes:
    """The bytes of chunk messages in one direction of one connection, packet after packet. Source: MQTT 3.1.1, 2.2."""

    _held: bytearray = field(default_factory=bytearray)
    _left_bytes: int = 0
    _upload: int | None = None

    def take(self, data: bytes) -> Counter[int]:
        """How many of these bytes belong to chunks of each upload; those of a cut packet, too."""
        counted: Counter[int] = Counter()
        self._held += data
        while self._held:
            if not self._left_bytes and not self._begin_packet():
                break
            passed = min(self._left_bytes, len(self._held))
            if self._upload is not None:
                counted[self._upload] += passed
            self._left_bytes -= passed
            del self._held[:passed]
        return counted

    def _begin_packet(self) -> bool:
        """Read the fixed header and, of a publication, its topic. False: not all of it is there."""
        length = shift = 0
        for place, byte in enumerate(self._held[1:5], 1):
            length, shift = length | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                self._upload = None
                if self._held[0] >> 4 == _PUBLISH:
                    topic = _topic(self._held[place + 1 :])
                    if topic is None:
                        return False
                    self._upload = _upload_of(topic)
                self._left_bytes = place + 1 + length
                return True
        return False


def _topic(body: bytearray) -> str | None:
    """The first text of a publication; None where it is not there yet."""
    end = 2 + int.from_bytes(body[:2])
    return body[2:end].decode(errors="replace") if len(body) >= max(2, end) else None


def _upload_of(topic: str) -> int | None:
    """The upload of a chunk's topic, None of any other."""
    try:
        parsed = parse_topic(topic)
    except ForeignTopicError:
        return None
    return parsed.upload if isinstance(parsed, ChunkTopic) else None


class ChunkCounter:
    """Listens on `port` of the loopback and passes everything to `broker_port`, in a child process."""

    def __init__(self, port: int, broker_port: int) -> None:
        self._port, self._broker_port = port, broker_port
        self._shared = mmap.mmap(-1, _COUNT_BYTES * _MOST_UPLOADS)
        self._child = 0

    def start(self) -> None:
        """Begin. This program must have one thread. Raises StageError where the port is taken."""
        try:
            listener = socket.create_server(("127.0.0.1", self._port))
        except OSError as error:
            raise StageError(f"port {self._port} of 127.0.0.1, wanted for counting chunks: {error.strerror}") from error
        self._child = os.fork()
        if self._child == 0:
            try:
                end_with_parent()
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                _Passing(listener, self._broker_port, self._shared).run()
            finally:
                os._exit(0)
        listener.close()

    def sent_bytes(self, upload: int) -> int:
        """Bytes of chunk messages, their topics included, that the gateway has sent under this grant. Raises
        StageError where there were too many grants to count.
        """
        if upload >= _MOST_UPLOADS:
            raise StageError(f"more than {_MOST_UPLOADS} grants: begin a new campaign")
        return int.from_bytes(self._shared[upload * _COUNT_BYTES : (upload + 1) * _COUNT_BYTES])

    def stop(self) -> None:
        """End the child."""
        if self._child:
            os.kill(self._child, signal.SIGKILL)
            os.waitpid(self._child, 0)
            self._child = 0


class _Passing:
    """The child's loop. A side that closes takes the other with it."""

    def __init__(self, listener: socket.socket, broker_port: int, shared: mmap.mmap) -> None:
        self._listener, self._broker_port, self._shared = listener, broker_port, shared
        self._selector = selectors.DefaultSelector()
        self._other: dict[socket.socket, socket.socket] = {}
        self._counted: dict[socket.socket, PublishedBytes] = {}
        self._sums: Counter[int] = Counter()

    def run(self) -> None:
        self._selector.register(self._listener, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                one = key.fileobj
                if one is self._listener:
                    self._accept()
                elif isinstance(one, socket.socket) and one in self._other:
                    self._pass_on(one)

    def _accept(self) -> None:
        gateway, _ = self._listener.accept()
        try:
            broker = socket.create_connection(("127.0.0.1", self._broker_port), timeout=5)
        except OSError:  # there is no broker now: so it is told
            gateway.close()
            return
        for one, other in ((gateway, broker), (broker, gateway)):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._other[one] = other
            self._selector.register(one, selectors.EVENT_READ)
        self._counted[gateway] = PublishedBytes()

    def _pass_on(self, one: socket.socket) -> None:
        try:
            data = one.recv(_READ_BYTES)
            if one in self._counted:
                self._count(self._counted[one].take(data))
            if data:
                self._other[one].sendall(data)
                return
        except OSError:  # the other side is gone
            pass
        for end in (one, self._other[one]):
            self._selector.unregister(end)
            self._counted.pop(end, None)
            del self._other[end]
            end.close()

    def _count(self, taken: Counter[int]) -> None:
        self._sums += taken
        for upload in taken:
            if upload < _MOST_UPLOADS:
                place = upload * _COUNT_BYTES
                self._shared[place : place + _COUNT_BYTES] = self._sums[upload].to_bytes(_COUNT_BYTES)
