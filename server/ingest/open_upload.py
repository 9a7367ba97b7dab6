"""One granted upload: its part file, what is written and flushed of it, and the hash that runs behind."""

from __future__ import annotations

from blake3 import blake3

from edge.contract.messages import Have
from edge.contract.topics import ChunkTopic
from server.domain.receiving import (
    ByteSpan,
    ChunkOutsideClipError,
    chunk_span,
    first_run_bytes,
    is_complete,
    is_held,
    with_span,
    without_beyond,
)
from server.ingest.read_back import ReadBack
from server.store.clip_files import ClipFiles, PartFile, PartUnusableError
from server.usecases.receive_offer import Granted

_MAX_BAD_CHUNKS = 1000
_RATE_S, _SILENT_S = 0.5, 10.0


class OpenUpload:
    """Owned by the worker's writing thread. `held` is flushed, `written` may not be."""

    def __init__(self, granted: Granted, files: ClipFiles, read_back: ReadBack, now_s: float) -> None:
        """Raises StoreFullError or PartUnusableError."""
        self.granted, self.window_bytes = granted, granted.window_bytes
        self.part: PartFile = files.open_part(granted.clip_id)
        self.held: tuple[ByteSpan, ...] = without_beyond(granted.held, self.part.size_bytes)
        self.written = self.held
        self.serial = 0
        self.bad: set[int] = set()
        self.owes_answer = False
        self.touched_s = now_s
        self.unanswered_bytes = 0
        self._granted_s, self._came_bytes, self._came_s = now_s, 0, (now_s, now_s)
        self._read_back = read_back
        try:
            self._hash = read_back.begin(self.part)
        except PartUnusableError:
            self.part.close()
            raise
        read_back.go_on_to(self._hash, first_run_bytes(self.held))

    def renew(self, granted: Granted, now_s: float) -> None:
        """The same bytes under a new grant: what is held and hashed stays."""
        self.granted, self.window_bytes, self.unanswered_bytes = granted, granted.window_bytes, 0
        self.serial, self.owes_answer, self.touched_s = 0, False, now_s
        self._granted_s, self._came_bytes, self._came_s = now_s, 0, (now_s, now_s)
        self.bad.clear()

    @property
    def clip_id(self) -> str:
        return self.granted.clip_id

    def take(self, topic: ChunkTopic, payload: bytes, now_s: float) -> str:
        """Write a chunk; what became of it. Raises StoreFullError or PartUnusableError."""
        try:
            span = chunk_span(
                topic.index,
                len(payload),
                chunk_bytes=self.granted.chunk_bytes,
                size_bytes=self.granted.size_bytes,
            )
        except ChunkOutsideClipError:
            return "outside"
        self.owes_answer = True
        if blake3(payload).digest(8).hex() != topic.check:
            if len(self.bad) < _MAX_BAD_CHUNKS:
                self.bad.add(topic.index)
            return "bad"
        if is_held(self.written, span):
            return "repeated"
        self.touched_s = now_s  # only progress keeps a grant: repeating a chunk must not keep other gateways out
        if self._came_bytes == 0:
            self._came_s = (now_s, now_s)  # the first chunk starts the clock, and is not counted
        self._came_bytes, self._came_s = self._came_bytes + len(payload), (self._came_s[0], now_s)
        self.part.write_at(span[0], payload)
        self.written = with_span(self.written, span)
        self.unanswered_bytes += len(payload)
        return "written"

    def flush(self) -> None:
        """What is written is held when this returns. Raises StoreFullError or PartUnusableError."""
        if self.written != self.held:
            self.part.flush()
            self.held = self.written
            self._read_back.go_on_to(self._hash, first_run_bytes(self.held))

    def have(self, window_bytes: int) -> Have:
        """The answer that is due: all that is held, the chunks that came damaged, and what may be on its way now."""
        self.window_bytes, self.unanswered_bytes = window_bytes, 0
        self.serial += 1
        bad, self.bad = sorted(self.bad), set()
        self.owes_answer = False
        return Have(
            clip_id=self.clip_id,
            upload=self.granted.upload,
            serial=self.serial,
            window_bytes=window_bytes,
            held=self.held,
            bad_chunks=tuple(bad),
        )

    @property
    def has_all_bytes(self) -> bool:
        """Whether every byte is written, flushed or not."""
        return is_complete(self.written, self.granted.size_bytes)

    @property
    def window_is_half_used(self) -> bool:
        """Whether the gateway will have to wait for an answer soon."""
        return 2 * self.unanswered_bytes >= self.window_bytes

    def rate_bytes_s(self, now_s: float) -> float | None:
        """How fast the chunks of this grant came; 0.0 where none did for long; None where that is too short to tell."""
        passed_s = self._came_s[1] - self._came_s[0]
        if passed_s >= _RATE_S:
            return (self._came_bytes - self.granted.chunk_bytes) / passed_s
        return 0.0 if self._came_bytes == 0 and now_s - self._granted_s >= _SILENT_S else None

    @property
    def holds_all_bytes(self) -> bool:
        """Whether every byte is on stable storage."""
        return is_complete(self.held, self.granted.size_bytes)

    def can_be_sealed_after(self, hash_bytes: int) -> bool:
        """Whether every byte is held and no more than so many are still to be hashed."""
        return self.holds_all_bytes and self.granted.size_bytes - self._hash.hashed_bytes <= hash_bytes

    @property
    def is_whole(self) -> bool:
        """Whether every byte is held and hashed. Raises PartUnusableError where one could not be read back."""
        if self._hash.failed is not None:
            raise self._hash.failed
        return self.holds_all_bytes and self._hash.hashed_bytes == self.granted.size_bytes

    @property
    def is_being_hashed(self) -> bool:
        """Whether bytes that are held are still to be read back."""
        return self._hash.is_behind

    @property
    def hash_agrees(self) -> bool:
        """Whether the bytes read back are those the manifest names."""
        return self._hash.hexdigest == self.granted.sha256

    def begin_again(self, files: ClipFiles) -> None:
        """Forget all bytes; the gateway is told by the next `have`. Raises StoreFullError or PartUnusableError."""
        self.close()
        files.drop_part(self.clip_id)
        self.part = files.open_part(self.clip_id)
        self.held = self.written = ()
        self._hash = self._read_back.begin(self.part)
        self.owes_answer = True

    def close(self) -> None:
        """Let go of the file."""
        self._read_back.give_up(self._hash)
        self.part.close()
