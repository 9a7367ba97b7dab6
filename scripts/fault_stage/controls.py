"""Negative controls: the product with one fault, made in this process alone. A harness that misses one proves nothing.

Each takes the place of one function. Which harness must catch which, and near which promise it shows, stands in
`CAUGHT_BY_KILLS` and `CAUGHT_BY_POWER_CUTS`: no kill reveals a missing fsync, since what was written outlives the
program.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from edge.contract.identifiers import ClipId
from edge.contract.topics import DownKind, DownTopic
from edge.platform import durable
from edge.storage import journal, landing, uploads
from fault_stage.promises import Kind
from fault_stage.way_server import WayServer
from server.ingest.message_steps import MessageSteps
from server.ingest.worker import IngestWorker
from server.store import clip_files, database


class Control(StrEnum):
    """What is wrong."""

    RECEIPT_BEFORE_COMMIT = "receipt_before_commit"
    HAVE_BEFORE_COMMIT = "have_before_commit"
    RELEASE_BEFORE_RECEIPT = "release_before_receipt"
    SYNCHRONOUS_NORMAL = "synchronous_normal"
    NO_DIRECTORY_FSYNC = "no_directory_fsync"
    RECEIPT_BEFORE_RENAME = "receipt_before_rename"


@dataclass(frozen=True, slots=True)
class Shows:
    """Near promises of which kind it shows: so many system calls before and behind each."""

    promise: Kind
    before: int
    behind: int


CAUGHT_BY_KILLS = {
    Control.RECEIPT_BEFORE_COMMIT: Shows(Kind.RECEIPT, 0, 6),
    Control.HAVE_BEFORE_COMMIT: Shows(Kind.HAVE, 0, 6),
    Control.RELEASE_BEFORE_RECEIPT: Shows(Kind.RECEIPTED, 24, 0),
}
CAUGHT_BY_POWER_CUTS = {
    Control.SYNCHRONOUS_NORMAL: Kind.HAVE,
    Control.NO_DIRECTORY_FSYNC: Kind.LANDED,
    Control.RECEIPT_BEFORE_RENAME: Kind.RECEIPT,
}


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
    _say_at_once(DownKind.RECEIPT, fault)


def _have_before_commit(fault: Fault) -> None:
    _say_at_once(DownKind.HAVE, fault)


def _say_at_once(kind: DownKind, fault: Fault) -> None:
    """Answers of a kind go out while the transaction of their step is still open."""
    made, started, keep = WayServer.__init__, IngestWorker.__init__, MessageSteps._say
    way_out: list[Callable[[DownTopic, bytes], None]] = []

    def of_a_way(self: WayServer, *given: Any, **named: Any) -> None:
        made(self, *given, **named)
        way_out[:] = [self._say]

    def of_a_worker(self: IngestWorker, *given: Any, **named: Any) -> None:
        started(self, *given, **named)
        way_out[:] = [lambda topic, message: self._send([(topic, message)])]

    def say(self: MessageSteps, topic: DownTopic, message: bytes) -> None:
        if topic.kind is kind:
            way_out[-1](topic, message)
            time.sleep(fault.ahead_s)
        else:
            keep(self, topic, message)

    _replace(WayServer, "__init__", of_a_way)
    _replace(IngestWorker, "__init__", of_a_worker)
    _replace(MessageSteps, "_say", say)


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
    _replace(database.Database, "_check_durability", lambda _self: None)


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
