"""Findings of a duty: what had to be recorded and was not, or was not handed in."""

from __future__ import annotations

from edge.contract.coverage import CoverageState
from server.domain.compliance import NOT_YET_UPLOADED, Why
from server.domain.findings import FindingDraft, FindingKind, finding_id_of
from server.domain.rules import Rule, RuleSet
from server.usecases.duty_verdicts import CausedStretch, DutyVerdict


def rule_names(rules: tuple[Rule, ...]) -> tuple[tuple[str, str], ...]:
    """Keys and versions, as findings keep them."""
    return tuple((rule.key, rule.version) for rule in rules)


def stretch_finding_id(duty_number: str, stretch: CausedStretch) -> str | None:
    """The id a gap's finding has or would have; None where the stretch is no matter for one."""
    kind, judged = stretch.judged.kind, stretch.judged
    if judged.state is not CoverageState.GAP or kind is None:
        return None
    return finding_id_of(kind, "duty", duty_number, judged.interval.start_us)


def duty_drafts(verdict: DutyVerdict, rules: RuleSet) -> list[FindingDraft]:
    """What is wrong with this duty now."""
    drafts = [draft for stretch in verdict.stretches if (draft := _gap(verdict, stretch)) is not None]
    drafts += _tolerated(verdict, rules)
    drafts += _ambiguous(verdict)
    return drafts


def _gap(verdict: DutyVerdict, stretch: CausedStretch) -> FindingDraft | None:
    finding_id = stretch_finding_id(verdict.duty.number, stretch)
    judged = stretch.judged
    if finding_id is None or judged.kind is None or judged.kind == NOT_YET_UPLOADED:
        return None
    devices = sorted({holding.device_number for holding in verdict.holdings})
    return FindingDraft(
        finding_id=finding_id,
        kind=FindingKind(judged.kind),
        cause=None if stretch.explained is None else stretch.explained.cause.value,
        unit_number=verdict.duty.unit_number,
        officer_number=verdict.duty.officer_number,
        device_number=devices[0] if len(devices) == 1 else None,
        duty_number=verdict.duty.number,
        from_us=judged.interval.start_us,
        until_us=judged.interval.end_us,
        evidence=() if stretch.explained is None else stretch.explained.evidence,
        rules=rule_names(verdict.rules),
    )


def _tolerated(verdict: DutyVerdict, rules: RuleSet) -> list[FindingDraft]:
    at_us = verdict.interval.start_us
    if verdict.times.tolerated_us <= rules.duration_us("gap.tolerated_limit", at_us):
        return []
    kind = FindingKind.TOLERATED_TOO_MUCH
    return [
        FindingDraft(
            finding_id=finding_id_of(kind, "duty", verdict.duty.number),
            kind=kind,
            unit_number=verdict.duty.unit_number,
            officer_number=verdict.duty.officer_number,
            duty_number=verdict.duty.number,
            from_us=verdict.interval.start_us,
            until_us=verdict.interval.end_us,
            evidence=(("tolerated_s", f"{verdict.times.tolerated_us / 1e6:.1f}"),),
            rules=rule_names(rules.used(("gap.tolerated_limit",), at_us)),
        )
    ]


def _ambiguous(verdict: DutyVerdict) -> list[FindingDraft]:
    """Footage of the duty that two people could have made: never guessed."""
    unclear = [one.judged.interval for one in verdict.stretches if one.judged.why is Why.AMBIGUOUS]
    if not unclear:
        return []
    kind = FindingKind.AMBIGUOUS_WEARER
    devices = sorted({holding.device_number for holding in verdict.holdings if holding.ambiguous})
    return [
        FindingDraft(
            finding_id=finding_id_of(kind, "duty", verdict.duty.number),
            kind=kind,
            unit_number=verdict.duty.unit_number,
            officer_number=verdict.duty.officer_number,
            duty_number=verdict.duty.number,
            from_us=unclear[0].start_us,
            until_us=unclear[-1].end_us,
            evidence=tuple(("device", device) for device in devices),
        )
    ]
