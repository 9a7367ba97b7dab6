"""The structure of an MP4: its index read by our own reader, its pictures walked through, its faults told.

The demuxer is asked only where the index cannot be read at all.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from edge.contract.fault_words import fault_of
from edge.contract.inspection import Fault, FaultCode
from edge.footage.boxes import Box, IndexDamagedError, TopLevel, walk_top_level
from edge.footage.fragment_search import find_boxes_again
from edge.footage.frames import US_PER_S, Frames, frames_of_index, scaled
from edge.footage.mp4_index import Mp4Index, Samples, read_index
from edge.footage.nal_walk import Destroyed, destroyed_samples
from edge.footage.sound_holes import faults_of_sound, zero_packets
from edge.footage.structure import FURTHEST_SOUND_US, Structure

_TOLERATED_LENGTH_S = 1.0
_TOLERATED_SHARE = 0.01
_FEW_SPACES = 10
"""More of them, and the file holds something else between the pictures."""
_Bools = NDArray[np.bool_]


class NoIndexError(Exception):
    """There is no index to read; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


def mp4_structure(descriptor: int, size_bytes: int) -> Structure:
    """Everything the index and the walk over the pictures say. Raises NoIndexError, IndexDamagedError."""
    top = walk_top_level(descriptor, size_bytes)
    if top.broken_at is not None:
        top = find_boxes_again(descriptor, top)
    if not top.has(b"moov", whole=True):
        raise NoIndexError(_no_index(descriptor, top))
    index = read_index(descriptor, top)
    pictures, sound = index.first(b"vide"), index.first(b"soun")
    if pictures is None and index.contradictions:
        raise IndexDamagedError(why=index.contradictions[0], detail="no picture track can be read")
    structure = Structure(created_us=index.created_us, has_sound=sound is not None)
    if sound is not None:
        structure.sound_us = round(sound.length_ticks * US_PER_S / sound.ticks_per_s)
    if pictures is not None:
        _take_pictures(structure, descriptor, top, index, pictures)
        if sound is not None:
            _take_sound(structure, descriptor, sound, pictures)
    structure.faults.extend(_bombs(index))
    structure.faults.extend(_edges_of_boxes(top))
    structure.faults.extend(_cut(structure, top, index))
    return structure


def _no_index(descriptor: int, top: TopLevel) -> Fault:
    if top.has(b"moov"):
        return fault_of(FaultCode.INDEX_CUT, missing_bytes=top.beyond_bytes)
    if top.beyond_bytes > 0:
        return fault_of(FaultCode.INDEX_MISSING, found="cut_off", missing_bytes=top.beyond_bytes)
    if top.broken_at is not None and not any(os.pread(descriptor, 512, top.broken_at)):
        return fault_of(FaultCode.INDEX_MISSING, found="zeros_follow", zeros_from_byte=top.broken_at)
    return fault_of(FaultCode.INDEX_MISSING, found="not_written")


def _take_sound(structure: Structure, descriptor: int, sound: Samples, pictures: Samples) -> None:
    begins_us = pictures.begins_us()
    later_us = sound.begins_us() - begins_us
    if abs(later_us) > FURTHEST_SOUND_US:
        return
    structure.sound_from_us = later_us
    lost = zero_packets(descriptor, sound)
    if lost.any():
        starts_us = scaled(sound.decoded, Fraction(1, sound.ticks_per_s)) + (sound.delay_us - begins_us)
        usual_us = round(sound.length_ticks * US_PER_S / sound.ticks_per_s / len(lost))
        structure.faults.extend(faults_of_sound(starts_us, starts_us + usual_us, lost))


def _take_pictures(structure: Structure, descriptor: int, top: TopLevel, index: Mp4Index, pictures: Samples) -> None:
    ends = pictures.places + pictures.sizes
    structure.past_end = ends > top.size_bytes
    doubts = set(index.contradictions)
    doubts.update(_contradictions(pictures, top, index, structure.past_end))
    structure.destroyed = np.zeros(len(ends), np.bool_)
    if int(pictures.sizes[~structure.past_end].sum()) <= 2 * top.size_bytes:
        destroyed = destroyed_samples(descriptor, pictures, ~structure.past_end)
        structure.destroyed = destroyed.samples
        doubts.update(_misplaced(index, destroyed))
    else:
        doubts.add("pictures_overlap")
    there = ~(structure.past_end | structure.destroyed)
    structure.frames = frames = frames_of_index(pictures, there)
    if pictures.entry is not None:
        structure.width_px, structure.height_px = pictures.entry.width_px or None, pictures.entry.height_px or None
        structure.codec = pictures.entry.codec
    _find_holes_of_fragments(structure, frames, pictures, top)
    if doubts:
        structure.faults.append(
            fault_of(
                FaultCode.INDEX_DAMAGED,
                why=min(doubts),
                frames_indexed=len(frames),
                frames_read=int(there.sum()),
            )
        )


def _contradictions(pictures: Samples, top: TopLevel, index: Mp4Index, past_end: _Bools) -> set[str]:
    """What no writer means: pictures outside the data, or lasting for another time than the header says."""
    doubts = set()
    data = np.asarray([(box.payload_at, box.end) for box in top.boxes if box.kind == b"mdat"], np.int64).reshape(-1, 2)
    if len(data):
        owners = np.searchsorted(data[:, 0], pictures.places, "right") - 1
        ends = pictures.places + pictures.sizes
        outside = (owners < 0) | (ends > data[np.maximum(owners, 0), 1])
        if np.any(outside & ~past_end):
            doubts.add("places_outside_data")
    elif not past_end.all():
        doubts.add("places_outside_data")
    stated = pictures.stated_ticks
    if stated is not None and not index.is_fragmented:
        off_s = abs(stated - pictures.length_ticks) / pictures.ticks_per_s
        if off_s > _TOLERATED_LENGTH_S + _TOLERATED_SHARE * stated / pictures.ticks_per_s:
            doubts.add("lengths_differ")
    return doubts


def _misplaced(index: Mp4Index, destroyed: Destroyed) -> set[str]:
    """Whether sizes and places of the samples disagree: they overlap, or leave spaces where a picture is none."""
    places = np.concatenate([track.places for track in index.tracks])
    ends = places + np.concatenate([track.sizes for track in index.tracks])
    order = np.lexsort((ends, places))
    places, ends = places[order], ends[order]
    is_other = (places[1:] != places[:-1]) | (ends[1:] != ends[:-1])
    if np.any((places[1:] < ends[:-1]) & is_other):
        return {"pictures_overlap"}
    spaces = int((places[1:] > ends[:-1]).sum())
    if np.any(destroyed.samples & ~destroyed.by_zeros) and 0 < spaces <= _FEW_SPACES:
        return {"tables_contradict"}
    return set()


def _find_holes_of_fragments(structure: Structure, frames: Frames, pictures: Samples, top: TopLevel) -> None:
    """Times without pictures because the fragments that named them are destroyed."""
    for found_at in _found_again(top):
        behind = pictures.places >= found_at
        if behind.any() and not behind.all():
            structure.data_holes.add(int(frames.shown_us[behind].min()))


def _found_again(top: TopLevel) -> list[int]:
    """The boxes that follow bytes which belong to none."""
    pairs = zip(top.boxes, top.boxes[1:], strict=False)
    return [after.at for before, after in pairs if after.at != before.end]


def _bombs(index: Mp4Index) -> list[Fault]:
    return [
        fault_of(FaultCode.TABLE_BOMB, table=bomb.table, claimed=bomb.claimed, fitting=bomb.fitting)
        for bomb in index.bombs[:5]
    ]


def _edges_of_boxes(top: TopLevel) -> Iterator[Fault]:
    """A beginning that is no box, and a second recording behind the first: only the first index is read."""
    if top.boxes and top.boxes[0].at > 0:
        yield fault_of(FaultCode.HEAD_MISSING, recognised_from=top.boxes[0].at)
    indexes = [box for box in top.boxes if box.kind == b"moov"]
    for box in top.boxes:
        if box.kind == b"ftyp" and len(indexes) > 1 and indexes[0].at < box.at < indexes[-1].at:
            yield fault_of(FaultCode.SECOND_RECORDING, begins_at_byte=box.at)
            return


def _cut(structure: Structure, top: TopLevel, index: Mp4Index) -> list[Fault]:
    """What is promised beyond the end of the file, or follows that is no recording."""
    frames, lost = structure.frames, structure.past_end
    from_s = to_s = None
    if frames is not None and lost is not None and lost.any():
        from_s, to_s = int(frames.shown_us[lost].min()) / US_PER_S, frames.end_us / US_PER_S
    elif frames is not None and len(frames):
        from_s = frames.end_us / US_PER_S
    last: Box | None = top.boxes[-1] if top.boxes else None
    if last is not None and last.end > top.size_bytes:
        missing_bytes = last.end - top.size_bytes
        if missing_bytes < 1 << 60:
            return [
                fault_of(
                    FaultCode.DATA_CUT, from_s=from_s, to_s=to_s, missing_bytes=missing_bytes, cut="box_beyond_end"
                )
            ]
    if index.is_fragmented and top.broken_at is not None and last is not None and last.end <= top.broken_at:
        unread = top.size_bytes - top.broken_at
        return [fault_of(FaultCode.DATA_CUT, from_s=from_s, missing_bytes=unread, cut="no_box_follows")]
    return []
