"""What the answers about one clip rest on, as on record at a moment."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from server.domain.admissibility import (
    ClipStanding,
    Reason,
    Trust,
    Use,
    trust_of,
    trust_reasons,
    use_of,
    use_reasons,
)
from server.domain.calibration import FunctionVerdict, device_verdicts
from server.domain.clock import clock_limit_key, clock_verdict
from server.domain.device_facts import ClipFact
from server.domain.publication import PublicationVerdict, publication_verdict
from server.domain.rules import Rule, RuleSet
from server.store.recorded import known_rows
from server.store.tables import Device, Installation, Site
from server.usecases.clip_scope import ClipScope
from server.usecases.find_certificates import certificate_facts
from server.usecases.find_store import is_as_sealed
from server.usecases.link_case import SYSTEM, current_links
from server.usecases.register_reads import functions_of
from server.usecases.view_changes import VIEW_KIND_OF, said_of_view
from server.usecases.views import AnswerPart, CertificateState, ProofLink, ReasonView


@dataclass(frozen=True, slots=True)
class ClipJudgement:
    """A clip with its reasons and the rules they rest on."""

    clip: ClipFact
    standing: ClipStanding
    trust_reasons: tuple[Reason, ...]
    use_reasons: tuple[Reason, ...]
    rules: tuple[Rule, ...]
    proof: tuple[ProofLink, ...]

    @property
    def trust(self) -> Trust:
        """Whether the clip can be trusted."""
        return trust_of(self.trust_reasons)

    @property
    def use(self) -> Use:
        """Whether the clip may be used."""
        return use_of(self.use_reasons)


def judge_clip(
    session: Session,
    clip: ClipFact,
    device_number: str | None,
    clip_scope: ClipScope,
    *,
    rules: RuleSet,
    known_us: int,
    unexplained_gap: bool = False,
) -> ClipJudgement:
    """The clip's standing as on record at `known_us`, judged as of its capture."""
    at_us = clip.start_us if clip.start_us is not None else clip.received_us
    device = clip_scope.device(device_number, at_us)
    kind = "recorder" if device is None else device.kind
    functions = function_verdicts(session, clip, device, known_us=known_us)
    site, publication = _publication(session, device, at_us, rules, known_us)
    standing = ClipStanding(
        is_monitor=kind == "monitor",
        sealed=clip.sealed_us is not None,
        as_sealed=is_as_sealed(session, clip.clip_id, known_us=known_us),
        verdict=clip.verdict,
        contested=clip.doubtful,
        times_disagree="times_disagree" in clip.faults,
        clock=clock_verdict(
            kind,
            measured_us=clip.measured_offset_us,
            applied_us=clip.applied_offset_us,
            at_us=UtcMicros(at_us),
            rules=rules,
        ),
        offset_us=clip.measured_offset_us,
        functions=functions,
        wearers=clip_scope.wearers_of(device_number, at_us),
        publication=publication,
        site_number=site,
        view=clip.looks.reference_state,
        view_said=_view_said(session, clip, device_number, at_us, known_us),
        reviewed=any(
            link.state == "confirmed" and link.decided_by != SYSTEM
            for link in current_links(session, known_us=known_us, clip_ids=[clip.clip_id])
        ),
        unexplained_gap=unexplained_gap,
    )
    keys = [clock_limit_key(kind), *(["site.notice_period"] if standing.is_monitor else [])]
    proof = [ProofLink("clip", clip.clip_id), ProofLink("docking", clip.docking_number)]
    proof += [ProofLink("certificate", one.certificate.number) for one in functions if one.certificate is not None]
    proof += [] if site is None else [ProofLink("site", site)]
    return ClipJudgement(
        clip=clip,
        standing=standing,
        trust_reasons=trust_reasons(standing),
        use_reasons=use_reasons(standing),
        rules=rules.used(keys, UtcMicros(at_us)),
        proof=tuple(proof),
    )


def _view_said(session: Session, clip: ClipFact, device_number: str | None, at_us: int, known_us: int) -> str | None:
    state = clip.looks.reference_state
    if device_number is None or state is None or state not in VIEW_KIND_OF:
        return None
    return said_of_view(session, device_number, state, at_us, known_us=known_us)


def function_verdicts(
    session: Session, clip: ClipFact, device: Device | None, *, known_us: int
) -> tuple[FunctionVerdict, ...]:
    """The verdict of each function the device needs, over the clip's whole interval."""
    if device is None or clip.interval is None:
        return ()
    certificates = certificate_facts(session, device.number, known_us=known_us)
    return device_verdicts(functions_of(device), certificates, clip.interval)


def certificate_states(verdicts: tuple[FunctionVerdict, ...]) -> tuple[CertificateState, ...]:
    """The same for pages."""
    return tuple(
        CertificateState(
            function=one.function,
            state=one.verdict.value,
            certificate_number=None if one.certificate is None else one.certificate.number,
            valid_until_us=None
            if one.certificate is None or one.certificate.valid_until_us is None
            else UtcMicros(one.certificate.valid_until_us),
        )
        for one in verdicts
    )


def reason_views(reasons: tuple[Reason, ...], clip_id: str | None = None) -> tuple[ReasonView, ...]:
    """Reasons for pages; with the clip they are about, where several are told together."""
    about = () if clip_id is None else (("clip", clip_id),)
    return tuple(ReasonView(reason.code, (*reason.values, *about)) for reason in reasons)


def trusted_part(judged: ClipJudgement) -> AnswerPart:
    """The answer about one clip."""
    return AnswerPart(judged.trust.value, reason_views(judged.trust_reasons), judged.rules, judged.proof)


def usable_part(judged: ClipJudgement) -> AnswerPart:
    """The answer about one clip."""
    return AnswerPart(judged.use.value, reason_views(judged.use_reasons), judged.rules, judged.proof)


def _publication(
    session: Session, device: Device | None, at_us: int, rules: RuleSet, known_us: int
) -> tuple[str | None, PublicationVerdict | None]:
    if device is None or device.kind != "monitor":
        return None, None
    standing = known_rows(session, Installation, known_us=known_us, at_us=at_us, device_number=device.number)
    if not standing:
        return None, None
    number = standing[-1].site_number
    sites = known_rows(session, Site, known_us=known_us, at_us=at_us, number=number)
    if not sites:
        return number, PublicationVerdict.NOT_PUBLISHED
    site = sites[-1]
    verdict = publication_verdict(
        site.stage, notice_us=site.notice_us, enforce_us=site.enforce_us, at_us=UtcMicros(at_us), rules=rules
    )
    return number, verdict
