"""Reading cases: a list, one with its links, and those without footage, within a scope."""

from __future__ import annotations

from sqlalchemy.orm import Session

from edge.contract.coverage import CoverageState
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, intersection
from server.domain.access import NotVisibleError, Permission, Scope
from server.domain.links import RULE_KEYS, LinkState
from server.domain.rules import RuleSet
from server.store.recorded import known_rows
from server.store.tables import Case, Duty, LinkRow
from server.usecases.clip_reads import link_view, speaking_sighting
from server.usecases.clip_scope import ClipScope
from server.usecases.duty_verdicts import duty_verdicts
from server.usecases.finding_reads import officer_names
from server.usecases.link_case import current_links, window_of
from server.usecases.pages import bounded, place_of, place_text
from server.usecases.views import CaseItem, CaseView, CaseWithoutFootage, LinkView, Page

Stretches = tuple[tuple[TimeInterval, CoverageState], ...]


def cases(
    session: Session, *, scope: Scope, rules: RuleSet, now_us: int, limit: int = 50, after: str | None = None
) -> Page[CaseItem]:
    """Cases of the scope, the newest first. Raises NotPermittedError, BadPlaceError."""
    scope.require(Permission.SEE_CASES)
    visible = visible_cases(session, scope, known_us=now_us)
    shown, next_after = _page(visible, limit, after)
    items = _items(session, shown, rules, now_us)
    return Page(tuple(items), next_after, len(visible))


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
    bare = _bare(session, scope, now_us)
    shown, next_after = _page(bare, limit, after)
    items = _items(session, shown, rules, now_us)
    found = [
        CaseWithoutFootage(
            item=item,
            stretches=window_stretches(session, row, rules, now_us),
            candidates=tuple(link for link in _links(session, row, scope, now_us) if link.state == LinkState.PROPOSED),
        )
        for row, item in zip(shown, items, strict=True)
    ]
    return Page(tuple(found), next_after, len(bare))


def count_without_footage(session: Session, *, scope: Scope, now_us: int) -> int:
    """How many cases of the scope have no confirmed link and no exemption."""
    return len(_bare(session, scope, now_us))


def proposed_link_count(session: Session, *, scope: Scope, now_us: int) -> int:
    """How many links of the scope's cases wait for a person."""
    numbers = {row.number for row in visible_cases(session, scope, known_us=now_us)}
    return sum(
        link.state == LinkState.PROPOSED and link.case_number in numbers
        for link in current_links(session, known_us=now_us)
    )


def visible_cases(session: Session, scope: Scope, *, known_us: int) -> list[Case]:
    """All cases of the scope, the newest first."""
    rows = [
        row
        for row in known_rows(session, Case, known_us=known_us)
        if scope.sees_officer(row.officer_number, row.unit_number)
    ]
    return sorted(rows, key=lambda row: (-row.valid_from_us, row.number))


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


def _bare(session: Session, scope: Scope, now_us: int) -> list[Case]:
    confirmed = {
        link.case_number for link in current_links(session, known_us=now_us) if link.state == LinkState.CONFIRMED
    }
    return [
        row
        for row in visible_cases(session, scope, known_us=now_us)
        if row.number not in confirmed and row.exempt_reason is None
    ]


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


def _page(rows: list[Case], limit: int, after: str | None) -> tuple[list[Case], str | None]:
    place = place_of(after)
    rest = [row for row in rows if place is None or (-row.valid_from_us, row.number) > (-place[0], place[1])]
    count = bounded(limit)
    last = rest[count - 1] if len(rest) > count else None
    return rest[:count], None if last is None else place_text(last.valid_from_us, last.number)


def _instant(value: int | None) -> UtcMicros | None:
    return None if value is None else UtcMicros(value)
