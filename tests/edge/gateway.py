"""A gateway on a temporary folder, without a server: intake and inspection, with a clock that the test moves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.config import SourceConfig
from edge.contract.events import open_up
from edge.contract.instants import UtcMicros, parse_rfc3339
from edge.contract.manifest import Manifest, open_manifest
from edge.contract.messages import ClipReport, DockingReport, Events, GatewayEvent, Report
from edge.footage.inspect_call import inspect_call
from edge.platform.signing import PublicKeys, SigningKey
from edge.storage.journal import Journal
from edge.storage.landing import DiskUse, LandingArea
from edge.storage.outbox import Outbox
from edge.workers.inspection import InspectionWorker
from edge.workers.intake import IntakeWorker

GATEWAY_ID = "gw-00112233"
KEY = SigningKey.generate()
START_US = parse_rfc3339("2026-11-21T12:00:00Z")


class ProbeHere:
    """The probe without its child process: quick, for files known to be harmless."""

    def call(self, argument: Any, *, time_limit_s: float) -> Any:  # noqa: ARG002 - the port has it
        return inspect_call(argument)


@dataclass
class Gateway:
    """`folder` is the watched folder; `run` lets time pass until nothing is left to do."""

    home: Path
    rest_s: float = 10.0
    settings: Mapping[str, Any] = field(default_factory=dict)
    now_us: UtcMicros = START_US
    used_percent: float = 10.0
    watched: Path | None = None

    def __post_init__(self) -> None:
        self.folder = self.watched or self.home / "footage"
        self.folder.mkdir(exist_ok=True)
        self.start()

    def start(self) -> None:
        config = SourceConfig(name="dock", folder=self.folder, rest_s=self.rest_s, scan_interval_s=1.0, **self.settings)
        self.journal = Journal.open(self.home / "journal.sqlite3", now_us=self.now_us)
        self.area = LandingArea(self.home / "landing")
        self.outbox = Outbox(self.journal, gateway_id=GATEWAY_ID, signer=KEY)
        self.intake = IntakeWorker(
            self.journal, self.outbox, self.area, [config], synchronised=lambda: True, disk_use=self._disk_use
        )
        self.inspection = InspectionWorker(
            self.journal, self.outbox, self.area, [config], gateway_id=GATEWAY_ID, signer=KEY, prober=ProbeHere()
        )

    def restart(self) -> None:
        self.journal.close()
        self.start()

    def run(self, seconds: float = 30.0, *, step_s: float = 1.0) -> None:
        """Both workers until idle, once each `step_s` of `seconds`."""
        for _ in range(round(seconds / step_s) + 1):
            while self.intake.step(self.now_us) or self.inspection.step(self.now_us):
                pass
            self.now_us = UtcMicros(self.now_us + round(step_s * 1_000_000))

    # ------------------------------------------------------------------ what it says
    def said(self) -> list[Any]:
        """Everything in the outbox, opened, oldest first."""
        keys = PublicKeys({KEY.key_id: KEY.public_bytes})
        return [
            open_up(message.message, message.kind, gateway_id=GATEWAY_ID, verifier=keys).data
            for message in self.outbox.waiting(10_000)
        ]

    def manifests(self) -> list[Manifest]:
        keys = PublicKeys({KEY.key_id: KEY.public_bytes})
        return [
            open_manifest(json.dumps(said.content.manifest).encode(), keys)
            for said in self.said()
            if isinstance(said, Report) and isinstance(said.content, ClipReport)
        ]

    def dockings(self) -> list[DockingReport]:
        return [
            said.content for said in self.said() if isinstance(said, Report) and isinstance(said.content, DockingReport)
        ]

    def events(self) -> list[GatewayEvent]:
        return [event for said in self.said() if isinstance(said, Events) for event in said.events]

    def listed(self) -> dict[str, str | None]:
        """The reason of every file in any docking's list, by path."""
        return {file.name: file.reason for docking in self.dockings() for file in docking.files}

    def landed(self) -> dict[str, int]:
        return self.area.standing()

    def _disk_use(self) -> DiskUse:
        return DiskUse(used_bytes=round(self.used_percent * 10_000_000), total_bytes=1_000_000_000)
