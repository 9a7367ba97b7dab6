"""Inspection: look into what landed, sign the manifest, and put the report into the outbox in the same transaction."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import structlog
from pydantic import ValidationError

from edge.config import SourceConfig
from edge.contract.dsse import Signer
from edge.contract.inspection import FaultCode
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from edge.contract.manifest import Capture, Manifest, Sighting, sign_manifest
from edge.contract.messages import ClipReport, Events, GatewayEvent, Register, Report
from edge.contract.topics import UpKind
from edge.domain.certificates import check_certificates
from edge.domain.clock import corrected
from edge.domain.file_state import is_due_again
from edge.domain.path_text import wire_name
from edge.footage.probe_result import ProbeResult, probe_time_limit_s, unreadable
from edge.platform.limited_worker import WorkerCrashedError, WorkerTimedOutError
from edge.storage.contents import Content, find_content
from edge.storage.dockings import find_docking
from edge.storage.journal import Journal
from edge.storage.landing import LandingArea
from edge.storage.outbox import Outbox
from edge.storage.register_copy import current_register
from edge.storage.sightings import SightingRow, keep_inspection, probe_result_of, uninspected
from edge.workers.clip_facts import ClipFacts, SourceReading, sidecar_words

log = structlog.get_logger(__name__)


class Prober(Protocol):
    """A limited worker that runs `edge.footage.probe:probe_call`."""

    def call(self, argument: object, *, time_limit_s: float) -> object: ...


def probe_with(prober: Prober, path: Path, *, name: str, size_bytes: int) -> ProbeResult:
    """The probe's result; a crash, a time-out and an answer that is none are results too."""
    argument = {"path": str(path), "name": name}
    try:
        return ProbeResult.model_validate(prober.call(argument, time_limit_s=probe_time_limit_s(size_bytes)))
    except WorkerTimedOutError as error:
        return unreadable(FaultCode.TIMED_OUT, str(error))
    except WorkerCrashedError as error:
        return unreadable(FaultCode.CRASHED, str(error))
    except ValidationError as error:
        return unreadable(FaultCode.CRASHED, f"the check gave no usable answer ({error.error_count()} faults in it)")


class InspectionWorker:
    """From landed to inspected, one sighting per step."""

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
    ) -> None:
        self._journal, self._outbox, self._area = journal, outbox, area
        self._readings: Mapping[str, SourceReading] = {config.name: SourceReading.of(config) for config in sources}
        self._gateway_id, self._signer, self._prober = gateway_id, signer, prober
        self._tried_us: dict[str, UtcMicros] = {}
        self.wake = threading.Event()

    def step(self, now_us: UtcMicros) -> bool:
        """Inspect the oldest sighting without a manifest. True: there was one to be inspected now."""
        with self._journal.transaction() as rows:
            sighting = self._next(rows, now_us)
            if sighting is None:
                return False
            content = find_content(rows, sighting.clip_id)
            earlier = probe_result_of(rows, sighting.clip_id)
        if content is None:
            raise LookupError(f"sighting {sighting.sighting_id} without content: the journal's foreign keys are off")
        probe = self._probe(sighting, content) if earlier is None else ProbeResult.model_validate_json(earlier)
        with self._journal.transaction() as rows:
            self._keep(rows, sighting, content, probe, now_us)
        del self._tried_us[sighting.sighting_id]
        log.info("clip_inspected", clip_id=content.clip_id, verdict=probe.verdict, device=sighting.device)
        return True

    def _next(self, rows: sqlite3.Connection, now_us: UtcMicros) -> SightingRow | None:
        """The oldest sighting to look into. One that made a step fail lets the others go first for a while."""
        for sighting in uninspected(rows, limit=len(self._tried_us) + 1):
            tried_us = self._tried_us.get(sighting.sighting_id)
            if tried_us is None or is_due_again(now_us, tried_us):
                self._tried_us[sighting.sighting_id] = now_us
                return sighting
        return None

    def _probe(self, sighting: SightingRow, content: Content) -> ProbeResult:
        return probe_with(
            self._prober,
            self._area.path_of(content.clip_id),
            name=sighting.file_name,
            size_bytes=content.size_bytes,
        )

    def _keep(
        self, rows: sqlite3.Connection, sighting: SightingRow, content: Content, probe: ProbeResult, now_us: UtcMicros
    ) -> None:
        register = current_register(rows)
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
        devices = () if register is None else register.devices
        return ClipFacts(
            file_name=sighting.file_name,
            reading=self._readings.get(sighting.source) or SourceReading.usual(),
            probe=probe,
            modified_us=sighting.modified_us,
            landed_us=sighting.seen_us,
            sidecar=sidecar_words(sighting.sidecar, name=sighting.file_name),
            register_zone=next((entry.time_zone for entry in devices if entry.device == sighting.device), None),
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
