"""Which release of the program this is."""

from __future__ import annotations

from importlib import metadata

from edge.contract.instants import UtcMicros

RELEASED_US = UtcMicros(1_760_000_000_000_000)
"""October 2025: no release of this program is older, so a clock that shows less is wrong."""


def software_version() -> str:
    """The version of the installed distribution; `unreleased` where the program runs without being installed."""
    try:
        return metadata.version("tallylight")
    except metadata.PackageNotFoundError:
        return "unreleased"
