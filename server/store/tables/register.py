"""What the department says: people, devices, duties, certificates, cases, sites. Every row is `Recorded`.

Numbers are the field's own and rows may arrive in any order, so these tables carry no foreign keys.
"""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from server.store.tables.base import Base, BigId, Recorded


class Unit(Recorded, Base):
    """A unit; `parent_number` places it in the tree."""

    __tablename__ = "unit"
    name: Mapped[str]
    parent_number: Mapped[str | None]


class Officer(Recorded, Base):
    """An officer or auxiliary of a unit over the valid interval."""

    __tablename__ = "officer"
    name: Mapped[str]
    unit_number: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]  # officer | auxiliary


class Device(Recorded, Base):
    """A recorder or monitor. `functions` is a comma-separated list of those that need a certificate."""

    __tablename__ = "device"
    kind: Mapped[str]  # recorder | monitor
    unit_number: Mapped[str] = mapped_column(index=True)
    model: Mapped[str | None]
    serial: Mapped[str | None]
    time_zone: Mapped[str]
    functions: Mapped[str] = mapped_column(default="")
    schedule: Mapped[str | None]  # monitors: continuous | on_event | weekly hours such as "mon-fri 07:00-19:00"


class Assignment(Recorded, Base):
    """A device held by an officer over the valid interval."""

    __tablename__ = "assignment"
    device_number: Mapped[str] = mapped_column(index=True)
    officer_number: Mapped[str] = mapped_column(index=True)


class Duty(Recorded, Base):
    """The valid interval is the duty itself; it belongs to the local date of its start."""

    __tablename__ = "duty"
    officer_number: Mapped[str] = mapped_column(index=True)
    unit_number: Mapped[str] = mapped_column(index=True)
    kind: Mapped[str]  # road, checkpoint, accident, break, office, training, leave, plain_clothes
    note: Mapped[str | None]
    __table_args__ = (
        Index("ix_duty_start", "valid_from_us"),
        Index("ix_duty_officer_start", "officer_number", "valid_from_us"),
    )


class Docking(Recorded, Base):
    """A device at a gateway over the valid interval. `number` is the docking id.

    `complete`: the full list of its files has been reported, so that until valid_until_us the coverage is known.
    """

    __tablename__ = "docking"
    device_number: Mapped[str | None] = mapped_column(index=True)
    gateway_id: Mapped[str | None]
    complete: Mapped[bool]
    offset_us: Mapped[int | None]
    offset_uncertainty_us: Mapped[int | None]
    offset_measured_us: Mapped[int | None]
    gateway_synchronised: Mapped[bool | None]
    battery_percent: Mapped[float | None]
    free_bytes: Mapped[int | None]
    total_bytes: Mapped[int | None]
    parts: Mapped[int] = mapped_column(default=1)
    __table_args__ = (Index("ix_docking_device_until", "device_number", "valid_until_us"),)


class DockingFile(Base):
    """One file in the list of a docking's part."""

    __tablename__ = "docking_file"
    row_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    docking_number: Mapped[str] = mapped_column(index=True)
    part: Mapped[int]
    name: Mapped[str]
    size_bytes: Mapped[int]
    modified_us: Mapped[int]
    clip_id: Mapped[str | None] = mapped_column(index=True)
    reason: Mapped[str | None]


class Certificate(Recorded, Base):
    """Calibration or verification of one function of a device; in force over the valid interval.

    `withdrawn_us` None: not withdrawn by its issuer (`Recorded.withdrawn` means that the row was entered by mistake).
    """

    __tablename__ = "certificate"
    device_number: Mapped[str] = mapped_column(index=True)
    function: Mapped[str]
    body: Mapped[str | None]
    performed_us: Mapped[int | None]
    issued_us: Mapped[int | None]
    result: Mapped[str]  # pass | fail
    supersedes: Mapped[str | None]
    withdrawn_us: Mapped[int | None]


class FootageAssignment(Recorded, Base):
    """Which device a clip of unknown origin is from, as a person said it. `number` is the clip id."""

    __tablename__ = "footage_assignment"
    device_number: Mapped[str] = mapped_column(index=True)
    reason: Mapped[str]


class Case(Recorded, Base):
    """An enforcement act or accident. `valid_from_us` is `occurred`; a point in time, so valid_until_us is None."""

    __tablename__ = "case_record"
    kind: Mapped[str]
    unit_number: Mapped[str] = mapped_column(index=True)
    officer_number: Mapped[str | None] = mapped_column(index=True)
    arrived_us: Mapped[int | None]
    cleared_us: Mapped[int | None]
    place: Mapped[str | None]
    longitude_deg: Mapped[float | None]
    latitude_deg: Mapped[float | None]
    site_number: Mapped[str | None]
    plate: Mapped[str | None]
    exempt_reason: Mapped[str | None]
    __table_args__ = (
        Index("ix_case_record_start", "valid_from_us", "number"),
        Index("ix_case_record_officer_start", "officer_number", "valid_from_us"),
        Index("ix_case_record_site", "site_number", "valid_from_us"),
    )


class Site(Recorded, Base):
    """A place with direction and lanes. Stages: proposed, reviewed, announced, active, suspended, retired."""

    __tablename__ = "site"
    kind: Mapped[str]
    road: Mapped[str]
    direction: Mapped[str | None]
    lanes: Mapped[str | None]
    stake: Mapped[str | None]
    district: Mapped[str | None]
    longitude_deg: Mapped[float]
    latitude_deg: Mapped[float]
    violations: Mapped[str | None]
    unit_number: Mapped[str] = mapped_column(index=True)
    stage: Mapped[str]
    notice_us: Mapped[int | None]
    enforce_us: Mapped[int | None]
    basis: Mapped[str | None]
    publication_number: Mapped[str | None]


class Installation(Recorded, Base):
    """A monitor at a site over the valid interval."""

    __tablename__ = "installation"
    site_number: Mapped[str] = mapped_column(index=True)
    device_number: Mapped[str] = mapped_column(index=True)
