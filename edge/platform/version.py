"""Which release of the program this is."""

from __future__ import annotations

from importlib import metadata


def software_version() -> str:
    """The version of the installed distribution; `unreleased` where the program runs without being installed."""
    try:
        return metadata.version("tallylight")
    except metadata.PackageNotFoundError:
        return "unreleased"
