"""What gateways brought and what was done: gateways, messages, clips, sightings, uploads, acts."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.store.tables.base import Base, BigId


class Act(Base):
    """Append-only, hash-chained: who did what, when. Form of the hash: `server.domain.acts`."""

    __tablename__ = "act"
    index: Mapped[int] = mapped_column("act_index", BigId, primary_key=True, autoincrement=False)
    at_us: Mapped[int]
    actor: Mapped[str] = mapped_column(index=True)
    verb: Mapped[str] = mapped_column(index=True)
    subject_kind: Mapped[str]
    subject_id: Mapped[str] = mapped_column(index=True)
    data_json: Mapped[str]
    previous_hash: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)


class ServerKeyRow(Base):
    """A signing key of this server; the private half lies in the data folder.

    `key_set`: the envelope of the set that begins this key, signed by the key before; of the first there is none.
    """

    __tablename__ = "server_key"
    key_id: Mapped[str] = mapped_column(primary_key=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    since_us: Mapped[int]
    until_us: Mapped[int | None]
    key_set: Mapped[bytes | None] = mapped_column(LargeBinary)


class Gateway(Base):
    """A gateway. States: invited, active, revoked."""

    __tablename__ = "gateway"
    gateway_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    unit_number: Mapped[str | None]
    state: Mapped[str]
    added_us: Mapped[int]
    installation_id: Mapped[str | None]
    broker_generation: Mapped[int] = mapped_column(default=1)
    last_seen_us: Mapped[int | None]
    clock_difference_us: Mapped[int | None]  # server - gateway, at its last hello; the message's way included
    register_held: Mapped[int] = mapped_column(default=0)
    software: Mapped[str | None]
    status_json: Mapped[str | None]


class GatewayKey(Base):
    """A gateway's public key, good for what is received over [since_us, until_us)."""

    __tablename__ = "gateway_key"
    key_id: Mapped[str] = mapped_column(primary_key=True)
    gateway_id: Mapped[str] = mapped_column(ForeignKey("gateway.gateway_id"), index=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    since_us: Mapped[int]
    until_us: Mapped[int | None]


class EnrolmentCodeRow(Base):
    """One use, 24 hours. Only the SHA-256 of the secret is kept."""

    __tablename__ = "enrolment_code"
    secret_sha256: Mapped[str] = mapped_column(primary_key=True)
    gateway_id: Mapped[str] = mapped_column(ForeignKey("gateway.gateway_id"))
    expires_us: Mapped[int]
    used_us: Mapped[int | None]
    used_by_key_id: Mapped[str | None]


class MessageSeen(Base):
    """A report or events message whose rows are durable: what `noted` names."""

    __tablename__ = "message_seen"
    gateway_id: Mapped[str] = mapped_column(primary_key=True)
    boot_id: Mapped[str] = mapped_column(primary_key=True)
    counter: Mapped[int] = mapped_column(primary_key=True)
    received_us: Mapped[int]


class ReportRow(Base):
    """A report as it came, signed."""

    __tablename__ = "report"
    row_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    gateway_id: Mapped[str]
    boot_id: Mapped[str]
    counter: Mapped[int]
    received_us: Mapped[int]
    envelope: Mapped[bytes] = mapped_column(LargeBinary)
    __table_args__ = (UniqueConstraint("gateway_id", "boot_id", "counter"),)


class EventRow(Base):
    """An event a gateway reported."""

    __tablename__ = "gateway_event"
    row_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    gateway_id: Mapped[str] = mapped_column(index=True)
    code: Mapped[str] = mapped_column(index=True)
    at_us: Mapped[int]
    received_us: Mapped[int]
    device_number: Mapped[str | None]
    file_name: Mapped[str | None]
    detail_json: Mapped[str]
    __table_args__ = (Index("ix_gateway_event_device_code", "device_number", "code"),)


class SetAside(Base):
    """A message that could not be believed or read, kept with the reason (bounded by count and age)."""

    __tablename__ = "set_aside"
    row_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    received_us: Mapped[int] = mapped_column(index=True)
    topic: Mapped[str]
    reason: Mapped[str]
    detail: Mapped[str]
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class RegisterIssued(Base):
    """The latest register of a gateway: its number and the signed bytes that are sent."""

    __tablename__ = "register_issued"
    gateway_id: Mapped[str] = mapped_column(ForeignKey("gateway.gateway_id"), primary_key=True)
    number: Mapped[int]
    content_sha256: Mapped[str]
    issued_us: Mapped[int]
    envelope: Mapped[bytes] = mapped_column(LargeBinary)


class Clip(Base):
    """One content. States: announced (reported), offered, receiving, sealed, quarantined.

    `receipt` holds the signed bytes exactly as first published; it is set in the same transaction as the seal's act.
    """

    __tablename__ = "clip"
    clip_id: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]  # not unique: a false announcement of another size must not keep the true content out
    size_bytes: Mapped[int]
    state: Mapped[str] = mapped_column(index=True)
    first_seen_us: Mapped[int]
    gateway_id: Mapped[str] = mapped_column(index=True)
    held_json: Mapped[str] = mapped_column(default="[]")  # byte ranges written and flushed
    stored_path: Mapped[str | None]  # below the clip store's root
    sealed_us: Mapped[int | None] = mapped_column(index=True)
    act_index: Mapped[int | None] = mapped_column(BigId, ForeignKey("act.act_index"))
    receipt: Mapped[bytes | None] = mapped_column(LargeBinary)
    __table_args__ = (
        Index("ix_clip_first_seen", "first_seen_us", "clip_id"),
        Index("ix_clip_state_first_seen", "state", "first_seen_us", "clip_id"),
        Index("ix_clip_gateway_state", "gateway_id", "state"),
    )


class WrongBytes(Base):
    """How often a gateway sent bytes that are not those its manifest names; twice is quarantine, for it alone."""

    __tablename__ = "wrong_bytes"
    clip_id: Mapped[str] = mapped_column(ForeignKey("clip.clip_id"), primary_key=True)
    gateway_id: Mapped[str] = mapped_column(primary_key=True)
    times: Mapped[int]


class ClipCheck(Base):
    """When a sealed clip was last read and compared with what was signed, and how it was: `good`, or what is wrong."""

    __tablename__ = "clip_check"
    clip_id: Mapped[str] = mapped_column(ForeignKey("clip.clip_id"), primary_key=True)
    checked_us: Mapped[int] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(index=True)


class SightingRow(Base):
    """One meeting of a gateway with a content, with the manifest as it was signed.

    start_us and end_us are on the device's own clock and never rewritten; corrected_* = original - offset where the
    offset may be applied, else equal to the original. recorded_json: [[start_us, end_us], ...] on the device's clock.
    looks_json: the bands and the reference of `contract.inspection`, with the fields that say something.
    """

    __tablename__ = "sighting"
    sighting_id: Mapped[str] = mapped_column(primary_key=True)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clip.clip_id"), index=True)
    gateway_id: Mapped[str] = mapped_column(index=True)
    device_number: Mapped[str | None] = mapped_column(index=True)
    file_name: Mapped[str]
    path: Mapped[str]
    docking_number: Mapped[str] = mapped_column(index=True)
    received_us: Mapped[int] = mapped_column(index=True)
    landed_us: Mapped[int]
    start_us: Mapped[int | None]
    end_us: Mapped[int | None]
    corrected_start_us: Mapped[int | None] = mapped_column(index=True)
    corrected_end_us: Mapped[int | None] = mapped_column(index=True)
    applied_offset_us: Mapped[int] = mapped_column(default=0)
    measured_offset_us: Mapped[int | None]
    start_source: Mapped[str]
    uncertainty_us: Mapped[int]
    recorded_json: Mapped[str]
    verdict: Mapped[str]
    faults_json: Mapped[str]
    looks_json: Mapped[str] = mapped_column(default="{}", server_default="{}")
    reference_state: Mapped[str | None]
    media_us: Mapped[int | None]
    sequence: Mapped[int | None]
    recording: Mapped[str | None]
    flagged: Mapped[bool] = mapped_column(default=False)
    manifest: Mapped[bytes] = mapped_column(LargeBinary)
    __table_args__ = (
        Index("ix_sighting_device_time", "device_number", "corrected_start_us"),
        Index("ix_sighting_device_received", "device_number", "received_us"),
        Index("ix_sighting_device_file", "device_number", "file_name"),
        Index("ix_sighting_device_view", "device_number", "reference_state", "corrected_start_us"),
    )


class Upload(Base):
    """A grant. `number` is the fence: it only rises. States: open, lapsed, replaced, sealed, failed."""

    __tablename__ = "upload"
    number: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clip.clip_id"), index=True)
    gateway_id: Mapped[str]
    worker_id: Mapped[str]
    state: Mapped[str]
    granted_us: Mapped[int]
    chunk_bytes: Mapped[int]
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  (a number is never given twice)
