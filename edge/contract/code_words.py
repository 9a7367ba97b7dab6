"""The form of what a code is called: a label and one sentence, in both languages, for gateway and server alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

CHINESE = "zh-CN"
Pair = tuple[str, str]
"""English, Chinese."""
_FURTHEST_S = 1_000_000_000


class CodeWords(NamedTuple):
    """What a person reads of one code; the sentence has named places and says what, since when, what to do."""

    label: Pair
    sentence: Pair


def label_in(table: Mapping[str, CodeWords], code: str, language: str) -> str:
    """The short name of a code; one that a newer program brings is shown as it came."""
    words = table.get(code)
    return code.replace("_", " ") if words is None else words.label[language == CHINESE]


def clock_text(seconds: float) -> str:
    """A place in a file as h:mm:ss.s, cut to tenths and never rounded up to a time that was not yet reached.

    What no file can reach, as a gateway that is not itself may claim, is shown as the furthest place.
    """
    tenths = int(min(max(0, seconds), _FURTHEST_S) * 10 + 1e-6)
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest // 10:02d}.{rest % 10}"
