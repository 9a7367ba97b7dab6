"""What an ingest worker decides: whose chunk counts, which bytes are held, who may send, and how much at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

ByteSpan = tuple[int, int]
"""[start, end) of bytes."""

MAX_BATCH_CHUNKS = 16
MAX_BATCH_S = 0.2
LEAST_CHUNK_BYTES = 64 * 1024
CHUNK_S = 0.2
"""A chunk is what a gateway's link carries in this time, so that a grant never lapses, nor a connection, behind one."""


class ChunkOutsideClipError(ValueError):
    """The chunk's place or length does not fit the clip; the sender means another clip or grant."""

    def __init__(self, *, index: int, length_bytes: int, size_bytes: int) -> None:
        super().__init__(f"chunk {index} of {length_bytes} bytes does not fit a clip of {size_bytes} bytes")
        self.index, self.length_bytes, self.size_bytes = index, length_bytes, size_bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """How many bytes may be on their way at once."""

    chunk_bytes: int
    window_bytes: int
    gateway_bytes: int
    worker_bytes: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """What an open upload may have on its way."""

    clip_id: str
    gateway_id: str
    window_bytes: int


def with_span(held: Sequence[ByteSpan], span: ByteSpan) -> tuple[ByteSpan, ...]:
    """The bytes of `held` and `span` as disjoint spans in order; those that touch become one."""
    merged: list[ByteSpan] = []
    for start, end in sorted([*held, span]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)


def without_beyond(held: Iterable[ByteSpan], size_bytes: int) -> tuple[ByteSpan, ...]:
    """The spans cut off at `size_bytes`, merged; what a file that is shorter than its row still holds."""
    cut: tuple[ByteSpan, ...] = ()
    for start, end in held:
        if 0 <= start < min(end, size_bytes):
            cut = with_span(cut, (start, min(end, size_bytes)))
    return cut


def is_held(held: Iterable[ByteSpan], span: ByteSpan) -> bool:
    """Whether every byte of `span` is held."""
    return any(start <= span[0] and span[1] <= end for start, end in held)


def is_complete(held: Sequence[ByteSpan], size_bytes: int) -> bool:
    """Whether every byte of the clip is held."""
    return size_bytes == 0 or tuple(held) == ((0, size_bytes),)


def first_run_bytes(held: Sequence[ByteSpan]) -> int:
    """How many bytes are held from the very beginning without a hole: as far as the hash can run."""
    return held[0][1] if held and held[0][0] == 0 else 0


def chunk_span(index: int, length_bytes: int, *, chunk_bytes: int, size_bytes: int) -> ByteSpan:
    """Where a chunk lies. Raises ChunkOutsideClipError unless it is whole: full, or the last with the rest."""
    start = index * chunk_bytes
    expected = min(chunk_bytes, size_bytes - start)
    if expected <= 0 or length_bytes != expected:
        raise ChunkOutsideClipError(index=index, length_bytes=length_bytes, size_bytes=size_bytes)
    return start, start + length_bytes


def chunk_bytes_for(rate_bytes_s: float | None, most_bytes: int) -> int:
    """The chunks of a new grant for a gateway whose chunks came so fast: a power of two, or `most_bytes` on fast links.

    None: nothing is known of it yet. 0.0: nothing came in the time of a whole grant.
    """
    if rate_bytes_s is None or rate_bytes_s * CHUNK_S >= most_bytes:
        return most_bytes
    return min(most_bytes, max(LEAST_CHUNK_BYTES, 1 << int(rate_bytes_s * CHUNK_S).bit_length() >> 1))


def window_for(
    gateway_id: str, clip_id: str, size_bytes: int, open_now: Iterable[Reservation], limits: Limits
) -> int | None:
    """The window of a clip in bytes, or None while the budgets are used up: then the answer is busy, never 0.

    Every open clip gets the same share, and one share is always left for the next to come; whoever has more gives it
    back with the next `have`. A window is at least one chunk and no more than the clip needs; a reservation that the
    clip already has is given back first, because the new one replaces it.
    """
    others = [reservation for reservation in open_now if reservation.clip_id != clip_id]
    of_gateway = [other for other in others if other.gateway_id == gateway_id]
    free = min(limits.worker_bytes - _reserved(others), limits.gateway_bytes - _reserved(of_gateway))
    share = min(limits.worker_bytes // (len(others) + 2), limits.gateway_bytes // (len(of_gateway) + 2))
    chunks_of_clip = -(-size_bytes // limits.chunk_bytes)
    wanted = min(limits.window_bytes, max(1, chunks_of_clip) * limits.chunk_bytes)
    window = max(limits.chunk_bytes, min(wanted, share) // limits.chunk_bytes * limits.chunk_bytes)
    fitting = min(window, free // limits.chunk_bytes * limits.chunk_bytes)
    return fitting if fitting >= limits.chunk_bytes else None


def _reserved(reservations: Iterable[Reservation]) -> int:
    return sum(reservation.window_bytes for reservation in reservations)


def batch_is_due(chunks: int, oldest_s: float, now_s: float) -> bool:
    """Whether written chunks must be flushed and answered: after 16 of them, or 200 ms after the first."""
    return chunks >= MAX_BATCH_CHUNKS or (chunks > 0 and now_s - oldest_s >= MAX_BATCH_S)
