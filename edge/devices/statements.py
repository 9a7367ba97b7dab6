"""What lies beside the footage as JSON: a sidecar about one file, a docking file about a folder."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from edge.contract.identifiers import FieldNumber
from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_SECOND, Instant, UtcMicros, rfc3339
from edge.contract.manifest import ClockReading
from edge.contract.sentences import sentence
from edge.domain.clock import clock_reading
from edge.domain.file_names import BELIEVED_YEARS
from edge.domain.start_time import EARLIEST_NOW_US
from edge.domain.zones import known_zone
from edge.platform.faults import first_fault, unreadable
from edge.platform.regular_files import open_regular

LIMIT_BYTES = 65_536
_NO_DATE_TIME = sentence("no_date_time", "is no date with time, such as 2026-11-21T08:00:00+08:00")
_LATEST_OFFSET_US = 40_000 * MICROS_PER_DAY
"""Larger than from 1970 to now: a device that lost its clock is told, a nonsense is refused."""
LARGEST_LEAD_US = 600 * MICROS_PER_SECOND
"""A dock's clock may be ahead of the gateway's by this much; then the gateway's counts. House rule."""


class StatementUnreadableError(Exception):
    """The JSON beside the footage cannot be used; the footage is landed without it and a person is told."""

    def __init__(self, *, name: str, why: str) -> None:
        super().__init__(
            sentence("statement", "{name}: {why}. Correct the file; the footage itself is safe", name=name, why=why)
        )
        self.name, self.why = name, why


def _date_and_time(text: object) -> datetime:
    if not isinstance(text, str) or len(text) < len("20261121T080000"):
        raise ValueError(_NO_DATE_TIME)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(_NO_DATE_TIME) from error
    if moment.year not in BELIEVED_YEARS:
        raise ValueError(
            sentence(
                "outside_years",
                "lies outside the years {first} to {last}",
                first=BELIEVED_YEARS[0],
                last=BELIEVED_YEARS[-1],
            )
        )
    return moment


class _Statement(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="ignore", coerce_numbers_to_str=True, allow_inf_nan=False, str_strip_whitespace=True
    )


class Sidecar(_Statement):
    """What the device's software says about one file; every field may be absent."""

    device: FieldNumber | None = None
    start: Annotated[datetime, BeforeValidator(_date_and_time)] | None = None
    time_zone: Annotated[str, AfterValidator(known_zone)] | None = None
    sequence: Annotated[int, Field(ge=0, lt=10**15)] | None = None
    recording: FieldNumber | None = None
    flagged: bool = False


class DockingStatement(_Statement):
    """What the dock says about a device: who, from when to when, its clock, battery and storage."""

    device: FieldNumber
    docked: Instant
    until: Instant | None = None
    device_time: Instant | None = None
    gateway_time: Instant | None = None
    uncertainty_s: Annotated[float, Field(ge=0, le=86_400)] = 1.0
    synchronised: bool | None = None
    battery_percent: Annotated[float, Field(ge=0, le=100)] | None = None
    free_bytes: Annotated[int, Field(ge=0, lt=1 << 60)] | None = None
    total_bytes: Annotated[int, Field(ge=0, lt=1 << 60)] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> DockingStatement:
        if self.until is not None and self.until < self.docked:
            raise ValueError(sentence("until_first", "`until` lies before `docked`"))
        if (self.device_time is None) != (self.gateway_time is None):
            raise ValueError(sentence("times_together", "`device_time` and `gateway_time` say something only together"))
        if abs((self.device_time or 0) - (self.gateway_time or 0)) > _LATEST_OFFSET_US:
            raise ValueError(
                sentence("times_apart", "`device_time` and `gateway_time` lie more than a hundred years apart")
            )
        return self

    def clock(self, *, gateway_synchronised: bool) -> ClockReading | None:
        """The clock reading, if one was made; `synchronised` in the statement stands before the gateway's own word."""
        if self.device_time is None or self.gateway_time is None:
            return None
        return clock_reading(
            device_us=self.device_time,
            gateway_us=self.gateway_time,
            uncertainty_us=round(self.uncertainty_s * MICROS_PER_SECOND),
            gateway_synchronised=gateway_synchronised if self.synchronised is None else self.synchronised,
        )


@dataclass(frozen=True, slots=True)
class ReadDocking:
    """A docking file's words and the SHA-256 of its bytes: the same text is the same docking."""

    statement: DockingStatement
    sha256: str


_S = TypeVar("_S", bound=_Statement)


def read_bounded(path: Path) -> bytes:
    """The bytes of a statement. Raises StatementUnreadableError where it is too large or cannot be read."""
    try:
        with open_regular(path, follow=True) as file:
            data = file.read(LIMIT_BYTES + 1)
    except OSError as error:
        why = unreadable(error)
        raise StatementUnreadableError(name=path.name, why=why) from error
    if len(data) > LIMIT_BYTES:
        raise StatementUnreadableError(
            name=path.name, why=sentence("too_large", "is larger than {limit} bytes", limit=LIMIT_BYTES)
        )
    return data


def parse_sidecar(data: bytes, *, name: str) -> Sidecar:
    """The sidecar's words. Raises StatementUnreadableError."""
    return _parse(Sidecar, data, name)


def read_docking(path: Path, *, now_us: UtcMicros) -> ReadDocking:
    """The docking file's words. Raises StatementUnreadableError, also for a docking that lies ahead of `now_us`.

    A list that claims to be complete up to a time to come would make footage that is still to be recorded missing.
    """
    data = read_bounded(path)
    statement = _parse(DockingStatement, data, path.name)
    for name, moment_us in (("docked", statement.docked), ("until", statement.until)):
        if moment_us is not None and moment_us > now_us + LARGEST_LEAD_US and now_us >= EARLIEST_NOW_US:
            why = sentence(
                "docked_in_future",
                "`{name}` lies in the future ({moment}), or the clock here ({now}) is slow",
                name=name,
                moment=rfc3339(moment_us),
                now=rfc3339(now_us),
            )
            raise StatementUnreadableError(name=path.name, why=why)
    return ReadDocking(statement, hashlib.sha256(data).hexdigest())


def _parse(model: type[_S], data: bytes, name: str) -> _S:
    try:
        return model.model_validate_json(data.removeprefix(b"\xef\xbb\xbf"))
    except ValidationError as error:
        place, what = first_fault(error)
        why = sentence("at_place", "`{place}` {what}", place=place, what=what) if place else what
        raise StatementUnreadableError(name=name, why=why) from error
