"""The JSON API of what follows from the footage: days, answers, findings, cases, devices, sites."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from edge.contract.intervals import interval_or_none
from server.domain.access import Permission
from server.pages.refusals import BadQueryError
from server.usecases.answer import answer
from server.usecases.cases import case, cases, cases_without_footage
from server.usecases.devices import device_coverage, devices, gateways
from server.usecases.findings import finding, findings
from server.usecases.officer_day import officer_day
from server.usecases.sites import sites
from server.usecases.today import today
from server.usecases.unassigned import unassigned
from server.web.access import Context, Now, Signed, reads
from server.web.json_views import json_of, json_page
from server.web.queries import ONLY_DECLARED, Limit, Text, day_from, instant_from, known_from

router = APIRouter(prefix="/api/v1", dependencies=[ONLY_DECLARED])
SUBJECTS = ("device", "case", "officer", "site")
From = Annotated[str, Query(alias="from", max_length=40)]


@router.get("/today", dependencies=[reads(Permission.SEE_TODAY)])
def show_today(context: Context, signed: Signed, now_us: Now) -> Any:
    """What needs doing first in the caller's units."""
    with context.db.reading() as session:
        return json_of(today(session, scope=signed.scope, rules=context.rules, now_us=now_us))


@router.get("/officers/{number:path}/days/{day}", dependencies=[reads(Permission.SEE_OFFICER_DAYS)])
def show_officer_day(number: str, day: str, context: Context, signed: Signed, now_us: Now, known: Text = "") -> Any:
    """One officer on one local date, as known at `known`."""
    local_day, known_us = day_from(day), known_from(known, now_us)
    with context.db.reading() as session:
        found = officer_day(
            session, number, local_day, scope=signed.scope, rules=context.rules, known_us=known_us, now_us=now_us
        )
        return json_of(found)


@router.get("/answer", dependencies=[reads(Permission.ASK)])
def show_answer(
    context: Context,
    signed: Signed,
    now_us: Now,
    device: Text = "",
    case: Text = "",
    officer: Text = "",
    site: Text = "",
    at: Text = "",
    known: Text = "",
) -> Any:
    """Recorded, trusted, usable: of one device, case, officer or site at one moment, as known at another."""
    named = [(kind, number) for kind, number in zip(SUBJECTS, (device, case, officer, site), strict=True) if number]
    if len(named) != 1:
        raise BadQueryError(field="query", why="name exactly one of device, case, officer, site")
    at_us = instant_from("at", at) if at else now_us
    with context.db.reading() as session:
        found = answer(
            session,
            subject_kind=named[0][0],
            subject_number=named[0][1],
            at_us=at_us,
            known_us=known_from(known, now_us),
            scope=signed.scope,
            rules=context.rules,
        )
        return json_of(found)


@router.get("/findings", dependencies=[reads(Permission.SEE_FINDINGS)])
def list_findings(
    context: Context,
    signed: Signed,
    now_us: Now,
    limit: Limit,
    kind: Text = "",
    state: Text = "",
    device: Text = "",
    officer: Text = "",
    after: Text = "",
) -> Any:
    """Findings of the caller's units."""
    with context.db.reading() as session:
        found = findings(
            session,
            scope=signed.scope,
            rules=context.rules,
            now_us=now_us,
            kind=kind or None,
            state=state or None,
            device=device or None,
            officer=officer or None,
            limit=limit,
            after=after or None,
        )
        return json_page(found)


@router.get("/findings/{finding_id}", dependencies=[reads(Permission.SEE_FINDINGS)])
def show_finding(finding_id: str, context: Context, signed: Signed) -> Any:
    """A finding with its evidence, its rules and every step of its life."""
    with context.db.reading() as session:
        return json_of(finding(session, finding_id, scope=signed.scope))


@router.get("/cases", dependencies=[reads(Permission.SEE_CASES)])
def list_cases(context: Context, signed: Signed, now_us: Now, limit: Limit, after: Text = "") -> Any:
    """Cases of the caller's units."""
    with context.db.reading() as session:
        found = cases(session, scope=signed.scope, rules=context.rules, now_us=now_us, limit=limit, after=after or None)
        return json_page(found)


@router.get("/cases-without-footage", dependencies=[reads(Permission.SEE_CASES)])
def list_cases_without(context: Context, signed: Signed, now_us: Now, limit: Limit, after: Text = "") -> Any:
    """Cases without a confirmed link, with what the recorder did then."""
    with context.db.reading() as session:
        found = cases_without_footage(
            session, scope=signed.scope, rules=context.rules, now_us=now_us, limit=limit, after=after or None
        )
        return json_page(found)


@router.get("/cases/{number:path}", dependencies=[reads(Permission.SEE_CASES)])
def show_case(number: str, context: Context, signed: Signed, now_us: Now, known: Text = "") -> Any:
    """A case with its links and the state of each instant of its window."""
    known_us = known_from(known, now_us)
    with context.db.reading() as session:
        return json_of(case(session, number, scope=signed.scope, rules=context.rules, known_us=known_us, now_us=now_us))


@router.get("/unassigned", dependencies=[reads(Permission.SEE_UNASSIGNED)])
def list_unassigned(context: Context, signed: Signed, now_us: Now, limit: Limit, after: Text = "") -> Any:
    """Footage that belongs to nobody yet."""
    with context.db.reading() as session:
        found = unassigned(
            session, scope=signed.scope, rules=context.rules, now_us=now_us, limit=limit, after=after or None
        )
        return json_page(found)


@router.get("/devices", dependencies=[reads(Permission.SEE_DEVICES)])
def list_devices(context: Context, signed: Signed, now_us: Now, limit: Limit, after: Text = "") -> Any:
    """Devices of the caller's units."""
    with context.db.reading() as session:
        found = devices(
            session, scope=signed.scope, rules=context.rules, now_us=now_us, limit=limit, after=after or None
        )
        return json_page(found)


@router.get("/devices/{number:path}/coverage", dependencies=[reads(Permission.SEE_DEVICES)])
def show_coverage(
    number: str,
    context: Context,
    signed: Signed,
    now_us: Now,
    from_: From,
    until: Annotated[str, Query(max_length=40)],
    known: Text = "",
) -> Any:
    """What a device recorded over [from, until)."""
    interval = interval_or_none(instant_from("from", from_), instant_from("until", until))
    if interval is None:
        raise BadQueryError(field="until", why="must be later than from")
    known_us = known_from(known, now_us)
    with context.db.reading() as session:
        return json_of(
            device_coverage(session, number, interval, scope=signed.scope, rules=context.rules, known_us=known_us)
        )


@router.get("/gateways", dependencies=[reads(Permission.SEE_GATEWAYS)])
def list_gateways(context: Context, signed: Signed, now_us: Now) -> Any:
    """Gateways of the caller's units."""
    with context.db.reading() as session:
        return {"items": json_of(gateways(session, scope=signed.scope, now_us=now_us))}


@router.get("/sites", dependencies=[reads(Permission.SEE_SITES)])
def list_sites(context: Context, signed: Signed, now_us: Now, limit: Limit, after: Text = "") -> Any:
    """Sites of the caller's units, whatever their stage."""
    with context.db.reading() as session:
        found = sites(session, scope=signed.scope, rules=context.rules, now_us=now_us, limit=limit, after=after or None)
        return json_page(found)
