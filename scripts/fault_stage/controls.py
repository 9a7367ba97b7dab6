"""Negative controls: the product with one fault, made in this process alone. A harness that misses one proves nothing.

Each takes the place of one function. Which harness must catch which, and near which promise it shows, stands in
`CAUGHT_BY_KILLS` and `CAUGHT_BY_POWER_CUTS`: no kill reveals a missing fsync, since what was written outlives the
program.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from edge.contract.identifiers import ClipId
from edge.contract.topics import DownKind, DownTopic
from edge.platform import durable
from edge.storage import journal, landing, uploads
from fault_stage.promises import Kind
from server.domain.receiving import ByteSpan
from server.ingest import lane
from server.store import clip_files, database
from server.store.database import Database
from server.usecases.hold_ranges import journal_ranges
from server.usecases.seal_clip import seal_clip


class Control(StrEnum):
    """What is wrong."""

    RECEIPT_BEFORE_COMMIT = "receipt_before_commit"
    HAVE_BEFORE_COMMIT = "have_before_commit"
    RELEASE_BEFORE_RECEIPT = "release_before_receipt"
    SYNCHRONOUS_NORMAL = "synchronous_normal"
    NO_DIRECTORY_FSYNC = "no_directory_fsync"
    RECEIPT_BEFORE_RENAME = "receipt_before_rename"


CAUGHT_BY_KILLS = {
    Control.RECEIPT_BEFORE_COMMIT: Kind.RECEIPT,
    Control.HAVE_BEFORE_COMMIT: Kind.HAVE,
    Control.RELEASE_BEFORE_RECEIPT: Kind.RECEIPTED,
}
CAUGHT_BY_POWER_CUTS = {
    Control.SYNCHRONOUS_NORMAL: Kind.HAVE,
    Control.NO_DIRECTORY_FSYNC: Kind.LANDED,
    Control.RECEIPT_BEFORE_RENAME: Kind.RECEIPT,
}


class _UndoneError(Exception):
    """Ends the trial transaction; nothing of it stays."""


class _Trial:
    """Stands for the database: its one transaction is begun and undone by whoever made this."""

    def __init__(self, session: object) -> None:
        self._session = session

    def writing(self) -> _Trial:
        return self

    def __enter__(self) -> object:
        return self._session

    def __exit__(self, *_: object) -> None:
        return None


def receipt_without_commit(seal: Callable[..., bytes], db: Database, clip_id: str, **given: Any) -> bytes:
    """The bytes that sealing would give, from a transaction that is undone."""
    receipt = b""
    try:
        with db.writing() as session:
            receipt = seal(_Trial(session), clip_id, **given)
            raise _UndoneError
    except _UndoneError:
        return receipt


@dataclass(frozen=True, slots=True)
class Fault:
    """What a control needs to know: the gateway's landing area, and how long a promise is ahead of its commit."""

    landing: Path
    ahead_s: float = 0.0


def break_the_product(control: Control, fault: Fault) -> None:
    """From now on this process has the fault; for good."""
    _BREAKS[control](fault)


def _replace(owner: object, name: str, value: object) -> None:
    setattr(owner, name, value)


def _receipt_before_commit(fault: Fault) -> None:
    seal, finish = seal_clip, lane.Lane._finish
    present: list[lane.Lane] = []

    def remembering(self: lane.Lane, *given: Any) -> None:
        present[:] = [self]
        finish(self, *given)

    def promise_then_seal(db: Database, clip_id: str, **given: Any) -> bytes:
        receipt = receipt_without_commit(seal, db, clip_id, **given)
        present[-1]._say(DownTopic(given["gateway_id"], DownKind.RECEIPT), receipt)
        time.sleep(fault.ahead_s)
        return seal(db, clip_id, **given)

    _replace(lane.Lane, "_finish", remembering)
    _replace(lane, "seal_clip", promise_then_seal)


def _have_before_commit(_fault: Fault) -> None:
    commit, flush = journal_ranges, lane.Lane.flush
    owed: list[tuple[Database, Mapping[str, Sequence[ByteSpan]]]] = []

    def answer_then_commit(self: lane.Lane, now_s: float) -> None:
        flush(self, now_s)
        while owed:
            commit(*owed.pop())

    _replace(lane, "journal_ranges", lambda db, held_of: owed.append((db, held_of)))
    _replace(lane.Lane, "flush", answer_then_commit)


def _release_before_receipt(fault: Fault) -> None:
    keep = uploads.keep_receipt

    def drop_then_keep(rows: sqlite3.Connection, receipt: Any, *given: Any) -> bool:
        (fault.landing / receipt.clip_id).unlink()
        return keep(rows, receipt, *given)

    _replace(uploads, "keep_receipt", drop_then_keep)


def _synchronous_normal(_fault: Fault) -> None:
    make_durable, prepare = journal._make_durable_and_check, database._prepare_connection

    def at_the_gateway(connection: sqlite3.Connection, path: Path) -> None:
        make_durable(connection, path)
        connection.execute("PRAGMA synchronous = NORMAL")

    def at_the_server(connection: Any, record: object) -> None:
        prepare(connection, record)
        connection.execute("PRAGMA synchronous = NORMAL")

    _replace(journal, "_make_durable_and_check", at_the_gateway)
    _replace(database, "_prepare_connection", at_the_server)
    _replace(Database, "_check_durability", lambda _self: None)


def _no_directory_fsync(_fault: Fault) -> None:
    for module in (durable, journal, landing, clip_files):
        _replace(module, "fsync_directory", lambda _folder: None)


def _receipt_before_rename(_fault: Fault) -> None:
    def finish(self: clip_files.ClipFiles, clip_id: ClipId) -> str:
        relative = f"{clip_id[:2]}/{clip_id}"
        durable.make_directory((self.root / relative).parent)
        self.part_path(clip_id).rename(self.root / relative)
        return relative

    _replace(clip_files.ClipFiles, "finish", finish)


_BREAKS: dict[Control, Callable[[Fault], None]] = {
    Control.RECEIPT_BEFORE_COMMIT: _receipt_before_commit,
    Control.HAVE_BEFORE_COMMIT: _have_before_commit,
    Control.RELEASE_BEFORE_RECEIPT: _release_before_receipt,
    Control.SYNCHRONOUS_NORMAL: _synchronous_normal,
    Control.NO_DIRECTORY_FSYNC: _no_directory_fsync,
    Control.RECEIPT_BEFORE_RENAME: _receipt_before_rename,
}
