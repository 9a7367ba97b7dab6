"""One clip's upload as the gateway sees it: values in, the next state and what to send now out.

The server's ranges are the only truth and may shrink; the upload number is the fence that decides whose word counts.
`now_s` is steady time in seconds; it has no relation to wall time. Source: the wire contract, section Upload.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from edge.contract.messages import Grant, Have, Refusal

SILENCE_S = 3.0
ROUND_TRIPS_OF_SILENCE = 4
LONGEST_SILENCE_S = 15.0
RETRY_AFTER_S = 30.0
SHORTEST_RETRY_S = 1.0
OFFERS_UNTIL_THE_FENCE_IS_FORGOTTEN = 4

Ranges = tuple[tuple[int, int], ...]


class UploadPhase(StrEnum):
    """Where an upload stands."""

    OFFERED = "offered"
    SENDING = "sending"
    DEFERRED = "deferred"


class RangeBeyondClipError(Exception):
    """The server claims bytes the clip does not have; the two sides mean different clips. It is offered anew."""

    def __init__(self, *, clip_id: str, end_bytes: int, size_bytes: int) -> None:
        super().__init__(f"server holds bytes up to {end_bytes} of clip {clip_id} of {size_bytes}")
        self.clip_id, self.end_bytes, self.size_bytes = clip_id, end_bytes, size_bytes


@dataclass(frozen=True, slots=True)
class SendOffer:
    """Offer the clip (again)."""

    clip_id: str


@dataclass(frozen=True, slots=True)
class SendChunk:
    """Publish bytes [start_bytes, end_bytes) in the lane of `worker`, under the fence `upload`."""

    clip_id: str
    upload: int
    worker: str
    index: int
    start_bytes: int
    end_bytes: int


Action = SendOffer | SendChunk


@dataclass(frozen=True, slots=True)
class Upload:
    """State of one upload. `in_flight`: chunks sent under this grant that the server does not hold yet.

    `undeparted` of them have not reached the broker; while there are any, the link is slow and the server is not
    silent. `fruitless` counts offers since the server's ranges last grew.
    """

    clip_id: str
    size_bytes: int
    phase: UploadPhase
    heard_s: float
    offered_s: float
    number: int = 0
    worker: str = ""
    chunk_bytes: int = 0
    window_bytes: int = 0
    serial: int = 0
    held: Ranges = ()
    in_flight: frozenset[int] = frozenset()
    undeparted: int = 0
    round_trip_s: float = 0.0
    fruitless: int = 0
    retry_at_s: float = 0.0

    @property
    def held_bytes(self) -> int:
        """Bytes the server said it holds."""
        return sum(end - start for start, end in self.held)

    @property
    def outstanding_bytes(self) -> int:
        """Bytes sent under this grant and not held: what the window limits."""
        return sum(end - start for start, end in (_span(self, index) for index in self.in_flight))

    @property
    def silence_limit_s(self) -> float:
        """How long the server may say nothing; longer after offers that brought nothing, so as not to press it."""
        limit_s = max(SILENCE_S, ROUND_TRIPS_OF_SILENCE * self.round_trip_s)
        return max(limit_s, min(limit_s * (1 << min(self.fruitless, 4)), LONGEST_SILENCE_S))


def begin(clip_id: str, size_bytes: int, *, now_s: float) -> tuple[Upload, list[Action]]:
    """A new upload and its first offer."""
    upload = Upload(clip_id, size_bytes, UploadPhase.OFFERED, heard_s=now_s, offered_s=now_s)
    return upload, [SendOffer(clip_id)]


def on_grant(upload: Upload, grant: Grant, *, now_s: float) -> tuple[Upload, list[Action]]:
    """Take a grant with a higher number than any before; its ranges replace what was known, nothing is in flight.

    Raises RangeBeyondClipError.
    """
    if grant.clip_id != upload.clip_id or grant.upload <= upload.number:
        return upload, []
    held = _checked_ranges(upload, grant.held)
    answered_s = now_s - upload.offered_s if upload.phase is UploadPhase.OFFERED else upload.round_trip_s
    granted = replace(
        upload,
        phase=UploadPhase.SENDING,
        number=grant.upload,
        worker=grant.worker,
        chunk_bytes=grant.chunk_bytes,
        window_bytes=max(grant.window_bytes, grant.chunk_bytes),
        serial=0,
        held=held,
        in_flight=frozenset(),
        undeparted=0,
        heard_s=now_s,
        round_trip_s=max(upload.round_trip_s / 2, answered_s),
        fruitless=0 if _total(held) > upload.held_bytes else upload.fruitless,
    )
    return _fill_window(granted)


def on_have(upload: Upload, have: Have, *, now_s: float) -> tuple[Upload, list[Action]]:
    """Take the server's ranges as they are. A have of another grant, or not newer than one seen, changes nothing.

    Raises RangeBeyondClipError.
    """
    if upload.phase is not UploadPhase.SENDING or have.clip_id != upload.clip_id:
        return upload, []
    if have.upload != upload.number or have.serial <= upload.serial:
        return upload, []
    held = _checked_ranges(upload, have.held)
    bad = frozenset(have.bad_chunks)
    still = frozenset(
        index for index in upload.in_flight if index not in bad and not _covers(held, _span(upload, index))
    )
    grew = _total(held) > upload.held_bytes
    moved = grew or still != upload.in_flight
    advanced = replace(
        upload,
        serial=have.serial,
        held=held,
        in_flight=still,
        undeparted=min(upload.undeparted, len(still)),
        window_bytes=max(have.window_bytes, upload.chunk_bytes),
        heard_s=now_s if moved else upload.heard_s,
        fruitless=0 if grew else upload.fruitless,
    )
    return _fill_window(advanced)


def on_departed(upload: Upload, number: int, *, now_s: float) -> Upload:
    """A chunk reached the broker. That proves nothing about the server; only its silence counts from here."""
    if number != upload.number or upload.undeparted == 0:
        return upload
    return replace(upload, undeparted=upload.undeparted - 1, heard_s=now_s)


def on_refusal(upload: Upload, refusal: Refusal, *, now_s: float) -> Upload:
    """Defer after a refusal for now. While sending it is the late answer to an offer already granted: ignored.

    A permanent refusal ends the upload and is no business of this state.
    """
    if refusal.clip_id != upload.clip_id or upload.phase is not UploadPhase.OFFERED:
        return upload
    after_s = refusal.retry_after_s if refusal.retry_after_s is not None else RETRY_AFTER_S
    return put_off(upload, now_s=now_s, after_s=max(after_s, SHORTEST_RETRY_S))


def put_off(upload: Upload, *, now_s: float, after_s: float = RETRY_AFTER_S) -> Upload:
    """Wait `after_s` with nothing outstanding, then offer again."""
    return replace(
        upload,
        phase=UploadPhase.DEFERRED,
        in_flight=frozenset(),
        undeparted=0,
        heard_s=now_s,
        retry_at_s=now_s + after_s,
        fruitless=0,
    )


def on_time(upload: Upload, *, now_s: float) -> tuple[Upload, list[Action]]:
    """Offer again after silence, or when the time of a deferred one has come."""
    if upload.phase is UploadPhase.DEFERRED:
        return offer_again(upload, now_s=now_s) if now_s >= upload.retry_at_s else (upload, [])
    if upload.undeparted or now_s - upload.heard_s <= upload.silence_limit_s:
        return upload, []
    fruitless = upload.fruitless + 1
    forgotten = fruitless >= OFFERS_UNTIL_THE_FENCE_IS_FORGOTTEN  # a server restored from a backup counts from lower
    return offer_again(replace(upload, fruitless=fruitless, number=0 if forgotten else upload.number), now_s=now_s)


def offer_again(upload: Upload, *, now_s: float) -> tuple[Upload, list[Action]]:
    """The same upload with nothing outstanding, waiting for a grant; also after a new connection."""
    offered = replace(
        upload, phase=UploadPhase.OFFERED, in_flight=frozenset(), undeparted=0, heard_s=now_s, offered_s=now_s
    )
    return offered, [SendOffer(upload.clip_id)]


def _fill_window(upload: Upload) -> tuple[Upload, list[Action]]:
    """Send what is missing, lowest first, while the window has room for the next chunk; one chunk always fits."""
    in_flight, outstanding = set(upload.in_flight), upload.outstanding_bytes
    actions: list[Action] = []
    for index in _missing_chunks(upload):
        if index in in_flight:
            continue
        start, end = _span(upload, index)
        if in_flight and outstanding + end - start > upload.window_bytes:
            break
        in_flight.add(index)
        outstanding += end - start
        actions.append(SendChunk(upload.clip_id, upload.number, upload.worker, index, start, end))
    filled = replace(upload, in_flight=frozenset(in_flight), undeparted=upload.undeparted + len(actions))
    return filled, actions


def _missing_chunks(upload: Upload) -> Iterator[int]:
    """Indexes of chunks not wholly held, rising."""
    at = 0
    last_index = -1
    for start, end in (*upload.held, (upload.size_bytes, upload.size_bytes)):
        if start > at:
            first = max(at // upload.chunk_bytes, last_index + 1)
            last_index = (start - 1) // upload.chunk_bytes
            yield from range(first, last_index + 1)
        at = max(at, end)


def _span(upload: Upload, index: int) -> tuple[int, int]:
    start = index * upload.chunk_bytes
    return start, min(start + upload.chunk_bytes, upload.size_bytes)


def _covers(held: Ranges, span: tuple[int, int]) -> bool:
    return any(start <= span[0] and span[1] <= end for start, end in held)


def _total(held: Ranges) -> int:
    return sum(end - start for start, end in held)


def _checked_ranges(upload: Upload, held: Iterable[tuple[int, int]]) -> Ranges:
    """The ranges in order, those that touch or overlap merged."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((start, end) for start, end in held if end > start):
        if end > upload.size_bytes:
            raise RangeBeyondClipError(clip_id=upload.clip_id, end_bytes=end, size_bytes=upload.size_bytes)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
