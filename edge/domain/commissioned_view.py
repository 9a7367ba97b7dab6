"""The record of a commissioned view: what a monitor saw when a person said that it stands as it should.

Kept as JSON beside its arrays for as long as footage of the monitor may be questioned: `version` says how it is read,
and a program that meets a later one says so and guesses nothing. Its SHA-256 is the name that verdicts give it.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.contract.identifiers import FieldNumber, Sha256Hex
from edge.contract.instants import Instant
from edge.contract.sentences import sentence
from edge.contract.wire_model import ShortText

RECORD_VERSION = 1
MAX_RECORD_BYTES, MAX_ARRAYS_BYTES = 256 * 1024, 8 * 1024 * 1024
MAX_SOURCES, MAX_MASKS = 200, 50
Light = Literal["day", "night"]
Length = Annotated[int, Field(ge=1, le=32_768)]
Share = Annotated[float, Field(ge=0, le=1)]
PersonsName = Annotated[str, Field(min_length=1, max_length=100)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]
Box = tuple[Annotated[int, Field(ge=0, le=32_768)], Annotated[int, Field(ge=0, le=32_768)], Length, Length]
"""Left, top, width, height in pixels of the stream."""


class RecordUnusableError(Exception):
    """A stored reference cannot be read; the view is not judged until a person has commissioned it again."""

    def __init__(self, *, name: str, why: str) -> None:
        super().__init__(
            sentence(
                "reference_unusable",
                "the reference {name} cannot be used: {why}. Restore it from the backup, or commission the monitor"
                " again",
                name=name,
                why=why,
            )
        )
        self.name, self.why = name, why


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class CommissionedLight(_Kept):
    """The view by day or by night. `agreement`: the camera's own median; `sway_percent`: its own 99.9th percentile of
    movement, of the width; `shift_limit_percent`: from where a picture counts as displaced.
    """

    light: Light
    pictures: Annotated[int, Field(ge=1)]
    agreement: Share
    detail: Share
    luma: Annotated[float, Field(ge=0, le=255)]
    sway_percent: Annotated[float, Field(ge=0, le=100)]
    shift_limit_percent: Annotated[float, Field(gt=0, le=100)]


class CommissionedFrom(_Kept):
    """A file that gave pictures, and how many of them."""

    name: ShortText
    sha256: Sha256Hex
    pictures: Annotated[int, Field(ge=0)]


class CommissionedCalibration(_Kept):
    """The calibration file that held at the commissioning."""

    name: ShortText
    sha256: Sha256Hex


class ViewMeasured(_Kept):
    """What the pictures gave, before a person's name is under it. `working_px`: width and height of the arrays."""

    width_px: Length
    height_px: Length
    working_px: tuple[Length, Length]
    lights: Annotated[tuple[CommissionedLight, ...], Field(min_length=1, max_length=2)]
    masks: Annotated[tuple[Box, ...], Field(max_length=MAX_MASKS)] = ()
    arrays_sha256: Sha256Hex


class CommissionedView(ViewMeasured):
    """The record. `replaces`: SHA-256 of the record before it, which is kept."""

    format: Literal["tallylight-reference"] = "tallylight-reference"
    version: Literal[1] = 1
    device: FieldNumber
    number: Annotated[int, Field(ge=1, le=999_999)]
    commissioned: Instant
    by: PersonsName
    reason: Reason
    sources: Annotated[tuple[CommissionedFrom, ...], Field(max_length=MAX_SOURCES)] = ()
    calibration: CommissionedCalibration | None = None
    replaces: Sha256Hex | None = None

    def light(self, name: Light) -> CommissionedLight | None:
        """The view in that light, where one was commissioned."""
        return next((light for light in self.lights if light.light == name), None)


def record_bytes(view: CommissionedView) -> bytes:
    """The record as it is kept; these bytes are what its SHA-256 is of."""
    return json.dumps(view.model_dump(mode="json"), ensure_ascii=False, indent=1).encode() + b"\n"


def record_sha256(kept: bytes) -> str:
    """The name of a record."""
    return hashlib.sha256(kept).hexdigest()


def read_record(kept: bytes, *, name: str) -> CommissionedView:
    """The record in bytes that were read from a disk. Raises RecordUnusableError."""
    if len(kept) > MAX_RECORD_BYTES:
        why = sentence("reference_large", "it is larger than {limit} bytes", limit=MAX_RECORD_BYTES)
        raise RecordUnusableError(name=name, why=why)
    try:
        values: Any = json.loads(kept)
    except (ValueError, RecursionError) as error:
        raise RecordUnusableError(name=name, why=_DAMAGED) from error
    version = values.get("version") if isinstance(values, dict) else None
    if isinstance(version, int) and version > RECORD_VERSION:
        why = sentence("reference_newer", "a newer release wrote it (version {version})", version=version)
        raise RecordUnusableError(name=name, why=why)
    try:
        return CommissionedView.model_validate(values)
    except ValidationError as error:
        raise RecordUnusableError(name=name, why=_DAMAGED) from error


_DAMAGED = sentence("reference_damaged", "it is damaged")
