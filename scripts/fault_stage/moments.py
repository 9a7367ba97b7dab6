"""When to kill: the moments in a clip's way, read from outside in the journals and folders of both sides."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from edge.platform.durable import TEMPORARY_SUFFIX


class Victim(StrEnum):
    """Which program is killed."""

    AGENT = "agent"
    SERVER = "server"
    BROKER = "broker"


class Moment(StrEnum):
    """Where a clip is then."""

    COPYING = "copying"
    RE_READING = "re_reading"
    GRANTED = "granted"
    CHUNK_WRITTEN = "chunk_written"
    HASHED = "hashed"
    SEALED = "sealed"
    """The server's, and the receipt not yet at the gateway."""
    RECEIPT_COMES = "receipt_comes"
    RELEASING = "releasing"


MOMENTS = {
    Victim.AGENT: (
        Moment.COPYING,
        Moment.RE_READING,
        Moment.GRANTED,
        Moment.CHUNK_WRITTEN,
        Moment.SEALED,
        Moment.RECEIPT_COMES,
        Moment.RELEASING,
    ),
    Victim.SERVER: (Moment.GRANTED, Moment.CHUNK_WRITTEN, Moment.HASHED, Moment.SEALED, Moment.RECEIPT_COMES),
    Victim.BROKER: (Moment.GRANTED, Moment.CHUNK_WRITTEN, Moment.SEALED),
}


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """How far things are.

    Contents at the gateway by state; copies half written and whole but not yet renamed; uploads granted in this round,
    bytes in part files, part files that are whole, and seals at the server; landing copies released.
    """

    landed: int = 0
    sending: int = 0
    receipted: int = 0
    released: int = 0
    half_copies: int = 0
    whole_copies: int = 0
    granted_anew: int = 0
    written_bytes: int = 0
    whole_parts: int = 0
    sealed: int = 0

    def __str__(self) -> str:
        return (
            f"{self.half_copies + self.whole_copies} being landed, {self.landed} landed, {self.sending} between grant"
            f" and receipt ({self.granted_anew} granted in this round), {self.sealed} sealed, {self.receipted}"
            f" receipted, {self.released} released"
        )

    def is_at(self, moment: Moment, *, since: OnTheWay) -> bool:
        """Whether the moment has come, looking back at how it was when the round began."""
        return _COMES[moment](self, since)


_COMES: dict[Moment, Callable[[OnTheWay, OnTheWay], bool]] = {
    Moment.COPYING: lambda now, _: now.half_copies > 0,
    Moment.RE_READING: lambda now, _: now.whole_copies > 0,
    Moment.GRANTED: lambda now, _: now.sending > 0 and now.granted_anew > 0,
    Moment.CHUNK_WRITTEN: lambda now, since: now.granted_anew > 0 and now.written_bytes > since.written_bytes,
    Moment.HASHED: lambda now, _: now.whole_parts > 0,
    Moment.SEALED: lambda now, since: now.sealed > max(since.sealed, now.receipted),
    Moment.RECEIPT_COMES: lambda now, since: now.receipted > since.receipted,
    Moment.RELEASING: lambda now, since: now.released > since.released,
}


class Observer:
    """Looks at both data folders from outside, many times a second. Before the journals are made nothing is there."""

    def __init__(self, gateway: Path, server: Path) -> None:
        self._landing, self._parts = gateway / "landing", server / "clips" / "parts"
        self._gateway_rows = _Rows(gateway / "journal.sqlite3")
        self._server_rows = _Rows(server / "tallylight.sqlite3")

    def look(self, *, since_us: int, sizes: Collection[int]) -> OnTheWay:
        """The state now; grants count when given since `since_us`. `sizes`: of the files that were fed, in bytes."""
        states = {
            state: (count, released)
            for state, count, released in self._gateway_rows.find(
                "SELECT state, count(*), sum(landing_name IS NULL) FROM content GROUP BY state"
            )
        }
        copies = [size for name, size in _sizes(self._landing) if name.endswith(TEMPORARY_SUFFIX)]
        parts = dict(_sizes(self._parts))
        unsealed = dict(self._server_rows.find("SELECT clip_id, size_bytes FROM clip WHERE state <> 'sealed'"))
        return OnTheWay(
            landed=sum(states.get(state, (0, 0))[0] for state in ("landed", "offered")),
            sending=states.get("sending", (0, 0))[0],
            receipted=states.get("receipted", (0, 0))[0],
            released=states.get("receipted", (0, 0))[1],
            half_copies=sum(1 for size in copies if size not in sizes),
            whole_copies=sum(1 for size in copies if size in sizes),
            granted_anew=self._server_rows.count(
                "SELECT count(*) FROM upload WHERE state = 'open' AND granted_us >= ?", since_us
            ),
            written_bytes=sum(parts.values()),
            whole_parts=sum(1 for clip_id, size in parts.items() if unsealed.get(clip_id) == size),
            sealed=self._server_rows.count("SELECT count(*) FROM clip WHERE state = 'sealed'"),
        )

    def close(self) -> None:
        """Let go of both."""
        self._gateway_rows.close()
        self._server_rows.close()


class _Rows:
    """A database that another program writes, and may not have made yet."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def find(self, query: str, *values: int) -> list[tuple[Any, ...]]:
        if self._connection is None:
            if not self._path.exists():
                return []
            address = f"{self._path.absolute().as_uri()}?mode=ro"
            self._connection = sqlite3.connect(address, uri=True, timeout=10, isolation_level=None)
        try:
            return self._connection.execute(query, values).fetchall()
        except sqlite3.OperationalError:  # it is being made
            self.close()
            return []

    def count(self, query: str, *values: int) -> int:
        found = self.find(query, *values)
        return int(found[0][0]) if found else 0

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _sizes(folder: Path) -> list[tuple[str, int]]:
    """Name and size in bytes of every file there; what goes away meanwhile is left out."""
    found: list[tuple[str, int]] = []
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            with suppress(FileNotFoundError):
                found.append((path.name, path.stat().st_size))
    return found
