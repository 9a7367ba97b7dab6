"""When to kill: the moments in a clip's way, read from outside in the gateway's journal and landing area."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

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
    """How many contents the gateway has in each state, and how many copies are half written."""

    landed: int
    sending: int
    receipted: int
    half_copies: int

    def __str__(self) -> str:
        return (
            f"{self.half_copies} being landed, {self.landed} landed, {self.sending} between grant and receipt,"
            f" {self.receipted} receipted"
        )

    def is_at(self, moment: Moment, *, since: OnTheWay) -> bool:
        """Whether the moment has come, looking back at how it was when the round began."""
        match moment:
            case Moment.LANDING:
                return self.half_copies > 0
            case Moment.GRANTED:
                return self.sending > 0
            case Moment.RECEIPT_COMES:
                return self.receipted > since.receipted and self.landed + self.sending > 0


def look(gateway: Path) -> OnTheWay:
    """The state now. Before the journal is made nothing is on its way."""
    half = sum(1 for _ in (gateway / "landing").glob(f"*{TEMPORARY_SUFFIX}")) if (gateway / "landing").exists() else 0
    states = dict(_states(gateway / "journal.sqlite3"))
    return OnTheWay(
        landed=states.get("landed", 0) + states.get("offered", 0),
        sending=states.get("sending", 0),
        receipted=states.get("receipted", 0),
        half_copies=half,
    )


def _states(journal: Path) -> Iterator[tuple[str, int]]:
    if not journal.exists():
        return
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=10)) as rows:
        try:
            yield from rows.execute("SELECT state, count(*) FROM content GROUP BY state").fetchall()
        except sqlite3.OperationalError:  # the journal is being made
            return
