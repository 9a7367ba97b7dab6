"""How far the chain of acts had come, kept in a file beside the database.

A database that was put back, or that lost the end of its log, is whole in itself: nothing in it says that there was
more. This file does, for what was committed some seconds before the end at the latest; what lies closer to the end is
told by gateways, which hold receipts. The mark is written after the commit it names, so it is never ahead of a database
that kept its word.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from edge.platform.durable import write_durably

MARK_NAME = "history-mark.json"


@dataclass(frozen=True, slots=True)
class HistoryMark:
    """The newest act that was seen committed."""

    act_index: int
    act_hash: str


def read_mark(data_dir: Path) -> HistoryMark | None:
    """The mark of a data folder; None where there is none, or where it cannot be read: then it says nothing."""
    try:
        document = json.loads((data_dir / MARK_NAME).read_text(encoding="utf-8"))
        return HistoryMark(int(document["act_index"]), str(document["act_hash"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_mark(data_dir: Path, mark: HistoryMark) -> None:
    """Durable when this returns."""
    text = json.dumps({"act_index": mark.act_index, "act_hash": mark.act_hash})
    write_durably(data_dir / MARK_NAME, f"{text}\n".encode())
