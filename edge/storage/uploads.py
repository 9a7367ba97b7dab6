"""What the upload asks of the journal and writes into it: what can be offered, how it was answered."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator

from edge.contract.instants import UtcMicros
from edge.contract.messages import Receipt
from edge.domain.asking_again import LONGEST_WAIT_US, asked_again_at
from edge.domain.retention import LandingCopy
from edge.domain.upload_order import WaitingClip
from edge.storage.contents import ContentState
from edge.storage.tallies import count_for_device, count_in_all

_READY = "retry_at_us IS NULL AND landing_name IS NOT NULL AND state IN ('landed', 'offered', 'sending')"
"""As the partial indexes of the schema say it. They are named where they are meant: SQLite would go through all that
waits by `state`, since it knows nothing of how many devices there are (0.8 s with 20,000 clips, each second)."""
_INDEXES = (("content_flagged", f"flagged = 1 AND {_READY}"), ("content_ready", _READY))
# What is put into the text of a statement below is one of these constants; every value is bound.
_CLIP = "SELECT clip_id, sha256, size_bytes, landing_name, device, flagged FROM content"
_NAMED = (
    "SELECT clip_id, sha256, size_bytes, landing_name, device, flagged FROM json_each(?) AS asked"  # noqa: S608
    f" CROSS JOIN content ON clip_id = asked.value WHERE {_READY} AND device >= ''"
)
_DUE = (
    f"{_CLIP} WHERE (retry_at_us <= ? OR retry_at_us > ?) AND landing_name IS NOT NULL AND device >= ''"
    " AND state <> 'receipted' ORDER BY retry_at_us LIMIT ?"
)
"""Also what lies farther ahead than anything is put off: an older release left it so and the clock was set back."""
_PUT_OFF_AT_ONCE = 64


def waiting_clips(
    rows: sqlite3.Connection, *, flagged_clips: Iterable[str], at_most: int, now_us: UtcMicros
) -> list[WaitingClip]:
    """Inspected clips that may be offered now: of each device the foremost, those flagged here or by the register
    first, then small before large; and some of those whose time to be offered again has come.

    About `at_most` clips, but one of each device at least: the price grows with the devices, not with the clips.
    """
    named = set(flagged_clips)
    found: dict[str, sqlite3.Row] = {}
    for index, condition in _INDEXES:
        devices = list(_devices_with(rows, index, condition))
        for device in devices:
            foremost = rows.execute(
                f"{_CLIP} INDEXED BY {index} WHERE {condition} AND device = ? ORDER BY size_bytes, clip_id LIMIT ?",
                (device, max(1, at_most // len(devices))),
            )
            found |= {row["clip_id"]: row for row in foremost}
    by_name = rows.execute(_NAMED, (json.dumps(sorted(named)),))
    found |= {row["clip_id"]: row for row in by_name}
    put_off = rows.execute(_DUE, (now_us, now_us + LONGEST_WAIT_US, _PUT_OFF_AT_ONCE))
    found |= {row["clip_id"]: row for row in put_off}
    return [
        WaitingClip(
            row["clip_id"],
            row["sha256"],
            row["size_bytes"],
            row["landing_name"],
            device=row["device"],
            flagged=bool(row["flagged"]) or row["clip_id"] in named,
        )
        for row in found.values()
    ]


def _devices_with(rows: sqlite3.Connection, index: str, condition: str) -> Iterator[str]:
    """Devices with such a clip, one step in the index for each."""
    question = f"SELECT min(device) FROM content INDEXED BY {index} WHERE {condition} AND device "  # noqa: S608 - constant
    (device,) = rows.execute(f"{question} >= ''").fetchone()
    while device is not None:
        yield device
        (device,) = rows.execute(f"{question} > ?", (device,)).fetchone()


def manifest_of(rows: sqlite3.Connection, clip_id: str) -> bytes | None:
    """The manifest's envelope of the first inspected sighting of a clip."""
    row = rows.execute(
        "SELECT manifest FROM sighting WHERE clip_id = ? AND manifest IS NOT NULL"
        " ORDER BY seen_us, sighting_id LIMIT 1",
        (clip_id,),
    ).fetchone()
    return None if row is None else bytes(row["manifest"])


def begin_offer(rows: sqlite3.Connection, clip_id: str) -> bool:
    """The clip is offered, again perhaps. False: its receipt or its loss came in between, and nothing changed."""
    begun = rows.execute(
        "UPDATE content SET state = 'offered', refusal_reason = NULL, retry_at_us = NULL"
        " WHERE clip_id = ? AND state <> 'receipted' AND landing_name IS NOT NULL",
        (clip_id,),
    )
    return begun.rowcount == 1


def mark_on_its_way(rows: sqlite3.Connection, clip_id: str, state: ContentState) -> None:
    """`offered` or `sending`; a clip that was answered for good keeps its state."""
    rows.execute(
        "UPDATE content SET state = ?, refusal_reason = NULL, retry_at_us = NULL"
        " WHERE clip_id = ? AND state NOT IN ('receipted', 'refused')",
        (state, clip_id),
    )


def put_off(rows: sqlite3.Connection, clip_id: str, *, reason: str, now_us: UtcMicros, retry_at_us: UtcMicros) -> None:
    """Refused for now: offered again at `retry_at_us`."""
    rows.execute(
        "UPDATE content SET state = 'landed', refusal_reason = ?, refused_us = ?, retry_at_us = ?"
        " WHERE clip_id = ? AND state NOT IN ('receipted', 'refused')",
        (reason, now_us, retry_at_us, clip_id),
    )


def keep_refusal(rows: sqlite3.Connection, clip_id: str, *, reason: str, now_us: UtcMicros) -> None:
    """Refused for good, by a signed word. The landing copy stays, a person decides, and the server is asked again."""
    rows.execute(
        "UPDATE content SET state = 'refused', refusal_reason = ?, refused_us = ?, retry_at_us = ?"
        " WHERE clip_id = ? AND state <> 'receipted'",
        (reason, now_us, asked_again_at(now_us), clip_id),
    )


def ask_again_after_connecting(rows: sqlite3.Connection) -> None:
    """There is a new connection: what was refused for good is asked again sooner."""
    refused = rows.execute("SELECT clip_id, refused_us, retry_at_us FROM content WHERE state = 'refused'").fetchall()
    for row in refused:
        again_us = asked_again_at(UtcMicros(row["refused_us"]), connected_since=True)
        rows.execute(
            "UPDATE content SET retry_at_us = ? WHERE clip_id = ?",
            (min(row["retry_at_us"], again_us), row["clip_id"]),
        )


def ask_again_after_setting_the_clock_back(rows: sqlite3.Connection, now_us: UtcMicros) -> None:
    """What was refused at a time that is yet to come is due now: how long it has waited nobody knows."""
    rows.execute("UPDATE content SET retry_at_us = ?1 WHERE retry_at_us IS NOT NULL AND refused_us > ?1", (now_us,))


def act_is_of_another_clip(rows: sqlite3.Connection, receipt: Receipt) -> bool:
    """Whether a receipt held here names the same act for another clip, or another hash for it."""
    found = rows.execute(
        "SELECT 1 FROM content WHERE act_index = ? AND (clip_id <> ? OR act_hash <> ?) LIMIT 1",
        (receipt.act_index, receipt.clip_id, receipt.act_hash),
    )
    return found.fetchone() is not None


def keep_receipt(rows: sqlite3.Connection, receipt: Receipt, envelope: bytes, now_us: UtcMicros) -> bool:
    """Keep a checked receipt with its signature. False: there was one already; the first stays."""
    kept = rows.execute(
        "UPDATE content SET state = 'receipted', receipt = ?, act_index = ?, act_hash = ?, receipted_us = ?,"
        " refusal_reason = NULL, retry_at_us = NULL WHERE clip_id = ? AND receipt IS NULL",
        (envelope, receipt.act_index, receipt.act_hash, now_us, receipt.clip_id),
    )
    if kept.rowcount != 1:
        return False
    count_in_all(rows, receipted=1)
    for (device,) in rows.execute(
        "SELECT DISTINCT device FROM sighting WHERE clip_id = ?", (receipt.clip_id,)
    ).fetchall():
        count_for_device(rows, device, receipted=1)
    return True


def latest_act(rows: sqlite3.Connection) -> tuple[int, str] | None:
    """Index and hash of the latest act any receipt ever held here names; by it a restored server finds out."""
    row = rows.execute(
        "SELECT act_index, act_hash FROM (SELECT act_index, act_hash FROM content WHERE act_index IS NOT NULL"
        " UNION ALL SELECT act_index, act_hash FROM former_receipt WHERE act_index >= 0)"
        " ORDER BY act_index DESC LIMIT 1"
    ).fetchone()
    return None if row is None else (row["act_index"], row["act_hash"])


def receipted_landing_copies(rows: sqlite3.Connection, *, limit: int) -> list[LandingCopy]:
    """Receipted clips whose landing copy is still here, the `limit` with the oldest receipts, oldest first."""
    found = rows.execute(
        "SELECT clip_id, size_bytes, receipted_us FROM content"
        " WHERE state = 'receipted' AND landing_name IS NOT NULL ORDER BY receipted_us, clip_id LIMIT ?",
        (limit,),
    )
    return [LandingCopy(row["clip_id"], row["size_bytes"], UtcMicros(row["receipted_us"])) for row in found]
