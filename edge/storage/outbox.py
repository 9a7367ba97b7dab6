"""Reports and events: signed and kept in the transaction of what they tell, sent until the server has noted them.

What is noted is deleted: the server has it durably, and what it tells stands in the journal's other tables, the signed
manifests among them; file lists of dockings and events are kept aside (`told_messages`), should the server lose them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from edge.contract.dsse import Signer, read_envelope
from edge.contract.events import up_event
from edge.contract.instants import UtcMicros
from edge.contract.messages import NotedItem
from edge.contract.topics import UpKind
from edge.contract.wire_model import MAX_CONTROL_BYTES, WireModel
from edge.storage.journal import Journal
from edge.storage.signing_again import event_signed_by, manifest_signed_by
from edge.storage.told_messages import ToldMessage, drop_oldest_told, keep_told

_DROP_EVERY = 64


class MessageTooLargeError(Exception):
    """A message beyond what every broker takes; whoever made it must split it."""

    def __init__(self, *, kind: UpKind, size_bytes: int) -> None:
        super().__init__(f"a {kind} of {size_bytes} bytes is larger than {MAX_CONTROL_BYTES}: send it in parts")
        self.kind, self.size_bytes = kind, size_bytes


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message the server has not noted, as it was signed."""

    boot_id: str
    counter: int
    kind: UpKind
    message: bytes
    made_us: UtcMicros


class Outbox:
    """Signs in the gateway's name and keeps what must not be lost."""

    def __init__(self, journal: Journal, *, gateway_id: str, signer: Signer) -> None:
        self._journal, self._gateway_id, self._signer = journal, gateway_id, signer
        self._kept = 0

    def put(self, rows: sqlite3.Connection, kind: UpKind, data: WireModel, now_us: UtcMicros) -> NotedItem:
        """Keep a report or events message in the caller's transaction `rows`; returns the name `noted` will use.

        Raises MessageTooLargeError.
        """
        message, counter = self._signed(kind, data, now_us)
        if len(message) > MAX_CONTROL_BYTES:
            raise MessageTooLargeError(kind=kind, size_bytes=len(message))
        rows.execute(
            "INSERT INTO outbox (boot_id, counter, kind, message, made_us) VALUES (?, ?, ?, ?, ?)",
            (self._journal.boot_id, counter, kind.value, message, now_us),
        )
        return NotedItem(boot_id=self._journal.boot_id, counter=counter)

    def passing(self, kind: UpKind, data: WireModel, now_us: UtcMicros) -> bytes:
        """A message that is sent once and not kept: hello, offer, status, holding."""
        return self._signed(kind, data, now_us)[0]

    def passing_named(self, kind: UpKind, data: WireModel, now_us: UtcMicros) -> tuple[bytes, NotedItem]:
        """The same, with the name by which its answer will name it."""
        message, counter = self._signed(kind, data, now_us)
        return message, NotedItem(boot_id=self._journal.boot_id, counter=counter)

    def waiting(self, limit: int) -> list[WaitingMessage]:
        """What the server has not noted, in the order in which it was put here: a clock that is set changes none."""
        with self._journal.transaction() as rows:
            found = rows.execute(
                "SELECT boot_id, counter, kind, message, made_us FROM outbox NOT INDEXED WHERE noted_us IS NULL"
                " ORDER BY rowid LIMIT ?",
                (limit,),
            ).fetchall()
        return [
            WaitingMessage(
                row["boot_id"], row["counter"], UpKind(row["kind"]), row["message"], UtcMicros(row["made_us"])
            )
            for row in found
        ]

    def noted(self, items: Iterable[NotedItem], now_us: UtcMicros) -> int:
        """The server has these durably: how many of them were waiting. Unknown names change nothing."""
        with self._journal.transaction() as rows:
            count = sum(self._noted(rows, item, now_us) for item in items)
            self._kept += count
            if self._kept >= _DROP_EVERY:
                self._kept = 0
                drop_oldest_told(rows)
        return count

    def put_back(self, rows: sqlite3.Connection, told: ToldMessage) -> None:
        """Let the server hear again, under the name it had, what it noted and has lost."""
        message = told.message
        if read_envelope(message).key_id != self._signer.key_id:
            message = event_signed_by(message, self._signer)
        rows.execute(
            "INSERT OR IGNORE INTO outbox (boot_id, counter, kind, message, made_us) VALUES (?, ?, ?, ?, ?)",
            (told.boot_id, told.counter, told.kind, message, told.made_us),
        )

    def signed_now(self, manifest: bytes) -> bytes:
        """A manifest's envelope as the server believes it today: under the key that this gateway has now."""
        is_ours = read_envelope(manifest).key_id == self._signer.key_id
        return manifest if is_ours else manifest_signed_by(manifest, self._signer)

    def forget_noted(self, at_most: int) -> int:
        """Delete some of what an older release kept after it was noted; how many there were."""
        with self._journal.transaction() as rows:
            return rows.execute(
                "DELETE FROM outbox WHERE rowid IN (SELECT rowid FROM outbox WHERE noted_us IS NOT NULL LIMIT ?)",
                (at_most,),
            ).rowcount

    @staticmethod
    def _noted(rows: sqlite3.Connection, item: NotedItem, now_us: UtcMicros) -> int:
        keep_told(rows, item, now_us)
        return rows.execute(
            "DELETE FROM outbox WHERE boot_id = ? AND counter = ? AND noted_us IS NULL", (item.boot_id, item.counter)
        ).rowcount

    def _signed(self, kind: UpKind, data: WireModel, now_us: UtcMicros) -> tuple[bytes, int]:
        counter = self._journal.next_counter()
        message = up_event(
            kind,
            data,
            gateway_id=self._gateway_id,
            boot_id=self._journal.boot_id,
            counter=counter,
            now_us=now_us,
            signer=self._signer,
        )
        return message, counter
