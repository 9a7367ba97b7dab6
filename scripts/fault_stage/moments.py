"""When to kill: the moments in a clip's way, read from outside in the journals and folders of both sides."""

from __future__ import annotations

import sqlite3
from contextlib import closing
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

    LANDING = "landing"
    GRANTED = "granted"
    RECEIPT_COMES = "receipt_comes"


MOMENTS = {
    Victim.AGENT: (Moment.LANDING, Moment.GRANTED, Moment.RECEIPT_COMES),
    Victim.SERVER: (Moment.GRANTED, Moment.RECEIPT_COMES),
    Victim.BROKER: (Moment.GRANTED,),
}


@dataclass(frozen=True, slots=True)
class OnTheWay:
    """Contents at the gateway by state, copies half written, and open grants of this round at the server."""

    landed: int
    sending: int
    receipted: int
    half_copies: int
    granted_anew: int

    def __str__(self) -> str:
        return (
            f"{self.half_copies} being landed, {self.landed} landed, {self.sending} between grant and receipt"
            f" ({self.granted_anew} granted in this round), {self.receipted} receipted"
        )

    def is_at(self, moment: Moment, *, since: OnTheWay) -> bool:
        """Whether the moment has come, looking back at how it was when the round began."""
        match moment:
            case Moment.LANDING:
                return self.half_copies > 0
            case Moment.GRANTED:
                return self.sending > 0 and self.granted_anew > 0
            case Moment.RECEIPT_COMES:
                return self.receipted > since.receipted and self.landed + self.sending > 0


def look(gateway: Path, server: Path, *, since_us: int) -> OnTheWay:
    """The state now; grants count when given since `since_us`. Before the journals are made nothing is on its way."""
    half = sum(1 for _ in (gateway / "landing").glob(f"*{TEMPORARY_SUFFIX}")) if (gateway / "landing").exists() else 0
    states = dict(_rows(gateway / "journal.sqlite3", "SELECT state, count(*) FROM content GROUP BY state", ()))
    grants = _rows(
        server / "tallylight.sqlite3",
        "SELECT count(*), 0 FROM upload WHERE state = 'open' AND granted_us >= ?",
        (since_us,),
    )
    return OnTheWay(
        landed=states.get("landed", 0) + states.get("offered", 0),
        sending=states.get("sending", 0),
        receipted=states.get("receipted", 0),
        half_copies=half,
        granted_anew=next((count for count, _ in grants), 0),
    )


def _rows(database: Path, query: str, values: tuple[int, ...]) -> list[tuple[Any, Any]]:
    if not database.exists():
        return []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)) as rows:
        try:
            return rows.execute(query, values).fetchall()
        except sqlite3.OperationalError:  # it is being made
            return []
