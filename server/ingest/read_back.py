"""Reads clips back behind the writer and hashes them, in a thread of its own, so that writing never waits for it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable

import structlog

from server.store.clip_files import PartFile, PartUnusableError

log = structlog.get_logger(__name__)
_AFTER_FAILURE_S = 0.5
_STEP_BYTES = 4 << 20
_BLOCK_BYTES, _FETCHED_AHEAD_BYTES = 1 << 20, 4 << 20


class RunningHash:
    """SHA-256 over the first `hashed_bytes` of one part file, read back in order. Made and moved on by `ReadBack`."""

    def __init__(self, part: PartFile) -> None:
        self._part = part.another()
        self._digest = hashlib.sha256()
        self._fetched_bytes = 0
        self.flushed_bytes = 0
        """How far it may go: bytes on stable storage from the very beginning without a hole."""
        self.hashed_bytes = 0
        self.failed: PartUnusableError | None = None
        self.given_up = False

    @property
    def is_behind(self) -> bool:
        """Whether bytes that are held are still to be read back."""
        return self.failed is None and not self.given_up and self.hashed_bytes < self.flushed_bytes

    @property
    def hexdigest(self) -> str:
        """Of all that was hashed so far; to be asked while it is not behind."""
        return self._digest.hexdigest()

    def step(self) -> None:
        """Go on by a few megabytes. What cannot be read back stands in `failed`."""
        end = min(self.flushed_bytes, self.hashed_bytes + _STEP_BYTES)
        try:
            while self.hashed_bytes < end:
                self._fetch_ahead()
                block = self._part.read_at(self.hashed_bytes, min(_BLOCK_BYTES, end - self.hashed_bytes))
                if not block:
                    raise PartUnusableError(clip_id=self._part.clip_id, why="it is shorter than what was written")
                self._digest.update(block)
                self.hashed_bytes += len(block)
        except PartUnusableError as error:
            self.failed = error

    def _fetch_ahead(self) -> None:
        """The disk reads what comes next while this is hashed: beside the writer it answers late."""
        until = min(self.flushed_bytes, self.hashed_bytes + _FETCHED_AHEAD_BYTES)
        while self._fetched_bytes < until:
            size_bytes = min(_BLOCK_BYTES, until - self._fetched_bytes)
            self._part.fetch(self._fetched_bytes, size_bytes)
            self._fetched_bytes += size_bytes

    def close(self) -> None:
        """Let go of the file."""
        self._part.close()


class ReadBack:
    """All running hashes of one lane. `on_caught_up` is called from its thread when one is no longer behind."""

    def __init__(self, on_caught_up: Callable[[], None]) -> None:
        self._on_caught_up = on_caught_up
        self._changed = threading.Condition()
        self._running: list[RunningHash] = []
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="read-back", daemon=True)
        self._thread.start()

    def begin(self, part: PartFile) -> RunningHash:
        """A hash from the first byte on. Raises PartUnusableError."""
        running = RunningHash(part)
        with self._changed:
            self._running.append(running)
        return running

    def go_on_to(self, running: RunningHash, flushed_bytes: int) -> None:
        """So many bytes from the beginning are on stable storage now."""
        with self._changed:
            running.flushed_bytes = flushed_bytes
            self._changed.notify()

    def give_up(self, running: RunningHash) -> None:
        """The clip is sealed, or its bytes are gone; the thread lets go of the file."""
        with self._changed:
            running.given_up = True
            self._changed.notify()

    def stop(self) -> None:
        """End the thread and let go of every file."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        self._thread.join(timeout=30)

    def _run(self) -> None:
        while (running := self._next()) is not None:
            try:
                running.step()
            except Exception:  # the outer loop: a shortage of memory must not end all sealing
                log.exception("read_back_failed")
                with self._changed:
                    self._changed.wait(_AFTER_FAILURE_S)
                continue
            if not running.is_behind:
                self._on_caught_up()
        for left in self._running:
            left.close()

    def _next(self) -> RunningHash | None:
        """The one that has waited longest, once one is behind; None when it is time to end."""
        with self._changed:
            while not self._stopping:
                for ended in [running for running in self._running if running.given_up]:
                    self._running.remove(ended)
                    ended.close()
                for running in self._running:
                    if running.is_behind:
                        self._running.remove(running)
                        self._running.append(running)
                        return running
                self._changed.wait()
        return None
