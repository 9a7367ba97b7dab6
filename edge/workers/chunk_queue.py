"""The chunks that may be sent, read from the landing copies: of flagged clips first, then of the clip begun first."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path

from edge.domain.upload import SendChunk
from edge.platform.faults import SHORT_OF
from edge.platform.regular_files import NotRegularError, open_regular


class LandingUnreadableError(Exception):
    """A landing copy is missing, shorter than it was, or cannot be read. The clip waits and the server is told.

    `passes`: this machine is short of something and the copy is not to blame; nobody is told, and it waits a moment.
    """

    def __init__(self, *, clip_id: str, why: str, passes: bool = False) -> None:
        super().__init__(f"landing copy of clip {clip_id}: {why}")
        self.clip_id, self.why, self.passes = clip_id, why, passes


class ChunkQueue:
    """One open file and one queue per clip; for one thread."""

    def __init__(self, landing: Path) -> None:
        self._landing = landing
        self._descriptors: dict[str, int] = {}
        self._waiting: dict[str, deque[SendChunk]] = {}
        self._flagged: set[str] = set()

    def open(self, clip_id: str, landing_name: str, size_bytes: int, *, flagged: bool) -> None:
        """Make a clip ready to be read. Raises LandingUnreadableError."""
        try:
            with open_regular(self._landing / landing_name) as copy:  # a pipe in its place would stop every clip
                descriptor = os.dup(copy.fileno())
        except NotRegularError as error:
            raise LandingUnreadableError(clip_id=clip_id, why="it is no regular file") from error
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise LandingUnreadableError(clip_id=clip_id, why=why, passes=error.errno in SHORT_OF) from error
        found_bytes = os.fstat(descriptor).st_size
        if found_bytes != size_bytes:
            os.close(descriptor)
            raise LandingUnreadableError(clip_id=clip_id, why=f"it has {found_bytes} bytes instead of {size_bytes}")
        self.close(clip_id)
        self._descriptors[clip_id] = descriptor
        self._waiting[clip_id] = deque()
        if flagged:
            self._flagged.add(clip_id)

    def close(self, clip_id: str) -> None:
        """The clip is done with, for now or for good."""
        self._waiting.pop(clip_id, None)
        self._flagged.discard(clip_id)
        descriptor = self._descriptors.pop(clip_id, None)
        if descriptor is not None:
            os.close(descriptor)

    def add(self, action: SendChunk) -> None:
        """A chunk that the window allows."""
        self._waiting[action.clip_id].append(action)

    def clear(self, clip_id: str) -> None:
        """Forget the chunks of a grant that no longer counts."""
        if clip_id in self._waiting:
            self._waiting[clip_id].clear()

    def take(self, *, flagged_only: bool = False) -> SendChunk | None:
        """The next chunk, or None. One clip after the other, so that on a slow link the first arrives soon."""
        rest = [] if flagged_only else [clip_id for clip_id in self._waiting if clip_id not in self._flagged]
        for clip_id in [clip_id for clip_id in self._waiting if clip_id in self._flagged] + rest:
            if self._waiting[clip_id]:
                return self._waiting[clip_id].popleft()
        return None

    def read(self, action: SendChunk) -> bytes:
        """The bytes of a chunk. Raises LandingUnreadableError."""
        length = action.end_bytes - action.start_bytes
        try:
            chunk = os.pread(self._descriptors[action.clip_id], length, action.start_bytes)
        except OSError as error:
            raise LandingUnreadableError(clip_id=action.clip_id, why=error.strerror or "read error") from error
        if len(chunk) != length:
            raise LandingUnreadableError(clip_id=action.clip_id, why=f"it ends before byte {action.end_bytes}")
        return chunk
