"""What must hold after any number of kills, looked up in the files and databases of both sides."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Collection
from contextlib import closing
from pathlib import Path

from edge.contract.identifiers import clip_id_of
from server.domain.acts import ChainBrokenError
from server.store.act_log import verify_acts
from server.store.database import Database


def broken_promises(
    source: Path,
    gateway: Path,
    server: Path,
    *,
    written: dict[str, str],
    clips: Path | None = None,
    of_others: Collection[str] = (),
) -> list[str]:
    """What does not hold, in words; empty when everything does. `written`: file name -> SHA-256 as it was written.

    `clips`: the clip store, where it does not lie in the server's data folder. `of_others`: clips of other gateways.
    """
    store = clips or server / "clips"
    told = _sources(source, written)
    known = _clips(server)
    receipts = _receipts(gateway)
    for name, sha256 in written.items():
        size_bytes = (source / name).stat().st_size
        told.extend(f"{name}: {why}" for why in _one(clip_id_of(size_bytes, sha256), sha256, store, known, receipts))
    strange = known.keys() - clip_ids(source, written) - set(of_others)
    told.extend(f"clip {clip_id} was never written by anyone" for clip_id in strange)
    return told + _acts(server)


def _one(
    clip_id: str, sha256: str, store: Path, clips: dict[str, tuple[str, bytes | None]], receipts: dict[str, bytes]
) -> list[str]:
    """One content: sealed, stored with its hash, and the same receipt on both sides."""
    if clip_id not in clips:
        return ["the server does not know it" + (", yet the gateway holds a receipt" if clip_id in receipts else "")]
    state, receipt = clips[clip_id]
    told = [] if state == "sealed" else [f"the server holds it as {state}"]
    stored = store / clip_id[:2] / clip_id
    if not stored.exists():
        told.append("no file stands in the clip store")
    elif hashlib.sha256(stored.read_bytes()).hexdigest() != sha256:
        told.append("the stored file has another hash")
    if clip_id not in receipts:
        told.append("the gateway holds no receipt")
    elif receipts[clip_id] != receipt:
        told.append("the gateway holds another receipt than the server" + ("" if receipt else ", which holds none"))
    return told


def _sources(source: Path, written: dict[str, str]) -> list[str]:
    return [
        f"{name}: the source file was changed or removed"
        for name, sha256 in written.items()
        if not (source / name).exists() or hashlib.sha256((source / name).read_bytes()).hexdigest() != sha256
    ]


def clip_ids(source: Path, written: dict[str, str]) -> set[str]:
    """The clips that were fed."""
    return {clip_id_of((source / name).stat().st_size, sha256) for name, sha256 in written.items()}


def _clips(server: Path) -> dict[str, tuple[str, bytes | None]]:
    with closing(sqlite3.connect(f"file:{server / 'tallylight.sqlite3'}?mode=ro", uri=True)) as rows:
        return {
            clip: (state, receipt) for clip, state, receipt in rows.execute("SELECT clip_id, state, receipt FROM clip")
        }


def _receipts(gateway: Path) -> dict[str, bytes]:
    with closing(sqlite3.connect(f"file:{gateway / 'journal.sqlite3'}?mode=ro", uri=True)) as rows:
        return dict(rows.execute("SELECT clip_id, receipt FROM content WHERE state = 'receipted'"))


def _acts(server: Path) -> list[str]:
    """The chain holds, and no content was sealed twice."""
    with closing(sqlite3.connect(f"file:{server / 'tallylight.sqlite3'}?mode=ro", uri=True)) as rows:
        twice = rows.execute(
            "SELECT subject_id, count(*) FROM act WHERE verb = 'seal' GROUP BY subject_id HAVING count(*) > 1"
        ).fetchall()
    told = [f"clip {clip_id} was sealed {count} times" for clip_id, count in twice]
    try:
        with Database(f"sqlite:///{server / 'tallylight.sqlite3'}").reading() as session:
            verify_acts(session)
    except ChainBrokenError as error:
        told.append(str(error))
    return told
