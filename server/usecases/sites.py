"""Sites as their own department sees them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from server.domain.access import Permission, Scope
from server.domain.publication import notice_too_short
from server.domain.rules import RuleSet
from server.store.tables import Site
from server.usecases.devices import certificate_rows
from server.usecases.pages import bounded, place_of, place_text
from server.usecases.site_reads import SiteFacts, site_facts, sites_listed
from server.usecases.views import InstallationView, Page, SiteView


def sites(
    session: Session, *, scope: Scope, rules: RuleSet, now_us: int, limit: int = 50, after: str | None = None
) -> Page[SiteView]:
    """Sites of the scope by number, of every stage. Raises NotPermittedError, BadPlaceError."""
    scope.require(Permission.SEE_SITES)
    listed = sites_listed(session, at_us=now_us, known_us=now_us)
    visible = [row for row in listed if scope.sees_unit(row.unit_number)]
    place = place_of(after)
    rest = [row for row in visible if place is None or row.number > place[1]]
    count = bounded(limit)
    facts = site_facts(session, [row.row_id for row in rest[:count]], at_us=now_us, known_us=now_us)
    items = tuple(_view(session, row, facts, rules, now_us) for row in facts.sites)
    next_after = place_text(0, rest[count - 1].number) if len(rest) > count else None
    return Page(items, next_after, len(visible))


def _view(session: Session, row: Site, facts: SiteFacts, rules: RuleSet, now_us: int) -> SiteView:
    there = facts.installations.get(row.number, [])
    certificates = [
        one
        for number in dict.fromkeys(one.device_number for one in there)
        for one in certificate_rows(session, number, known_us=now_us)
    ]
    return SiteView(
        number=row.number,
        kind=row.kind,
        road=row.road,
        direction=row.direction,
        lanes=row.lanes,
        stake=row.stake,
        district=row.district,
        longitude_deg=row.longitude_deg,
        latitude_deg=row.latitude_deg,
        violations=row.violations,
        unit_number=row.unit_number,
        stage=row.stage,
        notice_us=_instant(row.notice_us),
        enforce_us=_instant(row.enforce_us),
        basis=row.basis,
        publication_number=row.publication_number,
        verified_until_us=facts.verified_until_us[row.number],
        notice_too_short=notice_too_short(notice_us=row.notice_us, enforce_us=row.enforce_us, rules=rules),
        installations=tuple(
            InstallationView(one.device_number, UtcMicros(one.valid_from_us), _instant(one.valid_until_us))
            for one in there
        ),
        certificates=tuple(certificates),
    )


def _instant(value: int | None) -> UtcMicros | None:
    return None if value is None else UtcMicros(value)
