"""Inspection: look into what landed, sign the manifest, and put the report into the outbox in the same transaction."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

import structlog

from edge.config import SourceConfig
from edge.contract.dsse import Signer
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from edge.contract.manifest import Capture, Manifest, Sighting, sign_manifest
from edge.contract.messages import ClipReport, Events, GatewayEvent, Register, Report
from edge.contract.topics import UpKind
from edge.domain.certificates import check_certificates
from edge.domain.clock import corrected
from edge.domain.file_state import is_due_again
from edge.domain.path_text import wire_name
from edge.footage.probe_result import LookOrder, ProbeResult
from edge.platform.limited_worker import WorkerStoppedError
from edge.storage.contents import Content, find_content
from edge.storage.dockings import find_docking
from edge.storage.journal import Journal
from edge.storage.landing import LandingArea
from edge.storage.outbox import Outbox
from edge.storage.reference_files import ReferenceFiles
from edge.storage.register_copy import current_register
from edge.storage.sightings import SightingRow, keep_inspection, probe_result_of, uninspected
from edge.workers.clip_facts import ClipFacts, SourceReading, sidecar_words, zone_of_device
from edge.workers.look_orders import look_order
from edge.workers.probing import InspectionProgress, OpenFile, Prober, Tally, probe_with
from edge.workers.view_history import with_view_history

log = structlog.get_logger(__name__)


_WAIT_S = 1.0
"""So long a step waits for a file at most, before it looks for more to do."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A sighting whose content is being looked into, or was before: then the future is done from the start."""

    sighting: SightingRow
    content: Content
    found: Future[ProbeResult]


class InspectionWorker:
    """From landed to inspected, several contents at once; each sighting is kept in a transaction of its own.

    The oldest go first. One content is looked into once, and its sightings are kept in the order of their age.
    """

    def __init__(
        self,
        journal: Journal,
        outbox: Outbox,
        area: LandingArea,
        sources: Sequence[SourceConfig],
        *,
        gateway_id: str,
        signer: Signer,
        prober: Prober,
        at_once: int = 1,
        references: ReferenceFiles | None = None,
    ) -> None:
        self._journal, self._outbox, self._area = journal, outbox, area
        self._readings: Mapping[str, SourceReading] = {config.name: SourceReading.of(config) for config in sources}
        self._gateway_id, self._signer, self._prober = gateway_id, signer, prober
        self._at_once, self._references = at_once, references
        self._threads = ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="inspect")
        self._looks: dict[str, _Look] = {}
        self._tried_us: dict[str, UtcMicros] = {}
        self._tally = Tally()
        self._open: dict[str, OpenFile] = {}
        self.wake = threading.Event()

    def step(self, now_us: UtcMicros) -> bool:
        """Begin to look into the oldest sightings without a manifest, and keep what was found meanwhile.

        True: there is more to be done at once.
        """
        self._begin(now_us)
        if not self._looks:
            self._tally.rest()
            return False
        wait([look.found for look in self._looks.values()], timeout=_WAIT_S, return_when=FIRST_COMPLETED)
        for look in [look for look in self._looks.values() if look.found.done()]:
            self._finish(look, now_us)
        return True

    def progress(self) -> InspectionProgress:
        """How far it is; may be asked by any thread."""
        return self._tally.progress(dict(self._open))

    def close(self) -> None:
        """Begin nothing more. What is under way ends with the prober."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self, now_us: UtcMicros) -> None:
        with self._journal.transaction() as rows:
            register = current_register(rows)
            for sighting in self._next(rows, now_us):
                self._tried_us[sighting.sighting_id] = now_us
                content = find_content(rows, sighting.clip_id)
                if content is None:
                    raise LookupError(
                        f"sighting {sighting.sighting_id} without content: the journal's foreign keys are off"
                    )
                self._tally.begin(now_us)
                order = look_order(register, sighting.device, self._references, sighting.modified_us)
                found = self._found(probe_result_of(rows, sighting.clip_id), sighting, content, order, now_us)
                self._looks[sighting.sighting_id] = _Look(sighting, content, found)

    def _next(self, rows: sqlite3.Connection, now_us: UtcMicros) -> list[SightingRow]:
        """The oldest to look into, as many as have room. One that made a step fail lets others go first for a while."""
        room = self._at_once - len(self._looks)
        contents = {look.content.clip_id for look in self._looks.values()}
        chosen: list[SightingRow] = []
        for sighting in uninspected(rows, limit=len(self._tried_us) + self._at_once) if room > 0 else ():
            tried_us = self._tried_us.get(sighting.sighting_id)
            is_running = sighting.sighting_id in self._looks or sighting.clip_id in contents
            if not is_running and (tried_us is None or is_due_again(now_us, tried_us)):
                chosen.append(sighting)
                contents.add(sighting.clip_id)
            if len(chosen) == room:
                break
        return chosen

    def _found(
        self, earlier: str | None, sighting: SightingRow, content: Content, order: LookOrder, now_us: UtcMicros
    ) -> Future[ProbeResult]:
        if earlier is None:
            opened = OpenFile(name=sighting.file_name, size_bytes=content.size_bytes, since_us=now_us)
            self._open[sighting.sighting_id] = opened
            return self._threads.submit(self._probe, sighting, content, order)
        known = ProbeResult.model_validate_json(earlier)
        if known.reference is not None and known.reference.reference != order.reference:
            known = known.model_copy(update={"reference": None})  # it was held against another device's view
        found: Future[ProbeResult] = Future()
        found.set_result(known)
        return found

    def _finish(self, look: _Look, now_us: UtcMicros) -> None:
        sighting, content = look.sighting, look.content
        del self._looks[sighting.sighting_id]
        self._open.pop(sighting.sighting_id, None)
        try:
            probe = look.found.result()
        except WorkerStoppedError:
            return  # the program ends; the next start looks into it
        with self._journal.transaction() as rows:
            self._keep(rows, sighting, content, probe, now_us)
        del self._tried_us[sighting.sighting_id]
        self._tally.count(content.size_bytes, now_us)
        log.info("clip_inspected", clip_id=content.clip_id, verdict=probe.verdict, device=sighting.device)

    def _probe(self, sighting: SightingRow, content: Content, order: LookOrder) -> ProbeResult:
        return probe_with(
            self._prober,
            self._area.path_of(content.clip_id),
            name=sighting.file_name,
            size_bytes=content.size_bytes,
            order=order,
        )

    def _keep(
        self, rows: sqlite3.Connection, sighting: SightingRow, content: Content, probe: ProbeResult, now_us: UtcMicros
    ) -> None:
        register = current_register(rows)
        probe = with_view_history(rows, sighting, probe, register)
        facts = self._facts(rows, sighting, probe, register)
        manifest = self._manifest(sighting, content, facts, register)
        envelope = sign_manifest(manifest, self._signer)
        keep_inspection(
            rows, sighting.sighting_id, inspection=probe.model_dump_json(), manifest=envelope, now_us=now_us
        )
        report = Report(content=ClipReport(manifest=json.loads(envelope)))
        self._outbox.put(rows, UpKind.REPORT, report, now_us)
        if facts.is_in_future:
            event = GatewayEvent(
                code="start_in_future", at=now_us, device=sighting.device, file_name=wire_name(sighting.path)
            )
            self._outbox.put(rows, UpKind.EVENTS, Events(events=(event,)), now_us)

    def _facts(
        self, rows: sqlite3.Connection, sighting: SightingRow, probe: ProbeResult, register: Register | None
    ) -> ClipFacts:
        docking = find_docking(rows, sighting.docking_id)
        return ClipFacts(
            file_name=sighting.file_name,
            reading=self._readings.get(sighting.source) or SourceReading.usual(),
            probe=probe,
            modified_us=sighting.modified_us,
            landed_us=sighting.seen_us,
            sidecar=sidecar_words(sighting.sidecar, name=sighting.file_name),
            register_zone=zone_of_device(register, sighting.device),
            clock=None if docking is None or docking.device != sighting.device else docking.clock,
        )

    def _manifest(
        self, sighting: SightingRow, content: Content, facts: ClipFacts, register: Register | None
    ) -> Manifest:
        words = facts.sidecar.words
        span = _span(facts)
        return Manifest(
            gateway_id=self._gateway_id,
            key_id=self._signer.key_id,
            boot_id=self._journal.boot_id,
            counter=self._journal.next_counter(),
            size_bytes=content.size_bytes,
            sha256=content.sha256,
            sighting=Sighting(
                sighting_id=sighting.sighting_id,
                device=sighting.device,
                file_name=wire_name(sighting.file_name),
                path=wire_name(sighting.path),
                source=sighting.source,
                docking_id=sighting.docking_id,
                landed=sighting.seen_us,
                modified=sighting.modified_us,
                sequence=facts.sequence,
                recording=None if words is None else words.recording,
                flagged=words is not None and words.flagged,
            ),
            capture=facts.capture,
            clock=facts.clock,
            inspection=facts.probe.inspection(facts.faults()),
            certificates=() if span is None else check_certificates(register, sighting.device, span),
        )


def _span(facts: ClipFacts) -> TimeInterval | None:
    """The whole recording on the gateway's clock; its first instant where its length is not known."""
    capture: Capture = facts.capture
    whole = capture.recorded
    if whole:
        span = TimeInterval(whole[0].start_us, whole[-1].end_us)
    elif capture.start is not None:
        span = TimeInterval(capture.start, UtcMicros(capture.start + 1))
    else:
        return None
    (on_gateway,) = corrected([span], facts.clock)
    return on_gateway
