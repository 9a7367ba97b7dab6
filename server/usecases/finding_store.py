"""Writing findings: the difference between what is so now and what is on record, each change a step."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from server.domain.findings import LIVE_STATES, FindingDraft, FindingState
from server.store.tables import Finding, FindingStep

SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Changes:
    """How many findings were opened (anew too), changed in what they say, and withdrawn."""

    opened: int = 0
    changed: int = 0
    withdrawn: int = 0

    @property
    def any(self) -> bool:
        """Whether anything was written."""
        return bool(self.opened or self.changed or self.withdrawn)


def write_findings(
    session: Session, drafts: Iterable[FindingDraft], on_record: Iterable[Finding], *, now_us: int
) -> Changes:
    """Make the findings of one group say what is so now. `on_record` are all findings of that group.

    Judging the same facts twice writes nothing. What is no longer so is withdrawn, unless it was rectified; what is so
    again is opened again. Steps that persons took stay.
    """
    known = {finding.finding_id: finding for finding in on_record}
    opened = changed = withdrawn = 0
    seen: set[str] = set()
    for draft in drafts:
        if draft.finding_id in seen:
            continue
        seen.add(draft.finding_id)
        finding = known.get(draft.finding_id) or session.get(Finding, draft.finding_id)
        if finding is None:
            session.add(_new(draft, now_us))
            session.flush()
            _step(session, draft.finding_id, FindingState.OPEN, now_us, _facts(draft))
            opened += 1
        elif finding.state == FindingState.WITHDRAWN:
            _say(finding, draft, now_us)
            finding.state = FindingState.OPEN.value
            _step(session, finding.finding_id, FindingState.OPEN, now_us, _facts(draft))
            opened += 1
        elif _says(finding) != _content(draft):
            _say(finding, draft, now_us)
            _step(session, finding.finding_id, FindingState(finding.state), now_us, _facts(draft))
            changed += 1
    for finding in known.values():
        if finding.finding_id not in seen and finding.state in {state.value for state in LIVE_STATES}:
            finding.state = FindingState.WITHDRAWN.value
            finding.changed_us = now_us
            _step(session, finding.finding_id, FindingState.WITHDRAWN, now_us, {})
            withdrawn += 1
    session.flush()
    return Changes(opened, changed, withdrawn)


def _new(draft: FindingDraft, now_us: int) -> Finding:
    return Finding(
        finding_id=draft.finding_id,
        kind=draft.kind.value,
        cause=draft.cause,
        unit_number=draft.unit_number,
        officer_number=draft.officer_number,
        device_number=draft.device_number,
        duty_number=draft.duty_number,
        clip_id=draft.clip_id,
        from_us=draft.from_us,
        until_us=draft.until_us,
        evidence_json=_json(draft.evidence),
        rules_json=_json(draft.rules),
        state=FindingState.OPEN.value,
        opened_us=now_us,
        changed_us=now_us,
    )


def _content(draft: FindingDraft) -> tuple[object, ...]:
    return (
        draft.cause,
        draft.unit_number,
        draft.officer_number,
        draft.device_number,
        draft.from_us,
        draft.until_us,
        _json(draft.evidence),
        _json(draft.rules),
    )


def _says(finding: Finding) -> tuple[object, ...]:
    return (
        finding.cause,
        finding.unit_number,
        finding.officer_number,
        finding.device_number,
        finding.from_us,
        finding.until_us,
        finding.evidence_json,
        finding.rules_json,
    )


def _say(finding: Finding, draft: FindingDraft, now_us: int) -> None:
    finding.cause = draft.cause
    finding.unit_number = draft.unit_number
    finding.officer_number = draft.officer_number
    finding.device_number = draft.device_number
    finding.from_us = draft.from_us
    finding.until_us = draft.until_us
    finding.evidence_json = _json(draft.evidence)
    finding.rules_json = _json(draft.rules)
    finding.changed_us = now_us


def _facts(draft: FindingDraft) -> dict[str, object]:
    return {"cause": draft.cause, "from_us": draft.from_us, "until_us": draft.until_us, "evidence": draft.evidence}


def _step(session: Session, finding_id: str, state: FindingState, now_us: int, facts: dict[str, object]) -> None:
    session.add(
        FindingStep(
            finding_id=finding_id,
            state=state.value,
            at_us=now_us,
            by=SYSTEM,
            reason="",
            facts_json=json.dumps(facts, ensure_ascii=False),
        )
    )


def _json(pairs: tuple[tuple[str, str], ...]) -> str:
    return json.dumps([list(pair) for pair in pairs], ensure_ascii=False)
