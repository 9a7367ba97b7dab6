"""Instants: integer UTC microseconds inside, RFC 3339 text at the borders."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, NewType

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

from edge.contract.sentences import sentence

UtcMicros = NewType("UtcMicros", int)
"""Microseconds since 1970-01-01T00:00:00Z, leap seconds not counted."""

MICROS_PER_SECOND = 1_000_000
MICROS_PER_HOUR = 3_600 * MICROS_PER_SECOND
MICROS_PER_DAY = 24 * MICROS_PER_HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.(?P<fraction>\d{1,9}))?(?P<zone>[Zz]|[+-]\d{2}:\d{2})"
)
EARLIEST_US = UtcMicros(-62_135_510_400_000_000)
"""0001-01-02T00:00:00Z"""
LATEST_US = UtcMicros(253_402_214_399_999_999)
"""9999-12-30T23:59:59.999999Z: like `EARLIEST_US` a day inside RFC 3339, since every zone must be able to show it."""


class NotAnInstantError(ValueError):
    """The text is no RFC 3339 instant with an offset; whoever sent it must mend it."""

    def __init__(self, *, text: str) -> None:
        super().__init__(
            sentence(
                "not_an_instant",
                "{text} is not an RFC 3339 time with an offset, such as 2026-11-21T08:00:00Z",
                text=repr(text[:40]),
            )
        )
        self.text = text


def instant_of(moment: datetime) -> UtcMicros:
    """The instant of an aware `moment`. Raises NotAnInstantError for a naive one: its zone is unknown."""
    if moment.tzinfo is None:
        raise NotAnInstantError(text=moment.isoformat())
    delta = moment - _EPOCH
    return UtcMicros((delta.days * 86_400 + delta.seconds) * MICROS_PER_SECOND + delta.microseconds)


def moment_of(instant_us: UtcMicros) -> datetime:
    """The aware UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=instant_us)


def rfc3339(instant_us: UtcMicros) -> str:
    """UTC with six digits of fraction and Z: always the same length, so that text order is time order."""
    moment = moment_of(instant_us)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}Z".rjust(27, "0")


def parse_rfc3339(text: str) -> UtcMicros:
    """The instant a border text names; digits beyond the microsecond are cut off.

    Raises NotAnInstantError for anything else, a time without an offset included.
    """
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise NotAnInstantError(text=text)
    fraction = match["fraction"]
    plain = text if fraction is None else text.replace("." + fraction, "", 1)
    try:
        moment = datetime.fromisoformat(plain.upper().replace(" ", "T"))
        whole_us = instant_of(moment)
    except (ValueError, OverflowError) as error:
        raise NotAnInstantError(text=text) from error
    instant_us = UtcMicros(whole_us + int((fraction or "0")[:6].ljust(6, "0")))
    if not EARLIEST_US <= instant_us <= LATEST_US:
        raise NotAnInstantError(text=text)
    return instant_us


def _instant_from_border(value: object) -> object:
    if isinstance(value, int) and not EARLIEST_US <= value <= LATEST_US:
        raise NotAnInstantError(text=str(value)[:40])
    return parse_rfc3339(value) if isinstance(value, str) else value


Instant = Annotated[
    UtcMicros,
    BeforeValidator(_instant_from_border),
    PlainSerializer(rfc3339, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A field that is RFC 3339 text in JSON and UtcMicros in Python."""
