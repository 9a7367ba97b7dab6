"""`inspect` as its command runs it, at noon of a day, with what it prints in hand."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from rich.console import Console

from edge.contract.instants import UtcMicros, parse_rfc3339
from edge.local.inspect_command import run_inspect
from edge.workers.clip_facts import SourceReading


class NoonClock:
    """Noon of a day, and a steady clock that ticks a second per look."""

    def __init__(self) -> None:
        self._steady_s = 0.0

    def now_us(self) -> UtcMicros:
        return parse_rfc3339("2026-11-21T12:00:00Z")

    def steady_s(self) -> float:
        self._steady_s += 1.0
        return self._steady_s

    def synchronised(self) -> bool:
        return False


def inspected(*paths: Path, as_json: bool = True, workers: int = 0, data_dir: Path | None = None) -> str:
    """What the command prints."""
    output = io.StringIO()
    run_inspect(
        paths,
        as_json=as_json,
        reading=SourceReading.usual(),
        clock=NoonClock(),
        output=Console(file=output, width=200),
        progress=Console(file=io.StringIO()),
        workers=workers,
        data_dir=data_dir,
    )
    return output.getvalue()


def report_of(*paths: Path, workers: int = 0, data_dir: Path | None = None) -> dict[str, Any]:
    """Its JSON."""
    report: dict[str, Any] = json.loads(inspected(*paths, workers=workers, data_dir=data_dir))
    return report
