"""Paging: a bounded number of items, and a place in the list as opaque text."""

from __future__ import annotations

import re

MAX_ITEMS = 500
_PLACE = re.compile(r"(-?[0-9]{1,19})~(.{1,200})", re.DOTALL)
_LARGEST_KEY = 2**63 - 1


class BadPlaceError(ValueError):
    """`after` is none that a list gave; the list must be read from its beginning."""

    def __init__(self, *, text: str) -> None:
        super().__init__("this place in the list is not known: read the list from its beginning")
        self.text = text


def bounded(limit: int) -> int:
    """At least one item, at most MAX_ITEMS."""
    return max(1, min(limit, MAX_ITEMS))


def place_text(key: int, number: str) -> str:
    """The place after an item, by what the list is sorted by and the item's number."""
    return f"{key}~{number}"


def place_of(after: str | None) -> tuple[int, str] | None:
    """The place a list gave, None for its beginning. Raises BadPlaceError."""
    if after is None or not after:
        return None
    match = _PLACE.fullmatch(after)
    if match is None or abs(int(match[1])) > _LARGEST_KEY:
        raise BadPlaceError(text=after)
    return int(match[1]), match[2]
