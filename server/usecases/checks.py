"""What `doctor` found in one place, and what to do there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from edge.contract.sentences import Sentence, in_code


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at. `do` is empty where nothing is to be done."""

    what: Sentence
    ok: bool
    detail: str
    do: str = ""

    def as_json(self) -> dict[str, Any]:
        """For programs: codes and values, no language."""
        return {"what": self.what.code, "ok": self.ok, "detail": in_code(self.detail), "do": in_code(self.do)}
