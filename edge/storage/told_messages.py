"""What the server has noted and this gateway alone could say again: file lists of dockings, and events.

A server that is restored from a backup knows nothing of what it noted since. Reports of clips need no place here: their
signed manifests stand with the sightings.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import BaseModel

from edge.contract.dsse import read_envelope
from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.contract.intervals import TimeInterval
from edge.contract.messages import NotedItem
from edge.contract.topics import UpKind
from edge.storage.journal import remember, remembered

MOST_BYTES = 64 << 20
"""A station with forty recorders says some 0.5 MB of these in a day: months. House rule."""
MARGIN_US = MICROS_PER_DAY
"""How far this gateway's clock may have been from the server's. What is told once more costs nothing but its way."""
_KEY = "tell_again"
_OF_A_DOCKING = b'"subject":"docking"'


class ToldMessage(NamedTuple):
    """A message as it was signed. `place`: in the order in which they were noted."""

    place: int
    boot_id: str
    counter: int
    kind: str
    message: bytes
    made_us: int


@dataclass(frozen=True, slots=True)
class Manifests:
    """Some manifests of sightings, and the place of the last."""

    place: int
    envelopes: tuple[bytes, ...]


class TellingAgain(BaseModel, frozen=True):
    """How far it is; kept in the journal. `forgotten`: as the server names it, so that each time is heeded once."""

    forgotten: tuple[int, int]
    until_place: int
    told_place: int = 0
    sighting_place: int = 0
    is_done: bool = False

    @property
    def since_us(self) -> int:
        """What was noted before is known to the server."""
        return self.forgotten[0] - MARGIN_US


def keep_told(rows: sqlite3.Connection, item: NotedItem, now_us: UtcMicros) -> None:
    """The server has noted a message of the outbox: keep it if nothing else in the journal says the same."""
    row = rows.execute(
        "SELECT kind, message, made_us FROM outbox WHERE boot_id = ? AND counter = ? AND noted_us IS NULL",
        (item.boot_id, item.counter),
    ).fetchone()
    if row is None:
        return
    if row["kind"] != UpKind.EVENTS and _OF_A_DOCKING not in read_envelope(row["message"]).payload:
        return
    rows.execute(
        "INSERT OR REPLACE INTO told_message (boot_id, counter, kind, message, made_us, noted_us)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (item.boot_id, item.counter, row["kind"], row["message"], row["made_us"], now_us),
    )


def drop_oldest_told(rows: sqlite3.Connection, *, most_bytes: int = MOST_BYTES) -> None:
    """Keep the newest ones that fit."""
    rows.execute(
        "DELETE FROM told_message WHERE rowid <= (SELECT max(place) FROM (SELECT rowid AS place,"
        " sum(length(message)) OVER (ORDER BY rowid DESC) AS size_bytes FROM told_message) WHERE size_bytes > ?)",
        (most_bytes,),
    )


def hear_of_restore(rows: sqlite3.Connection, forgotten: TimeInterval) -> bool:
    """The server says that it forgot what it noted in that time. True: that is new, and is to be told again."""
    before, named = telling_again(rows), (int(forgotten.start_us), int(forgotten.end_us))
    if before is not None and before.forgotten == named:
        return False
    (last,) = rows.execute("SELECT max(rowid) FROM told_message").fetchone()
    keep_telling_again(rows, TellingAgain(forgotten=named, until_place=last or 0))
    return True


def telling_again(rows: sqlite3.Connection) -> TellingAgain | None:
    """What was heard last of a restore; None: there was none."""
    kept = remembered(rows, _KEY)
    return None if kept is None else TellingAgain.model_validate_json(kept)


def keep_telling_again(rows: sqlite3.Connection, state: TellingAgain) -> None:
    """How far it is now."""
    remember(rows, _KEY, state.model_dump_json())


def told_since(rows: sqlite3.Connection, state: TellingAgain, *, limit: int) -> list[ToldMessage]:
    """The next messages that a restored server may not know."""
    found = rows.execute(
        "SELECT rowid, boot_id, counter, kind, message, made_us FROM told_message"
        " WHERE rowid > ? AND rowid <= ? AND noted_us >= ? ORDER BY rowid LIMIT ?",
        (state.told_place, state.until_place, state.since_us, limit),
    )
    return [ToldMessage(*row) for row in found]


def manifests_since(rows: sqlite3.Connection, state: TellingAgain, *, limit: int) -> Manifests | None:
    """The next manifests of that time. None: there are no more."""
    found = rows.execute(
        "SELECT rowid, manifest FROM sighting WHERE rowid > ? AND manifest IS NOT NULL AND inspected_us >= ?"
        " ORDER BY rowid LIMIT ?",
        (state.sighting_place, state.since_us, limit),
    ).fetchall()
    return Manifests(found[-1][0], tuple(bytes(row[1]) for row in found)) if found else None
