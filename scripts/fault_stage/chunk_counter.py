"""Counts the bytes of footage that a gateway sends: a process between it and the broker that passes on what comes."""

from __future__ import annotations

import mmap
import os
import selectors
import signal
import socket
import struct
from dataclasses import dataclass, field

from demo_stage.programs import end_with_parent

_PUBLISH, _DATA = 3, b"tl/v1/data/"
_READ_BYTES = 256 * 1024
_HEAD_BYTES = 2 + len(_DATA)


@dataclass(slots=True)
class PublishedBytes:
    """The bytes of chunk messages in one direction of one connection, packet after packet. Source: MQTT 3.1.1, 2.2."""

    _held: bytearray = field(default_factory=bytearray)
    _left_bytes: int = 0
    _counts: bool = False

    def take(self, data: bytes) -> int:
        """How many of these bytes belong to chunk messages; those of a cut packet, too."""
        counted, self._held = 0, self._held + data
        while self._held:
            if not self._left_bytes and not self._begin_packet():
                break
            passed = min(self._left_bytes, len(self._held))
            counted += passed if self._counts else 0
            self._left_bytes -= passed
            del self._held[:passed]
        return counted

    def _begin_packet(self) -> bool:
        """Read the fixed header and, of a publication, the beginning of its topic. False: not all of it is there."""
        length = shift = 0
        for place, byte in enumerate(self._held[1:5], 1):
            length, shift = length | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                is_publication = self._held[0] >> 4 == _PUBLISH
                head = self._held[place + 1 : place + 1 + _HEAD_BYTES]
                if is_publication and len(head) < min(length, _HEAD_BYTES):
                    return False
                self._counts = is_publication and head[2:] == _DATA
                self._left_bytes = place + 1 + length
                return True
        return False


class ChunkCounter:
    """Listens on `port` of the loopback and passes everything to `broker_port`, in a child process."""

    def __init__(self, port: int, broker_port: int) -> None:
        self._port, self._broker_port = port, broker_port
        self._shared = mmap.mmap(-1, 8)
        self._child = 0

    def start(self) -> None:
        """Begin. This program must have one thread."""
        listener = socket.create_server(("127.0.0.1", self._port))
        self._child = os.fork()
        if self._child == 0:
            try:
                end_with_parent()
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                _Passing(listener, self._broker_port, self._shared).run()
            finally:
                os._exit(0)
        listener.close()

    def sent_bytes(self) -> int:
        """Bytes of chunk messages that the gateway has sent since the start."""
        (counted,) = struct.unpack("Q", self._shared[:8])
        return int(counted)

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
        self._sum_bytes = 0

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
                self._sum_bytes += self._counted[one].take(data)
                self._shared[:8] = struct.pack("Q", self._sum_bytes)
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
