"""What is known of sites at a moment: the row in force, who stands there, until when all is verified."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from server.domain.calibration import CertificateFact, verified_until
from server.store.recorded import known_rows
from server.store.tables import Certificate, Device, Installation, Site
from server.usecases.register_reads import functions_of


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """Sites in force at a moment with what stands there."""

    sites: tuple[Site, ...]
    installations: dict[str, list[Installation]]
    verified_until_us: dict[str, UtcMicros | None]


def sites_at(session: Session, *, at_us: int, known_us: int, number: str | None = None) -> SiteFacts:
    """All sites (or the one of that number) in force at `at_us` as on record at `known_us`, by number."""
    only: dict[str, Any] = {} if number is None else {"number": number}
    rows = {row.number: row for row in known_rows(session, Site, known_us=known_us, at_us=at_us, **only)}
    standing: dict[str, list[Installation]] = defaultdict(list)
    where: dict[str, Any] = {} if number is None else {"site_number": number}
    for row in known_rows(session, Installation, known_us=known_us, **where):
        standing[row.site_number].append(row)
    now = {
        site: [row.device_number for row in there if _holds(row, at_us)]
        for site, there in standing.items()
        if site in rows
    }
    verified = _verified(session, now, at_us, known_us)
    ordered = tuple(rows[key] for key in sorted(rows))
    return SiteFacts(ordered, standing, {key: verified.get(key) for key in rows})


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
