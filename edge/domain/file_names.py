"""What a file's name says: device, start and sequence, by patterns with named groups."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_DIGITS = re.compile(r"(?P<day>\d{8})[T_-]?(?P<time>\d{6})(?P<utc>[Zz]?)")
BELIEVED_YEARS = range(1970, 2200)
"""A clock that lost its time shows 1970 or 2000; a year outside is no time that a device could mean."""
_NUMBER = re.compile(r"[^\x00-\x1f\x7f]{1,64}")
_NO_DEVICE = frozenset(
    {
        "audio",
        "cam",
        "camera",
        "clip",
        "dsc",
        "file",
        "gx",
        "img",
        "mov",
        "movie",
        "pxl",
        "rec",
        "record",
        "vid",
        "video",
    }
)
"""Words that many devices put where others put their number."""


@dataclass(frozen=True, slots=True)
class LocalStart:
    """A start as written: `moment` without a zone, which is UTC where `is_utc`, else the device's own."""

    moment: datetime
    is_utc: bool


@dataclass(frozen=True, slots=True)
class NameFacts:
    """What the name says; a None is a silence, not a fault. `unreadable_start`: digits that are no time."""

    device: str | None = None
    start: LocalStart | None = None
    sequence: int | None = None
    unreadable_start: str | None = None


def compile_patterns(patterns: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    """Each matched against the whole name without its extension. Raises re.error."""
    return tuple(re.compile(pattern) for pattern in patterns)


def read_name(file_name: str, patterns: Sequence[re.Pattern[str]]) -> NameFacts:
    """The facts of the first pattern that matches the whole stem; all None where none does."""
    stem = file_name.rpartition(".")[0] or file_name
    for pattern in patterns:
        match = pattern.fullmatch(stem)
        if match is not None:
            return _facts(match.groupdict())
    return NameFacts()


def _facts(groups: dict[str, str | None]) -> NameFacts:
    device, start, sequence = groups.get("device"), groups.get("start"), groups.get("sequence")
    if device is not None and (device.lower() in _NO_DEVICE or _NUMBER.fullmatch(device) is None):
        device = None
    moment = None if start is None else _local_start(start)
    return NameFacts(
        device=device,
        start=moment,
        sequence=int(sequence) if sequence is not None and sequence.isdecimal() and len(sequence) <= 15 else None,
        unreadable_start=start if start is not None and moment is None else None,
    )


def _local_start(digits: str) -> LocalStart | None:
    match = _DIGITS.fullmatch(digits)
    if match is None:
        return None
    is_leap_second = match["time"].endswith("60")
    time = match["time"][:4] + "59" if is_leap_second else match["time"]
    try:
        moment = datetime.strptime(match["day"] + time, "%Y%m%d%H%M%S")  # noqa: DTZ007 - zone is the device's
    except ValueError:
        return None  # 20261332: digits that are no time; the caller sees it in `unreadable_start`
    if is_leap_second:
        moment += timedelta(seconds=1)  # instants here count no leap seconds: the next minute begins
    return LocalStart(moment, is_utc=bool(match["utc"])) if moment.year in BELIEVED_YEARS else None
