"""What `doctor` found in one place, and what to do there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How a check came out. Only `bad` makes the command fail."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was found, and what to do where it is not good."""

    subject: str
    health: Health
    found: str
    advice: str = ""
