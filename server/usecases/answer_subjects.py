"""What a question about a device, officer, case or site is about: which devices, and what was expected of them then."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from edge.contract.coverage import CoverageState
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from server.domain.access import NotVisibleError, Scope
from server.domain.rules import Rule, RuleSet
from server.domain.zones import local_day
from server.store.recorded import known_rows
from server.store.tables import Case, Device, Duty, Installation, LinkRow, Officer, Site
from server.usecases.cases import visible_case, window_stretches
from server.usecases.clip_reads import speaking_sighting
from server.usecases.clip_scope import ClipScope
from server.usecases.duty_verdicts import CausedStretch, duty_verdicts, holdings_of
from server.usecases.facts import device_facts
from server.usecases.link_case import current_links
from server.usecases.monitor_verdicts import monitor_day
from server.usecases.views import ProofLink, ReasonView


@dataclass(frozen=True, slots=True)
class Asked:
    """The devices that answer, and the state of the moment where something was expected (None: nothing was).

    known: all that these devices recorded until then is on record. unexplained_gap: inside the time of the case.
    """

    device_numbers: tuple[str, ...]
    state: CoverageState | None = None
    reasons: tuple[ReasonView, ...] = ()
    rules: tuple[Rule, ...] = ()
    proof: tuple[ProofLink, ...] = ()
    known: bool = False
    unexplained_gap: bool = False


@dataclass(slots=True)
class _Question:
    session: Session
    at_us: UtcMicros
    scope: Scope
    clip_scope: ClipScope
    rules: RuleSet
    known_us: int
    moment: TimeInterval = field(init=False)

    def __post_init__(self) -> None:
        self.moment = TimeInterval(self.at_us, UtcMicros(self.at_us + 1))


def asked_about(
    session: Session,
    kind: str,
    number: str,
    at_us: UtcMicros,
    scope: Scope,
    clip_scope: ClipScope,
    *,
    rules: RuleSet,
    known_us: int,
) -> Asked:
    """What the question is about. Raises NotVisibleError for absent and outside the scope alike."""
    question = _Question(session, at_us, scope, clip_scope, rules, known_us)
    if kind == "device":
        return _device(question, number)
    if kind == "officer":
        return _officer(question, number)
    if kind == "case":
        return _case(question, number)
    return _site(question, number)


def _device(question: _Question, number: str) -> Asked:
    device = question.clip_scope.device(number, question.at_us) or question.clip_scope.device(number, None)
    wearers = question.clip_scope.wearers_of(number, question.at_us)
    seen = device is not None and (
        question.scope.sees_unit(device.unit_number)
        or any(question.scope.sees_officer(wearer, None) for wearer in wearers)
    )
    if device is None or not seen:
        raise NotVisibleError(kind="device", number=number)
    if device.kind == "monitor":
        return _monitor(question, device)
    if len(wearers) == 1:
        worn = _duty_state(question, wearers[0])
        return Asked((number,), worn.state, worn.reasons, worn.rules, worn.proof, _known(question, (number,)))
    return Asked((number,), known=_known(question, (number,)))


def _officer(question: _Question, number: str) -> Asked:
    rows = known_rows(question.session, Officer, known_us=question.known_us, number=number)
    then = [row for row in rows if row.valid_from_us <= question.at_us] or rows
    if not then or not question.scope.sees_officer(number, then[-1].unit_number):
        raise NotVisibleError(kind="officer", number=number)
    return _duty_state(question, number)


def _case(question: _Question, number: str) -> Asked:
    case = visible_case(question.session, number, question.scope, known_us=question.known_us)
    worn = Asked(()) if case.officer_number is None else _duty_state(question, case.officer_number)
    stood = Asked(()) if case.site_number is None else _standing(question, case.site_number)
    links = current_links(question.session, known_us=question.known_us, case_numbers=[number])
    numbers = tuple(dict.fromkeys((*worn.device_numbers, *stood.device_numbers)))
    proof = (
        ProofLink("case", number),
        *(ProofLink("clip", link.clip_id) for link in links if link.state == "confirmed" and _sees(question, link)),
        *worn.proof,
        *stood.proof,
    )
    return Asked(
        device_numbers=numbers,
        state=worn.state or stood.state,
        reasons=worn.reasons or stood.reasons,
        rules=worn.rules or stood.rules,
        proof=proof,
        known=_known(question, numbers),
        unexplained_gap=_gap_inside(question, case),
    )


def _site(question: _Question, number: str) -> Asked:
    rows = known_rows(question.session, Site, known_us=question.known_us, number=number)
    if not rows or not question.scope.sees_unit(rows[-1].unit_number):
        raise NotVisibleError(kind="site", number=number)
    return _standing(question, number)


def _standing(question: _Question, site_number: str) -> Asked:
    """The monitors that stood at the site then; of several the best state counts."""
    rows = known_rows(
        question.session, Installation, known_us=question.known_us, at_us=question.at_us, site_number=site_number
    )
    parts: list[Asked] = []
    for row in rows:
        device = question.clip_scope.device(row.device_number, question.at_us)
        if device is not None and question.scope.sees_unit(device.unit_number):
            parts.append(_monitor(question, device))
    order = [*CoverageState, None]
    best = min(parts, key=lambda part: order.index(part.state), default=Asked((), known=True))
    numbers = tuple(number for part in parts for number in part.device_numbers)
    proof = (ProofLink("site", site_number), *best.proof)
    return Asked(numbers, best.state, best.reasons, best.rules, proof, all(part.known for part in parts))


def _monitor(question: _Question, device: Device) -> Asked:
    facts = device_facts(
        question.session, [device.number], question.moment, known_us=question.known_us, rules=question.rules
    )
    day = local_day(question.at_us, ZoneInfo(device.time_zone))
    known = question.at_us < facts[device.number].known_until_us
    for part in monitor_day(question.session, device, day, facts, rules=question.rules, known_us=question.known_us):
        stretch = _at(part.stretches, question.at_us)
        if stretch is not None:
            return Asked((device.number,), stretch.judged.state, _reasons(stretch), part.rules, (), known)
    return Asked((device.number,), known=known)


def _duty_state(question: _Question, officer_number: str) -> Asked:
    """What the officer held then, and the state of a duty that had to be recorded."""
    held = holdings_of(question.session, {officer_number}, question.moment, known_us=question.known_us)
    numbers = tuple(dict.fromkeys(holding.device_number for holding in held.get(officer_number, [])))
    duties = [
        duty
        for duty in known_rows(
            question.session,
            Duty,
            known_us=question.known_us,
            overlapping=question.moment,
            officer_number=officer_number,
        )
        if question.scope.sees_officer(officer_number, duty.unit_number)
    ]
    for verdict in duty_verdicts(question.session, duties, rules=question.rules, known_us=question.known_us):
        stretch = _at(verdict.stretches, question.at_us)
        if stretch is not None:
            proof = (ProofLink("duty", verdict.duty.number),)
            return Asked(numbers, stretch.judged.state, _reasons(stretch), verdict.rules, proof, True)
    return Asked(numbers, known=_known(question, numbers))


def _sees(question: _Question, link: LinkRow) -> bool:
    sighting = speaking_sighting(question.session, link.clip_id, known_us=question.known_us)
    return sighting is not None and question.clip_scope.sees(sighting)


def _known(question: _Question, numbers: tuple[str, ...]) -> bool:
    facts = device_facts(question.session, numbers, question.moment, known_us=question.known_us, rules=question.rules)
    return all(question.at_us < facts[number].known_until_us for number in numbers)


def _gap_inside(question: _Question, case: Case) -> bool:
    stretches = window_stretches(question.session, case, question.rules, question.known_us)
    return any(state is CoverageState.GAP for _, state in stretches)


def _at(stretches: tuple[CausedStretch, ...], at_us: UtcMicros) -> CausedStretch | None:
    return next((one for one in stretches if one.judged.interval.contains(at_us)), None)


def _reasons(stretch: CausedStretch) -> tuple[ReasonView, ...]:
    judged = stretch.judged
    if stretch.explained is not None:
        return (
            ReasonView(judged.kind or "gap", (("cause", stretch.explained.cause.value), *stretch.explained.evidence)),
        )
    code = judged.kind or (None if judged.why is None else judged.why.value)
    return (ReasonView(judged.state.value if code is None else code),)
