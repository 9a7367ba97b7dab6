"""How much is sent again after an interruption, from what the gateway sent and what it then was told is held."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True)
class SentAgain:
    """For one upload at a time. Between two interruptions the gateway sends so many bytes; at the grant that follows
    the second the server holds so many more than at the one before. The rest must be sent again.

    An interruption before any grant after the last one costs nothing: nothing was sent in between. `read_log` is to be
    called often, so that what the server holds of other clips is read when the grant is given.
    """

    log: Path
    held_at_server: Callable[[], Mapping[str, int]]
    """Clip id -> bytes on record there, all of them where it is sealed."""
    costs_bytes: list[int] = field(default_factory=list)
    _read_bytes: int = 0
    _waiting_sent_bytes: int | None = None
    _sent_bytes: int = 0
    _held_bytes: int = 0

    def interrupted(self, sent_bytes: int) -> None:
        """A program was ended; until then the gateway had sent `sent_bytes` in all."""
        self.read_log()
        if self._waiting_sent_bytes is None:
            self._waiting_sent_bytes = sent_bytes

    def read_log(self) -> None:
        """What the gateway has written into its log since the last look."""
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
            return "no interruption was followed by a grant"
        windows = [cost / window_bytes for cost in self.costs_bytes]
        return (
            f"sent again per interruption: median {statistics.median(windows):.2f} windows, at most"
            f" {max(windows):.2f} ({len(windows)} interruptions, window {window_bytes} bytes)"
        )

    def _take(self, entry: Mapping[str, object]) -> None:
        if entry.get("event") != "granted" or self._waiting_sent_bytes is None:
            return
        held = {**self.held_at_server(), str(entry["clip_id"]): int(str(entry["held_bytes"]))}
        held_bytes = sum(held.values())
        cost_bytes = (self._waiting_sent_bytes - self._sent_bytes) - (held_bytes - self._held_bytes)
        self.costs_bytes.append(max(0, cost_bytes))
        self._sent_bytes, self._held_bytes = self._waiting_sent_bytes, held_bytes
        self._waiting_sent_bytes = None


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
