"""Reading cases: a list, one with its links, and those without footage, within a scope."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.orm import Session

from edge.contract.coverage import CoverageState
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, intersection
from server.domain.access import NotVisibleError, Permission, Scope
from server.domain.links import RULE_KEYS, LinkState
from server.domain.rules import RuleSet
from server.store.recorded import known_rows, known_where
from server.store.tables import Case, Duty, LinkRow
from server.usecases.clip_reads import link_view, speaking_sighting
from server.usecases.clip_scope import ClipScope
from server.usecases.duty_verdicts import duty_verdicts
from server.usecases.finding_reads import officer_names
from server.usecases.link_case import current_links, link_is_current, window_of
from server.usecases.pages import bounded, place_of, place_text
from server.usecases.views import CaseItem, CaseView, CaseWithoutFootage, LinkView, Page

Stretches = tuple[tuple[TimeInterval, CoverageState], ...]


def cases(
    session: Session, *, scope: Scope, rules: RuleSet, now_us: int, limit: int = 50, after: str | None = None
) -> Page[CaseItem]:
    """Cases of the scope, the newest first. Raises NotPermittedError, BadPlaceError."""
    scope.require(Permission.SEE_CASES)
    wanted = _visible(scope)
    shown, next_after = _page(session, wanted, now_us, limit, after)
    items = _items(session, shown, rules, now_us)
    return Page(tuple(items), next_after, _count(session, wanted, now_us))


def case(session: Session, number: str, *, scope: Scope, rules: RuleSet, known_us: int, now_us: int) -> CaseView:
    """One case as on record at `known_us`. Raises NotVisibleError, NotPermittedError."""
    scope.require(Permission.SEE_CASES)
    known_us = min(known_us, now_us)
    row = visible_case(session, number, scope, known_us=known_us)
    return CaseView(
        item=_items(session, [row], rules, known_us)[0],
        arrived_us=_instant(row.arrived_us),
        cleared_us=_instant(row.cleared_us),
        site_number=row.site_number,
        longitude_deg=row.longitude_deg,
        latitude_deg=row.latitude_deg,
        links=_links(session, row, scope, known_us),
        stretches=window_stretches(session, row, rules, known_us),
        rules=rules.used(RULE_KEYS, UtcMicros(row.valid_from_us)),
    )


def cases_without_footage(
    session: Session, *, scope: Scope, rules: RuleSet, now_us: int, limit: int = 50, after: str | None = None
) -> Page[CaseWithoutFootage]:
    """Cases that no confirmed link bears on and that nobody exempted, the newest first.

    Raises NotPermittedError, BadPlaceError.
    """
    scope.require(Permission.SEE_CASES)
    wanted = _bare(scope, now_us)
    shown, next_after = _page(session, wanted, now_us, limit, after)
    items = _items(session, shown, rules, now_us)
    found = [
        CaseWithoutFootage(
            item=item,
            stretches=window_stretches(session, row, rules, now_us),
            candidates=tuple(link for link in _links(session, row, scope, now_us) if link.state == LinkState.PROPOSED),
        )
        for row, item in zip(shown, items, strict=True)
    ]
    return Page(tuple(found), next_after, _count(session, wanted, now_us))


def count_without_footage(session: Session, *, scope: Scope, now_us: int) -> int:
    """How many cases of the scope have no confirmed link and no exemption."""
    return _count(session, _bare(scope, now_us), now_us)


def proposed_link_count(session: Session, *, scope: Scope, now_us: int) -> int:
    """How many links of the scope's cases wait for a person."""
    visible = _known(now_us, _visible(scope)).with_only_columns(Case.number)
    proposed = and_(LinkRow.state == LinkState.PROPOSED, LinkRow.case_number.in_(visible))
    query = select(func.count()).select_from(LinkRow).where(proposed, link_is_current(now_us))
    return session.scalar(query, {"known_us": now_us}) or 0


def visible_case(session: Session, number: str, scope: Scope, *, known_us: int) -> Case:
    """The case. Raises NotVisibleError where it is absent or outside the scope."""
    rows = known_rows(session, Case, known_us=known_us, number=number)
    if not rows or not scope.sees_officer(rows[-1].officer_number, rows[-1].unit_number):
        raise NotVisibleError(kind="case", number=number)
    return rows[-1]


def window_stretches(session: Session, row: Case, rules: RuleSet, known_us: int) -> Stretches:
    """The state of each instant of the case's window at which its officer had to record."""
    if row.officer_number is None:
        return ()
    window = window_of(row, rules).interval
    duties = known_rows(session, Duty, known_us=known_us, overlapping=window, officer_number=row.officer_number)
    found: list[tuple[TimeInterval, CoverageState]] = []
    for verdict in duty_verdicts(session, duties, rules=rules, known_us=known_us):
        for stretch in verdict.stretches:
            inside = intersection(stretch.judged.interval, window)
            if inside is not None:
                found.append((inside, stretch.judged.state))
    return tuple(sorted(found))


def _visible(scope: Scope) -> ColumnElement[bool]:
    """The condition of `Scope.sees_officer`, for the database."""
    if scope.own_only:
        return Case.officer_number == scope.officer_number if scope.officer_number else false()
    return true() if scope.units is None else Case.unit_number.in_(sorted(scope.units))


def _bare(scope: Scope, now_us: int) -> ColumnElement[bool]:
    """Cases of the scope without a confirmed link or an exemption."""
    confirmed = select(LinkRow.row_id).where(
        LinkRow.case_number == Case.number, LinkRow.state == LinkState.CONFIRMED, link_is_current(now_us)
    )
    return and_(_visible(scope), Case.exempt_reason.is_(None), ~confirmed.exists())


def _known(now_us: int, wanted: ColumnElement[bool]) -> Any:
    return known_where(Case).where(wanted, Case.recorded_us <= now_us)


def _count(session: Session, wanted: ColumnElement[bool], now_us: int) -> int:
    query = _known(now_us, wanted).with_only_columns(func.count())
    return int(session.scalar(query, {"known_us": now_us}) or 0)


def _items(session: Session, rows: list[Case], rules: RuleSet, known_us: int) -> list[CaseItem]:
    links = current_links(session, known_us=known_us, case_numbers=[row.number for row in rows])
    names = officer_names(session, [row.officer_number for row in rows], known_us=known_us)
    return [_item(row, links, names, rules) for row in rows]


def _item(row: Case, links: list[LinkRow], names: dict[str, str], rules: RuleSet) -> CaseItem:
    window = window_of(row, rules)
    own = [link.state for link in links if link.case_number == row.number]
    return CaseItem(
        number=row.number,
        kind=row.kind,
        unit_number=row.unit_number,
        officer_number=row.officer_number,
        officer_name=names.get(row.officer_number or ""),
        occurred_us=UtcMicros(row.valid_from_us),
        window=window.interval,
        window_assumed=window.assumed,
        place=row.place,
        plate=row.plate,
        exempt_reason=row.exempt_reason,
        confirmed_links=own.count(LinkState.CONFIRMED),
        proposed_links=own.count(LinkState.PROPOSED),
    )


def _links(session: Session, row: Case, scope: Scope, known_us: int) -> tuple[LinkView, ...]:
    """The case's links to footage this person may see, the strongest first."""
    clip_scope = ClipScope(session, scope, known_us=known_us)
    found: list[LinkView] = []
    for link in current_links(session, known_us=known_us, case_numbers=[row.number]):
        sighting = speaking_sighting(session, link.clip_id, known_us=known_us)
        if link.state != LinkState.GONE and sighting is not None and clip_scope.sees(sighting):
            found.append(link_view(session, link))
    return tuple(sorted(found, key=lambda link: (-link.score, link.clip_id)))


def _page(
    session: Session, wanted: ColumnElement[bool], now_us: int, limit: int, after: str | None
) -> tuple[list[Case], str | None]:
    """Cases that fit, the newest first, from the place on."""
    place, count = place_of(after), bounded(limit)
    query = _known(now_us, wanted)
    if place is not None:
        same = and_(Case.valid_from_us == place[0], Case.number > place[1])
        query = query.where(Case.valid_from_us <= place[0], or_(Case.valid_from_us < place[0], same))
    query = query.order_by(Case.valid_from_us.desc(), Case.number).limit(count + 1)
    rows = list(session.scalars(query, {"known_us": now_us}))
    last = rows[count - 1] if len(rows) > count else None
    return rows[:count], None if last is None else place_text(last.valid_from_us, last.number)


def _instant(value: int | None) -> UtcMicros | None:
    return None if value is None else UtcMicros(value)
