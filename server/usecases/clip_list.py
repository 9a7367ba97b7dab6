"""The list of clips, the newest first: read stretch by stretch, as far as somebody may see them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, defer

from server.store.tables import Clip, SightingRow
from server.usecases.clip_scope import ClipScope

FEW_DEVICES = 20
"""The clips of so many devices are found by device and then sorted; those of more by walking through all clips."""
_LEAST_STRETCH, _LONGEST_STRETCH = 100, 2000
Place = tuple[int, str]
"""first_seen_us and id of a clip."""


class ClipList:
    """The clips that one person may see, of one device or state where these are named."""

    def __init__(
        self, session: Session, clip_scope: ClipScope, known_us: int, device: str | None, state: str | None
    ) -> None:
        self._session, self._scope, self._known_us = session, clip_scope, known_us
        self._device, self._state = device, state
        self._own, self._few = self._whose()

    def read(self, place: Place | None, count: int) -> list[tuple[Clip, SightingRow]]:
        """At most `count` clips after `place`, each with the sighting that speaks for it."""
        found: list[tuple[Clip, SightingRow]] = []
        stretch = max(_LEAST_STRETCH, count)
        while len(found) < count:
            places = self._places(place, stretch)
            found += self._visible([clip_id for _, clip_id in places])
            if len(places) < stretch:
                break
            place, stretch = places[-1], min(2 * stretch, _LONGEST_STRETCH)
        return found[:count]

    def total(self) -> int | None:
        """How many there are; None where that could only be found by reading them all.

        What somebody may not see is not counted either: some see every unit, but nothing that has no owner.
        """
        if self._own is not None or not self._scope.sees_unowned:
            return None
        return self._session.scalar(select(func.count()).select_from(Clip).where(*self._clip_conditions())) or 0

    def _whose(self) -> tuple[ColumnElement[bool] | None, bool]:
        """The condition on sightings, None for everybody's, and whether it is about few devices."""
        candidates = self._scope.candidate_devices()
        said = self._scope.said
        parts: list[ColumnElement[bool]] = []
        few = False
        if candidates is not None:
            given = [clip_id for clip_id, owner in said.items() if owner in candidates]
            parts.append(or_(SightingRow.device_number.in_(sorted(candidates)), SightingRow.clip_id.in_(given)))
            few = len(candidates) <= FEW_DEVICES
            if self._scope.sees_unowned:
                known = self._scope.known_devices()
                unknown = or_(SightingRow.device_number.is_(None), SightingRow.device_number.not_in(known))
                parts[-1] = or_(parts[-1], unknown)
                few = False
        if self._device is not None:
            given = [clip_id for clip_id, owner in said.items() if owner == self._device]
            parts.append(or_(SightingRow.device_number == self._device, SightingRow.clip_id.in_(given)))
            few = True
        return (and_(*parts) if parts else None), few

    def _clip_conditions(self) -> list[ColumnElement[bool]]:
        conditions = [Clip.first_seen_us <= self._known_us]
        if self._state == "sealed":
            conditions += [Clip.state == "sealed", func.coalesce(Clip.sealed_us, 0) <= self._known_us]
        elif self._state is not None:
            later = and_(Clip.sealed_us.is_not(None), func.coalesce(Clip.sealed_us, 0) > self._known_us)
            conditions.append(and_(Clip.state == self._state, ~later))
        return conditions

    def _places(self, place: Place | None, stretch: int) -> list[Place]:
        query: Any = select(Clip.first_seen_us, Clip.clip_id).where(*self._clip_conditions())
        if place is not None:
            first_seen_us, clip_id = place
            same = and_(Clip.first_seen_us == first_seen_us, Clip.clip_id > clip_id)
            query = query.where(Clip.first_seen_us <= first_seen_us, or_(Clip.first_seen_us < first_seen_us, same))
        if self._own is not None and self._few:
            query = query.where(Clip.clip_id.in_(select(SightingRow.clip_id).where(self._own)))
        elif self._own is not None:
            mine = select(SightingRow.sighting_id).where(SightingRow.clip_id == Clip.clip_id, self._own)
            query = query.where(mine.exists())
        rows = self._session.execute(query.order_by(Clip.first_seen_us.desc(), Clip.clip_id).limit(stretch))
        return [(first_seen_us, clip_id) for first_seen_us, clip_id in rows]

    def _visible(self, clip_ids: list[str]) -> list[tuple[Clip, SightingRow]]:
        query = (
            select(Clip, SightingRow)
            .join(SightingRow, SightingRow.clip_id == Clip.clip_id)
            .where(Clip.clip_id.in_(clip_ids), SightingRow.received_us <= self._known_us)
            .order_by(
                Clip.first_seen_us.desc(), Clip.clip_id, SightingRow.applied_offset_us == 0, SightingRow.received_us
            )
            .options(defer(Clip.receipt), defer(SightingRow.manifest))
        )
        if self._own is not None:
            query = query.where(self._own)
        rows = self._session.execute(query).all()
        self._scope.expect({self._scope.owner_of(sighting) for _, sighting in rows})
        first: dict[str, tuple[Clip, SightingRow]] = {}
        for clip, sighting in rows:
            if clip.clip_id not in first and self._scope.sees(sighting):
                first[clip.clip_id] = (clip, sighting)
        return list(first.values())
