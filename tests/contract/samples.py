"""One message of every kind, made from fixed keys, so that its bytes are always the same."""

from __future__ import annotations

import base64
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.contract.events import down_event, up_event
from edge.contract.inspection import (
    Fault,
    FileVerdict,
    Inspection,
    ReferenceCheck,
    SoundStretch,
    ViewStretch,
)
from edge.contract.instants import Instant, UtcMicros, parse_rfc3339
from edge.contract.intervals import TimeInterval
from edge.contract.keyset import KeySet, ServerKey, sign_key_set
from edge.contract.manifest import (
    Capture,
    CertificateCheck,
    ClockReading,
    Manifest,
    Sighting,
    StartSource,
    TimeStatement,
    sign_manifest,
)
from edge.contract.messages import (
    ClipReport,
    ComparedContents,
    DockingReport,
    Events,
    GatewayEvent,
    Grant,
    Have,
    HeldContent,
    Hello,
    Holding,
    ListedFile,
    Noted,
    NotedItem,
    Offer,
    Receipt,
    Refusal,
    Register,
    RegisterCertificate,
    RegisterDevice,
    RegisterDuty,
    RegisterRule,
    Report,
    Status,
)
from edge.contract.topics import DownKind, UpKind
from edge.contract.wire_model import WireModel
from edge.platform.signing import PublicKeys, SigningKey

__all__ = ["GATEWAY", "GATEWAY_KEY", "GATEWAY_KEYS", "SERVER_KEY", "SERVER_KEYS", "golden_messages", "manifest"]

GATEWAY, BOOT = "gw-0123456789abcdef", "boot-00000001"
GATEWAY_KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
SERVER_KEY = SigningKey(Ed25519PrivateKey.from_private_bytes(bytes(range(32, 64))))
GATEWAY_KEYS = PublicKeys({GATEWAY_KEY.key_id: GATEWAY_KEY.public_bytes})
SERVER_KEYS = PublicKeys({SERVER_KEY.key_id: SERVER_KEY.public_bytes})
SHA256 = "ab" * 32


def at(text: str) -> Instant:
    return parse_rfc3339(f"2026-11-21T{text}Z")


NOW = at("02:00:00")


def span(start: str, end: str) -> TimeInterval:
    return TimeInterval(at(start), at(end))


def manifest() -> Manifest:
    """A whole clip of a recorder whose clock was 7 s ahead."""
    return Manifest(
        gateway_id=GATEWAY,
        key_id=GATEWAY_KEY.key_id,
        boot_id=BOOT,
        counter=7,
        size_bytes=1_234_567,
        sha256=SHA256,
        sighting=Sighting(
            sighting_id="si-00000001",
            device="BWC-0042",
            file_name="BWC-0042_20261121T090007_0003.mp4",
            path="BWC-0042/BWC-0042_20261121T090007_0003.mp4",
            source="dock",
            docking_id="dk-00000001",
            landed=at("01:30:00"),
            modified=at("01:02:07"),
            sequence=3,
            recording="R7",
            flagged=True,
        ),
        capture=Capture(
            start=at("01:00:07"),
            start_source=StartSource.NAME,
            uncertainty_us=1_000_000,
            time_zone="Asia/Shanghai",
            recorded=(span("01:00:07", "01:01:00"), span("01:01:02.5", "01:02:07")),
            statements=(TimeStatement(source=StartSource.NAME, start=at("01:00:07"), uncertainty_us=1_000_000),),
        ),
        clock=ClockReading(
            offset_us=7_000_000, uncertainty_us=500_000, measured=at("01:29:00"), gateway_synchronised=True
        ),
        inspection=Inspection(
            verdict=FileVerdict.DAMAGED,
            container="mp4",
            media_us=120_000_000,
            width_px=1920,
            height_px=1080,
            video_codec="h264",
            has_sound=True,
            faults=(Fault(code="data_cut", from_s=118.5, to_s=120.0, detail="the file ends before its index does"),),
        ),
        certificates=(CertificateCheck(function="clock", state="valid", number="C-17", register_number=4),),
    )


def looked_at() -> Manifest:
    """The same clip by a gateway that looks and listens: destroyed pictures, a covered lens, sound off, a view held."""
    inspection = Inspection(
        verdict=FileVerdict.DAMAGED,
        container="mp4",
        media_us=60_000_000,
        faults=(
            Fault(
                code="data_hole",
                from_s=12.5,
                to_s=14.0,
                detail="pictures are destroyed",
                samples=(375, 420),
                values={"pictures": 45, "bytes": 90_000},
            ),
        ),
        view=(
            ViewStretch(state="seeing", from_s=0.0, to_s=20.0, confidence=0.97),
            ViewStretch(state="covered", from_s=20.0, to_s=60.0, confidence=0.91),
        ),
        sound=(SoundStretch(state="muted", from_s=30.0, to_s=60.0),),
        view_model="view@" + "ab" * 32,
        reference=ReferenceCheck(
            state="moved", reference="cd" * 32, samples=6, samples_used=5, dx_px=10.5, dy_px=-3.0, from_s=0.0, to_s=20.0
        ),
    )
    return manifest().model_copy(update={"inspection": inspection})


def manifest_envelope(said: Manifest | None = None) -> dict[str, object]:
    return dict(json.loads(sign_manifest(said or manifest(), GATEWAY_KEY)))


def _up(kind: UpKind, data: WireModel, counter: int) -> bytes:
    return up_event(
        kind, data, gateway_id=GATEWAY, boot_id=BOOT, counter=counter, now_us=UtcMicros(NOW), signer=GATEWAY_KEY
    )


def _down(kind: DownKind, data: WireModel) -> bytes:
    return down_event(kind, data, gateway_id=GATEWAY, event_id=f"ev-{kind}", now_us=UtcMicros(NOW), signer=SERVER_KEY)


def golden_messages() -> dict[str, bytes]:
    """The bytes on the wire, by the name of their golden file."""
    clip_id = manifest().clip_id
    docking = DockingReport(
        docking_id="dk-00000001",
        device="BWC-0042",
        docked=at("01:28:00"),
        until=at("01:31:00"),
        source="dock",
        files=(
            ListedFile(name="a.mp4", size_bytes=1_234_567, modified=at("01:02:07"), clip_id=clip_id),
            ListedFile(name="notes.txt", size_bytes=12, modified=at("01:02:07"), reason="not_media"),
        ),
        clock=manifest().clock,
        battery_percent=81.5,
        free_bytes=10**9,
        total_bytes=64 * 10**9,
    )
    register = Register(
        number=4,
        issued=NOW,
        duties=(
            RegisterDuty(
                number="D-9", device="BWC-0042", interval=span("01:00:00", "05:00:00"), kind="road", must_record=True
            ),
        ),
        devices=(RegisterDevice(device="BWC-0042", kind="recorder", time_zone="Asia/Shanghai", functions=("clock",)),),
        certificates=(
            RegisterCertificate(
                device="BWC-0042",
                function="clock",
                number="C-17",
                result="pass",
                valid_from=parse_rfc3339("2026-01-01T00:00:00Z"),
                valid_until=parse_rfc3339("2027-01-01T00:00:00Z"),
            ),
        ),
        rules=(RegisterRule(key="gap.join_tolerance", value=2.0, unit="s", version="2026-01-01"),),
        flagged_clips=(clip_id,),
    )
    receipt = Receipt(
        clip_id=clip_id,
        size_bytes=1_234_567,
        sha256=SHA256,
        sealed=NOW,
        upload=12,
        gateway_id=GATEWAY,
        act_index=99,
        act_hash="cd" * 32,
    )
    key_set = KeySet(
        number=1,
        keys=(
            ServerKey(
                key_id=SERVER_KEY.key_id, public_key=base64.b64encode(SERVER_KEY.public_bytes).decode(), since=NOW
            ),
        ),
    )
    event = GatewayEvent(
        code="grew_after_landing", at=NOW, device="BWC-0042", file_name="a.mp4", detail={"size_bytes": "99"}
    )
    return {
        "hello": _up(
            UpKind.HELLO,
            Hello(
                installation_id="in-00000001",
                software="tallylight 0.1.0",
                register_number=4,
                latest_act_index=99,
                latest_act_hash="cd" * 32,
                clock_synchronised=True,
            ),
            1,
        ),
        "report-clip": _up(UpKind.REPORT, Report(content=ClipReport(manifest=manifest_envelope())), 2),
        "report-looks": _up(UpKind.REPORT, Report(content=ClipReport(manifest=manifest_envelope(looked_at()))), 2),
        "report-docking": _up(UpKind.REPORT, Report(content=docking), 3),
        "events": _up(UpKind.EVENTS, Events(events=(event,)), 4),
        "offer": _up(UpKind.OFFER, Offer(manifest=manifest_envelope(), flagged=True), 5),
        "status": _up(
            UpKind.STATUS,
            Status(
                waiting_clips=2, waiting_bytes=5, oldest_waiting=at("01:00:00"), free_bytes=10**9, total_bytes=10**10
            ),
            6,
        ),
        "holding": _up(UpKind.HOLDING, Holding(register_number=4, latest_act_index=99, latest_act_hash="cd" * 32), 7),
        "holding-contents": _up(
            UpKind.HOLDING,
            Holding(
                register_number=4,
                latest_act_index=99,
                latest_act_hash="cd" * 32,
                contents=(
                    HeldContent(clip_id=clip_id, act_index=99, act_hash="cd" * 32),
                    HeldContent(clip_id="0" * 32),
                ),
            ),
            8,
        ),
        "grant": _down(
            DownKind.GRANT,
            Grant(
                clip_id=clip_id,
                upload=12,
                worker="wk-00000001",
                chunk_bytes=524_288,
                window_bytes=4_194_304,
                held=((0, 524_288),),
            ),
        ),
        "have": _down(
            DownKind.HAVE,
            Have(
                clip_id=clip_id,
                upload=12,
                serial=3,
                window_bytes=4_194_304,
                held=((0, 1_048_576),),
                bad_chunks=(2,),
            ),
        ),
        "receipt": _down(DownKind.RECEIPT, receipt),
        "refusal-busy": _down(
            DownKind.REFUSAL, Refusal(clip_id=clip_id, reason="busy", permanent=False, retry_after_s=5.0)
        ),
        "refusal-permanent": _down(
            DownKind.REFUSAL, Refusal(clip_id=clip_id, reason="hash_differs", permanent=True, detail="twice")
        ),
        "noted": _down(DownKind.NOTED, Noted(items=(NotedItem(boot_id=BOOT, counter=2),))),
        "noted-compared": _down(
            DownKind.NOTED,
            Noted(
                items=(NotedItem(boot_id=BOOT, counter=8),),
                compared=ComparedContents(not_held=(clip_id,), unknown=("0" * 32,)),
            ),
        ),
        "register": _down(DownKind.REGISTER, register),
        "register-trust": _down(
            DownKind.REGISTER,
            register.model_copy(
                update={
                    "key_sets": (json.loads(sign_key_set(key_set, SERVER_KEY)),),
                    "broker_ca_pem": "-----BEGIN CERTIFICATE-----\n",
                }
            ),
        ),
        "manifest": sign_manifest(manifest(), GATEWAY_KEY),
        "keyset": sign_key_set(key_set, SERVER_KEY),
    }
