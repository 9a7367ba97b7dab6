"""The queue of findings, one finding, and the steps people take on it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from server.domain.access import Permission
from server.domain.findings import BAND_KINDS, KIND_GROUPS, VIEW_KINDS, StepNotAllowedError
from server.pages.csv_out import csv_answer
from server.pages.words import FINDING_KINDS, FINDING_STATES
from server.usecases.findings import finding, findings
from server.usecases.step_finding import step_finding
from server.usecases.view_clip import ReasonRefusedError, checked_reason
from server.web.access import reads, takes_form
from server.web.exports import EXPORT_STEP, FINDING_COLUMNS, all_of, finding_row
from server.web.queries import LIMIT_DEFAULT, Reason
from server.web.visit import StaffVisit, Visit

router = APIRouter()
Short = Annotated[str, Field(max_length=128)]


class Chosen(BaseModel):
    """The filters of the list. An empty one takes everything; without any, open findings are shown."""

    kind: Short = ""
    state: Short = "open"
    device: Short = ""
    officer: Short = ""
    sort: Short = ""
    after: Short = ""

    def asked(self, visit: StaffVisit) -> dict[str, Any]:
        """As the read function takes them."""
        return {
            "scope": visit.scope,
            "rules": visit.rules,
            "now_us": visit.now_us,
            "kind": KIND_GROUPS.get(self.kind, self.kind) or None,
            "state": self.state or None,
            "device": self.device.strip() or None,
            "officer": self.officer.strip() or None,
            "oldest_first": self.sort == "oldest",
            "after": self.after or None,
        }


@router.get("/findings", dependencies=[reads(Permission.SEE_FINDINGS)])
def show_list(visit: Visit, chosen: Annotated[Chosen, Query()]) -> Response:
    """The queue, filtered."""
    with visit.db.reading() as session:
        found = findings(session, **chosen.asked(visit), limit=LIMIT_DEFAULT)
    return visit.page(
        "findings.html", found=found, chosen=chosen, kinds=(*KIND_GROUPS, *FINDING_KINDS), states=FINDING_STATES
    )


@router.get("/findings.csv", dependencies=[reads(Permission.SEE_FINDINGS)])
def download(visit: Visit, chosen: Annotated[Chosen, Query()]) -> Response:
    """The whole queue under the same filters."""
    asked = chosen.asked(visit)
    with visit.db.reading() as session:
        rows = all_of(lambda after: findings(session, **{**asked, "after": after}, limit=EXPORT_STEP))
        return csv_answer("findings.csv", FINDING_COLUMNS, (finding_row(row) for row in rows))


@router.get("/findings/{finding_id}", dependencies=[reads(Permission.SEE_FINDINGS)])
def show(finding_id: str, visit: Visit) -> Response:
    """One finding."""
    return _page(visit, finding_id)


@router.post("/findings/{finding_id}/steps", dependencies=[takes_form(Permission.SEE_FINDINGS)])
def step(
    finding_id: str,
    visit: Visit,
    state: Annotated[str, Form(max_length=20)] = "",
    seen: Annotated[str, Form(max_length=20)] = "",
    reason: Reason = "",
) -> Response:
    """Which steps a role may take is decided by the use case; what is refused leaves the page as it was."""
    try:
        with visit.db.writing() as session:
            step_finding(
                session,
                finding_id,
                state=state,
                reason=checked_reason(reason),
                scope=visit.scope,
                now_us=visit.now_us,
                seen=seen or None,
            )
    except ReasonRefusedError:
        return _page(visit, finding_id, status=422, wrong="reason")
    except StepNotAllowedError:
        return _page(visit, finding_id, status=409, wrong="step")
    return RedirectResponse(visit.request.url.path.removesuffix("/steps"), 303)


def _page(visit: StaffVisit, finding_id: str, *, status: int = 200, wrong: str | None = None) -> Response:
    with visit.db.reading() as session:
        found = finding(session, finding_id, scope=visit.scope)
    return visit.page(
        "finding.html", status=status, finding=found, wrong=wrong, looked_at=sorted(BAND_KINDS | VIEW_KINDS)
    )
