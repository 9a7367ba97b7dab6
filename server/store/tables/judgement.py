"""What follows from the evidence, and who may see it: links, findings, accounts."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.store.tables.base import Base, BigId


class LinkRow(Base):
    """A clip bears on a case. Never updated: a later row `replaces` it. States: proposed, confirmed, rejected, gone."""

    __tablename__ = "link"
    row_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    case_number: Mapped[str] = mapped_column(index=True)
    clip_id: Mapped[str] = mapped_column(ForeignKey("clip.clip_id"), index=True)
    state: Mapped[str]
    score: Mapped[float]
    reasons_json: Mapped[str]
    decided_by: Mapped[str]  # "system" or an account
    recorded_us: Mapped[int]
    replaces: Mapped[int | None] = mapped_column(index=True)
    __table_args__ = (Index("ix_link_case_state", "case_number", "state"),)


class Finding(Base):
    """Something a supervisor must look at. `finding_id` follows from kind, subject and place: judging twice makes one.

    States: open, explained, accepted, rejected, rectified, withdrawn. `cause`, `from_us`, `until_us` and evidence are
    those of the latest judgement; each change is a FindingStep.
    """

    __tablename__ = "finding"
    finding_id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(index=True)
    cause: Mapped[str | None]
    unit_number: Mapped[str | None] = mapped_column(index=True)
    officer_number: Mapped[str | None] = mapped_column(index=True)
    device_number: Mapped[str | None] = mapped_column(index=True)
    duty_number: Mapped[str | None] = mapped_column(index=True)
    clip_id: Mapped[str | None] = mapped_column(index=True)
    from_us: Mapped[int | None] = mapped_column(index=True)
    until_us: Mapped[int | None]
    evidence_json: Mapped[str]
    rules_json: Mapped[str]
    state: Mapped[str] = mapped_column(index=True)
    opened_us: Mapped[int]
    changed_us: Mapped[int]
    __table_args__ = (
        Index("ix_finding_opened", "opened_us", "finding_id"),
        Index("ix_finding_device_kind", "device_number", "kind"),
    )


class FindingStep(Base):
    """One step of a finding's life, by a named person or the system."""

    __tablename__ = "finding_step"
    row_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    finding_id: Mapped[str] = mapped_column(ForeignKey("finding.finding_id"), index=True)
    state: Mapped[str]
    at_us: Mapped[int]
    by: Mapped[str]
    reason: Mapped[str]
    facts_json: Mapped[str]


class ToJudge(Base):
    """Devices, officers, cases and sites whose facts changed since they were last judged.

    `windows_json`: the times the change is about, [[start_us, end_us], ...]; None: all times.
    """

    __tablename__ = "to_judge"
    row_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    subject_kind: Mapped[str]  # device | officer | case | duty | site | all
    subject_number: Mapped[str]
    since_us: Mapped[int]
    windows_json: Mapped[str | None]
    __table_args__ = (UniqueConstraint("subject_kind", "subject_number"),)


class DeviceJudged(Base):
    """What a device's last judgement rested on: when it was, until when its footage was known, and was listed."""

    __tablename__ = "device_judged"
    device_number: Mapped[str] = mapped_column(primary_key=True)
    judged_us: Mapped[int]
    known_until_us: Mapped[int]
    listed_until_us: Mapped[int]


class Account(Base):
    """A local account. Roles and units are comma-separated; units `*` means all."""

    __tablename__ = "account"
    name: Mapped[str] = mapped_column(primary_key=True)
    password_hash: Mapped[str]
    role: Mapped[str]  # officer | supervisor | case_officer | custodian | auditor | administrator
    unit_numbers: Mapped[str]
    officer_number: Mapped[str | None]
    language: Mapped[str | None]
    disabled: Mapped[bool] = mapped_column(default=False)


class SignIn(Base):
    """A session. Only the SHA-256 of its token is kept."""

    __tablename__ = "sign_in"
    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    account_name: Mapped[str] = mapped_column(ForeignKey("account.name"), index=True)
    csrf_token: Mapped[str]
    created_us: Mapped[int]
    last_used_us: Mapped[int]
    ended_us: Mapped[int | None]


class ViewReason(Base):
    """Why a clip is played in this session; once per clip and sign-in, its act committed before the first byte."""

    __tablename__ = "view_reason"
    token_sha256: Mapped[str] = mapped_column(ForeignKey("sign_in.token_sha256"), primary_key=True)
    clip_id: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str]
    act_index: Mapped[int]
