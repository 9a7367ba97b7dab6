"""From the values of a row to a row of the register, for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from edge.contract.instants import LATEST_US, UtcMicros
from edge.contract.intervals import TimeInterval
from server.domain.rules import RuleSet
from server.domain.zones import months_after
from server.store.tables import (
    Assignment,
    Case,
    Certificate,
    Device,
    Docking,
    Duty,
    Installation,
    Officer,
    Recorded,
    Site,
    Unit,
)
from server.store.to_judge import Subject
from server.usecases.receive_report import docking_windows

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RowContext:
    """What a row may need beside its own cells."""

    rules: RuleSet
    zone: ZoneInfo
    now_us: int


@dataclass(frozen=True, slots=True)
class Kind:
    """How a CSV kind becomes rows. `identity`: the attributes by which a row on record is found again.

    `attributes` maps each column to the attributes it fills: a column the file does not have leaves them as they are.
    """

    model: type[Recorded]
    identity: tuple[str, ...]
    attributes: Mapping[str, tuple[str, ...]]
    build: Callable[[Values, RowContext], dict[str, Any]]
    subjects: Callable[[Any], list[Subject]]


def _validity(values: Values) -> dict[str, Any]:
    """Empty `valid_from`: always, which is instant 0."""
    return {"valid_from_us": values.get("valid_from") or 0, "valid_until_us": values.get("valid_until")}


def _unit(values: Values, _context: RowContext) -> dict[str, Any]:
    return {"name": values["name"], "parent_number": values.get("parent_number"), **_validity(values)}


def _officer(values: Values, _context: RowContext) -> dict[str, Any]:
    return {
        "name": values["name"],
        "unit_number": values["unit_number"],
        "kind": values.get("kind") or "officer",
        **_validity(values),
    }


def _device(values: Values, context: RowContext) -> dict[str, Any]:
    return {
        "kind": values["kind"],
        "unit_number": values["unit_number"],
        "model": values.get("model"),
        "serial": values.get("serial"),
        "time_zone": values.get("time_zone") or context.rules.time_zone,
        "functions": values.get("functions") or "",
        "schedule": values.get("schedule"),
        **_validity(values),
    }


def _assignment(values: Values, _context: RowContext) -> dict[str, Any]:
    return {
        "device_number": values["device_number"],
        "officer_number": values["officer_number"],
        **_validity(values),
    }


def _duty(values: Values, _context: RowContext) -> dict[str, Any]:
    return {
        "officer_number": values["officer_number"],
        "unit_number": values["unit_number"],
        "kind": values["kind"],
        "note": values.get("note"),
        "valid_from_us": values["start"],
        "valid_until_us": values["end"],
    }


def _docking(values: Values, _context: RowContext) -> dict[str, Any]:
    offset_s, uncertainty_s = values.get("offset_s"), values.get("uncertainty_s")
    return {
        "device_number": values["device_number"],
        "gateway_id": None,
        "complete": values.get("complete") is not False,
        "offset_us": None if offset_s is None else round(offset_s * 1_000_000),
        "offset_uncertainty_us": None if uncertainty_s is None else round(uncertainty_s * 1_000_000),
        "offset_measured_us": None if offset_s is None else values["docked"],
        "gateway_synchronised": None,
        "battery_percent": values.get("battery_percent"),
        "free_bytes": values.get("free_bytes"),
        "total_bytes": values.get("total_bytes"),
        "valid_from_us": values["docked"],
        "valid_until_us": values["until"],
    }


def _certificate(values: Values, context: RowContext) -> dict[str, Any]:
    start_us = values.get("valid_from") or values.get("performed") or values.get("issued") or 0
    return {
        "device_number": values["device_number"],
        "function": values["function"],
        "body": values.get("body"),
        "performed_us": values.get("performed"),
        "issued_us": values.get("issued"),
        "result": values.get("result") or "pass",
        "supersedes": values.get("supersedes"),
        "withdrawn_us": values.get("withdrawn"),
        "valid_from_us": start_us,
        "valid_until_us": values.get("valid_until") or _end_by_rule(values["function"], start_us, context),
    }


def _end_by_rule(function: str, start_us: int, context: RowContext) -> UtcMicros | None:
    key = f"certificate.interval.{function}"
    if not start_us or not context.rules.has(key, UtcMicros(start_us)):
        return None
    months = round(context.rules.number(key, UtcMicros(start_us)))
    return months_after(UtcMicros(start_us), months, context.zone)


def _case(values: Values, _context: RowContext) -> dict[str, Any]:
    return {
        "kind": values["kind"],
        "unit_number": values["unit_number"],
        "officer_number": values.get("officer_number"),
        "arrived_us": values.get("arrived"),
        "cleared_us": values.get("cleared"),
        "place": values.get("place"),
        "longitude_deg": values.get("longitude"),
        "latitude_deg": values.get("latitude"),
        "site_number": values.get("site_number"),
        "plate": values.get("plate"),
        "exempt_reason": values.get("exempt_reason"),
        "valid_from_us": values["occurred"],
        "valid_until_us": None,
    }


def _site(values: Values, _context: RowContext) -> dict[str, Any]:
    return {
        "kind": values["kind"],
        "road": values["road"],
        "direction": values.get("direction"),
        "lanes": values.get("lanes"),
        "stake": values.get("stake"),
        "district": values.get("district"),
        "longitude_deg": values["longitude"],
        "latitude_deg": values["latitude"],
        "violations": values.get("violations"),
        "unit_number": values["unit_number"],
        "stage": values["stage"],
        "notice_us": values.get("notice"),
        "enforce_us": values.get("enforcement"),
        "basis": values.get("basis"),
        "publication_number": values.get("publication_number"),
        **_validity(values),
    }


def _installation(values: Values, _context: RowContext) -> dict[str, Any]:
    return {"site_number": values["site_number"], "device_number": values["device_number"], **_validity(values)}


def _over(row: Recorded) -> list[TimeInterval]:
    """The times that the row is about."""
    until_us = LATEST_US if row.valid_until_us is None else row.valid_until_us
    return [TimeInterval(UtcMicros(row.valid_from_us), UtcMicros(max(until_us, row.valid_from_us + 1)))]


_EVER = [TimeInterval(UtcMicros(0), LATEST_US)]
"""A device's first installation says of all other times that it stood nowhere."""
_RENAMED = {
    "start": ("valid_from_us",),
    "end": ("valid_until_us",),
    "docked": ("valid_from_us", "offset_measured_us"),
    "until": ("valid_until_us",),
    "valid_from": ("valid_from_us",),
    "valid_until": ("valid_until_us",),
    "offset_s": ("offset_us", "offset_measured_us"),
    "uncertainty_s": ("offset_uncertainty_us",),
    "performed": ("performed_us",),
    "issued": ("issued_us",),
    "withdrawn": ("withdrawn_us",),
    "occurred": ("valid_from_us",),
    "arrived": ("arrived_us",),
    "cleared": ("cleared_us",),
    "longitude": ("longitude_deg",),
    "latitude": ("latitude_deg",),
    "notice": ("notice_us",),
    "enforcement": ("enforce_us",),
}
_DATED = ("number", "valid_from_us")

KINDS: dict[str, Kind] = {
    "units": Kind(Unit, _DATED, _RENAMED, _unit, lambda _row: []),
    "officers": Kind(Officer, _DATED, _RENAMED, _officer, lambda row: [("officer", row.number, _over(row))]),
    "devices": Kind(Device, _DATED, _RENAMED, _device, lambda row: [("device", row.number, None)]),
    "assignments": Kind(
        Assignment,
        ("number",),
        _RENAMED,
        _assignment,
        lambda row: [("device", row.device_number, _over(row)), ("officer", row.officer_number, _over(row))],
    ),
    "duties": Kind(
        Duty,
        ("number",),
        _RENAMED,
        _duty,
        lambda row: [("duty", row.number, None), ("officer", row.officer_number, _over(row))],
    ),
    "dockings": Kind(
        Docking, ("number",), _RENAMED, _docking, lambda row: [("device", row.device_number, docking_windows(row))]
    ),
    "certificates": Kind(
        Certificate, ("number", "function"), _RENAMED, _certificate, lambda row: [("device", row.device_number, ())]
    ),
    "cases": Kind(Case, ("number",), _RENAMED, _case, lambda row: [("case", row.number, None)]),
    "sites": Kind(Site, _DATED, _RENAMED, _site, lambda _row: []),
    "installations": Kind(
        Installation,
        ("number",),
        _RENAMED,
        _installation,
        lambda row: [("device", row.device_number, _EVER), ("site", row.site_number, _over(row))],
    ),
}
