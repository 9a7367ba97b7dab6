"""Views of clips, cases, links and answers."""

from __future__ import annotations

from dataclasses import dataclass

from edge.contract.coverage import CoverageState
from edge.contract.inspection import Fault
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from server.domain.looks import Looks
from server.domain.rules import Rule


@dataclass(frozen=True, slots=True)
class ReasonView:
    """A reason as a code with its values as text, such as certificate_expired: function=speed, number=XJ-7."""

    code: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ProofLink:
    """Where the proof lies. kind: clip, act, certificate, docking, case, site, finding, duty."""

    kind: str
    number: str


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """One answer: a named verdict with every reason, the rules used and the proof.

    recorded: recorded, tolerated, gap, undetermined, not_expected, nothing_known.
    trusted: trusted, not_trusted, undetermined. usable: usable, not_usable, undetermined.
    """

    verdict: str
    reasons: tuple[ReasonView, ...]
    rules: tuple[Rule, ...]
    proof: tuple[ProofLink, ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """The three answers. subject_kind: device, case, officer or site."""

    subject_kind: str
    subject_number: str
    at_us: UtcMicros
    known_us: UtcMicros
    recorded: AnswerPart
    trusted: AnswerPart
    usable: AnswerPart


@dataclass(frozen=True, slots=True)
class SightingView:
    """One meeting of a gateway with the content. Originals are on the device's clock; corrected = original - offset."""

    sighting_id: str
    gateway_id: str
    device_number: str | None
    file_name: str
    path: str
    docking_number: str
    received_us: UtcMicros
    original: TimeInterval | None
    corrected: TimeInterval | None
    measured_offset_us: int | None
    applied_offset_us: int
    start_source: str
    uncertainty_us: int
    verdict: str
    faults: tuple[Fault, ...]
    media_us: int | None
    sequence: int | None
    recording: str | None
    flagged: bool


@dataclass(frozen=True, slots=True)
class CertificateState:
    """The verdict of one function over a whole recording: not_required, valid, expired, missing, failed, withdrawn."""

    function: str
    state: str
    certificate_number: str | None
    valid_until_us: UtcMicros | None


@dataclass(frozen=True, slots=True)
class ActView:
    """A row of the chain of acts."""

    index: int
    at_us: UtcMicros
    actor: str
    verb: str
    hash: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class LinkView:
    """A clip bears on a case. states: proposed, confirmed, rejected, gone. reasons are codes."""

    case_number: str
    clip_id: str
    state: str
    score: float
    reasons: tuple[str, ...]
    decided_by: str
    recorded_us: UtcMicros
    device_number: str | None
    interval: TimeInterval | None


@dataclass(frozen=True, slots=True)
class ClipItem:
    """A clip in a list; `interval` on the corrected axis, None where the start is not known."""

    clip_id: str
    state: str
    size_bytes: int
    device_number: str | None
    unit_number: str | None
    officer_number: str | None
    file_name: str
    interval: TimeInterval | None
    verdict: str
    first_seen_us: UtcMicros
    sealed_us: UtcMicros | None
    act_index: int | None


@dataclass(frozen=True, slots=True)
class ClipView:
    """A clip with everything known about it. `receipt` and `manifests` are the signed bytes as published.

    `recorded`: where there is footage in it, on the corrected axis like its looks. `view_unknown`, `sound_unknown`:
    where of that nobody looked or listened. `sightings`: the first ones, of `sightings_count` that may be seen.
    """

    item: ClipItem
    sha256: str
    device_kind: str | None
    officer_name: str | None
    wearers: tuple[str, ...]
    sightings: tuple[SightingView, ...]
    sightings_count: int
    recorded: tuple[TimeInterval, ...]
    looks: Looks
    view_unknown: tuple[TimeInterval, ...]
    sound_unknown: tuple[TimeInterval, ...]
    certificates_at_seal: tuple[CertificateState, ...]
    certificates_now: tuple[CertificateState, ...]
    links: tuple[LinkView, ...]
    finding_ids: tuple[str, ...]
    acts: tuple[ActView, ...]
    trusted: AnswerPart
    usable: AnswerPart
    receipt: bytes | None
    manifests: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class CaseItem:
    """A case in a list. `window_assumed`: only a point is known, the rule's window stands around it."""

    number: str
    kind: str
    unit_number: str
    officer_number: str | None
    officer_name: str | None
    occurred_us: UtcMicros
    window: TimeInterval
    window_assumed: bool
    place: str | None
    plate: str | None
    exempt_reason: str | None
    confirmed_links: int
    proposed_links: int


@dataclass(frozen=True, slots=True)
class CaseView:
    """A case with its links and the state of each instant of its window, where its officer had to record."""

    item: CaseItem
    arrived_us: UtcMicros | None
    cleared_us: UtcMicros | None
    site_number: str | None
    longitude_deg: float | None
    latitude_deg: float | None
    links: tuple[LinkView, ...]
    stretches: tuple[tuple[TimeInterval, CoverageState], ...]
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class CaseWithoutFootage:
    """A case without a confirmed link: what the recorder did then, and what might belong to it."""

    item: CaseItem
    stretches: tuple[tuple[TimeInterval, CoverageState], ...]
    candidates: tuple[LinkView, ...]


@dataclass(frozen=True, slots=True)
class UnassignedClip:
    """Footage that no person can answer for. why: unknown_device, no_start_time, no_wearer, ambiguous_wearer."""

    item: ClipItem
    gateway_id: str
    path: str
    why: str
