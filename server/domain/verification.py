"""What a check of the store may find wrong: each with the exact item, in words. Pure.

A `stop_code` means that a receipt, an act or a sealed clip is not what was signed, so that nothing more may be signed
until a person decides. Without one a person must look, and nothing that was promised is touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge.contract.sentences import Sentence, in_code, sentence

STOP_FILE_MISSING, STOP_FILE_CHANGED, STOP_RECORD_CHANGED, STOP_ACTS_BROKEN = (
    "sealed_file_missing",
    "sealed_file_changed",
    "record_changed",
    "acts_broken",
)
"""Codes of the server's own events under which signing stops."""
MOST_TOLD = 1_000


class Subject(StrEnum):
    """What kind of thing is wrong."""

    DATABASE = "database"
    ACT = "act"
    KEY = "key"
    CLIP = "clip"
    SIGHTING = "sighting"
    PART = "part"
    QUARANTINE = "quarantine"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Wrong:
    """One item that is not as it was written. `stop_code` "": signing goes on."""

    subject: Subject
    item: str
    said: Sentence
    stop_code: str = ""

    @property
    def is_of_database(self) -> bool:
        """Whether the database itself is damaged: then nothing should be written into it."""
        return self.subject is Subject.DATABASE

    def as_json(self) -> dict[str, object]:
        """For programs: codes and values."""
        return {"subject": self.subject.value, "item": self.item, "what": in_code(self.said)}


@dataclass(frozen=True, slots=True)
class Portion:
    """Part `number` of `of`: clips are spread evenly by their ids, which are hashes. Part 1 of 1 is everything."""

    number: int = 1
    of: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise NotAPortionError(text=f"{self.number}/{self.of}")

    def holds(self, clip_id: str) -> bool:
        """Whether the clip is in this part."""
        return int(clip_id[:8], 16) % self.of == self.number - 1

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.of == 1


class NotAPortionError(ValueError):
    """The text names no part; whoever typed it corrects it."""

    def __init__(self, *, text: str) -> None:
        super().__init__(sentence("not_a_portion", "{text} is no part such as 3/30 (the third of thirty)", text=text))
        self.text = text


WHOLE = Portion()
"""Everything."""


class NotAnAmountError(ValueError):
    """The text names neither a number of clips nor a size; whoever typed it corrects it."""

    def __init__(self, *, text: str) -> None:
        super().__init__(
            sentence("not_an_amount", "{text} is neither a number of clips (500) nor a size (20GB, 512MiB)", text=text)
        )
        self.text = text


class NotASizeError(ValueError):
    """The text names no size; whoever typed it corrects it."""

    def __init__(self, *, text: str) -> None:
        super().__init__(sentence("not_a_size", "{text} is no size such as 20MB or 512MiB", text=text))
        self.text = text


@dataclass(frozen=True, slots=True)
class Amount:
    """How much to check at most; None: no limit of that kind."""

    clips: int | None = None
    size_bytes: int | None = None


_MOST_DIGITS = 16
_UNITS = {"KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


def parse_portion(text: str) -> Portion:
    """`3/30`. Raises NotAPortionError."""
    number, slash, of = text.partition("/")
    if not (slash and number.isascii() and number.isdecimal() and of.isascii() and of.isdecimal() and len(text) < 20):
        raise NotAPortionError(text=text)
    return Portion(int(number), int(of))


def parse_amount(text: str) -> Amount:
    """`500` clips, `20GB`, `512MiB`. Raises NotAnAmountError."""
    if text.isascii() and text.isdecimal() and len(text) < _MOST_DIGITS and int(text) > 0:
        return Amount(clips=int(text))
    try:
        return Amount(size_bytes=parse_size(text))
    except NotASizeError as error:
        raise NotAnAmountError(text=text) from error


def parse_size(text: str) -> int:
    """Bytes: `20GB`, `512MiB`. Raises NotASizeError."""
    digits = text.rstrip("BbIiKkMmGgTt")
    unit = text[len(digits) :].upper()
    if not (digits.isascii() and digits.isdecimal() and len(digits) < _MOST_DIGITS) or int(digits) < 1:
        raise NotASizeError(text=text)
    if unit not in _UNITS:
        raise NotASizeError(text=text)
    return int(digits) * _UNITS[unit]


def worst_first(wrong: list[Wrong]) -> list[Wrong]:
    """What stops signing before what is only told; otherwise in the order found."""
    return sorted(wrong, key=lambda one: not one.stop_code)
