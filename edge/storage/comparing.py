"""What this gateway tells of its contents when both sides compare their lists, and what follows from the answer."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge.contract.instants import UtcMicros
from edge.contract.messages import HeldContent
from edge.storage.seen_files import fetch_again
from edge.storage.tallies import count_for_device, count_in_all

LARGEST_INDEX = 2**53


@dataclass(frozen=True, slots=True)
class Disowned:
    """A clip whose receipt the server does not know. `copy`: here, fetching (from its source), or gone."""

    clip_id: str
    act_index: int
    act_hash: str
    copy: str


def receipted_page(rows: sqlite3.Connection, *, below: int, limit: int) -> list[HeldContent]:
    """Contents with a receipt whose act is below that index, the newest first."""
    found = rows.execute(
        "SELECT clip_id, act_index, act_hash FROM content WHERE act_index IS NOT NULL AND act_index < ?"
        " ORDER BY act_index DESC LIMIT ?",
        (below, limit),
    )
    return [_held(row) for row in found]


def waiting_page(rows: sqlite3.Connection, *, after: tuple[int, str], limit: int) -> list[tuple[int, HeldContent]]:
    """Contents without a receipt with when they landed, those that wait longest first, after that one."""
    found: list[sqlite3.Row] = []
    for state in ("landed", "offered", "sending", "refused"):
        found += rows.execute(
            "SELECT clip_id, landed_us, NULL AS act_index, NULL AS act_hash FROM content"
            " WHERE state = ? AND (landed_us, clip_id) > (?, ?) ORDER BY landed_us, clip_id LIMIT ?",
            (state, *after, limit),
        ).fetchall()
    found.sort(key=lambda row: (row["landed_us"], row["clip_id"]))
    return [(row["landed_us"], _held(row)) for row in found[:limit]]


def disown_receipt(
    rows: sqlite3.Connection, clip_id: str, *, act_index: int, act_hash: str, now_us: UtcMicros
) -> Disowned | None:
    """The server does not know this receipt: it is kept as a former one, and the clip waits for a new one.

    Without a copy here its source is asked for one. None: the receipt is not (any more) the one that was asked about.
    """
    row = rows.execute(
        "SELECT receipt, receipted_us, landing_name FROM content WHERE clip_id = ? AND act_index = ? AND act_hash = ?",
        (clip_id, act_index, act_hash),
    ).fetchone()
    if row is None:
        return None
    rows.execute(
        "INSERT OR IGNORE INTO former_receipt (clip_id, act_index, act_hash, receipt, receipted_us, disowned_us)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (clip_id, act_index, act_hash, row["receipt"], row["receipted_us"], now_us),
    )
    rows.execute(
        "UPDATE content SET state = 'landed', receipt = NULL, act_index = NULL, act_hash = NULL, receipted_us = NULL,"
        " refusal_reason = NULL, refused_us = NULL, retry_at_us = NULL WHERE clip_id = ?",
        (clip_id,),
    )
    count_in_all(rows, receipted=-1)
    for (device,) in rows.execute("SELECT DISTINCT device FROM sighting WHERE clip_id = ?", (clip_id,)).fetchall():
        count_for_device(rows, device, receipted=-1)
    return Disowned(clip_id, act_index, act_hash, _copy(rows, clip_id, row["landing_name"], now_us))


def _copy(rows: sqlite3.Connection, clip_id: str, landing_name: str | None, now_us: UtcMicros) -> str:
    if landing_name is not None:
        return "here"
    return "fetching" if fetch_again(rows, clip_id, now_us=now_us) else "gone"


@dataclass(frozen=True, slots=True)
class ListedContent:
    """A content as `reconcile` shows it. `copy`: here, fetching or gone."""

    clip_id: str
    size_bytes: int
    state: str
    landed_us: int
    copy: str
    is_inspected: bool
    refusal_reason: str | None = None


def former_receipts(rows: sqlite3.Connection, *, limit: int) -> tuple[int, int, list[ListedContent]]:
    """Of the clips whose receipt the server disowned: how many, how many have a new one, and those that have none."""
    (disowned, again) = rows.execute(
        "SELECT count(*), coalesce(sum(state = 'receipted'), 0) FROM content"
        " WHERE clip_id IN (SELECT clip_id FROM former_receipt)"
    ).fetchone()
    found = rows.execute(
        f"{_LISTED} WHERE c.state <> 'receipted' AND c.clip_id IN (SELECT clip_id FROM former_receipt)"  # noqa: S608
        " ORDER BY c.landed_us, c.clip_id LIMIT ?",
        (limit,),
    )
    return disowned, again, [_listed(row) for row in found]


def listed_contents(rows: sqlite3.Connection, clip_ids: list[str]) -> list[ListedContent]:
    """These contents, in this order; those that are not here are left out."""
    found = (rows.execute(f"{_LISTED} WHERE c.clip_id = ?", (clip_id,)).fetchone() for clip_id in clip_ids)
    return [_listed(row) for row in found if row is not None]


# What is put into the text of a statement is this constant; every value is bound.
_LISTED = (
    "SELECT c.clip_id, c.size_bytes, c.state, c.landed_us, c.landing_name, c.refusal_reason,"
    " EXISTS (SELECT 1 FROM seen_file f WHERE f.clip_id = c.clip_id) AS is_at_source,"
    " EXISTS (SELECT 1 FROM sighting s WHERE s.clip_id = c.clip_id AND s.manifest IS NOT NULL) AS is_inspected"
    " FROM content c"
)


def _listed(row: sqlite3.Row) -> ListedContent:
    elsewhere = "fetching" if row["is_at_source"] else "gone"
    return ListedContent(
        clip_id=row["clip_id"],
        size_bytes=row["size_bytes"],
        state=row["state"],
        landed_us=row["landed_us"],
        copy=elsewhere if row["landing_name"] is None else "here",
        is_inspected=bool(row["is_inspected"]),
        refusal_reason=row["refusal_reason"],
    )


def _held(row: sqlite3.Row) -> HeldContent:
    return HeldContent(clip_id=row["clip_id"], act_index=row["act_index"], act_hash=row["act_hash"])
