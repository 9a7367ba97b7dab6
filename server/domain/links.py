"""Which footage bears on which case, how strongly, and why. A person confirms what is not certain."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from server.domain.rules import RuleSet


class LinkReason(StrEnum):
    """A reason for (or a doubt about) a link; each has a weight in the rules, `window_assumed` only explains."""

    SAME_OFFICER = "same_officer"
    SAME_SITE = "same_site"
    OVERLAP = "overlap"
    STATED_WINDOW = "stated_window"
    WINDOW_ASSUMED = "window_assumed"
    COVERS_MOMENT = "covers_moment"
    AMBIGUOUS_WEARER = "ambiguous_wearer"


class LinkState(StrEnum):
    """proposed, confirmed and rejected; gone: the facts that made it have vanished."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    GONE = "gone"


_WEIGHTED = tuple(reason for reason in LinkReason if reason is not LinkReason.WINDOW_ASSUMED)
RULE_KEYS = (
    "link.window_before",
    "link.window_after",
    *(f"link.weight.{reason}" for reason in _WEIGHTED),
    "link.confirm_at",
    "link.propose_at",
)


@dataclass(frozen=True, slots=True)
class CaseTimes:
    """When a case was. `arrived_us`, `cleared_us`: as far as they were stated."""

    occurred_us: UtcMicros
    arrived_us: int | None = None
    cleared_us: int | None = None


@dataclass(frozen=True, slots=True)
class CaseWindow:
    """The time a case needs footage of. `assumed`: a bound comes from the rules."""

    interval: TimeInterval
    assumed: bool


@dataclass(frozen=True, slots=True)
class Footage:
    """A clip and how it came near the case. `interval` is corrected."""

    clip_id: str
    interval: TimeInterval
    same_officer: bool
    same_site: bool
    ambiguous_wearer: bool = False


@dataclass(frozen=True, slots=True)
class LinkProposal:
    """How strongly this clip bears on the case, in [0, 1], and why."""

    clip_id: str
    score: float
    reasons: tuple[LinkReason, ...]
    state: LinkState


def case_window(times: CaseTimes, rules: RuleSet) -> CaseWindow:
    """The stated times, and the rules' window for those that were not stated.

    Source: rules link.window_before, link.window_after in force at the moment of the case.
    """
    before_us = rules.duration_us("link.window_before", times.occurred_us)
    after_us = rules.duration_us("link.window_after", times.occurred_us)
    stated = [time for time in (times.arrived_us, times.cleared_us) if time is not None]
    start_us = (
        min(times.occurred_us, times.arrived_us) if times.arrived_us is not None else times.occurred_us - before_us
    )
    end_us = (
        max(times.occurred_us + 1, times.cleared_us or 0)
        if times.cleared_us is not None
        else times.occurred_us + after_us
    )
    if times.arrived_us is not None and end_us <= times.arrived_us:
        end_us = times.arrived_us + after_us
    return CaseWindow(TimeInterval(UtcMicros(start_us), UtcMicros(end_us)), assumed=len(stated) < 2)


def propose_link(times: CaseTimes, footage: Footage, rules: RuleSet) -> LinkProposal | None:
    """The link the facts support, None below the rules' lowest score. Touching ends do not overlap."""
    window = case_window(times, rules)
    if not window.interval.overlaps(footage.interval) or not (footage.same_officer or footage.same_site):
        return None
    reasons: list[LinkReason] = []
    if footage.same_officer:
        reasons.append(LinkReason.SAME_OFFICER)
    if footage.same_site:
        reasons.append(LinkReason.SAME_SITE)
    reasons.append(LinkReason.OVERLAP)
    reasons.append(LinkReason.WINDOW_ASSUMED if window.assumed else LinkReason.STATED_WINDOW)
    if footage.interval.contains(times.occurred_us):
        reasons.append(LinkReason.COVERS_MOMENT)
    if footage.ambiguous_wearer and footage.same_officer:
        reasons.append(LinkReason.AMBIGUOUS_WEARER)
    score = _score(reasons, times.occurred_us, rules)
    if score < rules.number("link.propose_at", times.occurred_us):
        return None
    certain = score >= rules.number("link.confirm_at", times.occurred_us)
    state = LinkState.CONFIRMED if certain else LinkState.PROPOSED
    return LinkProposal(footage.clip_id, score, tuple(reasons), state)


def _score(reasons: list[LinkReason], at_us: UtcMicros, rules: RuleSet) -> float:
    weights = [rules.number(f"link.weight.{reason}", at_us) for reason in reasons if reason in _WEIGHTED]
    return round(min(1.0, max(0.0, sum(weights))), 3)
