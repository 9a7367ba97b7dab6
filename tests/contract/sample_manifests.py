"""Fixed keys, and manifests made with them, so that their bytes are always the same."""

from __future__ import annotations

import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.contract.inspection import (
    Fault,
    FileVerdict,
    Inspection,
    ReferenceCheck,
    SoundStretch,
    ViewStretch,
)
from edge.contract.instants import Instant, parse_rfc3339
from edge.contract.intervals import TimeInterval
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
from edge.platform.signing import PublicKeys, SigningKey

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
