"""At start: make the landing area and the rows agree again, and say what did not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from edge.contract.identifiers import clip_id_of
from edge.contract.instants import UtcMicros
from edge.platform.durable import sha256_of_file
from edge.storage.contents import add_content, copies_here, forget_landing_copy
from edge.storage.journal import Journal
from edge.storage.landing import LandingArea
from edge.storage.seen_files import fetch_again

_CLIP_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What was found. `missing` are clip ids whose copy is lost before its receipt; `fetching` of them come again."""

    removed_parts: int = 0
    adopted: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    fetching: tuple[str, ...] = ()


def reconcile_landing(journal: Journal, area: LandingArea, *, now_us: UtcMicros) -> Reconciliation:
    """Remove temporary files, adopt whole copies without a row, and have lost copies fetched from their source again.

    An adopted content has no sighting yet; its source's next scan gives it one.
    """
    parts = area.temporaries()
    for part in parts:
        part.unlink(missing_ok=True)
    standing = area.standing()
    differing: dict[str, bool] = {}  # whether it has its receipt; what agrees is forgotten at once: nearly all does
    with journal.transaction() as rows:
        for clip_id, size_bytes, is_receipted in copies_here(rows):
            if standing.get(clip_id) == size_bytes:
                del standing[clip_id]
            else:
                differing[clip_id] = is_receipted
    adopted: list[str] = []
    rejected: list[str] = []
    for name in sorted(standing):
        _adopt(journal, area, name, adopted, rejected, now_us)
    whole = standing.keys() - set(rejected)
    missing = [clip_id for clip_id in differing if clip_id not in whole]
    fetching: list[str] = []
    lost: list[str] = []
    for clip_id in missing:
        with journal.transaction() as rows:
            forget_landing_copy(rows, clip_id)
            if differing[clip_id]:
                continue  # the server has it; only the copy's release was not written down
            lost.append(clip_id)
            if fetch_again(rows, clip_id, now_us=now_us):
                fetching.append(clip_id)
    return Reconciliation(len(parts), tuple(adopted), tuple(rejected), tuple(lost), tuple(fetching))


def _adopt(
    journal: Journal, area: LandingArea, name: str, adopted: list[str], rejected: list[str], now_us: UtcMicros
) -> None:
    """Take a file into the rows if its bytes are what its name says, else put it aside."""
    try:
        sha256, size_bytes = sha256_of_file(area.path_of(name))
    except FileNotFoundError:  # dropped after its receipt since the area was looked through
        return
    if _CLIP_ID.fullmatch(name) is None or clip_id_of(size_bytes, sha256) != name:
        area.reject(name)
        rejected.append(name)
        return
    with journal.transaction() as rows:
        add_content(
            rows,
            clip_id=name,
            sha256=sha256,
            size_bytes=size_bytes,
            landing_name=name,
            flagged=False,
            now_us=now_us,
        )
    adopted.append(name)
