"""Certificates that end soon or have ended, within a scope."""

from __future__ import annotations

from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from server.domain.access import Permission, Scope
from server.domain.calibration import endings
from server.domain.rules import RuleSet
from server.store.recorded import known_rows
from server.store.tables import Device
from server.usecases.find_certificates import DUE_RULES, certificates_of
from server.usecases.register_reads import functions_of
from server.usecases.views import CertificateDue


def certificates_due(session: Session, *, scope: Scope, rules: RuleSet, now_us: int) -> tuple[CertificateDue, ...]:
    """The next to end first; those that have ended before all."""
    if not scope.may(Permission.SEE_DEVICES):
        return ()
    bands = [rules.duration_us(key, UtcMicros(now_us)) for key in DUE_RULES]
    due: list[CertificateDue] = []
    rows = [
        row
        for row in known_rows(session, Device, known_us=now_us, at_us=now_us)
        if row.functions and scope.sees_unit(row.unit_number)
    ]
    every = certificates_of(session, {row.number for row in rows}, known_us=now_us)
    for device in rows:
        certificates = every[device.number]
        due += [
            CertificateDue(
                device_number=device.number,
                function=ending.function,
                certificate_number=ending.certificate.number,
                valid_until_us=UtcMicros(ending.certificate.valid_until_us or 0),
                days_left=ending.days_left,
                band=ending.band_days,
            )
            for ending in endings(functions_of(device), certificates, now_us=UtcMicros(now_us), bands_us=bands)
        ]
    return tuple(sorted(due, key=lambda one: (one.valid_until_us, one.device_number, one.function)))
