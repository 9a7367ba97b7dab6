"""Reading devices, their coverage, and gateways, within a scope."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.coverage import CoverageState
from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval, clip_to, intersection
from server.domain.access import NotVisibleError, Permission, Scope
from server.domain.device_facts import DeviceFacts
from server.domain.rules import RuleSet
from server.domain.zones import local_day
from server.store.recorded import known_rows
from server.store.tables import Certificate, Device, Gateway
from server.usecases.facts import device_facts
from server.usecases.monitor_verdicts import monitor_day, standing_intervals
from server.usecases.pages import bounded, place_of, place_text
from server.usecases.register_reads import days_of, functions_of, latest_device, wearers_at
from server.usecases.views import CertificateRow, DeviceCoverage, DeviceItem, GatewayView, Page

MAX_COVERAGE_US = 400 * 86_400 * 1_000_000


class IntervalTooLongError(ValueError):
    """More time was asked for than one answer holds; ask for less."""

    def __init__(self, *, duration_us: int) -> None:
        super().__init__(f"at most {MAX_COVERAGE_US // 86_400_000_000} days can be asked for at once: ask for less")
        self.duration_us = duration_us


def devices(
    session: Session, *, scope: Scope, rules: RuleSet, now_us: int, limit: int = 50, after: str | None = None
) -> Page[DeviceItem]:
    """Devices of the scope by number. Raises NotPermittedError, BadPlaceError."""
    scope.require(Permission.SEE_DEVICES)
    latest = {row.number: row for row in known_rows(session, Device, known_us=now_us)}
    visible = sorted(number for number, row in latest.items() if scope.sees_unit(row.unit_number))
    place = place_of(after)
    rest = [number for number in visible if place is None or number > place[1]]
    count = bounded(limit)
    shown = rest[:count]
    facts = device_facts(
        session, shown, TimeInterval(UtcMicros(now_us), UtcMicros(now_us + 1)), known_us=now_us, rules=rules
    )
    items = tuple(_item(session, latest[number], facts[number], now_us) for number in shown)
    return Page(items, place_text(0, shown[-1]) if len(rest) > count else None, len(visible))


def device_coverage(
    session: Session, number: str, interval: TimeInterval, *, scope: Scope, rules: RuleSet, known_us: int
) -> DeviceCoverage:
    """What the device recorded over the interval, as on record at `known_us`.

    Raises NotVisibleError, NotPermittedError, IntervalTooLongError.
    """
    scope.require(Permission.SEE_DEVICES)
    if interval.duration_us > MAX_COVERAGE_US:
        raise IntervalTooLongError(duration_us=interval.duration_us)
    device = latest_device(session, number, known_us=known_us)
    if device is None or not scope.sees_unit(device.unit_number):
        raise NotVisibleError(kind="device", number=number)
    facts = device_facts(session, [number], interval, known_us=known_us, rules=rules)
    own = facts[number]
    about = [clip for clip in own.clips if clip.interval is not None and clip.interval.overlaps(interval)]
    return DeviceCoverage(
        device_number=number,
        interval=interval,
        known_us=UtcMicros(known_us),
        known_until_us=own.known_until_us or None,
        recorded=tuple(clip_to(own.recorded, interval)),
        stretches=_stretches(session, device, interval, facts, rules, known_us),
        clip_ids=tuple(clip.clip_id for clip in about),
    )


def _stretches(
    session: Session,
    device: Device,
    interval: TimeInterval,
    facts: dict[str, DeviceFacts],
    rules: RuleSet,
    known_us: int,
) -> tuple[tuple[TimeInterval, CoverageState], ...]:
    if device.kind != "monitor":
        return ()
    zone = ZoneInfo(device.time_zone)
    found: list[tuple[TimeInterval, CoverageState]] = []
    standing = standing_intervals(session, device, known_us=known_us)
    for day in days_of(local_day(interval.start_us, zone), local_day(UtcMicros(interval.end_us - 1), zone)):
        for part in monitor_day(session, device, day, facts, rules=rules, known_us=known_us, standing=standing):
            for stretch in part.stretches:
                inside = intersection(stretch.judged.interval, interval)
                if inside is not None:
                    found.append((inside, stretch.judged.state))
    return tuple(found)


def gateways(session: Session, *, scope: Scope, now_us: int) -> tuple[GatewayView, ...]:
    """Gateways of the scope by name. Raises NotPermittedError."""
    scope.require(Permission.SEE_GATEWAYS)
    rows = session.scalars(select(Gateway).order_by(Gateway.name))
    return tuple(_gateway(row, now_us) for row in rows if scope.sees_unit(row.unit_number))


def certificate_rows(session: Session, device_number: str, *, known_us: int) -> tuple[CertificateRow, ...]:
    """The certificates of a device on record, the earliest first."""
    return tuple(
        CertificateRow(
            number=row.number,
            function=row.function,
            body=row.body,
            result=row.result,
            valid_from_us=UtcMicros(row.valid_from_us),
            valid_until_us=_instant(row.valid_until_us),
            withdrawn_us=_instant(row.withdrawn_us),
        )
        for row in known_rows(session, Certificate, known_us=known_us, device_number=device_number)
    )


def _item(session: Session, row: Device, facts: DeviceFacts, now_us: int) -> DeviceItem:
    wearers = wearers_at(session, row.number, at_us=now_us, known_us=now_us)
    dock = facts.latest[-1] if facts.latest else None
    return DeviceItem(
        number=row.number,
        kind=row.kind,
        unit_number=row.unit_number,
        model=row.model,
        functions=functions_of(row),
        schedule=row.schedule,
        time_zone=row.time_zone,
        holder_number=wearers[0] if len(wearers) == 1 else None,
        last_docked_us=None if dock is None else UtcMicros(dock.docked_us),
        known_until_us=facts.known_until_us or None,
        last_offset_us=None if dock is None else dock.offset_us,
        battery_percent=None if dock is None else dock.battery_percent,
        free_bytes=None if dock is None else dock.free_bytes,
        certificates=certificate_rows(session, row.number, known_us=now_us),
    )


def _gateway(row: Gateway, now_us: int) -> GatewayView:
    status = json.loads(row.status_json) if row.status_json else {}
    return GatewayView(
        gateway_id=row.gateway_id,
        name=row.name,
        unit_number=row.unit_number,
        state=row.state,
        last_seen_us=_instant(row.last_seen_us),
        silent_us=None if row.last_seen_us is None else max(0, now_us - row.last_seen_us),
        software=row.software,
        waiting_clips=status.get("waiting_clips"),
        waiting_bytes=status.get("waiting_bytes"),
        free_bytes=status.get("free_bytes"),
        total_bytes=status.get("total_bytes"),
    )


def _instant(value: int | None) -> UtcMicros | None:
    return None if value is None else UtcMicros(value)
