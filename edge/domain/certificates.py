"""Was the device fit to give evidence over the whole recording? Preliminary: the server decides."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from edge.contract.intervals import TimeInterval
from edge.contract.manifest import CertificateCheck
from edge.contract.messages import Register, RegisterCertificate


class CertificateState(StrEnum):
    """The state of one function over an interval, worst first."""

    WITHDRAWN = "withdrawn"
    FAILED = "failed"
    MISSING = "missing"
    EXPIRED = "expired"
    VALID = "valid"
    NOT_REQUIRED = "not_required"


_WORST_FIRST = tuple(CertificateState)
_BAD_RESULTS = {
    "fail": CertificateState.FAILED,
    "failed": CertificateState.FAILED,
    "withdrawn": CertificateState.WITHDRAWN,
}


def check_certificates(
    register: Register | None, device: str | None, span: TimeInterval
) -> tuple[CertificateCheck, ...]:
    """One check per function the register asks of the device; empty where it asks none or does not know the device."""
    if register is None or device is None:
        return ()
    asked = next((entry.functions for entry in register.devices if entry.device == device), ())
    held = [certificate for certificate in register.certificates if certificate.device == device]
    checks = []
    for function in sorted({*asked, *(certificate.function for certificate in held)})[:20]:
        if function not in asked:
            state, number = CertificateState.NOT_REQUIRED, None
        else:
            state, number = _worst_over([entry for entry in held if entry.function == function], span)
        checks.append(CertificateCheck(function=function, state=state, number=number, register_number=register.number))
    return tuple(checks)


def _worst_over(certificates: Sequence[RegisterCertificate], span: TimeInterval) -> tuple[CertificateState, str | None]:
    """At each instant the certificate that began last decides; the worst instant decides the span."""
    borders = {span.start_us}
    for certificate in certificates:
        borders.update(at for at in (certificate.valid_from, certificate.valid_until) if span.contains(at))
    verdicts = [_at(certificates, border) for border in sorted(borders)]
    return min(verdicts, key=lambda verdict: _WORST_FIRST.index(verdict[0]))


def _at(certificates: Sequence[RegisterCertificate], at_us: int) -> tuple[CertificateState, str | None]:
    begun = [certificate for certificate in certificates if certificate.valid_from <= at_us]
    if not begun:
        return CertificateState.MISSING, None
    last = max(begun, key=lambda certificate: (certificate.valid_from, certificate.valid_until))
    bad = _BAD_RESULTS.get(last.result)
    if bad is not None:
        return bad, last.number
    return (CertificateState.VALID if at_us < last.valid_until else CertificateState.EXPIRED), last.number
