"""The codes that pages show as words, by context. What is listed here must stand in every catalogue.

Where a code has an enumeration in the domain it is taken from there, so that a new code cannot stay without words.
"""

from __future__ import annotations

from edge.contract.coverage import CoverageState
from edge.contract.manifest import FaultCode, FileVerdict, StartSource
from server.domain.access import Role
from server.domain.calibration import CertificateVerdict
from server.domain.causes import GapCause
from server.domain.findings import FindingKind, FindingState
from server.domain.links import LinkReason, LinkState
from server.domain.publication import Stage
from server.usecases.imports.columns import CERTIFICATE_FUNCTIONS

FINDING_KINDS = tuple(FindingKind)
FINDING_STATES = tuple(FindingState)
DUTY_KINDS = ("road", "checkpoint", "accident", "break", "office", "training", "leave", "plain_clothes")

EVIDENCE = (
    "battery_percent",
    "certificate",
    "clip",
    "clips",
    "device",
    "docking",
    "faults",
    "file",
    "file_after",
    "file_before",
    "files",
    "free_bytes",
    "function",
    "gateway",
    "grew_after_landing",
    "installation_id",
    "missing_sequence",
    "number",
    "offset_s",
    "step_s",
    "times",
    "tolerated_s",
    "verdict",
    "within_days",
)
RULE_KEYS = (
    "duty.must_record",
    "duty.kinds",
    "gap.join_tolerance",
    "gap.start_grace",
    "gap.end_grace",
    "gap.tolerated_limit",
    "handin.deadline",
    "monitor.horizon",
    "time.future_tolerance",
    "clock.limit_monitor",
    "clock.limit_recorder",
    "clock.limit_server",
    "certificate.interval.speed",
    "certificate.interval.alcohol",
    "certificate.interval.red_light",
    "certificate.interval.distance",
    "certificate.interval.clock",
    "certificate.interval.optics",
    "certificate.due_first",
    "certificate.due_second",
    "certificate.due_last",
    "gateway.silent",
    "link.window_before",
    "link.window_after",
    "link.weight.same_officer",
    "link.weight.same_site",
    "link.weight.overlap",
    "link.weight.stated_window",
    "link.weight.covers_moment",
    "link.weight.ambiguous_wearer",
    "link.confirm_at",
    "link.propose_at",
    "site.notice_period",
    "statutory.review",
    "statutory.notice",
    "statutory.answer",
    "statutory.erase",
    "statutory.objection",
    "keeping.least",
    "compliance.least_events",
)
"""The keys of the shipped rule set; a test compares both."""

CODES: dict[str, tuple[str, ...]] = {
    "coverage": (*CoverageState, "not_expected", "nothing_known"),
    "trust": ("trusted", "not_trusted", "undetermined"),
    "use": ("usable", "not_usable", "undetermined"),
    "finding": FINDING_KINDS,
    "finding state": FINDING_STATES,
    "finding step": ("explained", "accepted", "rejected", "rectified"),
    "cause": (*GapCause, "removed", "explained"),
    "link": tuple(LinkState),
    "link reason": tuple(LinkReason),
    "certificate": tuple(CertificateVerdict),
    "function": CERTIFICATE_FUNCTIONS,
    "clip state": ("announced", "offered", "receiving", "sealed", "quarantined"),
    "file verdict": (*FileVerdict, "unknown"),
    "fault": tuple(FaultCode),
    "start source": tuple(StartSource),
    "site stage": tuple(Stage),
    "site kind": ("speed", "red_light", "lane", "parking", "other"),
    "case kind": ("accident", "enforcement", "violation", "other"),
    "duty kind": DUTY_KINDS,
    "device kind": ("recorder", "monitor"),
    "role": tuple(Role),
    "subject": ("device", "case", "officer", "site"),
    "proof": ("clip", "act", "certificate", "docking", "case", "site", "finding", "duty"),
    "unassigned": ("unknown_device", "no_start_time", "no_wearer", "ambiguous_wearer"),
    "actor": ("system",),
    "rule unit": ("s", "min", "h", "d", "month"),
    "verb": (
        "seal",
        "quarantine",
        "view",
        "assign",
        "link",
        "exempt",
        "step",
        "import",
        "add",
        "begin",
        "revoke",
        "disable",
        "set_password",
        "sign_in",
        "sign_out",
    ),
    "evidence": EVIDENCE,
    "rule": RULE_KEYS,
    "refusal": (
        "The request is not right",
        "Sign in first",
        "This cannot be done so",
        "Nothing here for you",
        "This address does not take that method",
        "This does not fit what is on record",
        "The request is too large",
        "This kind of content is not taken",
        "The file has no such range",
        "Too many attempts",
        "Something went wrong here",
        "Not ready at this moment",
    ),
}
