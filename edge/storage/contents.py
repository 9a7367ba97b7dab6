"""Contents: the bytes of one file each (one clip), from landing to receipt."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from edge.contract.instants import UtcMicros
from edge.storage.tallies import count_in_all


class ContentState(StrEnum):
    """Where a content is on its way."""

    LANDED = "landed"
    OFFERED = "offered"
    SENDING = "sending"
    RECEIPTED = "receipted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Content:
    """One row. `landing_name` None: there is no copy here (released after the receipt, or lost and to be fetched)."""

    clip_id: str
    sha256: str
    size_bytes: int
    landing_name: str | None
    state: ContentState
    landed_us: UtcMicros
    flagged: bool
    act_index: int | None
    act_hash: str | None
    receipted_us: UtcMicros | None
    refusal_reason: str | None
    retry_at_us: UtcMicros | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is landed and not receipted."""

    clips: int
    size_bytes: int
    oldest_landed_us: UtcMicros | None


_COLUMNS = (
    "clip_id, sha256, size_bytes, landing_name, state, landed_us, flagged,"
    " act_index, act_hash, receipted_us, refusal_reason, retry_at_us"
)


def find_content(rows: sqlite3.Connection, clip_id: str) -> Content | None:
    """The content of that id."""
    row = rows.execute(f"SELECT {_COLUMNS} FROM content WHERE clip_id = ?", (clip_id,)).fetchone()  # noqa: S608 - constant
    return None if row is None else _content(row)


def copies_here(rows: sqlite3.Connection) -> Iterator[tuple[str, int, bool]]:
    """Clip id, size in bytes and whether it has its receipt, of every content that has a landing copy by its row."""
    found = rows.execute("SELECT clip_id, size_bytes, state FROM content WHERE landing_name IS NOT NULL")
    for clip_id, size_bytes, state in found:
        yield clip_id, size_bytes, state == ContentState.RECEIPTED


def content_of_size_is_known(rows: sqlite3.Connection, size_bytes: int) -> bool:
    """Whether a content of this size was met before; then it is worth hashing before copying."""
    return rows.execute("SELECT 1 FROM content WHERE size_bytes = ? LIMIT 1", (size_bytes,)).fetchone() is not None


def add_content(
    rows: sqlite3.Connection,
    *,
    clip_id: str,
    sha256: str,
    size_bytes: int,
    landing_name: str | None,
    flagged: bool,
    now_us: UtcMicros,
) -> None:
    """A content that landed. One that is known keeps its state; it gains the copy and the flag."""
    count_in_all(rows, clips=int(find_content(rows, clip_id) is None))
    rows.execute(
        "INSERT INTO content (clip_id, sha256, size_bytes, landing_name, state, landed_us, flagged)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (clip_id) DO UPDATE SET"
        " landing_name = coalesce(excluded.landing_name, landing_name), flagged = max(flagged, excluded.flagged)",
        (clip_id, sha256, size_bytes, landing_name, ContentState.LANDED, now_us, int(flagged)),
    )


def forget_landing_copy(rows: sqlite3.Connection, clip_id: str) -> None:
    """The copy is not there (any more)."""
    rows.execute("UPDATE content SET landing_name = NULL WHERE clip_id = ?", (clip_id,))


def backlog(rows: sqlite3.Connection) -> Backlog:
    """How much is landed and not receipted."""
    clips, size_bytes, oldest_us = rows.execute(
        "SELECT count(*), coalesce(sum(size_bytes), 0), min(landed_us) FROM content WHERE state IN (?, ?, ?, ?)",
        tuple(state for state in ContentState if state is not ContentState.RECEIPTED),
    ).fetchone()
    return Backlog(clips, size_bytes, oldest_us)


def _content(row: sqlite3.Row) -> Content:
    return Content(
        clip_id=row["clip_id"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        landing_name=row["landing_name"],
        state=ContentState(row["state"]),
        landed_us=UtcMicros(row["landed_us"]),
        flagged=bool(row["flagged"]),
        act_index=row["act_index"],
        act_hash=row["act_hash"],
        receipted_us=row["receipted_us"],
        refusal_reason=row["refusal_reason"],
        retry_at_us=row["retry_at_us"],
    )
