"""A small department with two units, as tests of pages and of access need it: every kind of row, told apart by unit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from edge.contract.identifiers import clip_id_of
from edge.contract.inspection import Fault, FileVerdict, Inspection
from edge.contract.instants import UtcMicros, parse_rfc3339
from edge.contract.intervals import TimeInterval
from edge.contract.manifest import Capture, ClockReading, Manifest, Sighting, StartSource, sign_manifest
from edge.platform.durable import make_directory
from edge.platform.signing import SigningKey
from server.config import load_config
from server.store import to_judge
from server.store.recorded import record
from server.store.tables import Docking, Gateway, GatewayKey
from server.usecases.accounts import add_account
from server.usecases.context import AppContext
from server.usecases.import_register import import_csv
from server.usecases.judge import judge_due, judge_pending
from server.usecases.receive_sighting import record_sighting
from server.usecases.seal_clip import seal_clip
from server.usecases.set_up import open_context, set_up
from tests.server.seed_looks import COVERED, MOVED, Looks
from tests.server.seed_registers import (
    ACCOUNTS,
    DAY,
    GATEWAY_A,
    GATEWAY_B,
    MARK_A,
    MARK_B,
    MINUTE_US,
    NOW_US,
    PASSWORD,
    REGISTERS,
)


class FixedClock:
    """A clock that stands until a test moves it."""

    def __init__(self, now_us: UtcMicros = NOW_US) -> None:
        self.instant_us = now_us

    def now_us(self) -> UtcMicros:
        return self.instant_us

    def steady_s(self) -> float:
        return self.instant_us / 1e6

    def synchronised(self) -> bool:
        return True


@dataclass
class Seeded:
    """The department, and the ids that a test asks for."""

    context: AppContext
    clock: FixedClock
    clips: dict[str, str] = field(default_factory=dict)
    content: dict[str, bytes] = field(default_factory=dict)


def local(text: str) -> UtcMicros:
    """An instant of the day, such as `09:03:00`, in the department's zone."""
    return parse_rfc3339(f"{DAY}T{text}+08:00")


def seed(data_dir: Path, *, video: bytes | None = None) -> Seeded:
    """A data folder with everything in it, judged. `video`: the bytes of the clips, made distinct by a tail."""
    set_up(data_dir, now_us=UtcMicros(NOW_US - 86_400_000_000))
    clock = FixedClock()
    seeded = Seeded(open_context(load_config(data_dir), clock), clock)
    for kind, text in REGISTERS.items():
        summary = import_csv(
            seeded.context.db, kind, text.encode(), by="test", now_us=NOW_US - 3_600_000_000, rules=seeded.context.rules
        )
        assert summary.ok, (kind, summary.errors)
    _accounts(seeded.context)
    _footage(seeded, video)
    while judge_pending(seeded.context.db, seeded.context.rules, NOW_US):
        pass
    judge_due(seeded.context.db, seeded.context.rules, NOW_US)
    while judge_pending(seeded.context.db, seeded.context.rules, NOW_US):
        pass
    return seeded


def _accounts(context: AppContext) -> None:
    with context.db.writing() as session:
        for name, (role, units, officer) in ACCOUNTS.items():
            add_account(
                session,
                name=name,
                role=role,
                units=units.split(","),
                password=PASSWORD,
                by="test",
                now_us=NOW_US,
                officer_number=officer,
            )


def _footage(seeded: Seeded, video: bytes | None) -> None:
    keys = {GATEWAY_A: SigningKey.generate(), GATEWAY_B: SigningKey.generate()}
    with seeded.context.db.writing() as session:
        for gateway_id, name, unit, seen_us in (
            (GATEWAY_A, f"城东采集站{MARK_A}", "UA", NOW_US - 5 * 3_600_000_000),
            (GATEWAY_B, f"城西采集站{MARK_B}", "UB", NOW_US - 60_000_000),
        ):
            session.add(
                Gateway(
                    gateway_id=gateway_id,
                    name=name,
                    unit_number=unit,
                    state="active",
                    added_us=NOW_US - 86_400_000_000,
                    last_seen_us=seen_us,
                    clock_difference_us=0,
                )
            )
            session.flush()
            key = keys[gateway_id]
            session.add(
                GatewayKey(
                    key_id=key.key_id,
                    gateway_id=gateway_id,
                    public_key=key.public_bytes,
                    since_us=NOW_US - 86_400_000_000,
                )
            )
    maker = _Maker(seeded, keys, video or b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 40)
    clock = ClockReading(
        offset_us=7_000_000, uncertainty_us=200_000, measured=local("14:00:00"), gateway_synchronised=True
    )
    maker.docking(GATEWAY_A, "dock-a100000", "BWC-A1", local("14:00:00"), clock)
    maker.docking(GATEWAY_B, "dock-b100000", "BWC-B1", local("14:00:00"), None)
    maker.clip("first", GATEWAY_A, "BWC-A1", "09:04:00", "10:00:00", sequence=1, clock=clock)
    maker.clip("second", GATEWAY_A, "BWC-A1", "10:00:00", "11:00:00", sequence=2, clock=clock, looks=COVERED)
    maker.clip("third", GATEWAY_A, "BWC-A1", "11:12:30", "12:30:00", sequence=4, clock=clock)
    maker.clip("waiting", GATEWAY_A, "BWC-A1", "12:30:00", "13:00:00", sequence=5, clock=clock, sealed=False)
    maker.clip("damaged", GATEWAY_A, "BWC-A1", "11:00:00", None, sequence=3, clock=clock, sealed=True)
    maker.clip("monitor", GATEWAY_A, "CAM-A1", "10:10:00", "10:10:12", looks=MOVED)
    maker.clip("unknown", GATEWAY_A, None, None, None, name=f"现场视频{MARK_A}.mp4")
    maker.clip("other", GATEWAY_B, "BWC-B1", "09:00:00", "11:00:00", sequence=1)


class _Maker:
    """Makes footage the way the ingest does: a signed manifest, a sighting, and for most a sealed file."""

    def __init__(self, seeded: Seeded, keys: dict[str, SigningKey], video: bytes) -> None:
        self._seeded, self._keys, self._video, self._count = seeded, keys, video, 0

    def docking(
        self, gateway_id: str, number: str, device: str, until_us: UtcMicros, clock: ClockReading | None
    ) -> None:
        with self._seeded.context.db.writing() as session:
            row = Docking(
                number=number,
                valid_from_us=until_us - 10 * MINUTE_US,
                valid_until_us=until_us,
                recorded_us=until_us,
                recorded_by=f"gateway:{gateway_id}",
                device_number=device,
                gateway_id=gateway_id,
                complete=True,
                offset_us=None if clock is None else clock.offset_us,
                offset_uncertainty_us=None if clock is None else clock.uncertainty_us,
                offset_measured_us=None if clock is None else clock.measured,
                gateway_synchronised=None if clock is None else clock.gateway_synchronised,
                battery_percent=62.0,
                free_bytes=20_000_000_000,
                total_bytes=64_000_000_000,
            )
            record(session, row)
            to_judge.mark(session, "device", device, until_us)

    def clip(
        self,
        key: str,
        gateway_id: str,
        device: str | None,
        start: str | None,
        end: str | None,
        *,
        sequence: int | None = None,
        clock: ClockReading | None = None,
        sealed: bool = True,
        name: str | None = None,
        looks: Looks | None = None,
    ) -> None:
        """`start`, `end`: true local times; the device's own clock is off by the reading. `end` None: damaged."""
        self._count += 1
        content = self._video + f"{key}".encode()
        manifest = self._manifest(gateway_id, device, start, end, sequence, clock, name, content, looks)
        signer, context = self._keys[gateway_id], self._seeded.context
        received_us = NOW_US - 30 * MINUTE_US
        with context.db.writing() as session:
            clip = record_sighting(
                session,
                manifest,
                sign_manifest(manifest, signer),
                gateway=session.get_one(Gateway, gateway_id),
                flagged=False,
                clock_limit_us=1_000_000,
                received_us=received_us,
            )
            clip_id = clip.clip_id
        self._seeded.clips[key], self._seeded.content[key] = clip_id, content
        if sealed:
            path = context.clip_files.final_path(clip_id)
            make_directory(path.parent)
            path.write_bytes(content)
            seal_clip(
                context.db,
                clip_id,
                upload_number=self._count,
                gateway_id=gateway_id,
                stored_path=f"{clip_id[:2]}/{clip_id}",
                signer=context.signer,
                now_us=UtcMicros(received_us + self._count),
            )

    def _manifest(
        self,
        gateway_id: str,
        device: str | None,
        start: str | None,
        end: str | None,
        sequence: int | None,
        clock: ClockReading | None,
        name: str | None,
        content: bytes,
        looks: Looks | None,
    ) -> Manifest:
        sha256 = hashlib.sha256(content).hexdigest()
        offset_us = 0 if clock is None else clock.offset_us
        start_us = None if start is None else UtcMicros(local(start) + offset_us)
        recorded = ()
        if start_us is not None and end is not None:
            recorded = (TimeInterval(start_us, UtcMicros(local(end) + offset_us)),)
        whole = end is not None or start is None
        file_name = name or f"{device}_{DAY.replace('-', '')}T{(start or '').replace(':', '')}_{sequence or 1:04d}.mp4"
        return Manifest(
            gateway_id=gateway_id,
            key_id=self._keys[gateway_id].key_id,
            boot_id="boot-00000001",
            counter=self._count,
            size_bytes=len(content),
            sha256=sha256,
            sighting=Sighting(
                sighting_id=f"sight-{clip_id_of(len(content), sha256)[:16]}",
                device=device,
                file_name=file_name,
                path=f"{device or 'inbox'}/{file_name}",
                source="dock",
                docking_id="dock-a100000" if gateway_id == GATEWAY_A else "dock-b100000",
                landed=local("14:00:00"),
                modified=local("13:30:00"),
                sequence=sequence,
            ),
            capture=Capture(
                start=start_us,
                start_source=StartSource.NONE if start is None else StartSource.NAME,
                uncertainty_us=1_000_000,
                time_zone="Asia/Shanghai",
                recorded=recorded,
            ),
            clock=clock,
            inspection=Inspection(
                verdict=FileVerdict.WHOLE if whole else FileVerdict.DAMAGED,
                container="mp4",
                media_us=None if not recorded else recorded[0].duration_us,
                width_px=640,
                height_px=360,
                video_codec="h264",
                has_sound=True,
                faults=() if whole else (Fault(code="index_missing"),),
                **(looks or {}),
            ),
        )
