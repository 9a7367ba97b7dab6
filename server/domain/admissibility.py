"""Can a clip be trusted, may it be used? Every reason is named; what nobody checked is unknown, never good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edge.contract.inspection import ReferenceState
from server.domain.calibration import FIT, FunctionVerdict
from server.domain.clock import ClockVerdict
from server.domain.findings import FindingState
from server.domain.looks import CHANGED_VIEWS
from server.domain.publication import PublicationVerdict


class Trust(StrEnum):
    """Whether the footage shows what was, when it says."""

    TRUSTED = "trusted"
    NOT_TRUSTED = "not_trusted"
    UNDETERMINED = "undetermined"


class Use(StrEnum):
    """Whether the footage may be used as evidence."""

    USABLE = "usable"
    NOT_USABLE = "not_usable"
    UNDETERMINED = "undetermined"


class Weight(StrEnum):
    """What a reason does to a verdict."""

    FOR = "for"
    AGAINST = "against"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Reason:
    """A code with its values, such as certificate_expired: function=speed, number=XJ-7."""

    code: str
    weight: Weight
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ClipStanding:
    """What a clip's answers rest on.

    as_sealed: its file and rows were what was signed when they were read last, or were not read again yet.
    wearers: who held a recorder at capture. publication None: the monitor stood at no site on record.
    view: a monitor's view against its commissioning; None where nothing was compared. view_said: what a person decided
    of its change: accepted (it is so), rejected (it is in order), None.
    reviewed: a person has looked at the record. unexplained_gap: inside the case's time, where a case is asked about.
    """

    is_monitor: bool
    sealed: bool
    as_sealed: bool
    verdict: str
    contested: bool
    times_disagree: bool
    clock: ClockVerdict
    offset_us: int | None
    functions: tuple[FunctionVerdict, ...] = ()
    wearers: tuple[str, ...] = ()
    publication: PublicationVerdict | None = None
    site_number: str | None = None
    view: str | None = None
    view_said: str | None = None
    reviewed: bool = False
    unexplained_gap: bool = False


def trust_reasons(clip: ClipStanding) -> tuple[Reason, ...]:
    """Everything that speaks for or against the clip being what it says."""
    reasons = [
        Reason("sealed", Weight.FOR) if clip.sealed else Reason("not_sealed_yet", Weight.OPEN),
        Reason("whole", Weight.FOR)
        if clip.verdict == "whole"
        else Reason("file_damaged", Weight.AGAINST, (("verdict", clip.verdict),)),
        _clock_reason(clip),
    ]
    if not clip.as_sealed:
        reasons.append(Reason("not_as_sealed", Weight.AGAINST))
    if clip.contested:
        reasons.append(Reason("content_claimed_twice", Weight.AGAINST))
    if clip.times_disagree:
        reasons.append(Reason("times_disagree", Weight.AGAINST))
    return tuple(reasons)


def use_reasons(clip: ClipStanding) -> tuple[Reason, ...]:
    """Everything that speaks for or against using the clip as evidence.

    Sources: Administrative Penalty Law art. 41, Order 157 arts 15 to 20 (monitors); Gong Tong Zi (2016) 14 (recorders).
    """
    reasons = list(trust_reasons(clip))
    reasons += [_function_reason(verdict) for verdict in clip.functions]
    if clip.is_monitor:
        reasons.append(_publication_reason(clip))
        reasons.append(_view_reason(clip))
        reasons.append(Reason("reviewed", Weight.FOR) if clip.reviewed else Reason("not_reviewed_yet", Weight.OPEN))
    else:
        reasons.append(_wearer_reason(clip.wearers))
    if clip.unexplained_gap:
        reasons.append(Reason("unexplained_gap_in_case", Weight.AGAINST))
    return tuple(reasons)


def trust_of(reasons: Iterable[Reason]) -> Trust:
    """Against outweighs open, open outweighs for."""
    weights = {reason.weight for reason in reasons}
    if Weight.AGAINST in weights:
        return Trust.NOT_TRUSTED
    return Trust.UNDETERMINED if Weight.OPEN in weights else Trust.TRUSTED


def use_of(reasons: Iterable[Reason]) -> Use:
    """Against outweighs open, open outweighs for."""
    weights = {reason.weight for reason in reasons}
    if Weight.AGAINST in weights:
        return Use.NOT_USABLE
    return Use.UNDETERMINED if Weight.OPEN in weights else Use.USABLE


def best_trust(verdicts: Sequence[Trust]) -> Trust:
    """Of several clips of one moment the best counts."""
    return min(verdicts, key=[Trust.TRUSTED, Trust.UNDETERMINED, Trust.NOT_TRUSTED].index)


def best_use(verdicts: Sequence[Use]) -> Use:
    """Of several clips of one moment the best counts."""
    return min(verdicts, key=[Use.USABLE, Use.UNDETERMINED, Use.NOT_USABLE].index)


def _clock_reason(clip: ClipStanding) -> Reason:
    values = () if clip.offset_us is None else (("offset_s", f"{clip.offset_us / 1e6:.3f}"),)
    return {
        ClockVerdict.WITHIN: Reason("clock_within_limit", Weight.FOR, values),
        ClockVerdict.CORRECTED: Reason("clock_corrected", Weight.AGAINST if clip.is_monitor else Weight.FOR, values),
        ClockVerdict.BEYOND: Reason("clock_beyond_limit", Weight.AGAINST, values),
        ClockVerdict.UNKNOWN: Reason("clock_not_measured", Weight.OPEN),
    }[clip.clock]


def _function_reason(verdict: FunctionVerdict) -> Reason:
    values = [("function", verdict.function)]
    if verdict.certificate is not None:
        values.append(("number", verdict.certificate.number))
    weight = Weight.FOR if verdict.verdict in FIT else Weight.AGAINST
    return Reason(f"certificate_{verdict.verdict}", weight, tuple(values))


def _publication_reason(clip: ClipStanding) -> Reason:
    if clip.publication is None:
        return Reason("site_unknown", Weight.AGAINST)
    values = () if clip.site_number is None else (("site", clip.site_number),)
    weight = Weight.FOR if clip.publication is PublicationVerdict.PUBLISHED else Weight.AGAINST
    return Reason(f"site_{clip.publication}", weight, values)


def _view_reason(clip: ClipStanding) -> Reason:
    """What a look found counts against a record only once a person has confirmed it."""
    if clip.view == ReferenceState.OK:
        return Reason("view_ok", Weight.FOR)
    if clip.view not in CHANGED_VIEWS:
        return Reason("view_suspect" if clip.view == ReferenceState.SUSPECT else "view_unknown", Weight.OPEN)
    if clip.view_said == FindingState.REJECTED:
        return Reason("view_found_in_order", Weight.FOR)
    confirmed = clip.view_said == FindingState.ACCEPTED
    return Reason(f"view_{clip.view}", Weight.AGAINST if confirmed else Weight.OPEN)


def _wearer_reason(wearers: tuple[str, ...]) -> Reason:
    if not wearers:
        return Reason("wearer_unknown", Weight.AGAINST)
    if len(wearers) > 1:
        return Reason("ambiguous_wearer", Weight.AGAINST)
    return Reason("wearer_known", Weight.FOR, (("officer", wearers[0]),))
