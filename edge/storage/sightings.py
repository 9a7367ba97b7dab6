"""Sightings: each meeting of the gateway with a content, and what the inspection said about it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from edge.contract.instants import UtcMicros
from edge.storage.contents import ContentState, find_content
from edge.storage.tallies import count_for_device


@dataclass(frozen=True, slots=True)
class SightingRow:
    """One meeting. `path` is relative to the source's folder, `path` and `file_name` in text form (see devices)."""

    sighting_id: str
    clip_id: str
    docking_id: str
    device: str | None
    file_name: str
    path: str
    source: str
    seen_us: UtcMicros
    modified_us: UtcMicros
    generation: int
    sidecar: bytes | None = None


_COLUMNS = (
    "sighting_id, clip_id, docking_id, device, file_name, path, source, seen_us, modified_us, generation, sidecar"
)


def add_sighting(rows: sqlite3.Connection, sighting: SightingRow) -> None:
    """A new meeting; (source, path, generation) is unique. It is counted for its device once per content."""
    met = rows.execute(
        "SELECT 1 FROM sighting WHERE clip_id = ? AND device IS ? LIMIT 1", (sighting.clip_id, sighting.device)
    ).fetchone()
    if met is None:
        content = find_content(rows, sighting.clip_id)
        is_receipted = content is not None and content.state is ContentState.RECEIPTED
        count_for_device(rows, sighting.device, clips=1, receipted=int(is_receipted))
    rows.execute(
        f"INSERT INTO sighting ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constant
        (
            sighting.sighting_id,
            sighting.clip_id,
            sighting.docking_id,
            sighting.device,
            sighting.file_name,
            sighting.path,
            sighting.source,
            sighting.seen_us,
            sighting.modified_us,
            sighting.generation,
            sighting.sidecar,
        ),
    )
    rows.execute("UPDATE content SET is_sighted = 1 WHERE clip_id = ? AND is_sighted = 0", (sighting.clip_id,))


def uninspected(rows: sqlite3.Connection, *, limit: int) -> list[SightingRow]:
    """Sightings without a manifest whose content can be looked into, oldest first."""
    found = rows.execute(
        f"SELECT {_COLUMNS} FROM sighting AS new WHERE manifest IS NULL AND ("  # noqa: S608 - constant
        "   EXISTS (SELECT 1 FROM content c WHERE c.clip_id = new.clip_id AND c.landing_name IS NOT NULL)"
        "   OR EXISTS (SELECT 1 FROM sighting old WHERE old.clip_id = new.clip_id AND old.inspection IS NOT NULL))"
        " ORDER BY seen_us, sighting_id LIMIT ?",
        (limit,),
    )
    return [_sighting(row) for row in found]


def count_uninspected(rows: sqlite3.Connection) -> int:
    """How many sightings have no manifest yet."""
    (count,) = rows.execute("SELECT count(*) FROM sighting WHERE manifest IS NULL").fetchone()
    return int(count)


def is_inspected(rows: sqlite3.Connection, docking_id: str) -> bool:
    """Whether every sighting of the docking has its manifest."""
    row = rows.execute(
        "SELECT 1 FROM sighting WHERE docking_id = ? AND manifest IS NULL LIMIT 1", (docking_id,)
    ).fetchone()
    return row is None


def last_sighting_of(rows: sqlite3.Connection, source: str, path: str) -> SightingRow | None:
    """The latest generation met under that path."""
    row = rows.execute(
        f"SELECT {_COLUMNS} FROM sighting WHERE source = ? AND path = ? ORDER BY generation DESC LIMIT 1",  # noqa: S608
        (source, path),
    ).fetchone()
    return None if row is None else _sighting(row)


def probe_result_of(rows: sqlite3.Connection, clip_id: str) -> str | None:
    """What an earlier inspection found in the same content (JSON), so that it is not probed twice."""
    row = rows.execute(
        "SELECT inspection FROM sighting WHERE clip_id = ? AND inspection IS NOT NULL LIMIT 1", (clip_id,)
    ).fetchone()
    return None if row is None else str(row["inspection"])


def inspections_before(
    rows: sqlite3.Connection, device: str, modified_us: UtcMicros, *, limit: int
) -> list[tuple[UtcMicros, str]]:
    """(closed at, inspection as JSON) of the device's files closed before then, in order of time."""
    found = rows.execute(
        "SELECT modified_us, inspection FROM sighting"
        " WHERE device = ? AND modified_us < ? AND inspection IS NOT NULL ORDER BY modified_us DESC LIMIT ?",
        (device, modified_us, limit),
    )
    return [(UtcMicros(row["modified_us"]), str(row["inspection"])) for row in found][::-1]


def inspections_after(
    rows: sqlite3.Connection, device: str, modified_us: UtcMicros, *, limit: int
) -> list[tuple[UtcMicros, str]]:
    """The same of the files closed after then."""
    found = rows.execute(
        "SELECT modified_us, inspection FROM sighting"
        " WHERE device = ? AND modified_us > ? AND inspection IS NOT NULL ORDER BY modified_us LIMIT ?",
        (device, modified_us, limit),
    )
    return [(UtcMicros(row["modified_us"]), str(row["inspection"])) for row in found]


def keep_inspection(
    rows: sqlite3.Connection, sighting_id: str, *, inspection: str, manifest: bytes, now_us: UtcMicros
) -> None:
    """The probe's result and the signed manifest. The first of a content makes it ready to be offered."""
    rows.execute(
        "UPDATE sighting SET inspection = ?, manifest = ?, inspected_us = ? WHERE sighting_id = ?",
        (inspection, manifest, now_us, sighting_id),
    )
    rows.execute(
        "UPDATE content SET device = coalesce((SELECT device FROM sighting WHERE sighting_id = ?1), '')"
        " WHERE clip_id = (SELECT clip_id FROM sighting WHERE sighting_id = ?1) AND device IS NULL",
        (sighting_id,),
    )


def contents_without_sighting(rows: sqlite3.Connection, *, landed_before_us: UtcMicros) -> list[str]:
    """Clip ids that were adopted from the landing area and whose source has not come back."""
    found = rows.execute(
        "SELECT clip_id FROM content WHERE is_sighted = 0 AND landed_us <= ?",
        (landed_before_us,),
    )
    return [row["clip_id"] for row in found]


def _sighting(row: sqlite3.Row) -> SightingRow:
    return SightingRow(
        sighting_id=row["sighting_id"],
        clip_id=row["clip_id"],
        docking_id=row["docking_id"],
        device=row["device"],
        file_name=row["file_name"],
        path=row["path"],
        source=row["source"],
        seen_us=UtcMicros(row["seen_us"]),
        modified_us=UtcMicros(row["modified_us"]),
        generation=row["generation"],
        sidecar=row["sidecar"],
    )
