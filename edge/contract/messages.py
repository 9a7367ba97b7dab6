"""The data of every control message, by kind. Sources: the table in `edge/contract/DESIGN.md`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from edge.contract.identifiers import ClipId, FieldNumber, FileName, Sha256Hex, TopicId
from edge.contract.instants import Instant
from edge.contract.manifest import ClockReading
from edge.contract.topics import DownKind, UpKind
from edge.contract.wire_model import LARGEST_NUMBER, ByteRange, Count, ShortText, WireInterval, WireModel

MAX_FILES_PER_REPORT = 500
MAX_NOTED = 500
MAX_COMPARED = 250
"""Contents in one `holding`: some 40 kB, which delay nothing else."""

EnvelopeJson = dict[str, Any]
"""A DSSE envelope as a JSON object inside another message; its payload and signature are base64, so nothing is lost."""


# ------------------------------------------------------------------ gateway -> server, signed
class Hello(WireModel):
    """First word of a connection: who is there, and what it holds."""

    installation_id: TopicId
    software: ShortText
    register_number: Count
    latest_act_index: Count | None = None
    latest_act_hash: Sha256Hex | None = None
    clock_synchronised: bool


class ListedFile(WireModel):
    """A file that a docking showed. `reason` says why it was not landed."""

    name: FileName
    size_bytes: Count
    modified: Instant
    clip_id: ClipId | None = None
    reason: Annotated[str, Field(max_length=40)] | None = None


class ClipReport(WireModel):
    """Inspection of a clip; travels before the bytes."""

    subject: Literal["clip"] = "clip"
    manifest: EnvelopeJson


class DockingReport(WireModel):
    """A device at a gateway with the full list of its files, in numbered parts (1 of `parts`, ...)."""

    subject: Literal["docking"] = "docking"
    docking_id: TopicId
    device: FieldNumber | None
    docked: Instant
    until: Instant
    source: Annotated[str, Field(max_length=64)]
    files: Annotated[tuple[ListedFile, ...], Field(max_length=MAX_FILES_PER_REPORT)] = ()
    part: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)] = 1
    parts: Annotated[int, Field(ge=1, le=10_000)] = 1
    clock: ClockReading | None = None
    battery_percent: Annotated[float, Field(ge=0, le=100)] | None = None
    free_bytes: Count | None = None
    total_bytes: Count | None = None


class Report(WireModel):
    """What `report` carries."""

    content: Annotated[ClipReport | DockingReport, Field(discriminator="subject")]


class GatewayEvent(WireModel):
    """Something that happened at the gateway and must not be lost."""

    code: Annotated[str, Field(pattern=r"^[a-z_]{3,40}$")]
    at: Instant
    device: FieldNumber | None = None
    file_name: FileName | None = None
    detail: dict[str, ShortText] = Field(default_factory=dict, max_length=20)


class Events(WireModel):
    """What `events` carries."""

    events: Annotated[tuple[GatewayEvent, ...], Field(min_length=1, max_length=200)]


class Offer(WireModel):
    """A clip to upload, or a further sighting of one."""

    manifest: EnvelopeJson
    flagged: bool = False


# ------------------------------------------------------------------ gateway -> server, bare
class Status(WireModel):
    """How the gateway is; the only message that may be lost."""

    waiting_clips: Count
    waiting_bytes: Count
    oldest_waiting: Instant | None = None
    free_bytes: Count
    total_bytes: Count


class HeldContent(WireModel):
    """A content at the gateway, with the act its receipt names; without one it has no receipt."""

    clip_id: ClipId
    act_index: Count | None = None
    act_hash: Sha256Hex | None = None


class Holding(WireModel):
    """The register and the latest receipt the gateway holds.

    `contents`: some of what it holds, to be compared with what the server holds. The server answers with the receipts
    of those that are sealed and have none there, and with a `noted` that names this message.
    """

    register_number: Count
    latest_act_index: Count | None = None
    latest_act_hash: Sha256Hex | None = None
    contents: Annotated[
        tuple[HeldContent, ...], Field(max_length=MAX_COMPARED, exclude_if=lambda contents: not contents)
    ] = ()


# ------------------------------------------------------------------ server -> gateway, bare
class Grant(WireModel):
    """Leave to send. `upload` is the fence: a later grant of the same clip has a higher number."""

    clip_id: ClipId
    upload: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]
    worker: TopicId
    chunk_bytes: Annotated[int, Field(ge=1024, le=16 * 1024 * 1024)]
    window_bytes: Annotated[int, Field(ge=1024)]
    held: Annotated[tuple[ByteRange, ...], Field(max_length=20_000)] = ()


class Have(WireModel):
    """All ranges the server holds, never an increment. A lower serial is ignored."""

    clip_id: ClipId
    upload: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]
    serial: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]
    window_bytes: Annotated[int, Field(ge=1024)]
    held: Annotated[tuple[ByteRange, ...], Field(max_length=20_000)] = ()
    bad_chunks: Annotated[tuple[int, ...], Field(max_length=1000)] = ()


class RefusalReason(StrEnum):
    """Why an offer is not granted."""

    BUSY = "busy"
    STORE_FULL = "store_full"
    HASH_DIFFERS = "hash_differs"
    MANIFEST_REFUSED = "manifest_refused"
    GATEWAY_CLONED = "gateway_cloned"
    SIGNING_STOPPED = "signing_stopped"


class Refusal(WireModel):
    """No, for now (bare, `retry_after_s`) or for good (signed, `permanent`). Never releases or deletes anything."""

    clip_id: ClipId
    reason: Annotated[str, Field(max_length=40)]
    permanent: bool
    retry_after_s: Annotated[float, Field(ge=0, le=86_400)] | None = None
    detail: ShortText = ""


# ------------------------------------------------------------------ server -> gateway, signed
class Receipt(WireModel):
    """The server's signed statement that a clip is sealed in its final store. The act index is in the chain."""

    clip_id: ClipId
    size_bytes: Count
    sha256: Sha256Hex
    sealed: Instant
    upload: Count
    gateway_id: TopicId
    act_index: Count
    act_hash: Sha256Hex


class NotedItem(WireModel):
    """One report or events message whose rows are durable."""

    boot_id: TopicId
    counter: Count


class ComparedContents(WireModel):
    """Which contents of a `holding` the server does not have as the gateway does. All others it has.

    `not_held`: the receipt there names no act of this server's history. `unknown`: without a receipt there, and never
    heard of here. `forgotten`: from a backup's making to its restoring, the last one here; what was noted is not known.
    """

    not_held: Annotated[tuple[ClipId, ...], Field(max_length=MAX_COMPARED)] = ()
    unknown: Annotated[tuple[ClipId, ...], Field(max_length=MAX_COMPARED)] = ()
    forgotten: Annotated[WireInterval | None, Field(exclude_if=lambda interval: interval is None)] = None


class Noted(WireModel):
    """What `noted` carries. `compared`: the answer to a `holding` with contents, which `items` names alone."""

    items: Annotated[tuple[NotedItem, ...], Field(min_length=1, max_length=MAX_NOTED)]
    compared: Annotated[ComparedContents | None, Field(exclude_if=lambda compared: compared is None)] = None


class RegisterDuty(WireModel):
    """A duty as device and interval: no name of a person reaches a gateway."""

    number: FieldNumber
    device: FieldNumber
    interval: WireInterval
    kind: Annotated[str, Field(max_length=32)]
    must_record: bool


class RegisterDevice(WireModel):
    """A device the gateway may meet."""

    device: FieldNumber
    kind: Literal["recorder", "monitor"]
    time_zone: Annotated[str, Field(max_length=64)]
    functions: Annotated[tuple[str, ...], Field(max_length=20)] = ()


class RegisterCertificate(WireModel):
    """A certificate of a device function, valid over [valid_from, valid_until)."""

    device: FieldNumber
    function: Annotated[str, Field(max_length=32)]
    number: ShortText
    result: Annotated[str, Field(max_length=32)]
    valid_from: Instant
    valid_until: Instant


class RegisterRule(WireModel):
    """A rule in force."""

    key: Annotated[str, Field(max_length=80)]
    value: float | int | str | bool
    unit: Annotated[str, Field(max_length=32)]
    version: ShortText = ""


def _says_nothing(value: object) -> bool:
    """What was added later is left out where it says nothing: a message without it is, byte for byte, the old one."""
    return not value


class Register(WireModel):
    """One numbered snapshot of what this gateway needs; it replaces the one before.

    `key_sets`: the server's key sets after the first, oldest first, each signed by a key of the one before it.
    `broker_ca_pem`: the CAs to trust at the broker from now on.
    """

    number: Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]
    issued: Instant
    duties: tuple[RegisterDuty, ...] = ()
    devices: tuple[RegisterDevice, ...] = ()
    certificates: tuple[RegisterCertificate, ...] = ()
    rules: tuple[RegisterRule, ...] = ()
    flagged_clips: tuple[ClipId, ...] = ()
    key_sets: Annotated[tuple[EnvelopeJson, ...], Field(max_length=20, exclude_if=_says_nothing)] = ()
    broker_ca_pem: Annotated[str, Field(max_length=20_000, exclude_if=_says_nothing)] = ""


UP_MODELS: dict[UpKind, type[WireModel]] = {
    UpKind.HELLO: Hello,
    UpKind.STATUS: Status,
    UpKind.REPORT: Report,
    UpKind.EVENTS: Events,
    UpKind.OFFER: Offer,
    UpKind.HOLDING: Holding,
}
DOWN_MODELS: dict[DownKind, type[WireModel]] = {
    DownKind.GRANT: Grant,
    DownKind.HAVE: Have,
    DownKind.RECEIPT: Receipt,
    DownKind.REFUSAL: Refusal,
    DownKind.NOTED: Noted,
    DownKind.REGISTER: Register,
}
SIGNED_UP = frozenset({UpKind.HELLO, UpKind.REPORT, UpKind.EVENTS, UpKind.OFFER})
SIGNED_DOWN = frozenset({DownKind.RECEIPT, DownKind.NOTED, DownKind.REGISTER})
"""Always signed; a refusal is signed exactly when it is permanent."""
