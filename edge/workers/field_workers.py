"""Intake and inspection put together from the settings, with the child processes that look into files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edge.config import EdgeConfig
from edge.contract.dsse import Signer
from edge.footage.probe_result import INSPECT_TARGET
from edge.platform.clock import Clock
from edge.platform.worker_pool import WorkerPool, workers_for
from edge.storage.journal import Journal
from edge.storage.landing import LandingArea
from edge.storage.outbox import Outbox
from edge.storage.reference_files import ReferenceFiles
from edge.workers.inspection import InspectionWorker
from edge.workers.intake import IntakeWorker


@dataclass(frozen=True, slots=True)
class FieldWorkers:
    """The two workers between the devices and the outbox. At the end: `stop`, then `close` once their threads ended."""

    intake: IntakeWorker
    inspection: InspectionWorker
    prober: WorkerPool
    area: LandingArea

    def stop(self) -> None:
        """Give up a copy and the looks that are under way, so that their steps end soon."""
        self.area.stop()
        self.prober.stop()

    def close(self) -> None:
        """End the child processes."""
        self.inspection.close()
        self.prober.close()


def field_workers(
    config: EdgeConfig,
    journal: Journal,
    outbox: Outbox,
    *,
    landing: Path,
    gateway_id: str,
    signer: Signer,
    clock: Clock,
) -> FieldWorkers:
    """Both workers for these settings; nothing runs yet."""
    area, prober = LandingArea(landing), WorkerPool(INSPECT_TARGET, size=workers_for(config.inspection_workers))
    return FieldWorkers(
        intake=IntakeWorker(
            journal,
            outbox,
            area,
            config.sources,
            synchronised=clock.synchronised,
            warn_percent=config.disk_warn_percent,
            stop_percent=config.disk_stop_copying_percent,
        ),
        inspection=InspectionWorker(
            journal,
            outbox,
            area,
            config.sources,
            gateway_id=gateway_id,
            signer=signer,
            prober=prober,
            at_once=prober.size,
            references=ReferenceFiles(config.data_dir),
        ),
        prober=prober,
        area=area,
    )
