"""Whose footage is a clip, and who may see it: the device's unit at capture, or the unit of whoever wore it."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.domain.access import Permission, Scope
from server.store.recorded import known_rows
from server.store.tables import Assignment, Device, FootageAssignment, Gateway, Officer, SightingRow


class ClipScope:
    """Answers for one reading, with what it read once. Not for longer than its session."""

    def __init__(self, session: Session, scope: Scope, *, known_us: int) -> None:
        self._session, self._scope, self._known_us = session, scope, known_us
        self._assignments: dict[str, list[Assignment]] = {}

    def sees(self, sighting: SightingRow) -> bool:
        """Whether this person may know that the clip exists."""
        device_number, at_us = self.owner_of(sighting), sighting.corrected_start_us
        unit = self.unit_of(device_number, at_us)
        if device_number is None or unit is None:
            return self._sees_unowned(sighting)
        if not self._scope.own_only and self._scope.sees_unit(unit):
            return True
        wearers = self.wearers_of(device_number, at_us)
        return any(self._scope.sees_officer(wearer, self._unit_of_officer(wearer, at_us)) for wearer in wearers)

    def owner_of(self, sighting: SightingRow) -> str | None:
        """The device a person named for it, else the one the gateway read."""
        return self.said.get(sighting.clip_id, sighting.device_number)

    def unit_of(self, device_number: str | None, at_us: int | None) -> str | None:
        """The unit of the device at that moment; None for a device that is not on record then."""
        device = self.device(device_number, at_us)
        return None if device is None else device.unit_number

    def device(self, device_number: str | None, at_us: int | None) -> Device | None:
        """The device as the register had it then; without a moment, its last row."""
        rows = [] if device_number is None else self._devices.get(device_number, [])
        if at_us is not None:
            rows = [row for row in rows if _holds(row, at_us)]
        return rows[-1] if rows else None

    def wearers_of(self, device_number: str | None, at_us: int | None) -> tuple[str, ...]:
        """Who held the device at that moment; more than one: nobody may guess."""
        if device_number is None or at_us is None:
            return ()
        if device_number not in self._assignments:
            self._assignments[device_number] = known_rows(
                self._session, Assignment, known_us=self._known_us, device_number=device_number
            )
        rows = self._assignments[device_number]
        return tuple(sorted({row.officer_number for row in rows if _holds(row, at_us)}))

    def expect(self, device_numbers: Collection[str | None]) -> None:
        """Read at once who held these devices, rather than one after the other when each is asked for."""
        new = {one for one in device_numbers if one is not None and one not in self._assignments}
        if not new:
            return
        self._assignments |= {number: [] for number in new}
        for row in known_rows(self._session, Assignment, known_us=self._known_us, device_number=new):
            self._assignments[row.device_number].append(row)

    def unit_of_gateway(self, gateway_id: str) -> str | None:
        """The unit of a gateway, None where it has none."""
        return self._gateway_units.get(gateway_id)

    def why_unowned(self, sighting: SightingRow) -> str | None:
        """Why no person can answer for this footage, or None.

        One of unknown_device, no_start_time, no_wearer, ambiguous_wearer.
        """
        number, at_us = self.owner_of(sighting), sighting.corrected_start_us
        device = self.device(number, at_us)
        if device is None:
            return "unknown_device"
        if at_us is None:
            return "no_start_time"
        if device.kind == "monitor":
            return None
        wearers = self.wearers_of(number, at_us)
        if len(wearers) == 1:
            return None
        return "ambiguous_wearer" if wearers else "no_wearer"

    def candidate_devices(self) -> set[str] | None:
        """Devices whose footage may be visible; None: any device's."""
        if self._scope.units is None and not self._scope.own_only:
            return None
        units = self._scope.units or frozenset()
        own = {number for number, rows in self._devices.items() if any(row.unit_number in units for row in rows)}
        officers = {row.number for rows in self._officers.values() for row in rows if row.unit_number in units}
        if self._scope.own_only:
            own, officers = set(), {self._scope.officer_number or ""}
        held = known_rows(self._session, Assignment, known_us=self._known_us, officer_number=officers)
        return own | {row.device_number for row in held}

    def known_devices(self) -> list[str]:
        """Every device on record."""
        return sorted(self._devices)

    @property
    def sees_unowned(self) -> bool:
        """Whether footage without an owner may be visible at all."""
        return self._scope.may(Permission.SEE_UNASSIGNED) and not self._scope.own_only

    @cached_property
    def said(self) -> dict[str, str]:
        """Which device persons named for clips of unknown origin."""
        rows = known_rows(self._session, FootageAssignment, known_us=self._known_us)
        return {row.number: row.device_number for row in rows}

    def _sees_unowned(self, sighting: SightingRow) -> bool:
        if not self.sees_unowned:
            return False
        return self._scope.sees_unit(self.unit_of_gateway(sighting.gateway_id))

    def _unit_of_officer(self, number: str, at_us: int | None) -> str | None:
        rows = [row for row in self._officers.get(number, []) if at_us is None or _holds(row, at_us)]
        return rows[-1].unit_number if rows else None

    @cached_property
    def _gateway_units(self) -> dict[str, str | None]:
        return {row.gateway_id: row.unit_number for row in self._session.scalars(select(Gateway))}

    @cached_property
    def _devices(self) -> dict[str, list[Device]]:
        found: dict[str, list[Device]] = {}
        for row in known_rows(self._session, Device, known_us=self._known_us):
            found.setdefault(row.number, []).append(row)
        return found

    @cached_property
    def _officers(self) -> dict[str, list[Officer]]:
        found: dict[str, list[Officer]] = {}
        for row in known_rows(self._session, Officer, known_us=self._known_us):
            found.setdefault(row.number, []).append(row)
        return found


def _holds(row: Device | Assignment | Officer, at_us: int) -> bool:
    return row.valid_from_us <= at_us and (row.valid_until_us is None or at_us < row.valid_until_us)
