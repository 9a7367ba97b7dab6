"""What pages and API show: plain values, made by the read functions beside this file. Times are UTC microseconds.

States, kinds, causes and reasons are codes; pages translate them. Views of one clip, case, device or site are in
`views_evidence.py` and `views_sites.py` and are named here too, so that readers import one place.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from edge.contract.coverage import CoverageState
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from server.domain.looks import BandPart
from server.domain.rules import Rule
from server.usecases.views_evidence import (
    ActView,
    AnswerPart,
    AnswerView,
    CaseItem,
    CaseView,
    CaseWithoutFootage,
    CertificateState,
    ClipItem,
    ClipView,
    LinkView,
    ProofLink,
    ReasonView,
    SightingView,
    UnassignedClip,
)
from server.usecases.views_sites import (
    CertificateDue,
    CertificateRow,
    DeviceCoverage,
    DeviceItem,
    GatewayView,
    InstallationView,
    PublicSite,
    SiteView,
)

__all__ = [
    "ActView",
    "AnswerPart",
    "AnswerView",
    "CaseItem",
    "CaseView",
    "CaseWithoutFootage",
    "CauseCount",
    "CertificateDue",
    "CertificateRow",
    "CertificateState",
    "ClipItem",
    "ClipView",
    "ClockMark",
    "CoverageBand",
    "DayCase",
    "DayDuty",
    "DayStretch",
    "DeviceCoverage",
    "DeviceItem",
    "FindingStepView",
    "FindingView",
    "GatewayView",
    "Holding",
    "InstallationView",
    "LinkView",
    "OfficerDay",
    "Page",
    "ProofLink",
    "PublicSite",
    "ReasonView",
    "SightingView",
    "SiteView",
    "Times",
    "TodayOfficer",
    "TodayView",
    "UnassignedClip",
]

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """A stretch of a list. `next_after` is the next call's `after`; None: this was the last.

    `total` counts all; None where counting would mean reading the whole list.
    """

    items: tuple[Item, ...]
    next_after: str | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Times:
    """Microseconds of expected time by state; `expected_us` is their sum."""

    expected_us: int
    recorded_us: int
    tolerated_us: int
    gap_us: int
    undetermined_us: int


@dataclass(frozen=True, slots=True)
class DayStretch:
    """Neighbouring expected instants of one state. `kind` and `cause` only for what is or may become a finding.

    kind: a gap kind, `not_handed_in`, or `not_yet_uploaded`. evidence: code -> text, such as damaged_file -> its name.
    """

    interval: TimeInterval
    state: CoverageState
    kind: str | None = None
    cause: str | None = None
    finding_id: str | None = None
    evidence: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DayDuty:
    """A duty with its verdict. Without `must_record` there are no stretches and the times are 0."""

    number: str
    kind: str
    interval: TimeInterval
    must_record: bool
    device_numbers: tuple[str, ...]
    stretches: tuple[DayStretch, ...]
    times: Times
    hand_in_deadline_us: UtcMicros
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """A device held by the officer over the interval."""

    device_number: str
    interval: TimeInterval


@dataclass(frozen=True, slots=True)
class CoverageBand:
    """Footage on the corrected axis. `state`: announced, offered, receiving, sealed, quarantined.

    `unseen`, `unheard`: where within `interval` the picture shows nothing usable, and where the sound is missing.
    """

    device_number: str
    clip_id: str
    interval: TimeInterval
    state: str
    verdict: str
    file_name: str
    applied_offset_us: int
    unseen: tuple[BandPart, ...] = ()
    unheard: tuple[BandPart, ...] = ()


@dataclass(frozen=True, slots=True)
class ClockMark:
    """A measurement of a device's clock at docking. offset = device - gateway; None where none was measured."""

    device_number: str
    docked_us: UtcMicros
    offset_us: int | None
    uncertainty_us: int | None
    applied: bool


@dataclass(frozen=True, slots=True)
class DayCase:
    """A case of the officer on that day; `linked_clip_ids` are confirmed or proposed."""

    number: str
    kind: str
    occurred_us: UtcMicros
    window: TimeInterval
    linked_clip_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FindingStepView:
    """One step in a finding's life."""

    state: str
    at_us: UtcMicros
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """Something a supervisor must look at. `next_states`: what this person may set next."""

    finding_id: str
    kind: str
    cause: str | None
    state: str
    unit_number: str | None
    officer_number: str | None
    officer_name: str | None
    device_number: str | None
    duty_number: str | None
    clip_id: str | None
    from_us: UtcMicros | None
    until_us: UtcMicros | None
    opened_us: UtcMicros
    changed_us: UtcMicros
    evidence: tuple[tuple[str, str], ...]
    rules: tuple[tuple[str, str], ...]
    steps: tuple[FindingStepView, ...]
    next_states: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OfficerDay:
    """One officer on one local date: what was to be recorded, what was, and what is not known yet."""

    officer_number: str
    officer_name: str
    unit_number: str
    day: date
    time_zone: str
    span: TimeInterval
    known_us: UtcMicros
    duties: tuple[DayDuty, ...]
    times: Times
    holdings: tuple[Holding, ...]
    bands: tuple[CoverageBand, ...]
    clock_marks: tuple[ClockMark, ...]
    cases: tuple[DayCase, ...]
    findings: tuple[FindingView, ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class CauseCount:
    """How many open gaps have this cause, and how long they are together."""

    cause: str
    count: int
    gap_us: int


@dataclass(frozen=True, slots=True)
class TodayOfficer:
    """An officer on duty on that date."""

    officer_number: str
    officer_name: str
    unit_number: str
    duty_count: int
    on_duty_now: bool
    times: Times
    open_findings: int


@dataclass(frozen=True, slots=True)
class TodayView:
    """What a supervisor must see in ten seconds. Counts are of the person's own units.

    signing_stopped_us: since when no receipt is signed, for any unit; None: receipts are signed.
    """

    day: date
    time_zone: str
    now_us: UtcMicros
    officers: tuple[TodayOfficer, ...]
    times: Times
    open_findings: int
    open_gaps: tuple[CauseCount, ...]
    open_by_kind: tuple[tuple[str, int], ...]
    not_handed_in: tuple[FindingView, ...]
    newest_findings: tuple[FindingView, ...]
    certificates_due: tuple[CertificateDue, ...]
    gateways_silent: tuple[GatewayView, ...]
    cases_without_footage: int
    proposed_links: int
    unassigned_clips: int
    signing_stopped_us: UtcMicros | None
