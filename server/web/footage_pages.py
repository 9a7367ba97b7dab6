"""A clip's own page with its player, the footage that belongs to nobody yet, and the sites of one's units."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from edge.contract.identifiers import ClipId
from server.domain.access import NotVisibleError, Permission
from server.pages.csv_out import csv_answer
from server.pages.timeline import Axis, ticks_on
from server.usecases.clips import clip
from server.usecases.findings import finding
from server.usecases.sites import sites
from server.usecases.unassigned import assign_footage, unassigned
from server.usecases.view_clip import ReasonRefusedError, begin_view, checked_reason, reason_given
from server.web.access import reads, takes_form
from server.web.exports import EXPORT_STEP, SITE_COLUMNS, UNASSIGNED_COLUMNS, all_of, site_row, unassigned_row
from server.web.queries import LIMIT_DEFAULT, Reason, Text
from server.web.staff_pages import CHART_LEFT_PX, CHART_WIDTH_PX
from server.web.visit import StaffVisit, Visit

UNASSIGNED_PAGE_SIZE = 20
MOST_ROWS = 60
"""Stretches and faults that are told in a sentence each; nobody reads more, whatever a gateway claims."""
router = APIRouter()


@router.get("/clips/{clip_id}", dependencies=[reads(Permission.SEE_CLIPS)])
def show_clip(clip_id: ClipId, visit: Visit) -> Response:
    """One clip; its player appears once the reason is on record."""
    return _clip_page(visit, clip_id)


@router.post("/clips/{clip_id}/views", dependencies=[takes_form(Permission.PLAY_CLIPS)])
def give_reason(clip_id: ClipId, visit: Visit, reason: Reason = "") -> Response:
    """Say why; the act is durable before the answer."""
    try:
        begin_view(visit.db, clip_id, reason=reason, signed_in=visit.signed_in, rules=visit.rules, now_us=visit.now_us)
    except ReasonRefusedError:
        return _clip_page(visit, clip_id, wrong=True)
    return RedirectResponse(f"/clips/{clip_id}", 303)


@router.get("/footage/unassigned", dependencies=[reads(Permission.SEE_UNASSIGNED)])
def show_unassigned(visit: Visit, after: Text = "") -> Response:
    """Footage whose device, time or wearer is not known."""
    return _unassigned_page(visit, after=after)


@router.get("/footage/unassigned.csv", dependencies=[reads(Permission.SEE_UNASSIGNED)])
def download_unassigned(visit: Visit) -> Response:
    """The whole list as CSV."""
    with visit.db.reading() as session:
        rows = all_of(
            lambda after: unassigned(
                session, scope=visit.scope, rules=visit.rules, now_us=visit.now_us, limit=EXPORT_STEP, after=after
            )
        )
        return csv_answer("unassigned.csv", UNASSIGNED_COLUMNS, (unassigned_row(row) for row in rows))


@router.post("/footage/unassigned/{clip_id}", dependencies=[takes_form(Permission.ASSIGN_FOOTAGE)])
def assign(
    clip_id: ClipId, visit: Visit, device: Annotated[str, Form(max_length=64)] = "", reason: Reason = ""
) -> Response:
    """Say which device recorded it."""
    try:
        with visit.db.writing() as session:
            assign_footage(
                session,
                clip_id,
                device_number=device.strip(),
                reason=checked_reason(reason),
                scope=visit.scope,
                now_us=visit.now_us,
            )
    except ReasonRefusedError:
        return _unassigned_page(visit, wrong="reason")
    except NotVisibleError as error:
        if error.kind != "device":
            raise
        return _unassigned_page(visit, wrong="device")
    return RedirectResponse("/footage/unassigned", 303)


@router.get("/staff/sites", dependencies=[reads(Permission.SEE_SITES)])
def show_sites(visit: Visit, after: Text = "") -> Response:
    """The sites of one's units, whatever their stage."""
    with visit.db.reading() as session:
        found = sites(
            session,
            scope=visit.scope,
            rules=visit.rules,
            now_us=visit.now_us,
            limit=LIMIT_DEFAULT,
            after=after or None,
        )
    return visit.page("staff_sites.html", found=found, after=after)


@router.get("/staff/sites.csv", dependencies=[reads(Permission.SEE_SITES)])
def download_sites(visit: Visit) -> Response:
    """The whole list as CSV."""
    with visit.db.reading() as session:
        rows = all_of(
            lambda after: sites(
                session, scope=visit.scope, rules=visit.rules, now_us=visit.now_us, limit=EXPORT_STEP, after=after
            )
        )
        return csv_answer("staff-sites.csv", SITE_COLUMNS, (site_row(row) for row in rows))


def _clip_page(visit: StaffVisit, clip_id: str, *, wrong: bool = False) -> Response:
    with visit.db.reading() as session:
        found = clip(session, clip_id, scope=visit.scope, rules=visit.rules, known_us=visit.now_us)
        may_findings = visit.scope.may(Permission.SEE_FINDINGS)
        ids = found.finding_ids if may_findings else ()
        found_of_it = [finding(session, finding_id, scope=visit.scope) for finding_id in ids]
    axis = None if found.item.interval is None else Axis(found.item.interval, CHART_LEFT_PX, CHART_WIDTH_PX)
    return visit.page(
        "clip.html",
        axis=axis,
        ticks=[] if axis is None else ticks_on(axis, visit.rules.time_zone),
        status=422 if wrong else 200,
        clip=found,
        found_of_it=found_of_it,
        reason=reason_given(visit.db, clip_id, visit.signed_in),
        may_play=visit.scope.may(Permission.PLAY_CLIPS),
        wrong=wrong,
        most_rows=MOST_ROWS,
    )


def _unassigned_page(visit: StaffVisit, *, after: str = "", wrong: str | None = None) -> Response:
    with visit.db.reading() as session:
        found = unassigned(
            session,
            scope=visit.scope,
            rules=visit.rules,
            now_us=visit.now_us,
            limit=UNASSIGNED_PAGE_SIZE,
            after=after or None,
        )
    return visit.page(
        "unassigned.html",
        status=200 if wrong is None else 422,
        found=found,
        after=after,
        may_assign=visit.scope.may(Permission.ASSIGN_FOOTAGE),
        wrong=wrong,
    )
