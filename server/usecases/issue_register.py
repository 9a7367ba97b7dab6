"""The numbered, signed snapshot of duties, devices, certificates and rules for a gateway. No names of persons."""

from __future__ import annotations

import hashlib

from sqlalchemy.orm import Session

from edge.contract.dsse import Signer
from edge.contract.events import down_event
from edge.contract.instants import LATEST_US, MICROS_PER_DAY, UtcMicros
from edge.contract.intervals import TimeInterval, intersection
from edge.contract.messages import (
    Register,
    RegisterCertificate,
    RegisterDevice,
    RegisterDuty,
    RegisterRule,
)
from edge.contract.topics import DownKind
from edge.contract.wire_model import MAX_CONTROL_BYTES
from server.domain.rules import RuleSet
from server.store.database import Database
from server.store.recorded import known_rows
from server.store.tables import Assignment, Certificate, Device, Duty, Gateway, RegisterIssued, Unit
from server.usecases.signing_keys import key_sets

_WINDOWS_DAYS = (7, 3, 1)
"""Duties this many days around now; the first width that fits into one message."""
_RULES = ("gap.", "clock.", "timeline.", "view.", "sound.", "reference.", "calibration.")
"""Rules whose keys begin so are those that a gateway decides by."""
_MAX_BYTES = MAX_CONTROL_BYTES * 7 // 10
"""The envelope's base64 adds a third."""


class RegisterTooLargeError(Exception):
    """A gateway's snapshot does not fit into a message; it keeps the one it has."""

    def __init__(self, *, gateway_id: str, size_bytes: int) -> None:
        super().__init__(
            f"register of gateway {gateway_id} has {size_bytes} bytes, limit {_MAX_BYTES}: give the gateway a unit"
        )
        self.gateway_id, self.size_bytes = gateway_id, size_bytes


def issue_register(
    db: Database, gateway_id: str, *, rules: RuleSet, signer: Signer, now_us: UtcMicros, broker_ca_pem: str = ""
) -> tuple[int, bytes]:
    """The number and signed bytes of the current snapshot; a new number exactly when its content changed.

    A new signing key changes it, since the key sets are in it: what is said from then on is signed by that key.
    Durable when this returns. Raises RegisterTooLargeError.
    """
    with db.reading() as session:
        content = _snapshot(session, gateway_id, rules, broker_ca_pem, now_us)
        issued = session.get(RegisterIssued, gateway_id)
    digest = _digest(content)
    if issued is not None and issued.content_sha256 == digest:
        return issued.number, issued.envelope
    with db.writing() as session:
        issued = session.get(RegisterIssued, gateway_id)
        number = 1 if issued is None else issued.number + 1
        envelope = down_event(
            DownKind.REGISTER,
            content.model_copy(update={"number": number, "issued": now_us}),
            gateway_id=gateway_id,
            event_id=f"register.{gateway_id}.{number}",
            now_us=now_us,
            signer=signer,
        )
        row = RegisterIssued(
            gateway_id=gateway_id, number=number, content_sha256=digest, issued_us=now_us, envelope=envelope
        )
        session.merge(row)
    return number, envelope


def _snapshot(session: Session, gateway_id: str, rules: RuleSet, broker_ca_pem: str, now_us: UtcMicros) -> Register:
    size_bytes = 0
    trust = {"key_sets": tuple(key_sets(session)), "broker_ca_pem": broker_ca_pem}
    for days in _WINDOWS_DAYS:
        register = _register(session, gateway_id, rules, now_us, days).model_copy(update=trust)
        size_bytes = len(register.model_dump_json())
        if size_bytes <= _MAX_BYTES:
            return register
    raise RegisterTooLargeError(gateway_id=gateway_id, size_bytes=size_bytes)


def _register(session: Session, gateway_id: str, rules: RuleSet, now_us: UtcMicros, days: int) -> Register:
    today = now_us // MICROS_PER_DAY * MICROS_PER_DAY  # the window moves once a day, so that the content rests
    window = TimeInterval(UtcMicros(today - days * MICROS_PER_DAY), UtcMicros(today + (days + 1) * MICROS_PER_DAY))
    units = _units_of(session, gateway_id, now_us)
    devices = known_rows(session, Device, known_us=now_us, overlapping=window)
    devices = [device for device in devices if units is None or device.unit_number in units]
    numbers = {device.number for device in devices}
    certificates = known_rows(session, Certificate, known_us=now_us, device_number=numbers)
    return Register(
        number=1,
        issued=UtcMicros(0),
        duties=_duties(session, numbers, rules, window, now_us),
        devices=tuple(
            RegisterDevice(
                device=device.number,
                kind="monitor" if device.kind == "monitor" else "recorder",
                time_zone=device.time_zone,
                functions=tuple(name for name in device.functions.split(",") if name),
            )
            for device in devices
        ),
        certificates=tuple(_certificate(row) for row in certificates),
        rules=tuple(
            RegisterRule(key=rule.key, value=rule.value, unit=rule.unit, version=rule.version)
            for rule in rules.used((rule.key for rule in rules.rules if rule.key.startswith(_RULES)), now_us)
            if not isinstance(rule.value, tuple)
        ),
    )


def _units_of(session: Session, gateway_id: str, now_us: int) -> set[str] | None:
    """The gateway's unit and those below it; None: the gateway serves all."""
    unit = session.get_one(Gateway, gateway_id).unit_number
    if unit is None:
        return None
    rows = known_rows(session, Unit, known_us=now_us)
    units, grown = {unit}, True
    while grown:
        below = {row.number for row in rows if row.parent_number in units} - units
        units |= below
        grown = bool(below)
    return units


def _duties(
    session: Session, devices: set[str], rules: RuleSet, window: TimeInterval, now_us: UtcMicros
) -> tuple[RegisterDuty, ...]:
    """Each duty once per device that its officer holds then, over the time he holds it."""
    must_record = set(rules.words("duty.must_record", now_us))
    held = known_rows(session, Assignment, known_us=now_us, overlapping=window, device_number=devices)
    by_officer: dict[str, list[Assignment]] = {}
    for assignment in held:
        by_officer.setdefault(assignment.officer_number, []).append(assignment)
    duties: list[RegisterDuty] = []
    for duty in known_rows(session, Duty, known_us=now_us, overlapping=window, officer_number=set(by_officer)):
        on_duty = _interval(duty)
        for assignment in by_officer[duty.officer_number]:
            both = intersection(on_duty, _interval(assignment))
            if both is not None:
                duties.append(
                    RegisterDuty(
                        number=duty.number,
                        device=assignment.device_number,
                        interval=both,
                        kind=duty.kind,
                        must_record=duty.kind in must_record,
                    )
                )
    return tuple(duties)


def _certificate(row: Certificate) -> RegisterCertificate:
    """A withdrawn certificate says so as its result: the gateway has no other place for it."""
    return RegisterCertificate(
        device=row.device_number,
        function=row.function,
        number=row.number,
        result=row.result if row.withdrawn_us is None else "withdrawn",
        valid_from=UtcMicros(row.valid_from_us),
        valid_until=UtcMicros(LATEST_US if row.valid_until_us is None else row.valid_until_us),
    )


def _interval(row: Duty | Assignment) -> TimeInterval:
    end_us = LATEST_US if row.valid_until_us is None else row.valid_until_us
    return TimeInterval(UtcMicros(row.valid_from_us), UtcMicros(end_us))


def _digest(register: Register) -> str:
    return hashlib.sha256(register.model_dump_json().encode()).hexdigest()
