"""Which contents may be offered to the server, and what the server said about them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge.contract.instants import UtcMicros
from edge.storage.contents import ContentState


@dataclass(frozen=True, slots=True)
class Delivery:
    """A content that is here, inspected and not receipted, with the manifest to offer it by."""

    clip_id: str
    sha256: str
    size_bytes: int
    landing_name: str
    state: ContentState
    flagged: bool
    device: str | None
    manifest: bytes


def deliveries_due(rows: sqlite3.Connection, *, now_us: UtcMicros, limit: int = 1000) -> list[Delivery]:
    """Flagged first, then small before large. A refused one is due at its retry time, one refused for good never."""
    found = rows.execute(
        "SELECT c.clip_id, c.sha256, c.size_bytes, c.landing_name, c.state, c.flagged, s.device, s.manifest"
        " FROM content c JOIN sighting s ON s.sighting_id = ("
        "   SELECT sighting_id FROM sighting WHERE clip_id = c.clip_id AND manifest IS NOT NULL"
        "   ORDER BY device IS NULL, inspected_us, sighting_id LIMIT 1)"
        " WHERE c.state <> ? AND c.landing_name IS NOT NULL AND (c.state <> ? OR c.retry_at_us <= ?)"
        " ORDER BY c.flagged DESC, c.size_bytes, c.clip_id LIMIT ?",
        (ContentState.RECEIPTED, ContentState.REFUSED, now_us, limit),
    )
    return [
        Delivery(
            clip_id=row["clip_id"],
            sha256=row["sha256"],
            size_bytes=row["size_bytes"],
            landing_name=row["landing_name"],
            state=ContentState(row["state"]),
            flagged=bool(row["flagged"]),
            device=row["device"],
            manifest=row["manifest"],
        )
        for row in found
    ]


def set_content_state(rows: sqlite3.Connection, clip_id: str, state: ContentState) -> None:
    """Offered or sending. A receipted content stays receipted."""
    rows.execute(
        "UPDATE content SET state = ?, refusal_reason = NULL, retry_at_us = NULL WHERE clip_id = ? AND state <> ?",
        (state, clip_id, ContentState.RECEIPTED),
    )


def keep_receipt(
    rows: sqlite3.Connection, clip_id: str, *, receipt: bytes, act_index: int, act_hash: str, now_us: UtcMicros
) -> None:
    """The receipt's bytes as they came, once they are verified. The first receipt stays."""
    rows.execute(
        "UPDATE content SET state = ?, receipt = ?, act_index = ?, act_hash = ?, receipted_us = ?,"
        " refusal_reason = NULL, retry_at_us = NULL WHERE clip_id = ? AND state <> ?",
        (ContentState.RECEIPTED, receipt, act_index, act_hash, now_us, clip_id, ContentState.RECEIPTED),
    )


def keep_refusal(rows: sqlite3.Connection, clip_id: str, *, reason: str, retry_at_us: UtcMicros | None) -> None:
    """The server's no; `retry_at_us` None: for good. The copy stays."""
    rows.execute(
        "UPDATE content SET state = ?, refusal_reason = ?, retry_at_us = ? WHERE clip_id = ? AND state <> ?",
        (ContentState.REFUSED, reason, retry_at_us, clip_id, ContentState.RECEIPTED),
    )


def latest_act_held(rows: sqlite3.Connection) -> tuple[int, str] | None:
    """Index and hash of the latest act named by any receipt held here."""
    row = rows.execute(
        "SELECT act_index, act_hash FROM content WHERE act_index IS NOT NULL ORDER BY act_index DESC LIMIT 1"
    ).fetchone()
    return None if row is None else (int(row["act_index"]), str(row["act_hash"]))
