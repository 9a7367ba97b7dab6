"""What a query may say: times, limits, days; and that it says nothing else."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Form, Query
from fastapi.dependencies.models import Dependant
from fastapi.params import Depends as DependsOn
from starlette.requests import Request

from edge.contract.instants import NotAnInstantError, UtcMicros, instant_of, parse_rfc3339
from server.domain.zones import COUNTED, COUNTED_YEARS
from server.pages.refusals import BadQueryError

LIMIT_DEFAULT = 50
LIMIT_MAX = 200
_LOST_PLUS = re.compile(r" (?=\d{2}:\d{2}$)")

Text = Annotated[str, Query(max_length=128)]
Reason = Annotated[str, Form(max_length=2000)]


def limited(limit: Annotated[int, Query()] = LIMIT_DEFAULT) -> int:
    """How many entries to give: what was asked for, within 1 and the maximum."""
    return min(max(limit, 1), LIMIT_MAX)


Limit = Annotated[int, Depends(limited)]


def only_declared_query(request: Request) -> None:
    """Raises BadQueryError where the query names something this address does not have: a mistyped filter must not
    answer with everything. The unknown name is not repeated."""
    known = sorted(_query_names(request.scope["route"].dependant))
    if any(name not in known for name in request.query_params):
        raise BadQueryError(field="query", why=f"this address knows {', '.join(known) or 'no query'} and nothing else")


ONLY_DECLARED = DependsOn(only_declared_query)


def _query_names(dependant: Dependant) -> set[str]:
    own = {field.alias for field in dependant.query_params}
    return own.union(*(_query_names(part) for part in dependant.dependencies))


def instant_from(field: str, text: str, *, zone: str | None = None) -> UtcMicros:
    """The instant a query names: RFC 3339, or local time in `zone` where one is given. Raises BadQueryError."""
    instant_us = _any_instant(field, text, zone)
    if not COUNTED.contains(instant_us):
        raise BadQueryError(field=field, why="use a year from 1900 to 2199")
    return instant_us


def _any_instant(field: str, text: str, zone: str | None) -> UtcMicros:
    try:
        return parse_rfc3339(_LOST_PLUS.sub("+", text))
    except NotAnInstantError as error:
        if zone is not None:
            return _local_instant(field, text, zone)
        raise BadQueryError(field=field, why="use a time with an offset, such as 2026-11-21T08:00:00Z") from error


def known_from(text: str, now_us: UtcMicros, *, zone: str | None = None) -> UtcMicros:
    """What was on record when: empty is now, and the future is not known yet."""
    return min(instant_from("known", text, zone=zone), now_us) if text else now_us


def day_from(text: str) -> date:
    """A local date. Raises BadQueryError."""
    try:
        day = date.fromisoformat(text)
        if day.year not in COUNTED_YEARS:
            raise ValueError(day.year)
        return day
    except ValueError as error:
        raise BadQueryError(field="date", why="use a date such as 2026-11-21") from error


def _local_instant(field: str, text: str, zone: str) -> UtcMicros:
    try:
        local: Any = datetime.fromisoformat(text)
        return instant_of(local if local.tzinfo is not None else local.replace(tzinfo=ZoneInfo(zone)))
    except (ValueError, OverflowError) as error:
        raise BadQueryError(field=field, why="use a date and time such as 2026-11-21T16:00") from error
