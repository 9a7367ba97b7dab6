"""Sites as the public sees them: built from an allow-list, only announced ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from server.domain.publication import NotPublicError, is_public
from server.domain.rules import RuleSet
from server.domain.zones import local_day
from server.store.tables import Site
from server.usecases.pages import bounded, place_of, place_text
from server.usecases.register_reads import unit_names
from server.usecases.site_reads import site_at, site_facts, sites_listed
from server.usecases.views import Page, PublicSite


def public_sites(
    session: Session,
    *,
    rules: RuleSet,
    now_us: int,
    query: str = "",
    kind: str | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Page[PublicSite]:
    """Announced sites by number.

    Every word of `query` must be in number, kind, road, direction, stake, district or violations. Raises BadPlaceError.
    """
    words = query.casefold().split()
    wanted = [row for row in _listed(session, now_us) if (kind is None or row.kind == kind) and _matches(row, words)]
    place = place_of(after)
    rest = [row for row in wanted if place is None or row.number > place[1]]
    count = bounded(limit)
    items = _shown(session, rest[:count], rules, now_us)
    return Page(items, place_text(0, rest[count - 1].number) if len(rest) > count else None, len(wanted))


def public_site(session: Session, number: str, *, rules: RuleSet, now_us: int) -> PublicSite:
    """One announced site. Raises NotPublicError for absent and unannounced alike."""
    facts = site_at(session, number, at_us=now_us, known_us=now_us)
    if not facts.sites or not _announced(facts.sites[0], now_us):
        raise NotPublicError(site_number=number)
    names = unit_names(session, at_us=now_us, known_us=now_us)
    return _public(facts.sites[0], facts.verified_until_us[number], names, ZoneInfo(rules.time_zone))


def every_public_site(session: Session, *, rules: RuleSet, now_us: int) -> list[PublicSite]:
    """All announced sites by number, of one moment, for open data."""
    return list(_shown(session, _listed(session, now_us), rules, now_us))


def public_kinds(session: Session, *, now_us: int) -> tuple[str, ...]:
    """The kinds of announced sites, for a choice."""
    return tuple(sorted({row.kind for row in _listed(session, now_us)}))


def _listed(session: Session, now_us: int) -> list[Any]:
    return [row for row in sites_listed(session, at_us=now_us, known_us=now_us) if _announced(row, now_us)]


def _shown(session: Session, listed: Sequence[Any], rules: RuleSet, now_us: int) -> tuple[PublicSite, ...]:
    facts = site_facts(session, [row.row_id for row in listed], at_us=now_us, known_us=now_us)
    names, zone = unit_names(session, at_us=now_us, known_us=now_us), ZoneInfo(rules.time_zone)
    return tuple(_public(row, facts.verified_until_us[row.number], names, zone) for row in facts.sites)


def _announced(row: Site | Any, now_us: int) -> bool:
    """Announced, and the notice not dated in the future."""
    return is_public(row.stage) and (row.notice_us is None or row.notice_us <= now_us)


def _matches(row: Any, words: list[str]) -> bool:
    if not words:
        return True
    fields = (row.number, row.kind, row.road, row.direction, row.stake, row.district, row.violations)
    text = " ".join(field for field in fields if field).casefold()
    return all(word in text for word in words)


def _public(row: Site, verified_us: UtcMicros | None, names: dict[str, str], zone: ZoneInfo) -> PublicSite:
    return PublicSite(
        site_number=row.number,
        kind=row.kind,
        road=row.road,
        direction=row.direction,
        stake=row.stake,
        district=row.district,
        longitude_deg=row.longitude_deg,
        latitude_deg=row.latitude_deg,
        violations=row.violations,
        stage=row.stage,
        notice_date=_date(row.notice_us, zone),
        enforcement_date=_date(row.enforce_us, zone),
        basis=row.basis,
        unit_name=names.get(row.unit_number, ""),
        verified_until=None if verified_us is None else local_day(UtcMicros(verified_us - 1), zone),
    )


def _date(value: int | None, zone: ZoneInfo) -> date | None:
    return None if value is None else local_day(UtcMicros(value), zone)
