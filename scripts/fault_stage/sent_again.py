"""How much an interruption makes the gateway send again, from what it sent and what it then was told is held."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class SentAgain:
    """From one grant of a clip to its next one, or to its receipt, the gateway sends so many bytes, and the server
    holds so many more. The rest was sent in vain: that is what the interruption between them costs.
    """

    log: Path
    sent_bytes: Callable[[int], int]
    """Under the grant of that number, in all."""
    sizes: Mapping[str, int]
    """Clip id -> size in bytes."""
    costs_bytes: list[int] = field(default_factory=list)
    _read_bytes: int = 0
    _granted: dict[str, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What an earlier campaign left in the log was counted then."""
        self._read_bytes = self.log.stat().st_size if self.log.exists() else 0

    def read_log(self) -> None:
        """What the gateway has written into its log since the last look, or since it began."""
        with self.log.open("rb") as log:
            log.seek(self._read_bytes)
            lines = log.readlines()
        for line in lines:
            if not line.endswith(b"\n"):
                break
            self._read_bytes += len(line)
            for entry in _entries(line.decode(errors="replace")):
                self._take(entry)

    def told(self, window_bytes: int) -> str:
        """Median and maximum, in windows."""
        if not self.costs_bytes:
            return "nothing was granted"
        windows = [cost / window_bytes for cost in self.costs_bytes]
        return (
            f"sent in vain under one grant: median {statistics.median(windows):.2f} windows, at most"
            f" {max(windows):.2f} ({len(windows)} grants, window {window_bytes} bytes)"
        )

    def _take(self, entry: Mapping[str, object]) -> None:
        event, clip_id = entry.get("event"), str(entry.get("clip_id"))
        if event == "granted":
            upload, held_bytes = int(str(entry["upload"])), int(str(entry["held_bytes"]))
            self._count(clip_id, held_bytes)
            self._granted[clip_id] = upload, held_bytes
        elif event == "receipted" and clip_id in self._granted:
            self._count(clip_id, self.sizes[clip_id])
            del self._granted[clip_id]

    def _count(self, clip_id: str, held_bytes: int) -> None:
        if clip_id in self._granted:
            upload, held_before_bytes = self._granted[clip_id]
            self.costs_bytes.append(max(0, self.sent_bytes(upload) - (held_bytes - held_before_bytes)))


def _entries(line: str) -> Iterator[Mapping[str, object]]:
    """What stands in a line. A program that was ended may have left half an entry; the next one goes on behind it."""
    place, decoder = line.find("{"), json.JSONDecoder()
    while place >= 0:
        try:
            entry, end = decoder.raw_decode(line, place)
        except json.JSONDecodeError:
            end = place + 1
        else:
            if isinstance(entry, dict):
                yield entry
        place = line.find("{", end)
