"""A time zone by its name. The name is data: from a card it may be a folder of the zone list, or 300 letters."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge.contract.sentences import sentence


class UnknownZoneError(ValueError):
    """No such zone on this machine; what named it is read without it."""

    def __init__(self, *, name: str) -> None:
        super().__init__(
            sentence(
                "unknown_zone",
                "{name} is no time zone of the IANA list, such as Asia/Shanghai",
                name=repr(name[:60]),
            )
        )
        self.name = name


def zone_named(name: str) -> ZoneInfo:
    """The IANA zone of that name. Raises UnknownZoneError, also for `Asia`, `/etc/passwd` and 300 letters."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZoneError(name=name) from error


def known_zone(name: str) -> str:
    """The name itself, for a settings or statement field. Raises UnknownZoneError, which pydantic tells."""
    zone_named(name)
    return name
