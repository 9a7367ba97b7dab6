"""The index of an MP4 file, whole or fragmented: when each sample is shown, how large it is and where it lies.

Only headers and tables are read, never the footage, and no table is made before it is known to fit: a count must be
covered by the bytes of its box, a run by the number of samples. Source: ISO/IEC 14496-12, 8.1 to 8.8.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.footage.box_names import is_garbled, is_garbled_handler
from edge.footage.boxes import (
    MAX_NUMBER,
    IndexDamagedError,
    TableBomb,
    TopLevel,
    boxes_inside,
    number_at,
    only_box,
    read_payload,
    version_of,
)
from edge.footage.mp4_fragments import Track, take_fragment
from edge.footage.mp4_tables import Doubts, Ints, read_sound_tables, read_tables
from edge.footage.sample_entry import SampleEntry, read_sample_entry

_UNKNOWN_LENGTHS = frozenset({0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF})
_SINCE_1904_S = 2_082_844_800


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of one track in decoding order, int64 (n,) each. Times in ticks of `ticks_per_s`.

    `decoded`: decoding time; `shown` adds the composition offset. `length_ticks`: how long the samples last together;
    `stated_ticks`: what the header says of that, None where it says nothing. `delay_us`: how much later than the film
    the track begins.
    """

    handler: bytes
    ticks_per_s: int
    decoded: Ints
    shown: Ints
    sizes: Ints
    places: Ints
    is_key: NDArray[np.bool_]
    length_ticks: int
    stated_ticks: int | None
    delay_us: int
    entry: SampleEntry | None

    def begins_us(self) -> int:
        """When its first sample is shown, on the film's own time."""
        return self.delay_us + round(int(self.shown.min()) * 1_000_000 / self.ticks_per_s)


@dataclass(frozen=True, slots=True)
class Mp4Index:
    """The tracks in the order of the header; what was contradictory in them; `created_us` as the header says."""

    tracks: tuple[Samples, ...]
    is_fragmented: bool
    bombs: tuple[TableBomb, ...]
    contradictions: tuple[str, ...]
    created_us: int | None

    def first(self, handler: bytes) -> Samples | None:
        """The first track of that kind (`vide`, `soun`) that has samples."""
        return next((track for track in self.tracks if track.handler == handler and len(track.sizes)), None)


def read_index(descriptor: int, top: TopLevel) -> Mp4Index:
    """The index of an open file. Raises IndexDamagedError where no track can be read."""
    tracks: list[Track] = []
    doubts = Doubts(top.size_bytes)
    created_us, is_fragmented = None, False
    for box in top.boxes:
        if box.end > top.size_bytes:
            continue
        if box.kind == b"moov" and not tracks:
            moov = read_payload(descriptor, box)
            created_us = _created_us(moov)
            tracks = list(_tracks(moov, doubts))
            if is_garbled(moov):
                doubts.contradictions.add("tables_contradict")
        elif box.kind == b"moof":
            is_fragmented = True
            _take_fragment(read_payload(descriptor, box), box.at, tracks, doubts)
    found = tuple(_samples(track) for track in tracks if track.ticks_per_s > 0)
    if not found and doubts.contradictions:
        raise IndexDamagedError(why=min(doubts.contradictions), detail="no track can be read")
    return Mp4Index(found, is_fragmented, tuple(doubts.bombs), tuple(sorted(doubts.contradictions)), created_us)


def _take_fragment(moof: memoryview, moof_at: int, tracks: list[Track], doubts: Doubts) -> None:
    """A fragment that cannot be read is noted, and the next one read."""
    try:
        take_fragment(moof, moof_at, tracks, doubts.size_bytes)
    except IndexDamagedError:
        doubts.contradictions.add("fragment_missing")


def _tracks(moov: memoryview, doubts: Doubts) -> Iterator[Track]:
    extends: dict[int, memoryview] = {}
    mvex = only_box(moov, b"mvex")
    for _, trex in boxes_inside(mvex, frozenset({b"trex"})) if mvex is not None else ():
        extends[number_at(trex, 4)] = trex
    ticks_per_s = _film_ticks_per_s(moov)
    for _, trak in boxes_inside(moov, frozenset({b"trak"})):
        try:
            track = _track(trak, extends, doubts)
            if track is not None and ticks_per_s:
                track.delay_us = round(_empty_edit_ticks(trak) * 1_000_000 / ticks_per_s)
        except IndexDamagedError as error:  # the other tracks can still be good
            doubts.contradictions.add(error.why)
            continue
        if track is not None:
            yield track


_HANDLERS = frozenset({b"vide", b"soun"})
_PATHS = ((b"tkhd",), (b"mdia", b"mdhd"), (b"mdia", b"hdlr"), (b"mdia", b"minf", b"stbl"))


def _track(trak: memoryview, extends: dict[int, memoryview], doubts: Doubts) -> Track | None:
    header, media, handler, tables = (only_box(trak, *path) for path in _PATHS)
    if header is None or media is None or handler is None or tables is None:
        raise IndexDamagedError(why="tables_contradict", detail="a track without one of its parts")
    if bytes(handler[8:12]) not in _HANDLERS:
        if is_garbled_handler(bytes(handler[8:12])):
            doubts.contradictions.add("tables_contradict")
        return None
    is_long = version_of(media) == 1
    number = number_at(header, 20 if version_of(header) == 1 else 12)
    track = Track(number, bytes(handler[8:12]), number_at(media, 20 if is_long else 12))
    stated = int.from_bytes(media[24:32] if is_long else media[16:20], "big")
    track.stated_ticks = None if stated in _UNKNOWN_LENGTHS or stated > MAX_NUMBER else stated
    trex = extends.get(number)
    if trex is not None:
        track.defaults = {
            "duration": number_at(trex, 12),
            "size": number_at(trex, 16),
            "flags": number_at(trex, 20),
        }
    found = (read_tables if track.handler == b"vide" else read_sound_tables)(tables, doubts)
    track.entry = read_sample_entry(found.description)
    track.add(found.durations, found.offsets, found.sizes, found.places, found.is_key)
    return track


def _film_ticks_per_s(moov: memoryview) -> int:
    header = only_box(moov, b"mvhd")
    return 0 if header is None else number_at(header, 20 if version_of(header) == 1 else 12)


def _empty_edit_ticks(trak: memoryview) -> int:
    """How long nothing of the track is shown at first, by its edit list. Source: 8.6.6."""
    edits = only_box(trak, b"edts", b"elst")
    if edits is None or number_at(edits, 4) < 1:
        return 0
    wide = 8 if version_of(edits) == 1 else 4
    is_empty = bytes(edits[8 + wide : 8 + 2 * wide]) == b"\xff" * wide
    return number_at(edits, 8, wide) if is_empty else 0


def _created_us(moov: memoryview) -> int | None:
    """When the header says the file was made; counted from 1904, as some write it from 1970. Source: 8.2.2."""
    header = only_box(moov, b"mvhd")
    if header is None:
        return None
    seconds = number_at(header, 4, 8) if version_of(header) == 1 else number_at(header, 4)
    if not seconds:
        return None
    return (seconds - _SINCE_1904_S if seconds >= _SINCE_1904_S else seconds) * 1_000_000


def _samples(track: Track) -> Samples:
    decoded, offsets, sizes, places, is_key = track.columns()
    if np.any((places < 0) | (places > MAX_NUMBER)):
        raise IndexDamagedError(why="places_outside_data", detail="samples that lie nowhere")
    first = int(decoded[0]) if len(decoded) else 0
    return Samples(
        handler=track.handler,
        ticks_per_s=track.ticks_per_s,
        decoded=decoded,
        shown=decoded + offsets,
        sizes=sizes,
        places=places,
        is_key=is_key,
        length_ticks=max(0, track.decoded_until - first),
        stated_ticks=track.stated_ticks,
        delay_us=track.delay_us,
        entry=track.entry,
    )
