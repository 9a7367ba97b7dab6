"""What must hold after any end of the programs: every promise at the next start, and everything once the work is done.

Invariants of the wire contract: I1 nothing receipted lost, I2 nothing changed, I3 one seal per content, I4 nothing
released before its receipt is kept, I5 the chain of acts agrees with every receipt.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from sqlalchemy import func, select

from edge.contract.identifiers import ClipId, clip_id_of
from edge.storage.contents import Content, ContentState, copies_here, find_content
from fault_stage.places import Places
from fault_stage.promises import Kind, Promise, digest
from fault_stage.verdict import broken_promises
from fault_stage.way import Way
from fault_stage.way_server import WayServer
from server.domain.receiving import is_held
from server.store.clip_files import ClipFiles
from server.store.tables import Act, Clip, MessageSeen, SetAside
from server.usecases.signing_state import why_signing_stopped


def footage_by_clip(places: Places) -> dict[str, Path]:
    """The recordings in the watched folder, by the id of their content."""
    return {
        clip_id_of(path.stat().st_size, digest(path.read_bytes())): path for path in sorted(places.footage.iterdir())
    }


def broken_at_start(promises: Iterable[Promise], way: Way, places: Places) -> list[str]:
    """Promises that do not hold after both halves were started and reconciled, before any work."""
    way.gateway.reconcile()
    check = _AtStart(way, places)
    told = [f"{promise.kind} {promise.clip_id}: {why}" for promise in promises for why in check.of(promise)]
    return told + check.released_without_receipt() + _stopped(way.server)


def broken_at_end(way: Way, places: Places) -> list[str]:
    """What does not hold when nothing is left to be done. Ends the programs."""
    told = _stopped(way.server) + _left_over(way)
    way.close()
    written = {path.name: digest(path.read_bytes()) for path in places.footage.iterdir()}
    return told + broken_promises(places.footage, places.gateway, places.server, written=written, clips=places.clips)


class _AtStart:
    def __init__(self, way: Way, places: Places) -> None:
        self._gateway, self._context = way.gateway, way.server.context
        self._footage = footage_by_clip(places)
        self._files = ClipFiles(places.clips)
        self._checks: dict[Kind, Callable[[Promise], list[str]]] = {
            Kind.LANDED: self._landed,
            Kind.HAVE: self._have,
            Kind.NOTED: self._noted,
            Kind.RECEIPT: self._receipt,
            Kind.RECEIPTED: self._receipted,
        }

    def of(self, promise: Promise) -> list[str]:
        return self._checks[promise.kind](promise)

    def released_without_receipt(self) -> list[str]:
        """I4."""
        with self._gateway.journal.transaction() as rows:
            without_copy = rows.execute(
                "SELECT clip_id FROM content WHERE landing_name IS NULL AND state <> 'receipted'"
            ).fetchall()
            here = [clip_id for clip_id, _, _ in copies_here(rows)]
        gone = [row["clip_id"] for row in without_copy]
        gone += [clip_id for clip_id in here if not self._gateway.area.path_of(clip_id).exists()]
        return [f"clip {clip_id} has neither a landing copy nor a receipt" for clip_id in gone]

    # ------------------------------------------------------------------ the gateway's promises
    def _content(self, clip_id: str) -> Content | None:
        with self._gateway.journal.transaction() as rows:
            return find_content(rows, clip_id)

    def _landed(self, promise: Promise) -> list[str]:
        content = self._content(promise.clip_id)
        if content is None:
            return ["its row is gone"]
        if content.state is ContentState.RECEIPTED:
            return []
        copy = self._gateway.area.path_of(promise.clip_id)
        if content.landing_name is None or not copy.exists():
            return ["its copy is gone"]
        return [] if digest(copy.read_bytes()) == content.sha256 else ["its copy is not what landed"]

    def _receipted(self, promise: Promise) -> list[str]:
        with self._gateway.journal.transaction() as rows:
            row = rows.execute("SELECT receipt FROM content WHERE clip_id = ?", (promise.clip_id,)).fetchone()
        if row is None or row["receipt"] is None:
            return ["the gateway does not hold it any more"]
        return [] if digest(row["receipt"]) == promise.value["sha256"] else ["the gateway holds another"]

    # ------------------------------------------------------------------ the server's promises
    def _clip(self, clip_id: str) -> Clip | None:
        with self._context.db.reading() as session:
            return session.get(Clip, clip_id)

    def _have(self, promise: Promise) -> list[str]:
        spans = [(int(start), int(end)) for start, end in promise.value["held"]]
        clip = self._clip(promise.clip_id)
        if clip is None:
            return ["the server does not know the clip"]
        if clip.state == "sealed":
            return []
        held = [(int(start), int(end)) for start, end in json.loads(clip.held_json)]
        data = self._stored(promise.clip_id)
        source = self._footage[promise.clip_id].read_bytes()
        told = [f"bytes {span} are not on record" for span in spans if not is_held(held, span)]
        wrong = [span for span in spans if data[slice(*span)] != source[slice(*span)]]
        return told + [f"bytes {span} are not those that came" for span in wrong]

    def _receipt(self, promise: Promise) -> list[str]:
        clip = self._clip(promise.clip_id)
        if clip is None or clip.receipt is None:
            return ["the server does not know that it gave it"]
        told = [] if digest(clip.receipt) == promise.value["sha256"] else ["the server would give another"]
        with self._context.db.reading() as session:
            act = session.get(Act, promise.value["act_index"])
        if act is None or act.hash != promise.value["act_hash"]:
            told.append("its act is not in the chain")
        if digest(self._stored(promise.clip_id)) != clip.sha256:
            told.append("the stored bytes are not those that were sealed")
        return told

    def _noted(self, promise: Promise) -> list[str]:
        with self._context.db.reading() as session:
            seen = set(session.execute(select(MessageSeen.boot_id, MessageSeen.counter)))
        missing = [tuple(item) for item in promise.value["items"] if tuple(item) not in seen]
        return [f"message {name} is not on record" for name in missing]

    def _stored(self, clip_id: str) -> bytes:
        places = (self._files.final_path(ClipId(clip_id)), self._files.part_path(ClipId(clip_id)))
        return next((path.read_bytes() for path in places if path.is_file()), b"")


def _stopped(server: WayServer) -> list[str]:
    with server.context.db.reading() as session:
        return [f"the server stopped signing: {reason}" for reason in why_signing_stopped(session)]


def _left_over(way: Way) -> list[str]:
    """Copies that should be released, messages that nobody took."""
    told = [f"landing copy {name} was never released" for name in way.gateway.area.standing()]
    told += [f"temporary file {path.name} was left" for path in way.gateway.area.temporaries()]
    told += [f"part file {name} was left" for name in way.server.context.clip_files.parts()]
    with way.server.context.db.reading() as session:
        aside = session.execute(select(SetAside.reason, func.count()).group_by(SetAside.reason)).all()
    return told + [f"{count} messages were set aside: {reason}" for reason, count in aside]
