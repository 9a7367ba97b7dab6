"""Seen files: what lies in the sources now, each file in exactly one state."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from edge.contract.instants import UtcMicros


class SeenState(StrEnum):
    """Resting: waited for until it no longer changes. Listed: shown with a reason, not landed."""

    RESTING = "resting"
    LANDED = "landed"
    LISTED = "listed"


@dataclass(frozen=True, slots=True)
class SeenFile:
    """One file of a source. `rested_since_us`: since when size and time of change are what they are.

    `beside`: what the statements beside it looked like when it was dealt with; None where an older release did that.
    """

    source: str
    path: str
    size_bytes: int
    modified_ns: int
    state: SeenState
    rested_since_us: UtcMicros
    generation: int = 1
    reason: str | None = None
    clip_id: str | None = None
    docking_id: str | None = None
    beside: str | None = None


_COLUMNS = (
    "source, path, size_bytes, modified_ns, state, rested_since_us, generation, reason, clip_id, docking_id, beside"
)


def files_of_source(rows: sqlite3.Connection, source: str) -> dict[str, SeenFile]:
    """All files of a source by path."""
    found = rows.execute(f"SELECT {_COLUMNS} FROM seen_file WHERE source = ? ORDER BY path", (source,))  # noqa: S608
    return {row["path"]: _seen_file(row) for row in found}


def find_seen_file(rows: sqlite3.Connection, source: str, path: str) -> SeenFile | None:
    """The file under that path."""
    row = rows.execute(
        f"SELECT {_COLUMNS} FROM seen_file WHERE source = ? AND path = ?",  # noqa: S608 - constant
        (source, path),
    ).fetchone()
    return None if row is None else _seen_file(row)


def put_seen_file(rows: sqlite3.Connection, file: SeenFile) -> None:
    """The file as it is now; replaces what stood under its path."""
    rows.execute(
        f"INSERT OR REPLACE INTO seen_file ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 - constant
        (
            file.source,
            file.path,
            file.size_bytes,
            file.modified_ns,
            file.state,
            file.rested_since_us,
            file.generation,
            file.reason,
            file.clip_id,
            file.docking_id,
            file.beside,
        ),
    )


def forget_files(rows: sqlite3.Connection, source: str, paths: Collection[str]) -> None:
    """Files that are gone from their source. Their sightings stay."""
    rows.executemany("DELETE FROM seen_file WHERE source = ? AND path = ?", [(source, path) for path in paths])


def fetch_again(rows: sqlite3.Connection, clip_id: str, *, now_us: UtcMicros) -> int:
    """The landing copy of this content is lost: its files are to be copied again. Returns how many there are."""
    return rows.execute(
        "UPDATE seen_file SET state = ?, rested_since_us = ? WHERE clip_id = ? AND state = ?",
        (SeenState.RESTING, now_us, clip_id, SeenState.LANDED),
    ).rowcount


def files_of_docking(rows: sqlite3.Connection, docking_id: str) -> list[SeenFile]:
    """The full list of a docking: of a docking file all that its folder ever showed and still shows, of a scan all of
    its device in that source.
    """
    found = rows.execute(
        f"SELECT {', '.join('f.' + name for name in _COLUMNS.split(', '))}"  # noqa: S608 - constant
        " FROM docking asked CROSS JOIN docking d CROSS JOIN seen_file f"  # in this order: by device, not all files
        " WHERE asked.docking_id = ? AND d.device IS asked.device AND d.source = asked.source"
        " AND d.folder = asked.folder AND (d.statement_sha256 = 'scan') = (asked.statement_sha256 = 'scan')"
        " AND f.docking_id = d.docking_id AND f.source = asked.source ORDER BY f.path",
        (docking_id,),
    )
    return [_seen_file(row) for row in found]


def shows_files_of(rows: sqlite3.Connection, source: str, device: str) -> bool:
    """Whether the source still shows a file that was listed for the device."""
    row = rows.execute(
        "SELECT 1 FROM docking d CROSS JOIN seen_file f"
        " WHERE d.device = ? AND d.source = ? AND f.docking_id = d.docking_id AND f.source = d.source LIMIT 1",
        (device, source),
    ).fetchone()
    return row is not None


def resting_files(rows: sqlite3.Connection, source: str, folder: str) -> list[SeenFile]:
    """Files in the folder and below that are still waited for."""
    found = rows.execute(
        f"SELECT {_COLUMNS} FROM seen_file WHERE source = ? AND state = ?"  # noqa: S608 - constant
        " AND (? = '' OR substr(path, 1, length(?) + 1) = ? || '/') ORDER BY path",
        (source, SeenState.RESTING, folder, folder, folder),
    )
    return [_seen_file(row) for row in found]


def _seen_file(row: sqlite3.Row) -> SeenFile:
    return SeenFile(
        source=row["source"],
        path=row["path"],
        size_bytes=row["size_bytes"],
        modified_ns=row["modified_ns"],
        state=SeenState(row["state"]),
        rested_since_us=UtcMicros(row["rested_since_us"]),
        generation=row["generation"],
        reason=row["reason"],
        clip_id=row["clip_id"],
        docking_id=row["docking_id"],
        beside=row["beside"],
    )
