"""The three answers about one device, officer, case or site at one moment: recorded, trusted, usable.

Everything is read as on record at `known_us`, so that the answer for a past `known_us` never changes.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from edge.contract.coverage import CoverageState
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from server.domain.access import Permission, Scope
from server.domain.admissibility import Trust, Use, best_trust, best_use
from server.domain.rules import Rule, RuleSet
from server.store.tables import Clip
from server.usecases.answer_subjects import Asked, asked_about
from server.usecases.clip_scope import ClipScope
from server.usecases.facts import device_facts
from server.usecases.standing import ClipJudgement, judge_clip, reason_views
from server.usecases.views import AnswerPart, AnswerView, ProofLink, ReasonView

SUBJECT_KINDS = ("device", "case", "officer", "site")
UNCLEAR = frozenset({CoverageState.UNDETERMINED.value, "nothing_known"})


class UnknownSubjectKindError(ValueError):
    """There is no such kind of subject."""

    def __init__(self, *, kind: str) -> None:
        super().__init__(f"ask about one of {', '.join(SUBJECT_KINDS)}")
        self.kind = kind


def answer(
    session: Session,
    *,
    subject_kind: str,
    subject_number: str,
    at_us: int,
    known_us: int,
    scope: Scope,
    rules: RuleSet,
) -> AnswerView:
    """The three answers at `at_us` from what was on record at `known_us`.

    Raises NotVisibleError, NotPermittedError, UnknownSubjectKindError.
    """
    scope.require(Permission.ASK)
    if subject_kind not in SUBJECT_KINDS:
        raise UnknownSubjectKindError(kind=subject_kind)
    at = UtcMicros(at_us)
    clip_scope = ClipScope(session, scope, known_us=known_us)
    asked = asked_about(session, subject_kind, subject_number, at, scope, clip_scope, rules=rules, known_us=known_us)
    judged = _clips_at(session, asked, at, clip_scope, rules, known_us)
    recorded = _recorded(session, asked, judged)
    return AnswerView(
        subject_kind=subject_kind,
        subject_number=subject_number,
        at_us=at,
        known_us=UtcMicros(known_us),
        recorded=recorded,
        trusted=_trusted(judged, recorded.verdict),
        usable=_usable(judged, recorded.verdict),
    )


def _clips_at(
    session: Session, asked: Asked, at_us: UtcMicros, clip_scope: ClipScope, rules: RuleSet, known_us: int
) -> list[ClipJudgement]:
    """The clips of the devices asked about that show the moment, as far as this person may see them."""
    window = TimeInterval(at_us, UtcMicros(at_us + 1))
    devices = device_facts(session, asked.device_numbers, window, known_us=known_us, rules=rules)
    found: list[ClipJudgement] = []
    for number in asked.device_numbers:
        for clip in devices[number].clips:
            if not any(piece.contains(at_us) for piece in clip.recorded):
                continue
            judged = judge_clip(
                session,
                clip,
                number,
                clip_scope,
                rules=rules,
                known_us=known_us,
                unexplained_gap=asked.unexplained_gap,
            )
            found.append(judged)
    return sorted(found, key=lambda one: one.clip.clip_id)


def _recorded(session: Session, asked: Asked, judged: list[ClipJudgement]) -> AnswerPart:
    certain = [one for one in judged if not one.clip.doubtful]
    proof: list[ProofLink] = []
    for one in judged:
        proof.append(ProofLink("clip", one.clip.clip_id))
        row = session.get(Clip, one.clip.clip_id)
        if one.clip.sealed_us is not None and row is not None and row.act_index is not None:
            proof.append(ProofLink("act", str(row.act_index)))
    proof += asked.proof
    if certain and (asked.state is None or asked.state is not CoverageState.UNDETERMINED):
        reasons = [ReasonView("footage_shows_it", (("clip", one.clip.clip_id),)) for one in certain]
        return AnswerPart(CoverageState.RECORDED.value, tuple(reasons), asked.rules, _once(proof))
    if asked.state is not None:
        return AnswerPart(asked.state.value, asked.reasons, asked.rules, _once(proof))
    if asked.known:
        return AnswerPart("not_expected", (ReasonView("nothing_was_expected"),), asked.rules, _once(proof))
    return AnswerPart("nothing_known", (ReasonView("device_not_docked_since"),), asked.rules, _once(proof))


def _trusted(judged: list[ClipJudgement], recorded: str) -> AnswerPart:
    if not judged:
        return _without_footage(recorded, Trust.UNDETERMINED.value, Trust.NOT_TRUSTED.value)
    verdict = best_trust([one.trust for one in judged]).value
    reasons = [view for one in judged for view in reason_views(one.trust_reasons, one.clip.clip_id)]
    return AnswerPart(verdict, tuple(reasons), _rules(judged), _proof(judged))


def _usable(judged: list[ClipJudgement], recorded: str) -> AnswerPart:
    if not judged:
        return _without_footage(recorded, Use.UNDETERMINED.value, Use.NOT_USABLE.value)
    verdict = best_use([one.use for one in judged]).value
    reasons = [view for one in judged for view in reason_views(one.use_reasons, one.clip.clip_id)]
    return AnswerPart(verdict, tuple(reasons), _rules(judged), _proof(judged))


def _without_footage(recorded: str, unclear: str, against: str) -> AnswerPart:
    if recorded in UNCLEAR:
        return AnswerPart(unclear, (ReasonView("no_footage_yet"),), (), ())
    return AnswerPart(against, (ReasonView("no_footage"),), (), ())


def _rules(judged: list[ClipJudgement]) -> tuple[Rule, ...]:
    return tuple({(rule.key, rule.version): rule for one in judged for rule in one.rules}.values())


def _proof(judged: list[ClipJudgement]) -> tuple[ProofLink, ...]:
    return _once([link for one in judged for link in one.proof])


def _once(links: list[ProofLink]) -> tuple[ProofLink, ...]:
    return tuple(dict.fromkeys(links))
