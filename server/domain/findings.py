"""Findings: what kinds there are, how one gets its id, and who may take which step."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from server.domain.access import Permission, Scope


class FindingKind(StrEnum):
    """What a supervisor must look at."""

    LATE_START = "late_start"
    INTERRUPTION = "interruption"
    EARLY_STOP = "early_stop"
    NOTHING_RECORDED = "nothing_recorded"
    NO_RECORDER_ASSIGNED = "no_recorder_assigned"
    NOT_HANDED_IN = "not_handed_in"
    NOT_YET_UPLOADED = "not_yet_uploaded"
    TOLERATED_TOO_MUCH = "tolerated_too_much"
    AMBIGUOUS_WEARER = "ambiguous_wearer"
    CLIP_DAMAGED = "clip_damaged"
    NOT_SEEING = "not_seeing"
    NOT_HEARING = "not_hearing"
    VIEW_MOVED = "view_moved"
    VIEW_BLOCKED = "view_blocked"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_MISSING = "certificate_missing"
    CERTIFICATE_FAILED = "certificate_failed"
    CERTIFICATE_WITHDRAWN = "certificate_withdrawn"
    CERTIFICATE_DUE = "certificate_due"
    CLOCK_OFFSET = "clock_offset"
    START_IN_FUTURE = "start_in_future"
    TIMES_DISAGREE = "times_disagree"
    CONTENT_CLAIMED_TWICE = "content_claimed_twice"
    FILE_CHANGED = "file_changed"
    UNASSIGNED_FOOTAGE = "unassigned_footage"
    GATEWAY_CLONED = "gateway_cloned"
    GATEWAY_OVER_LIMIT = "gateway_over_limit"
    HASH_DIFFERS = "hash_differs"
    GATEWAY_SILENT = "gateway_silent"
    SEALED_CLIP_WRONG = "sealed_clip_wrong"
    RECEIPTED_CLIP_MISSING = "receipted_clip_missing"
    CLIPS_WAITING_LONG = "clips_waiting_long"


GAP_KINDS = frozenset(
    {
        FindingKind.LATE_START,
        FindingKind.INTERRUPTION,
        FindingKind.EARLY_STOP,
        FindingKind.NOTHING_RECORDED,
        FindingKind.NO_RECORDER_ASSIGNED,
    }
)


BAND_KINDS = frozenset({FindingKind.NOT_SEEING, FindingKind.NOT_HEARING})
VIEW_KINDS = frozenset({FindingKind.VIEW_MOVED, FindingKind.VIEW_BLOCKED})
"""What a look found, for a person to confirm (accepted) or not (rejected)."""
PROMISED_KINDS = frozenset({FindingKind.SEALED_CLIP_WRONG, FindingKind.RECEIPTED_CLIP_MISSING})
"""A receipt was given, and the clip is not here, or not as it was sealed."""
KIND_GROUPS = {"gaps": GAP_KINDS, "bands": BAND_KINDS, "views": VIEW_KINDS, "promised": PROMISED_KINDS}


class FindingState(StrEnum):
    """`withdrawn` only by the system, when the facts vanish."""

    OPEN = "open"
    EXPLAINED = "explained"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RECTIFIED = "rectified"
    WITHDRAWN = "withdrawn"


LIVE_STATES = frozenset({FindingState.OPEN, FindingState.EXPLAINED, FindingState.ACCEPTED, FindingState.REJECTED})
"""States whose facts still matter: when they vanish, the finding is withdrawn."""

_STEPS: dict[tuple[FindingState, FindingState], Permission] = {
    (FindingState.OPEN, FindingState.EXPLAINED): Permission.EXPLAIN_FINDINGS,
    (FindingState.REJECTED, FindingState.EXPLAINED): Permission.EXPLAIN_FINDINGS,
    (FindingState.OPEN, FindingState.ACCEPTED): Permission.DECIDE_FINDINGS,
    (FindingState.OPEN, FindingState.REJECTED): Permission.DECIDE_FINDINGS,
    (FindingState.EXPLAINED, FindingState.ACCEPTED): Permission.DECIDE_FINDINGS,
    (FindingState.EXPLAINED, FindingState.REJECTED): Permission.DECIDE_FINDINGS,
    (FindingState.ACCEPTED, FindingState.RECTIFIED): Permission.DECIDE_FINDINGS,
    (FindingState.REJECTED, FindingState.RECTIFIED): Permission.DECIDE_FINDINGS,
}
_CORRECTIONS: dict[tuple[FindingState, FindingState], Permission] = {
    (FindingState.ACCEPTED, FindingState.REJECTED): Permission.DECIDE_FINDINGS,
    (FindingState.REJECTED, FindingState.ACCEPTED): Permission.DECIDE_FINDINGS,
}
"""Whoever looked once more takes back what was decided of a picture: it speaks for or against every record under it."""


class StepNotAllowedError(Exception):
    """This step cannot follow this state, or not by this person; the page must be read again."""

    def __init__(self, *, finding_id: str, state: str, wanted: str) -> None:
        super().__init__(f"a finding that is {state} cannot become {wanted} by you: read it again")
        self.finding_id, self.state, self.wanted = finding_id, state, wanted


@dataclass(frozen=True, slots=True)
class FindingDraft:
    """What is so now. `finding_id` follows from kind, subject and place, so that judging twice makes one finding."""

    finding_id: str
    kind: FindingKind
    cause: str | None = None
    unit_number: str | None = None
    officer_number: str | None = None
    device_number: str | None = None
    duty_number: str | None = None
    clip_id: str | None = None
    from_us: int | None = None
    until_us: int | None = None
    evidence: tuple[tuple[str, str], ...] = ()
    rules: tuple[tuple[str, str], ...] = ()


def finding_id_of(kind: str, *place: str | int) -> str:
    """32 lower-case hex digits from the kind and what makes the place unique."""
    text = "\x1f".join((kind, *(str(part) for part in place)))
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def next_states(kind: str, state: str, scope: Scope) -> tuple[FindingState, ...]:
    """The states this person may set next, in the order of `FindingState`.

    Nobody declares a clip to be as it was sealed: reading it again does, and withdraws the finding.
    """
    steps = _STEPS | _CORRECTIONS if kind in BAND_KINDS | VIEW_KINDS else _STEPS
    return tuple(
        after
        for after in FindingState
        if (after != FindingState.RECTIFIED or kind != FindingKind.SEALED_CLIP_WRONG)
        and (permission := steps.get((FindingState(state), after))) is not None
        and scope.may(permission)
    )
