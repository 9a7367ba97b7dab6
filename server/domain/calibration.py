"""Is the device fit to give evidence over a whole recording? One verdict for each function it needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.contract.intervals import TimeInterval


class CertificateVerdict(StrEnum):
    """What the register says about a function. Everything but the first two makes evidence unfit."""

    NOT_REQUIRED = "not_required"
    VALID = "valid"
    EXPIRED = "expired"
    MISSING = "missing"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


FIT = frozenset({CertificateVerdict.NOT_REQUIRED, CertificateVerdict.VALID})


@dataclass(frozen=True, slots=True)
class CertificateFact:
    """A certificate of one function, in force over [valid_from_us, valid_until_us)."""

    number: str
    function: str
    passed: bool
    valid_from_us: int
    valid_until_us: int | None
    withdrawn_us: int | None = None
    supersedes: str | None = None

    def covers(self, interval: TimeInterval) -> bool:
        """Whether it is in force over the whole interval."""
        open_after = self.valid_until_us is None or interval.end_us <= self.valid_until_us
        return self.valid_from_us <= interval.start_us and open_after


@dataclass(frozen=True, slots=True)
class FunctionVerdict:
    """The verdict of one function and the certificate it rests on, None where there is none."""

    function: str
    verdict: CertificateVerdict
    certificate: CertificateFact | None


def function_verdict(
    function: str, certificates: Iterable[CertificateFact], recording: TimeInterval
) -> FunctionVerdict:
    """The verdict of one needed function over the whole recording.

    The latest verification counts: a later failure ends an earlier pass. A certificate that its issuer withdrew, at
    whatever time, gives no evidence. Source: Order 157 art. 15; Metrology Law art. 9.
    """
    own = sorted(
        (one for one in certificates if one.function == function), key=lambda one: (one.valid_from_us, one.number)
    )
    begun = [one for one in own if one.valid_from_us <= recording.start_us]
    failed_during = [one for one in own if not one.passed and recording.start_us < one.valid_from_us < recording.end_us]
    if failed_during:
        return FunctionVerdict(function, CertificateVerdict.FAILED, failed_during[0])
    if not begun:
        return FunctionVerdict(function, CertificateVerdict.MISSING, None)
    if not begun[-1].passed:
        return FunctionVerdict(function, CertificateVerdict.FAILED, begun[-1])
    in_force = [one for one in begun if one.passed and one.withdrawn_us is None and one.covers(recording)]
    if in_force:
        return FunctionVerdict(function, CertificateVerdict.VALID, in_force[-1])
    withdrawn = [one for one in begun if one.withdrawn_us is not None and one.covers(recording)]
    if withdrawn:
        return FunctionVerdict(function, CertificateVerdict.WITHDRAWN, withdrawn[-1])
    return FunctionVerdict(function, CertificateVerdict.EXPIRED, begun[-1])


def device_verdicts(
    functions: Sequence[str], certificates: Iterable[CertificateFact], recording: TimeInterval
) -> tuple[FunctionVerdict, ...]:
    """One verdict for each function the device needs, in that order; none needed: the empty tuple."""
    own = list(certificates)
    return tuple(function_verdict(function, own, recording) for function in functions)


def verified_until(
    functions: Sequence[str], certificates: Iterable[CertificateFact], at_us: UtcMicros
) -> UtcMicros | None:
    """The earliest end over the functions needed, of what is in force at `at_us`; None where one is not in force."""
    own = list(certificates)
    moment = TimeInterval(at_us, UtcMicros(at_us + 1))
    ends: list[int] = []
    for function in functions:
        verdict = function_verdict(function, own, moment)
        if verdict.verdict is not CertificateVerdict.VALID or verdict.certificate is None:
            return None
        if verdict.certificate.valid_until_us is not None:
            ends.append(verdict.certificate.valid_until_us)
    return UtcMicros(min(ends)) if ends else None


@dataclass(frozen=True, slots=True)
class Ending:
    """A function whose certificate ends soon, or has ended. `band_days` 0: ended."""

    function: str
    certificate: CertificateFact
    band_days: int
    days_left: int


def endings(
    functions: Sequence[str],
    certificates: Iterable[CertificateFact],
    *,
    now_us: UtcMicros,
    bands_us: Sequence[int],
) -> tuple[Ending, ...]:
    """Functions whose last certificate ends within the widest of `bands_us`, or has ended.

    Source: rules certificate.due_first, certificate.due_second, certificate.due_last.
    """
    own = [one for one in certificates if one.passed and one.withdrawn_us is None]
    found: list[Ending] = []
    for function in functions:
        last = max(
            (one for one in own if one.function == function and one.valid_until_us is not None),
            key=lambda one: one.valid_until_us or 0,
            default=None,
        )
        unlimited = any(one.function == function and one.valid_until_us is None for one in own)
        if last is None or last.valid_until_us is None or unlimited:
            continue
        left_us = last.valid_until_us - now_us
        fitting = [band for band in bands_us if left_us <= band]
        if fitting:
            band_us = 0 if left_us <= 0 else min(fitting)
            found.append(Ending(function, last, band_us // MICROS_PER_DAY, left_us // MICROS_PER_DAY))
    return tuple(found)
