"""What the upload asks of the journal and writes into it: what can be offered, how it was answered."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from edge.contract.instants import UtcMicros
from edge.contract.messages import Receipt
from edge.domain.retention import LandingCopy
from edge.domain.upload_order import WaitingClip
from edge.storage.contents import ContentState

_WAITING = """
WITH ready AS (
  SELECT clip_id, sha256, size_bytes, landing_name,
         flagged OR clip_id IN (SELECT value FROM json_each(:flagged)) AS urgent,
         (SELECT coalesce(device, '') FROM sighting AS s WHERE s.clip_id = content.clip_id AND s.manifest IS NOT NULL
          ORDER BY seen_us, sighting_id LIMIT 1) AS device
  FROM content
  WHERE state IN ('landed', 'offered', 'sending') AND landing_name IS NOT NULL
    AND (retry_at_us IS NULL OR retry_at_us <= :now_us)
), placed AS (
  SELECT *, row_number() OVER (PARTITION BY device ORDER BY urgent DESC, size_bytes, clip_id) AS place
  FROM ready WHERE device IS NOT NULL
)
SELECT * FROM placed WHERE place <= :per_device
"""


def waiting_clips(
    rows: sqlite3.Connection, *, flagged_clips: Iterable[str], per_device: int, now_us: UtcMicros
) -> list[WaitingClip]:
    """Inspected clips without receipt or permanent refusal, the foremost `per_device` of each device."""
    found = rows.execute(
        _WAITING, {"flagged": json.dumps(list(flagged_clips)), "now_us": now_us, "per_device": per_device}
    )
    return [
        WaitingClip(
            row["clip_id"],
            row["sha256"],
            row["size_bytes"],
            row["landing_name"],
            device=row["device"],
            flagged=bool(row["urgent"]),
        )
        for row in found
    ]


def manifest_of(rows: sqlite3.Connection, clip_id: str) -> bytes | None:
    """The manifest's envelope of the first inspected sighting of a clip."""
    row = rows.execute(
        "SELECT manifest FROM sighting WHERE clip_id = ? AND manifest IS NOT NULL"
        " ORDER BY seen_us, sighting_id LIMIT 1",
        (clip_id,),
    ).fetchone()
    return None if row is None else bytes(row["manifest"])


def mark_on_its_way(rows: sqlite3.Connection, clip_id: str, state: ContentState) -> None:
    """`offered` or `sending`; a clip that was answered for good keeps its state."""
    rows.execute(
        "UPDATE content SET state = ?, refusal_reason = NULL, retry_at_us = NULL"
        " WHERE clip_id = ? AND state NOT IN ('receipted', 'refused')",
        (state, clip_id),
    )


def put_off(rows: sqlite3.Connection, clip_id: str, *, reason: str, retry_at_us: UtcMicros) -> None:
    """Refused for now: offered again at `retry_at_us`."""
    rows.execute(
        "UPDATE content SET state = 'landed', refusal_reason = ?, retry_at_us = ?"
        " WHERE clip_id = ? AND state NOT IN ('receipted', 'refused')",
        (reason, retry_at_us, clip_id),
    )


def keep_refusal(rows: sqlite3.Connection, clip_id: str, *, reason: str) -> None:
    """Refused for good, by a signed word. The landing copy stays and a person decides."""
    rows.execute(
        "UPDATE content SET state = 'refused', refusal_reason = ?, retry_at_us = NULL"
        " WHERE clip_id = ? AND state <> 'receipted'",
        (reason, clip_id),
    )


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
    return kept.rowcount == 1


def latest_act(rows: sqlite3.Connection) -> tuple[int, str] | None:
    """Index and hash of the latest act any receipt held here names; by it a restored server finds out."""
    row = rows.execute(
        "SELECT act_index, act_hash FROM content WHERE act_index IS NOT NULL ORDER BY act_index DESC LIMIT 1"
    ).fetchone()
    return None if row is None else (row["act_index"], row["act_hash"])


def receipted_landing_copies(rows: sqlite3.Connection) -> list[LandingCopy]:
    """Receipted clips whose landing copy is still here, oldest receipt first."""
    found = rows.execute(
        "SELECT clip_id, size_bytes, receipted_us FROM content"
        " WHERE state = 'receipted' AND landing_name IS NOT NULL ORDER BY receipted_us, clip_id"
    )
    return [LandingCopy(row["clip_id"], row["size_bytes"], UtcMicros(row["receipted_us"])) for row in found]
