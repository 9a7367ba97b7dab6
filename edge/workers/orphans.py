"""Bytes that landed and lost their way: adopted from the landing area, their source never seen again.

They are footage, so they are sealed like any other, without a device: a person at the server assigns them.
"""

from __future__ import annotations

import secrets
import sqlite3

from edge.contract.instants import MICROS_PER_HOUR, UtcMicros
from edge.storage.dockings import Docking, add_docking
from edge.storage.sightings import SightingRow, add_sighting, contents_without_sighting
from edge.workers.docking_book import new_docking_id

WAIT_US = MICROS_PER_HOUR
"""So long the source has to come back and say whose footage it is. House rule."""
SOURCE = "landing-area"


def sight_orphans(rows: sqlite3.Connection, now_us: UtcMicros) -> list[str]:
    """Give every such content a sighting; returns their clip ids."""
    orphans = contents_without_sighting(rows, landed_before_us=UtcMicros(now_us - WAIT_US))
    if not orphans:
        return []
    docking = Docking(
        docking_id=new_docking_id(), source=SOURCE, folder="", device=None, docked_us=now_us, until_us=now_us
    )
    add_docking(rows, docking)
    for clip_id in orphans:
        add_sighting(
            rows,
            SightingRow(
                sighting_id=f"sight-{secrets.token_hex(8)}",
                clip_id=clip_id,
                docking_id=docking.docking_id,
                device=None,
                file_name=clip_id,
                path=clip_id,
                source=SOURCE,
                seen_us=now_us,
                modified_us=now_us,
                generation=1,
            ),
        )
    return orphans
