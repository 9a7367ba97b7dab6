"""The pages a supervisor starts from: today, and an officer's day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fastapi import APIRouter
from starlette.responses import Response

from edge.contract.intervals import TimeInterval
from server.domain.access import Permission
from server.pages.timeline import Axis, ticks_on, zoomed
from server.usecases.officer_day import officer_day
from server.usecases.today import today
from server.usecases.views import OfficerDay
from server.web.access import reads
from server.web.queries import Text, day_from, known_from
from server.web.visit import Visit

CHART_LEFT_PX, CHART_WIDTH_PX = 170.0, 770.0
router = APIRouter()


@router.get("/today", dependencies=[reads(Permission.SEE_TODAY)])
def show_today(visit: Visit) -> Response:
    """What needs doing first."""
    with visit.db.reading() as session:
        view = today(session, scope=visit.scope, rules=visit.rules, now_us=visit.now_us)
    return visit.page("today.html", view=view, zone=view.time_zone)


@router.get("/officers/{number:path}/days/{day}", dependencies=[reads(Permission.SEE_OFFICER_DAYS)])
def show_day(number: str, day: str, visit: Visit, known: Text = "") -> Response:
    """One officer on one local date, as known now or at `known`."""
    local_day, known_us = day_from(day), known_from(known, visit.now_us, zone=visit.zone)
    with visit.db.reading() as session:
        view = officer_day(
            session,
            number,
            local_day,
            scope=visit.scope,
            rules=visit.rules,
            known_us=known_us,
            now_us=visit.now_us,
        )
    axis = day_axis(view)
    return visit.page(
        "officer_day.html",
        zone=view.time_zone,
        day=view,
        axis=axis,
        ticks=ticks_on(axis, view.time_zone),
        devices=day_devices(view),
        unusable={number: unusable(view, number, axis) for number in day_devices(view)},
        before=(local_day - timedelta(days=1)).isoformat(),
        after=(local_day + timedelta(days=1)).isoformat(),
        past_known=known_us < visit.now_us,
    )


def day_axis(view: OfficerDay) -> Axis:
    """The axis of an officer's day, zoomed to its duties; to its footage where there is no duty."""
    duties = [duty.interval for duty in view.duties if duty.must_record] or [duty.interval for duty in view.duties]
    parts = duties or [band.interval for band in view.bands]
    return Axis(zoomed(_with_duties(view), parts), CHART_LEFT_PX, CHART_WIDTH_PX)


@dataclass(frozen=True, slots=True)
class Unusable:
    """Where the footage of a device shows or holds nothing usable, as it is drawn, each with its states."""

    unseen: list[tuple[TimeInterval, list[str]]]
    unheard: list[tuple[TimeInterval, list[str]]]


def unusable(view: OfficerDay, device_number: str, axis: Axis) -> Unusable:
    """Of all clips of the device together."""
    bands = [band for band in view.bands if band.device_number == device_number]
    return Unusable(
        unseen=axis.joined((part.interval, part.state) for band in bands for part in band.unseen),
        unheard=axis.joined((part.interval, part.state) for band in bands for part in band.unheard),
    )


def day_devices(view: OfficerDay) -> list[str]:
    """Every recorder that was held or brought footage, once, by number."""
    held = {holding.device_number for holding in view.holdings}
    return sorted(held | {band.device_number for band in view.bands})


def _with_duties(view: OfficerDay) -> TimeInterval:
    """The local day, longer where a duty runs on over midnight."""
    end_us = max([view.span.end_us, *(duty.interval.end_us for duty in view.duties)])
    return TimeInterval(view.span.start_us, end_us)
