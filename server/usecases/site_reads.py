"""What is known of sites at a moment: the row in force, who stands there, until when all is verified."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from server.domain.calibration import CertificateFact, verified_until
from server.store.recorded import known_rows, known_where
from server.store.tables import Certificate, Device, Installation, Site
from server.usecases.register_reads import functions_of

_BATCH = 5000


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """Sites in force at a moment with what stands there."""

    sites: tuple[Site, ...]
    installations: dict[str, list[Installation]]
    verified_until_us: dict[str, UtcMicros | None]


SITE_COLUMNS = (
    Site.number,
    Site.row_id,
    Site.kind,
    Site.road,
    Site.direction,
    Site.stake,
    Site.district,
    Site.violations,
    Site.unit_number,
    Site.stage,
    Site.notice_us,
)
"""What a list is chosen by; the rest is read for those that are shown."""


def sites_listed(session: Session, *, at_us: int, known_us: int) -> list[Any]:
    """A row of SITE_COLUMNS for every site in force at `at_us` as on record at `known_us`, by number."""
    open_after = or_(Site.valid_until_us.is_(None), Site.valid_until_us > at_us)
    query = known_where(Site).where(Site.valid_from_us <= at_us, open_after).with_only_columns(*SITE_COLUMNS)
    rows = session.execute(query.order_by(Site.valid_from_us, Site.row_id), {"known_us": known_us})
    latest = {row.number: row for row in rows}
    return [latest[number] for number in sorted(latest)]


def site_facts(session: Session, row_ids: Iterable[int], *, at_us: int, known_us: int) -> SiteFacts:
    """These rows of sites with what stands there, by number, in a number of statements that does not grow with them."""
    ordered = sorted(set(row_ids))
    rows: dict[str, Site] = {}
    standing: dict[str, list[Installation]] = defaultdict(list)
    for first in range(0, len(ordered), _BATCH):
        found = session.scalars(select(Site).where(Site.row_id.in_(ordered[first : first + _BATCH]))).all()
        rows |= {row.number: row for row in found}
        for there in known_rows(session, Installation, known_us=known_us, site_number={row.number for row in found}):
            standing[there.site_number].append(there)
    now = {site: [row.device_number for row in there if _holds(row, at_us)] for site, there in standing.items()}
    verified = _verified(session, now, at_us, known_us)
    by_number = tuple(rows[key] for key in sorted(rows))
    return SiteFacts(by_number, standing, {key: verified.get(key) for key in rows})


def site_at(session: Session, number: str, *, at_us: int, known_us: int) -> SiteFacts:
    """The site of that number in force at `at_us`, if there is one."""
    rows = known_rows(session, Site, known_us=known_us, at_us=at_us, number=number)
    return site_facts(session, [row.row_id for row in rows[-1:]], at_us=at_us, known_us=known_us)


def _verified(
    session: Session, devices_of: dict[str, list[str]], at_us: int, known_us: int
) -> dict[str, UtcMicros | None]:
    """The earliest end over all functions of all devices that stand there; None where one is not in force."""
    numbers = {number for there in devices_of.values() for number in there}
    devices = {row.number: row for row in known_rows(session, Device, known_us=known_us, at_us=at_us, number=numbers)}
    certificates: dict[str, list[CertificateFact]] = defaultdict(list)
    for row in known_rows(session, Certificate, known_us=known_us, device_number=numbers):
        fact = CertificateFact(
            row.number, row.function, row.result == "pass", row.valid_from_us, row.valid_until_us, row.withdrawn_us
        )
        certificates[row.device_number].append(fact)
    found: dict[str, UtcMicros | None] = {}
    for site, there in devices_of.items():
        ends: list[UtcMicros | None] = [
            verified_until(functions_of(devices[number]), certificates[number], UtcMicros(at_us))
            for number in there
            if number in devices and devices[number].functions
        ]
        known = [end for end in ends if end is not None]
        found[site] = min(known) if known and len(known) == len(ends) else None
    return found


def _holds(row: Installation, at_us: int) -> bool:
    return row.valid_from_us <= at_us and (row.valid_until_us is None or at_us < row.valid_until_us)
