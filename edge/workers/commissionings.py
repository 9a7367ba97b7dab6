"""Tells the server of every commissioning: a person stores it beside the running agent, the agent finds it here.

The folder is looked at now and then; which act was told last is kept in the transaction that puts the event into the
outbox, so that each is told once, whether the agent ran meanwhile or not.
"""

from __future__ import annotations

import threading
from pathlib import Path

import structlog

from edge.contract.instants import UtcMicros
from edge.contract.messages import Events, GatewayEvent
from edge.contract.topics import UpKind
from edge.domain.commissioned_view import CommissionedView, RecordUnusableError
from edge.platform.clock import Clock
from edge.storage.journal import Journal, remember, remembered
from edge.storage.outbox import Outbox
from edge.storage.reference_files import ReferenceFiles, StoredReference, stored_reference

log = structlog.get_logger(__name__)

COMMISSIONED = "view_commissioned"
_LOOK_EVERY_S = 10.0
_TOLD = "commissioned:"


class CommissioningWorker:
    """One event for each act. `step` is for one thread."""

    def __init__(self, journal: Journal, outbox: Outbox, data_dir: Path, *, clock: Clock) -> None:
        self._journal, self._outbox, self._clock = journal, outbox, clock
        self._files = ReferenceFiles(data_dir)
        self._next_look_s = 0.0
        self.wake = threading.Event()

    def step(self, now_us: UtcMicros) -> bool:
        """Look, if it is time to. A damaged record is logged and told once it is mended; other monitors go on."""
        if self._clock.steady_s() < self._next_look_s:
            return False
        self._next_look_s = self._clock.steady_s() + _LOOK_EVERY_S
        waiting: set[str] = set()
        for folder, number, record in list(self._files.acts()):
            if folder in waiting:
                continue  # what is told after a damaged record would take its turn for ever
            with self._journal.transaction() as rows:
                if number <= int(remembered(rows, _TOLD + folder) or 0):
                    continue
                try:
                    event = commissioning_event(stored_reference(record))
                except RecordUnusableError as error:
                    log.error("reference_unusable", record=str(record), why=str(error))
                    waiting.add(folder)
                    continue
                self._outbox.put(rows, UpKind.EVENTS, Events(events=(event,)), now_us)
                remember(rows, _TOLD + folder, str(number))
        return False


def commissioning_event(stored: StoredReference) -> GatewayEvent:
    """Who commissioned which reference of which monitor, and why. `at` is the act's own moment."""
    view = stored.view
    return GatewayEvent(
        code=COMMISSIONED,
        at=view.commissioned,
        device=view.device,
        detail={**_detail(view), "reference": stored.sha256},
    )


def _detail(view: CommissionedView) -> dict[str, str]:
    detail = {"number": str(view.number), "by": view.by, "reason": view.reason}
    detail |= {light.light: str(light.pictures) for light in view.lights}
    if view.calibration is not None:
        detail["calibration"] = view.calibration.sha256
    if view.replaces is not None:
        detail["replaces"] = view.replaces
    return detail
