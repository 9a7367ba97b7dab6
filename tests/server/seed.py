"""A small department with two units, as tests of pages and of access need it: every kind of row, told apart by unit.

Texts that belong to unit A alone carry MARK_A, those of unit B MARK_B; what the public may never see carries SECRET.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from edge.contract.identifiers import clip_id_of
from edge.contract.instants import UtcMicros, parse_rfc3339
from edge.contract.intervals import TimeInterval
from edge.contract.manifest import (
    Capture,
    ClockReading,
    Fault,
    FileVerdict,
    Inspection,
    Manifest,
    Sighting,
    StartSource,
    sign_manifest,
)
from edge.platform.durable import make_directory
from edge.platform.signing import SigningKey
from server.config import load_config
from server.domain.access import Role
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

NOW_US = parse_rfc3339("2026-11-21T17:30:00+08:00")
DAY = "2026-11-21"
PASSWORD = "correct horse battery"
MARK_A, MARK_B, SECRET = "甲标", "乙标", "密标"
MINUTE_US = 60_000_000
GATEWAY_A, GATEWAY_B = "gw-000000000000000a", "gw-000000000000000b"

UNITS = f"""number,name,parent_number
U0,交通警察支队,
UA,城东大队{MARK_A},U0
UB,城西大队{MARK_B},U0
"""
OFFICERS = f"""number,name,unit_number,kind
A-03101,张建国{MARK_A}{SECRET},UA,officer
A-03102,王丽{MARK_A}{SECRET},UA,officer
A-03103,赵敏{MARK_A}{SECRET},UA,auxiliary
B-04201,李强{MARK_B}{SECRET},UB,officer
"""
DEVICES = f"""number,kind,unit_number,model,serial,functions,schedule
BWC-A1,recorder,UA,DSJ-V9,SER-A1-{SECRET},,
BWC-A2,recorder,UA,DSJ-V9,SER-A2-{SECRET},,
CAM-A1,monitor,UA,HT-3000,SER-CAM-{SECRET},speed+clock,on_event
BWC-B1,recorder,UB,DSJ-V9,SER-B1-{SECRET},,
CAM-B1,monitor,UB,HT-3000,SER-CB1-{SECRET},speed,on_event
"""
ASSIGNMENTS = """number,device_number,officer_number,valid_from,valid_until
L-1,BWC-A1,A-03101,2026-11-01,
L-2,BWC-A2,A-03103,2026-11-01,
L-3,BWC-B1,B-04201,2026-11-01,
"""
DUTIES = f"""number,officer_number,unit_number,kind,start,end,note
D-A1,A-03101,UA,road,2026-11-21 09:00:00,2026-11-21 13:00:00,早高峰{MARK_A}
D-A2,A-03101,UA,office,2026-11-21 15:00:00,2026-11-21 17:00:00,
D-A3,A-03102,UA,checkpoint,2026-11-21 08:00:00,2026-11-21 10:00:00,
D-A4,A-03103,UA,road,2026-11-21 14:00:00,2026-11-21 18:00:00,
D-A5,A-03103,UA,road,2026-11-19 09:00:00,2026-11-19 11:00:00,
D-B1,B-04201,UB,road,2026-11-21 09:00:00,2026-11-21 12:00:00,西环{MARK_B}
"""
CERTIFICATES = f"""number,device_number,function,body,performed,valid_from,valid_until,result
JL-A-1,CAM-A1,speed,省计量院,2025-11-10,2025-11-10,2026-11-10,pass
JL-A-2,CAM-A1,clock,省计量院,2025-11-26,2025-11-26,2026-11-26,pass
JL-B-1{MARK_B},CAM-B1,speed,省计量院,2026-06-01,2026-06-01,2027-06-01,pass
"""
CASES = f"""number,kind,unit_number,officer_number,occurred,arrived,cleared,place,plate
HG-A-0001,accident,UA,A-03101,2026-11-21 09:30:00,2026-11-21 09:25:00,2026-11-21 09:50:00,建设路{MARK_A},甘A12345
HG-A-0002,enforcement,UA,A-03101,2026-11-21 11:05:00,,,胜利街{MARK_A},甘A54321
HG-A-0003,accident,UA,A-03102,2026-11-21 09:00:00,,,东环路口{MARK_A},
HG-B-0001,accident,UB,B-04201,2026-11-21 11:30:00,,,西环路{MARK_B},
"""
SITE_HEAD = (
    "number,kind,road,direction,lanes,stake,district,longitude,latitude,violations,unit_number,stage,"
    "notice,enforcement,basis,publication_number\n"
)
LAW = "道路交通安全法第114条"
SITES = (
    SITE_HEAD
    + f"""S-A-1,测速,连霍高速,东向西,,K1780+300,城东区,103.8201,36.0712,超速,UA,active,2026-01-05,2026-02-10,{LAW},GS-1
S-A-2,闯红灯,建设路,南向北,3,中山路口,城东区,103.8411,36.0655,闯红灯,UA,announced,2026-11-10,2026-12-15,{LAW},GS-2
"""
    + f"S-A-9-{SECRET},测速,不公开路{SECRET},,2,,城东区,103.9,36.1,超速,UA,proposed,,,,\n"
    + "S-B-1,测速,西环快速路,北向南,2,K12+000,城西区,103.7000,36.0500,=超速,UB,active,2026-01-05,2026-02-10,"
    f"{LAW},GS-1\n"
)
INSTALLATIONS = """number,site_number,device_number,valid_from,valid_until
I-1,S-A-1,CAM-A1,2026-01-01,
I-2,S-B-1,CAM-B1,2026-01-01,
"""
REGISTERS = {
    "units": UNITS,
    "officers": OFFICERS,
    "devices": DEVICES,
    "assignments": ASSIGNMENTS,
    "duties": DUTIES,
    "certificates": CERTIFICATES,
    "cases": CASES,
    "sites": SITES,
    "installations": INSTALLATIONS,
}
ACCOUNTS: dict[str, tuple[Role, str, str | None]] = {
    "supervisor-a": (Role.SUPERVISOR, "UA", None),
    "supervisor-b": (Role.SUPERVISOR, "UB", None),
    "supervisor-all": (Role.SUPERVISOR, "*", None),
    "officer-a": (Role.OFFICER, "UA", "A-03101"),
    "case-officer-a": (Role.CASE_OFFICER, "UA", None),
    "custodian-a": (Role.CUSTODIAN, "UA", None),
    "auditor": (Role.AUDITOR, "*", None),
    "administrator": (Role.ADMINISTRATOR, "", None),
}


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
    maker.clip("second", GATEWAY_A, "BWC-A1", "10:00:00", "11:00:00", sequence=2, clock=clock)
    maker.clip("third", GATEWAY_A, "BWC-A1", "11:12:30", "12:30:00", sequence=4, clock=clock)
    maker.clip("waiting", GATEWAY_A, "BWC-A1", "12:30:00", "13:00:00", sequence=5, clock=clock, sealed=False)
    maker.clip("damaged", GATEWAY_A, "BWC-A1", "11:00:00", None, sequence=3, clock=clock, sealed=True)
    maker.clip("monitor", GATEWAY_A, "CAM-A1", "10:10:00", "10:10:12")
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
    ) -> None:
        """`start`, `end`: true local times; the device's own clock is off by the reading. `end` None: damaged."""
        self._count += 1
        content = self._video + f"{key}".encode()
        manifest = self._manifest(gateway_id, device, start, end, sequence, clock, name, content)
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
            ),
        )
