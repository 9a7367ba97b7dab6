"""Links of a case: what the facts propose now, written as the difference to what is on record."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session, aliased

from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.contract.intervals import TimeInterval, intersection, interval_or_none
from server.domain.links import (
    CaseTimes,
    CaseWindow,
    Footage,
    LinkProposal,
    LinkState,
    case_window,
    propose_link,
)
from server.domain.rules import RuleSet
from server.store.recorded import known_rows
from server.store.tables import Case, Installation, LinkRow
from server.usecases.duty_verdicts import FOREVER_US, holdings_of
from server.usecases.facts import device_facts

SYSTEM = "system"


def case_times(case: Case) -> CaseTimes:
    """The times a case states."""
    return CaseTimes(UtcMicros(case.valid_from_us), case.arrived_us, case.cleared_us)


def window_of(case: Case, rules: RuleSet) -> CaseWindow:
    """The window of a case."""
    return case_window(case_times(case), rules)


def current_links(
    session: Session,
    *,
    known_us: int,
    case_numbers: Iterable[str] | None = None,
    clip_ids: Iterable[str] | None = None,
) -> list[LinkRow]:
    """Links on record at `known_us`: rows that no later row replaces. Gone ones too."""
    query = select(LinkRow).where(link_is_current(known_us))
    if case_numbers is not None:
        query = query.where(LinkRow.case_number.in_(sorted(set(case_numbers))))
    if clip_ids is not None:
        query = query.where(LinkRow.clip_id.in_(sorted(set(clip_ids))))
    return list(session.scalars(query.order_by(LinkRow.row_id)))


def link_is_current(known_us: int) -> ColumnElement[bool]:
    """The condition under which a link's row is the one on record at `known_us`."""
    later: Any = aliased(LinkRow)
    replaced = select(later.row_id).where(later.replaces == LinkRow.row_id, later.recorded_us <= known_us)
    return and_(LinkRow.recorded_us <= known_us, ~replaced.exists())


def proposals(session: Session, case: Case, *, rules: RuleSet, known_us: int) -> list[LinkProposal]:
    """The links that what is on record at `known_us` supports, the strongest first."""
    window = window_of(case, rules).interval
    found: dict[str, Footage] = {}
    if case.officer_number is not None:
        _add_worn(session, case.officer_number, window, found, rules, known_us)
    if case.site_number is not None:
        _add_standing(session, case.site_number, window, found, rules, known_us)
    times = case_times(case)
    made = [propose_link(times, footage, rules) for footage in found.values()]
    return sorted((one for one in made if one is not None), key=lambda one: (-one.score, one.clip_id))


def write_links(session: Session, case: Case, *, rules: RuleSet, now_us: int) -> int:
    """Write what changed about the system's own links of this case; how many rows. What a person decided stays."""
    current = {row.clip_id: row for row in current_links(session, known_us=now_us, case_numbers=[case.number])}
    proposed = {one.clip_id: one for one in proposals(session, case, rules=rules, known_us=now_us)}
    written = 0
    for clip_id, proposal in proposed.items():
        row = current.get(clip_id)
        if row is not None and (row.decided_by != SYSTEM or _same(row, proposal)):
            continue
        session.add(_row(case.number, clip_id, proposal, row, now_us))
        written += 1
    for clip_id, row in current.items():
        if clip_id not in proposed and row.decided_by == SYSTEM and row.state != LinkState.GONE:
            gone = LinkProposal(clip_id, 0.0, (), LinkState.GONE)
            session.add(_row(case.number, clip_id, gone, row, now_us))
            written += 1
    session.flush()
    return written


def cases_near(
    session: Session, officers: set[str], sites: set[str], window: TimeInterval, *, rules: RuleSet, known_us: int
) -> list[Case]:
    """Cases of these officers or sites whose window overlaps `window`."""
    found: dict[str, Case] = {}
    first_us, last_us = window.start_us - MICROS_PER_DAY, window.end_us + MICROS_PER_DAY
    occurred, arrived, cleared = Case.valid_from_us, Case.arrived_us, Case.cleared_us
    near = (
        or_(occurred < last_us, arrived < last_us),
        or_(occurred >= first_us, arrived >= first_us, cleared >= first_us),
    )
    for column, numbers in ((Case.officer_number, officers), (Case.site_number, sites)):
        if numbers:
            for case in known_rows(session, Case, column.in_(sorted(numbers)), *near, known_us=known_us):
                found[case.number] = case
    return [case for case in found.values() if window_of(case, rules).interval.overlaps(window)]


def _add_worn(
    session: Session, officer: str, window: TimeInterval, found: dict[str, Footage], rules: RuleSet, known_us: int
) -> None:
    holdings = holdings_of(session, {officer}, window, known_us=known_us).get(officer, [])
    numbers = {holding.device_number for holding in holdings}
    devices = device_facts(session, numbers, window, known_us=known_us, rules=rules)
    for holding in holdings:
        for clip in devices[holding.device_number].clips:
            inside = None if clip.interval is None else intersection(clip.interval, holding.interval)
            if inside is None or clip.doubtful:
                continue
            known = found.get(clip.clip_id)
            ambiguous = holding.ambiguous or (known is not None and known.ambiguous_wearer)
            found[clip.clip_id] = Footage(clip.clip_id, inside, True, False, ambiguous)


def _add_standing(
    session: Session, site: str, window: TimeInterval, found: dict[str, Footage], rules: RuleSet, known_us: int
) -> None:
    for row in known_rows(session, Installation, known_us=known_us, overlapping=window, site_number=site):
        until_us = FOREVER_US if row.valid_until_us is None else row.valid_until_us
        standing = interval_or_none(row.valid_from_us, until_us)
        facts = device_facts(session, {row.device_number}, window, known_us=known_us, rules=rules)
        for clip in facts[row.device_number].clips:
            inside = None
            if clip.interval is not None and standing is not None and not clip.doubtful:
                inside = intersection(clip.interval, standing)
            if inside is not None:
                found.setdefault(clip.clip_id, Footage(clip.clip_id, inside, False, True))


def _same(row: LinkRow, proposal: LinkProposal) -> bool:
    return (row.state, row.score, row.reasons_json) == (proposal.state, proposal.score, _reasons(proposal))


def _reasons(proposal: LinkProposal) -> str:
    return json.dumps([reason.value for reason in proposal.reasons])


def _row(case_number: str, clip_id: str, proposal: LinkProposal, old: LinkRow | None, now_us: int) -> LinkRow:
    return LinkRow(
        case_number=case_number,
        clip_id=clip_id,
        state=proposal.state.value,
        score=proposal.score,
        reasons_json=_reasons(proposal),
        decided_by=SYSTEM,
        recorded_us=now_us,
        replaces=None if old is None else old.row_id,
    )
