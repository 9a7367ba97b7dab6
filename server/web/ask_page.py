"""The question that joins all three answers: was it recording, can it be trusted, may it be used?"""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from edge.contract.instants import UtcMicros
from server.domain.access import NotVisibleError, Permission
from server.pages.refusals import BadQueryError
from server.usecases.answer import answer
from server.usecases.views import AnswerView
from server.web.access import reads
from server.web.queries import Text, instant_from, known_from
from server.web.visit import StaffVisit, Visit

SUBJECTS = ("device", "case", "officer", "site")
router = APIRouter()


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, checked. `known_us` is never later than now."""

    subject: str
    number: str
    at_us: UtcMicros
    known_us: UtcMicros


@router.get("/ask", dependencies=[reads(Permission.ASK)])
def ask(visit: Visit, subject: Text = "device", number: Text = "", at: Text = "", known: Text = "") -> Response:
    """The form; with a number the answer as known then beside the answer as known now."""
    then: AnswerView | None = None
    latest: AnswerView | None = None
    wrong: str | None = None
    try:
        question = _question(visit, subject, number.strip(), at, known)
        if question.number:
            then, latest = _both_answers(visit, question)
    except BadQueryError as error:
        wrong = error.field
    except NotVisibleError:
        wrong = "number"
    return visit.page(
        "ask.html",
        subjects=SUBJECTS,
        subject=subject,
        number=number,
        at=at,
        known=known,
        asked_now_us=visit.now_us,
        wrong=wrong,
        then=then,
        today=latest,
    )


def _question(visit: StaffVisit, subject: str, number: str, at: str, known: str) -> Question:
    if subject not in SUBJECTS:
        raise BadQueryError(field="subject", why="choose one of the list")
    at_us = instant_from("at", at, zone=visit.zone) if at else visit.now_us
    return Question(subject, number, at_us, known_from(known, visit.now_us, zone=visit.zone))


def _both_answers(visit: StaffVisit, question: Question) -> tuple[AnswerView | None, AnswerView]:
    """The answer as known then (None where that is now) and as known now, both from one view of the database."""
    with visit.db.reading() as session:

        def asked(known_us: UtcMicros) -> AnswerView:
            return answer(
                session,
                subject_kind=question.subject,
                subject_number=question.number,
                at_us=question.at_us,
                known_us=known_us,
                scope=visit.scope,
                rules=visit.rules,
            )

        earlier = asked(question.known_us) if question.known_us < visit.now_us else None
        return earlier, asked(visit.now_us)
