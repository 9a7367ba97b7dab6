"""Views of devices, gateways and sites. `PublicSite` is an allow-list: it is built, never stripped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from edge.contract.coverage import CoverageState
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval


@dataclass(frozen=True, slots=True)
class CertificateDue:
    """A certificate that ends soon or has ended. band: 60, 30, 7 days, or 0 for ended."""

    device_number: str
    function: str
    certificate_number: str
    valid_until_us: UtcMicros
    days_left: int
    band: int


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A certificate of one function; in force over [valid_from_us, valid_until_us)."""

    number: str
    function: str
    body: str | None
    result: str
    valid_from_us: UtcMicros
    valid_until_us: UtcMicros | None
    withdrawn_us: UtcMicros | None


@dataclass(frozen=True, slots=True)
class GatewayView:
    """A gateway. `silent_us`: time since it was last seen, None: never seen. states: invited, active, revoked."""

    gateway_id: str
    name: str
    unit_number: str | None
    state: str
    last_seen_us: UtcMicros | None
    silent_us: int | None
    software: str | None
    waiting_clips: int | None
    waiting_bytes: int | None
    free_bytes: int | None
    total_bytes: int | None


@dataclass(frozen=True, slots=True)
class DeviceItem:
    """A device with its latest docking. `holder_number`: the officer who holds it now, where this is unambiguous."""

    number: str
    kind: str
    unit_number: str
    model: str | None
    functions: tuple[str, ...]
    schedule: str | None
    time_zone: str
    holder_number: str | None
    last_docked_us: UtcMicros | None
    known_until_us: UtcMicros | None
    last_offset_us: int | None
    battery_percent: float | None
    free_bytes: int | None
    certificates: tuple[CertificateRow, ...]


@dataclass(frozen=True, slots=True)
class DeviceCoverage:
    """What a device recorded over the interval, on the corrected axis.

    recorded: disjoint, in time order. stretches: where something was expected of it. clip_ids: in order of time.
    """

    device_number: str
    interval: TimeInterval
    known_us: UtcMicros
    known_until_us: UtcMicros | None
    recorded: tuple[TimeInterval, ...]
    stretches: tuple[tuple[TimeInterval, CoverageState], ...]
    clip_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InstallationView:
    """A monitor at a site over an interval; `valid_until_us` None: still there."""

    device_number: str
    valid_from_us: UtcMicros
    valid_until_us: UtcMicros | None


@dataclass(frozen=True, slots=True)
class SiteView:
    """A site as its own department sees it."""

    number: str
    kind: str
    road: str
    direction: str | None
    lanes: str | None
    stake: str | None
    district: str | None
    longitude_deg: float
    latitude_deg: float
    violations: str | None
    unit_number: str
    stage: str
    notice_us: UtcMicros | None
    enforce_us: UtcMicros | None
    basis: str | None
    publication_number: str | None
    verified_until_us: UtcMicros | None
    notice_too_short: bool
    installations: tuple[InstallationView, ...]
    certificates: tuple[CertificateRow, ...]


@dataclass(frozen=True, slots=True)
class PublicSite:
    """All that the public may see of a site. A new field here is a policy decision.

    verified_until: earliest over the functions of the devices installed, as a local date; None: not verified.
    stage: announced, active, suspended or retired. Positions are WGS 84.
    """

    site_number: str
    kind: str
    road: str
    direction: str | None
    stake: str | None
    district: str | None
    longitude_deg: float
    latitude_deg: float
    violations: str | None
    stage: str
    notice_date: date | None
    enforcement_date: date | None
    basis: str | None
    unit_name: str
    verified_until: date | None
