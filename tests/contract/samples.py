"""One message of every kind, made from fixed keys, so that its bytes are always the same."""

from __future__ import annotations

import base64
import json

from edge.contract.events import down_event, up_event
from edge.contract.instants import UtcMicros, parse_rfc3339
from edge.contract.intervals import TimeInterval
from edge.contract.keyset import KeySet, ServerKey, sign_key_set
from edge.contract.manifest import (
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
from tests.contract.sample_manifests import (
    BOOT,
    GATEWAY,
    GATEWAY_KEY,
    GATEWAY_KEYS,
    NOW,
    SERVER_KEY,
    SERVER_KEYS,
    SHA256,
    at,
    looked_at,
    manifest,
    manifest_envelope,
    span,
)

__all__ = ["GATEWAY", "GATEWAY_KEY", "GATEWAY_KEYS", "SERVER_KEY", "SERVER_KEYS", "golden_messages", "manifest"]


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
        "noted-compared-restored": _down(
            DownKind.NOTED,
            Noted(
                items=(NotedItem(boot_id=BOOT, counter=8),),
                compared=ComparedContents(
                    forgotten=TimeInterval(UtcMicros(1_794_000_000_000_000), UtcMicros(1_794_900_000_000_000))
                ),
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
