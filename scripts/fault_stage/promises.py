"""What was said before the end came: every answer that names something durable, written down as it is given.

The book lies outside the disks that are cut. A line is one `write`, so a program that is ended leaves whole lines and
perhaps a torn last one, which was not said yet.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

_MARK_BYTES = 64


class Kind(StrEnum):
    """What is promised, and by whom."""

    LANDED = "landed"
    """Gateway: the copy and its row are durable."""
    HAVE = "have"
    """Server, in a grant or a have: these bytes are held."""
    NOTED = "noted"
    """Server: these reports and events are on record."""
    RECEIPT = "receipt"
    """Server: sealed."""
    RECEIPTED = "receipted"
    """Gateway: the receipt is kept."""


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of the book. `value` holds what each kind needs to be checked."""

    kind: Kind
    clip_id: str
    value: Mapping[str, Any]


class PromiseBook:
    """Written by the program that is ended, read by the one that looks what it left."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        mark = _mark_of(path)
        mark.write_bytes(bytes(_MARK_BYTES))
        with mark.open("r+b") as file:
            self._mark = mmap.mmap(file.fileno(), _MARK_BYTES)

    def write(self, kind: Kind, clip_id: str = "", **value: Any) -> None:
        """Before the answer leaves."""
        os.write(self._descriptor, (json.dumps([kind, clip_id, value]) + "\n").encode())

    def begin(self, act: str) -> None:
        """Which part of a clip's way begins now; kept without any system call, so that none is added to the way's."""
        self._mark[:] = act.encode()[:_MARK_BYTES].ljust(_MARK_BYTES)

    def close(self) -> None:
        """Let go of the file."""
        self._mark.close()
        os.close(self._descriptor)


def read_promises(path: Path) -> Iterator[Promise]:
    """Every whole line, oldest first; none where nothing was ever said."""
    if not path.exists():
        return
    for line in path.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            kind, clip_id, value = json.loads(line)
            yield Promise(Kind(kind), clip_id, value)


def act_under_way(path: Path) -> str:
    """What had begun last when the program that wrote the book ended."""
    return _mark_of(path).read_bytes().decode(errors="replace").strip("\0 ")


def _mark_of(path: Path) -> Path:
    return path.with_name(path.name + ".act")


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()
