"""Cases without footage, one case with its links, and what people decide about them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from edge.contract.identifiers import ClipId
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from server.domain.access import Permission
from server.pages.csv_out import csv_answer
from server.pages.timeline import Axis, ticks_on
from server.usecases.cases import case, cases_without_footage
from server.usecases.decide_link import decide_link
from server.usecases.exempt_case import exempt_case
from server.usecases.view_clip import ReasonRefusedError, checked_reason
from server.web.access import reads, takes_form
from server.web.exports import CASE_COLUMNS, EXPORT_STEP, all_of, case_row
from server.web.queries import Reason, Text
from server.web.staff_pages import CHART_LEFT_PX, CHART_WIDTH_PX
from server.web.visit import StaffVisit, Visit

PAGE_SIZE = 20
LinkDecision = Annotated[str, Form(pattern="^(confirmed|rejected|proposed)$")]
router = APIRouter()


@router.get("/cases/without-footage", dependencies=[reads(Permission.SEE_CASES)])
def show_without(visit: Visit, after: Text = "") -> Response:
    """Cases without confirmed footage, what the recorder did then, and what may belong to them."""
    with visit.db.reading() as session:
        found = cases_without_footage(
            session, scope=visit.scope, rules=visit.rules, now_us=visit.now_us, limit=PAGE_SIZE, after=after or None
        )
    axes = {entry.item.number: case_axis(entry.item.window, entry.stretches) for entry in found.items}
    ticks = {number: ticks_on(axis, visit.zone) for number, axis in axes.items()}
    return visit.page("cases_without.html", found=found, axes=axes, ticks=ticks, after=after)


@router.get("/cases/without-footage.csv", dependencies=[reads(Permission.SEE_CASES)])
def download_without(visit: Visit) -> Response:
    """The whole list as CSV."""
    with visit.db.reading() as session:
        rows = all_of(
            lambda after: cases_without_footage(
                session, scope=visit.scope, rules=visit.rules, now_us=visit.now_us, limit=EXPORT_STEP, after=after
            )
        )
        return csv_answer("cases-without-footage.csv", CASE_COLUMNS, (case_row(row) for row in rows))


@router.post("/cases/{number:path}/links/{clip_id}", dependencies=[takes_form(Permission.DECIDE_LINKS)])
def decide(number: str, clip_id: ClipId, visit: Visit, state: LinkDecision, reason: Reason = "") -> Response:
    """Confirm, reject or take back a link."""
    try:
        with visit.db.writing() as session:
            decide_link(
                session,
                number,
                clip_id,
                state=state,
                reason=checked_reason(reason),
                scope=visit.scope,
                rules=visit.rules,
                now_us=visit.now_us,
            )
    except ReasonRefusedError:
        return _page(visit, number, wrong=True)
    return RedirectResponse(visit.request.url.path.rpartition("/links/")[0], 303)


@router.post("/cases/{number:path}/exemption", dependencies=[takes_form(Permission.EXEMPT_CASES)])
def exempt(number: str, visit: Visit, reason: Reason = "") -> Response:
    """Say why a case needs no footage."""
    try:
        with visit.db.writing() as session:
            exempt_case(session, number, reason=checked_reason(reason), scope=visit.scope, now_us=visit.now_us)
    except ReasonRefusedError:
        return _page(visit, number, wrong=True)
    return RedirectResponse(visit.request.url.path.removesuffix("/exemption"), 303)


@router.get("/cases/{number:path}", dependencies=[reads(Permission.SEE_CASES)])
def show(number: str, visit: Visit) -> Response:
    """One case."""
    return _page(visit, number)


def case_axis(window: TimeInterval, stretches: Iterable[tuple[TimeInterval, object]]) -> Axis:
    """The axis of a case's window and whatever is known around it."""
    parts = [window, *(interval for interval, _ in stretches)]
    start_us, end_us = min(part.start_us for part in parts), max(part.end_us for part in parts)
    return Axis(TimeInterval(UtcMicros(start_us), UtcMicros(end_us)), CHART_LEFT_PX, CHART_WIDTH_PX)


def _page(visit: StaffVisit, number: str, *, wrong: bool = False) -> Response:
    with visit.db.reading() as session:
        found = case(session, number, scope=visit.scope, rules=visit.rules, known_us=visit.now_us, now_us=visit.now_us)
    axis = case_axis(found.item.window, found.stretches)
    return visit.page(
        "case.html",
        status=422 if wrong else 200,
        case=found,
        axis=axis,
        ticks=ticks_on(axis, visit.zone),
        may_decide=visit.scope.may(Permission.DECIDE_LINKS),
        may_exempt=visit.scope.may(Permission.EXEMPT_CASES),
        wrong=wrong,
    )
