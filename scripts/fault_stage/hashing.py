"""Reading back in the writer's own thread, where a run must make the same system calls in the same order each time."""

from __future__ import annotations

from server.ingest.read_back import ReadBack, RunningHash
from server.store.clip_files import PartFile


class HashesAtOnce(ReadBack):
    """The real hashes, without the thread: what is flushed is hashed when the flush returns."""

    def __init__(self) -> None:
        """Starts nothing."""

    def begin(self, part: PartFile) -> RunningHash:
        """A hash from the first byte on."""
        return RunningHash(part)

    def go_on_to(self, running: RunningHash, flushed_bytes: int) -> None:
        """Hash so far."""
        running.flushed_bytes = flushed_bytes
        while running.is_behind:
            running.step()

    def give_up(self, running: RunningHash) -> None:
        """Let go of the file."""
        running.given_up = True
        running.close()

    def stop(self) -> None:
        """Nothing runs."""
