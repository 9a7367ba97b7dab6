"""A TCP proxy between a gateway and its broker: slow, late, cut by a reset, silent, gone, or changing bytes."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fault_stage.chunk_counter import PublishedBytes

from edge.platform.durable import write_durably
from edge.storage.identity import IDENTITY_NAME, load_identity

_READ_BYTES = 16 * 1024
_RESET = struct.pack("ii", 1, 0)


@dataclass(eq=False)
class _Pair:
    """One connection of the gateway and ours to the broker."""

    writers: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    silent: bool = False
    counted: PublishedBytes = field(default_factory=PublishedBytes)


class RoughLink:
    """Listens on a port of the loopback, in a thread of its own. All properties may be changed while it runs."""

    def __init__(self, port: int, broker_port: int) -> None:
        self.port, self._broker_port = port, broker_port
        self.rate_bytes_s: float | None = None
        self.delay_s = 0.0
        """Before each piece of some kilobytes, in both directions."""
        self.holds_back = False
        """Nothing passes for now, and whoever sends too much has to wait; nothing is lost."""
        self.flip_chance = 0.0
        """How likely a bit of each piece of some kilobytes towards the broker is changed."""
        self.flipped = 0
        self.sent_bytes: Counter[int] = Counter()
        """Chunk bytes that came from the gateway, by the number of the grant."""
        self.connections = 0
        self._dice = random.Random(7)
        self._pairs: set[_Pair] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="rough-link", daemon=True)
        self._server: asyncio.Server | None = None

    def open(self) -> None:
        """Take connections, at the same address as before."""
        if not self._thread.is_alive():
            self._thread.start()
        self._do(self._listen())

    def close_door(self) -> None:
        """As a partition: those that stand fall silent, new ones are refused."""
        self.black_hole()
        self._do(self._stop_listening())

    def black_hole(self) -> None:
        """Nothing passes on the connections that stand, and nobody is told; later ones work."""
        for pair in list(self._pairs):
            pair.silent = True

    def reset(self) -> None:
        """Cut every connection with RST, in the middle of whatever passes."""
        self._do(self._reset_all())

    def end(self) -> None:
        """Let go of everything."""
        self._do(self._stop_listening())
        self._do(self._reset_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    # ------------------------------------------------------------------ in the thread
    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port)

    async def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _reset_all(self) -> None:
        for pair in list(self._pairs):
            for writer in pair.writers:
                stream = writer.get_extra_info("socket")
                with suppress(OSError):  # it is gone already
                    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                writer.transport.abort()

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", self._broker_port)
        except OSError:  # there is no broker now: so it is told
            writer.close()
            return
        self.connections += 1
        pair = _Pair((writer, broker_writer))
        self._pairs.add(pair)
        try:
            await asyncio.gather(
                self._pass_on(pair, reader, broker_writer, up=True),
                self._pass_on(pair, broker_reader, writer, up=False),
            )
        finally:
            self._pairs.discard(pair)

    async def _pass_on(
        self, pair: _Pair, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, up: bool
    ) -> None:
        with suppress(OSError):  # one side is gone, and takes the other along
            while data := await reader.read(_READ_BYTES):
                if up:
                    self.sent_bytes += pair.counted.take(data)
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if self.rate_bytes_s:
                    await asyncio.sleep(len(data) / self.rate_bytes_s)
                while self.holds_back:
                    await asyncio.sleep(0.02)
                if pair.silent:
                    continue
                writer.write(self._changed(data) if up else data)
                await writer.drain()
        if not pair.silent:
            for end in pair.writers:
                end.close()

    def _changed(self, data: bytes) -> bytes:
        if self._dice.random() >= self.flip_chance:
            return data
        self.flipped += 1
        place = self._dice.randrange(len(data))
        return data[:place] + bytes([data[place] ^ 1 << self._dice.randrange(8)]) + data[place + 1 :]


@contextmanager
def rough_link(port: int, broker_port: int) -> Iterator[RoughLink]:
    """One that takes connections, and is let go of whatever happens."""
    link = RoughLink(port, broker_port)
    link.open()
    try:
        yield link
    finally:
        link.end()


def send_over(data_dir: Path, link: RoughLink) -> None:
    """From its next start on the gateway of this data folder reaches its broker over the link."""
    identity = load_identity(data_dir)
    broker = identity.broker.model_copy(update={"url": f"mqtt://127.0.0.1:{link.port}"})
    changed = identity.model_copy(update={"broker": broker})
    write_durably(data_dir / IDENTITY_NAME, changed.model_dump_json(indent=1).encode())
