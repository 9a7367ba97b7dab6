"""A gateway with clips that have landed and been inspected, without a camera."""

from __future__ import annotations

import hashlib
from pathlib import Path

from edge.contract.identifiers import clip_id_of
from edge.contract.inspection import FileVerdict, Inspection
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from edge.contract.manifest import Capture, Manifest, Sighting, StartSource, sign_manifest
from edge.platform.signing import SigningKey
from edge.storage.contents import add_content
from edge.storage.journal import Journal
from edge.storage.sightings import SightingRow, add_sighting, keep_inspection

NOW = UtcMicros(1_790_000_000_000_000)
GATEWAY_ID = "gw-0123456789abcdef"


class FakeClock:
    """Both times stand still until a test moves them."""

    def __init__(self) -> None:
        self.wall_us, self.steady = NOW, 1000.0

    def now_us(self) -> UtcMicros:
        return self.wall_us

    def steady_s(self) -> float:
        return self.steady

    def synchronised(self) -> bool:
        return True


class Gateway:
    """Journal, key and landing folder below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.landing = folder, folder / "landing"
        self.landing.mkdir(parents=True)
        self.key = SigningKey.generate()
        self.journal = Journal.open(folder / "journal.sqlite3", now_us=NOW)
        self._sightings = 0

    def land(
        self,
        content: bytes,
        *,
        device: str | None = "BC-01",
        flagged: bool = False,
        recorded: tuple[TimeInterval, ...] = (),
    ) -> str:
        """The clip id of a content that is landed, inspected and ready to be offered."""
        self._sightings += 1
        digest = hashlib.sha256(content).hexdigest()
        clip_id = clip_id_of(len(content), digest)
        (self.landing / clip_id).write_bytes(content)
        name, sighting_id = f"{device}_{self._sightings}.mp4", f"sg-{self._sightings:016d}"
        manifest = Manifest(
            gateway_id=GATEWAY_ID,
            key_id=self.key.key_id,
            boot_id=self.journal.boot_id,
            counter=self.journal.next_counter(),
            size_bytes=len(content),
            sha256=digest,
            sighting=Sighting(
                sighting_id=sighting_id,
                device=device,
                file_name=name,
                path=name,
                source="folder",
                docking_id="dk-0000000000000001",
                landed=NOW,
                modified=NOW,
            ),
            capture=Capture(
                start=None,
                start_source=StartSource.NONE,
                uncertainty_us=0,
                time_zone="Asia/Shanghai",
                recorded=recorded,
            ),
            inspection=Inspection(verdict=FileVerdict.WHOLE),
        )
        with self.journal.transaction() as rows:
            add_content(
                rows,
                clip_id=clip_id,
                sha256=digest,
                size_bytes=len(content),
                landing_name=clip_id,
                flagged=flagged,
                now_us=NOW,
            )
            add_sighting(
                rows,
                SightingRow(
                    sighting_id, clip_id, "dk-0000000000000001", device, name, name, "folder", NOW, NOW, generation=1
                ),
            )
            keep_inspection(rows, sighting_id, inspection="{}", manifest=sign_manifest(manifest, self.key), now_us=NOW)
        return clip_id
