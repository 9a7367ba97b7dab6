"""What `doctor` found in one place, and what to do there."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from edge.contract.sentences import Sentence, in_code


class Health(StrEnum):
    """How a check came out. Only `bad` makes the command fail."""

    GOOD = "good"
    DOUBTFUL = "doubtful"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Check:
    """One check: what was found, and what to do where it is not good. Each part a sentence, or text that is data."""

    subject: str
    health: Health
    found: str
    advice: str = ""

    def as_json(self) -> dict[str, Any]:
        """For programs: codes and values, no language. `about` names the one among several that the check is about."""
        subject = self.subject
        code, about = (subject.code, dict(subject.values)) if isinstance(subject, Sentence) else (subject, {})
        found, advice = in_code(self.found), in_code(self.advice)
        return {"subject": code, "about": about, "health": self.health.value, "found": found, "advice": advice}
