"""The form of an act, and the chain: each act's hash covers the one before, so that none can be changed or left out.

Pure. The hash is SHA-256 over the canonical JSON array of the act's fields; a second program can compute it from this
docstring alone: `[index, at_us, actor, verb, subject_kind, subject_id, data_json, previous_hash]`, UTF-8, no spaces,
no escapes but those JSON demands.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from edge.contract.sentences import sentence

FIRST_INDEX = 1
BEFORE_FIRST = "0" * 64
"""The previous hash of the first act."""


class ChainBrokenError(Exception):
    """The acts are not the ones that were written; the server stops signing until a person decides."""

    def __init__(self, *, index: int, why: str) -> None:
        super().__init__(
            sentence(
                "acts_broken",
                "the chain of acts is broken at act {index}: {why}. Restore the database from a backup and compare",
                index=index,
                why=why,
            )
        )
        self.index, self.why = index, why


@dataclass(frozen=True, slots=True)
class ActForm:
    """One act as it is hashed. `data_json` is canonical JSON text, kept exactly as hashed."""

    index: int
    at_us: int
    actor: str
    verb: str
    subject_kind: str
    subject_id: str
    data_json: str
    previous_hash: str

    @property
    def hash(self) -> str:
        """Lower-case hex of 64 digits."""
        fields = [
            self.index,
            self.at_us,
            self.actor,
            self.verb,
            self.subject_kind,
            self.subject_id,
            self.data_json,
            self.previous_hash,
        ]
        return hashlib.sha256(canonical_json(fields).encode()).hexdigest()


def canonical_json(value: Mapping[str, Any] | list[Any]) -> str:
    """One text for one value: keys sorted, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def check_chain(acts: Iterable[tuple[ActForm, str]], *, after: tuple[int, str] | None = None) -> tuple[int, str] | None:
    """The (index, hash) of the last of `acts` once every link holds; each comes with the hash stored beside it.

    `after` is the act before the first of them, None where they begin the chain. Raises ChainBrokenError, naming the
    first act that does not fit.
    """
    index, previous_hash = after or (FIRST_INDEX - 1, BEFORE_FIRST)
    last = after
    for act, stored_hash in acts:
        if act.index != index + 1:
            raise ChainBrokenError(index=index + 1, why=f"it is missing, the next one kept is {act.index}")
        if act.previous_hash != previous_hash:
            raise ChainBrokenError(index=act.index, why="it names another act before it")
        if act.hash != stored_hash:
            raise ChainBrokenError(index=act.index, why="its fields are not those that were hashed")
        index, previous_hash = act.index, stored_hash
        last = (index, previous_hash)
    return last
