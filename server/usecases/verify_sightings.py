"""Whether the rows of sightings still say what gateways signed: device, times, docking and the rest, each by name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from edge.contract.dsse import SignatureRefusedError
from edge.contract.identifiers import key_id_of
from edge.contract.manifest import Manifest, open_manifest
from edge.contract.sentences import Sentence, sentence
from edge.platform.signing import PublicKeys
from server.domain.verification import STOP_RECORD_CHANGED, Portion, Subject, Wrong
from server.store.database import Database
from server.store.tables import Clip, GatewayKey, SightingRow
from server.usecases.receive_sighting import SEALED, sighting_row

_AT_ONCE = 500
_OF_JSON = frozenset({"recorded_json", "faults_json", "looks_json"})
"""Written by the release that received the manifest: a later one may write the same otherwise, so these are told and
stop nothing."""


def wrong_sightings(session: Session, clip_id: str) -> list[Wrong]:
    """What is wrong with the sightings of a clip."""
    rows = session.scalars(select(SightingRow).where(SightingRow.clip_id == clip_id).order_by(SightingRow.sighting_id))
    return [wrong for row in rows for wrong in _wrong_in(session, row)]


def wrong_unsealed_sightings(db: Database, portion: Portion) -> Iterator[Wrong]:
    """The same for all clips that have not come, or not whole: by pages, since the server writes on."""
    after = ""
    while True:
        with db.reading() as session:
            query = select(Clip.clip_id).where(Clip.state != SEALED, Clip.clip_id > after).order_by(Clip.clip_id)
            clip_ids = session.scalars(query.limit(_AT_ONCE)).all()
            found = [wrong for one in clip_ids if portion.holds(one) for wrong in wrong_sightings(session, one)]
        if not clip_ids:
            return
        after = clip_ids[-1]
        yield from found


def _wrong_in(session: Session, row: SightingRow) -> Iterator[Wrong]:
    try:
        manifest = open_manifest(row.manifest, _keys(session, row.gateway_id))
    except (SignatureRefusedError, ValueError) as error:  # no envelope, or the key of nobody here
        said = sentence(
            "verify_manifest_refused",
            "sighting {sighting} of clip {clip}: its manifest does not stand ({why})",
            sighting=row.sighting_id,
            clip=row.clip_id,
            why=error.why if isinstance(error, SignatureRefusedError) else type(error).__name__,
        )
        # What stands signed and is read no more was not changed: the contract has become stricter since.
        yield _wrong(row, said, "" if isinstance(error, ValidationError) else STOP_RECORD_CHANGED)
        return
    differing = _differing(row, manifest)
    if differing:
        said = sentence(
            "verify_sighting_differs",
            "sighting {sighting} of clip {clip}: its row says otherwise than its signed manifest: {fields}",
            sighting=row.sighting_id,
            clip=row.clip_id,
            fields=tuple(differing),
        )
        yield _wrong(row, said, "" if set(differing) <= _written_otherwise(row) else STOP_RECORD_CHANGED)


def _written_otherwise(row: SightingRow) -> frozenset[str]:
    """Columns in which an older release may have said less, or the same in other words."""
    was_before_looks = row.looks_json == "{}" and row.reference_state is None
    return _OF_JSON | {"reference_state"} if was_before_looks else _OF_JSON


def _differing(row: SightingRow, manifest: Manifest) -> list[str]:
    """Names of columns. What the server decided itself (how far times were corrected) must be one of what it may."""
    measured_us = None if manifest.clock is None else manifest.clock.offset_us
    expected = sighting_row(
        manifest, row.manifest, row.applied_offset_us, flagged=row.flagged, received_us=row.received_us
    )
    columns = [column.key for column in inspect(SightingRow).column_attrs]
    differing = [name for name in columns if _said(name, getattr(row, name)) != _said(name, getattr(expected, name))]
    if row.applied_offset_us not in {0, measured_us}:
        differing.append("applied_offset_us")
    return differing


def _said(name: str, value: Any) -> object:
    """What a column says, however it is written: a look that finds nothing was once left out."""
    if name not in _OF_JSON:
        return value
    try:
        told = json.loads(value)
    except (TypeError, ValueError):
        return value
    return {key: part for key, part in told.items() if part} if isinstance(told, dict) else told


def _keys(session: Session, gateway_id: str) -> PublicKeys:
    """Every key the gateway ever had; a row whose id is not its key's is believed in nothing."""
    rows = session.scalars(select(GatewayKey).where(GatewayKey.gateway_id == gateway_id))
    return PublicKeys({row.key_id: row.public_key for row in rows if key_id_of(row.public_key) == row.key_id})


def _wrong(row: SightingRow, said: Sentence, stop_code: str) -> Wrong:
    return Wrong(Subject.SIGHTING, row.sighting_id, said, stop_code)
