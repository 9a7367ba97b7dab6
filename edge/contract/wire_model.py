"""The base of every model on the wire, and the field types they share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from edge.contract.instants import parse_rfc3339, rfc3339
from edge.contract.intervals import TimeInterval

MAX_CONTROL_BYTES = 900_000
"""No control message is larger; below every broker's 1 MB limit."""


class WireModel(BaseModel):
    """Frozen; unknown fields are ignored, so that a newer peer may add some."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


def _interval_from_border(value: Any) -> Any:
    if isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(part, str) for part in value):
        return TimeInterval(parse_rfc3339(value[0]), parse_rfc3339(value[1]))
    return value


def _interval_to_border(interval: TimeInterval) -> list[str]:
    return [rfc3339(interval.start_us), rfc3339(interval.end_us)]


WireInterval = Annotated[
    TimeInterval,
    BeforeValidator(_interval_from_border),
    PlainSerializer(_interval_to_border, return_type=list[str], when_used="json"),
    WithJsonSchema({"type": "array", "items": {"type": "string", "format": "date-time"}, "minItems": 2, "maxItems": 2}),
]
"""[start, end) as two RFC 3339 texts."""

LARGEST_NUMBER = 2**53 - 1
"""What every JSON reader holds exactly, and every database takes."""
WholeNumber = Annotated[int, Field(ge=-LARGEST_NUMBER, le=LARGEST_NUMBER)]
Count = Annotated[int, Field(ge=0, le=LARGEST_NUMBER)]

ByteRange = Annotated[tuple[Count, Annotated[int, Field(ge=1, le=LARGEST_NUMBER)]], Field()]
"""[start, end) of bytes of a clip."""

ShortText = Annotated[str, Field(max_length=500)]
"""Text for a person; data only."""
