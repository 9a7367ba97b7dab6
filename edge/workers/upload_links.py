"""The port of an upload: two connections to a broker, of which it knows no more than this."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edge.contract.topics import UpKind


class UploadLinks(Protocol):
    """What the upload needs of the connections."""

    @property
    def greeted(self) -> bool: ...

    @property
    def room_bytes(self) -> int: ...

    def send_control(self, kind: UpKind, message: bytes) -> bool: ...

    def send_chunk(self, worker: str, upload: int, index: int, chunk: bytes, departed: Callable[[], None]) -> bool: ...
