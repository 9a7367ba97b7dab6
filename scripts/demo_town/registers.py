"""The CSV files a department would import, written from the plan. Columns: `server/usecases/imports/columns.py`."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from demo_town.plan import ZONE, Town
from edge.contract.instants import MICROS_PER_DAY, UtcMicros, moment_of

IMPORT_ORDER = (
    "units", "officers", "devices", "assignments", "duties", "certificates", "sites", "installations", "cases",
)  # fmt: skip

Row = Mapping[str, object]


def local_text(instant_us: int) -> str:
    """RFC 3339 in the town's zone with its offset."""
    return moment_of(UtcMicros(instant_us)).astimezone(ZONE).isoformat()


def register_rows(town: Town) -> dict[str, list[Row]]:
    """The rows of every register, by kind."""
    return {
        "units": _units(town),
        "officers": _officers(town),
        "devices": _devices(town),
        "assignments": _assignments(town),
        "duties": _duties(town),
        "certificates": _certificates(town),
        "sites": _sites(town),
        "installations": _installations(town),
        "cases": _cases(town),
    }


def write_registers(folder: Path, rows: Mapping[str, Iterable[Row]]) -> None:
    """One UTF-8 file per kind, `units.csv` and so on; a kind without rows gets no file."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, of_kind in rows.items():
        lines = list(of_kind)
        if not lines:
            continue
        with (folder / f"{kind}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(lines[0]))
            writer.writeheader()
            writer.writerows(lines)


def _since(town: Town) -> str:
    return local_text(town.day_start_us)


def _units(town: Town) -> list[Row]:
    since = local_text(town.day_start_us - 900 * MICROS_PER_DAY)
    return [{"number": number, "name": name, "valid_from": since} for number, name in town.units.items()]


def _officers(town: Town) -> list[Row]:
    since = local_text(town.day_start_us - 400 * MICROS_PER_DAY)
    return [
        {"number": o.number, "name": o.name, "unit_number": o.unit, "kind": o.kind, "valid_from": since}
        for o in town.officers
    ]


def _devices(town: Town) -> list[Row]:
    return [
        {
            "number": device.number,
            "kind": device.kind,
            "unit_number": device.unit,
            "model": device.model,
            "serial": f"SN{device.number[-4:]}{town.seed % 10_000:04d}",
            "time_zone": "Asia/Shanghai",
            "functions": "+".join(device.functions),
            "schedule": device.schedule,
            "valid_from": _since(town),
        }
        for device in town.devices
    ]


def _assignments(town: Town) -> list[Row]:
    return [
        {
            "number": f"A-{device}",
            "device_number": device,
            "officer_number": officer.number,
            "valid_from": _since(town),
            "valid_until": "",
        }
        for device, officer in town.held.items()
    ]


def _duties(town: Town) -> list[Row]:
    return [
        {
            "number": duty.number,
            "officer_number": duty.officer.number,
            "unit_number": duty.officer.unit,
            "kind": duty.kind,
            "start": local_text(duty.interval.start_us),
            "end": local_text(duty.interval.end_us),
        }
        for duty in town.duties
    ]


def _certificates(town: Town) -> list[Row]:
    return [
        {
            "number": certificate.number,
            "device_number": certificate.device.number,
            "function": certificate.function,
            "body": "深圳市计量质量检测研究院",
            "performed": local_text(certificate.valid.start_us),
            "issued": local_text(certificate.valid.start_us),
            "valid_from": local_text(certificate.valid.start_us),
            "valid_until": local_text(certificate.valid.end_us),
            "result": "pass",
        }
        for certificate in town.certificates
    ]


def _sites(town: Town) -> list[Row]:
    return [
        {
            "number": site.number,
            "kind": site.kind,
            "road": site.road,
            "direction": site.direction,
            "district": "福田区",
            "longitude": site.longitude_deg,
            "latitude": site.latitude_deg,
            "violations": site.violations,
            "unit_number": next(iter(town.units)),
            "stage": site.stage,
            "notice": local_text(town.day_start_us - 80 * MICROS_PER_DAY) if site.stage != "proposed" else "",
            "enforcement": local_text(town.day_start_us - 40 * MICROS_PER_DAY) if site.stage == "active" else "",
            "basis": "道路交通安全违法行为处理程序规定第十五条" if site.stage != "proposed" else "",
            "publication_number": f"2026-{town.seed % 90 + 10}" if site.stage != "proposed" else "",
            "valid_from": local_text(town.day_start_us - 80 * MICROS_PER_DAY),
        }
        for site in town.sites
    ]


def _installations(town: Town) -> list[Row]:
    return [
        {
            "number": f"I-{site.number}",
            "site_number": site.number,
            "device_number": site.device.number,
            "valid_from": _since(town),  # its weekly hours count from here on
            "valid_until": "",
        }
        for site in town.sites
        if site.device is not None
    ]


def _cases(town: Town) -> list[Row]:
    return [
        {
            "number": case.number,
            "kind": case.kind,
            "unit_number": case.officer.unit,
            "officer_number": case.officer.number,
            "occurred": local_text(case.occurred_us),
            "place": "滨河大道",
            "plate": case.plate,
        }
        for case in town.cases
    ]
