"""The records of commissioned views that the agent could not use when it looked last, for `status`."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from edge.storage.journal import remember, remembered

_KEY = "unusable_references"


class UnusableRecord(BaseModel):
    """`record`: its place in the folder of the references; `device` None where nobody knows whose it is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    record: str
    device: str | None
    why: str


_RECORDS = TypeAdapter(list[UnusableRecord])


def unusable_records(rows: sqlite3.Connection) -> dict[str, UnusableRecord]:
    """By record."""
    kept = remembered(rows, _KEY)
    if kept is None:
        return {}
    try:
        return {one.record: one for one in _RECORDS.validate_json(kept)}
    except ValidationError:
        return {}  # of another release: the agent looks again within seconds


def remember_unusable_records(rows: sqlite3.Connection, found: Sequence[UnusableRecord]) -> None:
    """In place of those before."""
    remember(rows, _KEY, _RECORDS.dump_json(list(found)).decode())
