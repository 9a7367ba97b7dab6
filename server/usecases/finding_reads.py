"""From rows to views of findings, within a scope."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from server.domain.access import Scope
from server.domain.findings import next_states
from server.store.recorded import known_rows
from server.store.tables import Finding, FindingStep, Officer
from server.usecases.views import FindingStepView, FindingView


def visible_findings(scope: Scope) -> ColumnElement[bool]:
    """The condition under which a finding is visible: the officer's own, or of the person's units."""
    if scope.own_only:
        return Finding.officer_number == scope.officer_number if scope.officer_number else false()
    if scope.units is None:
        return true()
    return Finding.unit_number.in_(sorted(scope.units))


def open_findings(scope: Scope) -> ColumnElement[bool]:
    """Visible findings that wait for somebody."""
    return and_(visible_findings(scope), or_(Finding.state == "open", Finding.state == "explained"))


def finding_views(session: Session, rows: Sequence[Finding], *, scope: Scope, known_us: int) -> list[FindingView]:
    """The views of these findings, in their order. Steps later than `known_us` are left out."""
    steps = _steps(session, [row.finding_id for row in rows], known_us)
    names = officer_names(session, {row.officer_number for row in rows}, known_us=known_us)
    return [_view(row, steps[row.finding_id], names, scope) for row in rows]


def officer_names(session: Session, numbers: Iterable[str | None], *, known_us: int) -> dict[str, str]:
    """Names by officer number; the row that began last counts."""
    wanted = {number for number in numbers if number is not None}
    return {row.number: row.name for row in known_rows(session, Officer, known_us=known_us, number=wanted)}


def _steps(session: Session, finding_ids: list[str], known_us: int) -> dict[str, list[FindingStepView]]:
    steps: dict[str, list[FindingStepView]] = defaultdict(list)
    query = select(FindingStep).where(FindingStep.finding_id.in_(finding_ids), FindingStep.at_us <= known_us)
    for row in session.scalars(query.order_by(FindingStep.row_id)):
        steps[row.finding_id].append(FindingStepView(row.state, UtcMicros(row.at_us), row.by, row.reason))
    return steps


def _view(row: Finding, steps: list[FindingStepView], names: dict[str, str], scope: Scope) -> FindingView:
    state = steps[-1].state if steps else row.state
    return FindingView(
        finding_id=row.finding_id,
        kind=row.kind,
        cause=row.cause,
        state=state,
        unit_number=row.unit_number,
        officer_number=row.officer_number,
        officer_name=names.get(row.officer_number or ""),
        device_number=row.device_number,
        duty_number=row.duty_number,
        clip_id=row.clip_id,
        from_us=_instant(row.from_us),
        until_us=_instant(row.until_us),
        opened_us=UtcMicros(row.opened_us),
        changed_us=UtcMicros(row.changed_us),
        evidence=_pairs(row.evidence_json),
        rules=_pairs(row.rules_json),
        steps=tuple(steps),
        next_states=tuple(after.value for after in next_states(row.kind, row.state, scope)),
    )


def _instant(value: int | None) -> UtcMicros | None:
    return None if value is None else UtcMicros(value)


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple((str(code), str(value)) for code, value in json.loads(text))
