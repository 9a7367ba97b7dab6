"""The structure of containers that FFmpeg reads: every packet of the file, its time, and whether its bytes can be.

FFmpeg says little of what is destroyed: most packets come as if nothing were. So each picture is looked at as well.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import av.container
import av.video.stream
import numpy as np

from edge.contract.instants import NotAnInstantError, parse_rfc3339
from edge.domain.media_kind import Container
from edge.footage.frames import MAX_FRAMES, US_PER_S, FileTime, frames_of_packets
from edge.footage.medium import packets_of
from edge.footage.packet_sizes import SAME_SIZE_CODECS
from edge.footage.picture_bytes import PictureCheck
from edge.footage.sound_holes import LEAST_BYTES, faults_of_sound
from edge.footage.structure import FURTHEST_SOUND_US, Structure

WITHOUT_TIMES = frozenset({Container.AVI, Container.RAW_VIDEO})
"""These count frames; they do not say when each was."""
_ZEROS = bytes(512)
_MOST_SEARCHED_BYTES = 64 << 20
_MOST_HOLES = 100
_MOST_TRIES = 1000
_AVI_HEAD_BYTES = 8


@dataclass(slots=True)
class Demuxed:
    """What the container told beside the structure. `torn`: pictures that are cut at the end of the file.

    `promised_us`: how long the header says it lasts; `end_us`: when the last packet of any stream ends.
    """

    structure: Structure
    torn: int = 0
    timeless: int = 0
    promised_us: int | None = None
    end_us: int | None = None


@dataclass(slots=True)
class _Packets:
    shown: list[int] = field(default_factory=list)
    decoded: list[int] = field(default_factory=list)
    places: list[int | None] = field(default_factory=list)
    there: list[bool] = field(default_factory=list)
    is_key: list[bool] = field(default_factory=list)
    timeless: int = 0
    is_torn: bool = False
    end_us: int = 0
    sound_us: list[int] = field(default_factory=list)
    sound_lost: list[bool] = field(default_factory=list)


def demuxed(medium: av.container.InputContainer, descriptor: int, container: Container) -> Demuxed:
    """Walk over all packets of an open medium."""
    structure = Structure(
        has_sound=bool(medium.streams.audio),
        created_us=_created_us(medium),
        has_times=container not in WITHOUT_TIMES,
    )
    found = Demuxed(structure, promised_us=None if medium.duration is None else int(medium.duration))
    if not medium.streams.video:
        structure.sound_us = None if found.promised_us is None else max(0, found.promised_us)
        return found
    stream = medium.streams.video[0]
    codec = stream.codec_context
    if codec is not None:  # PyAV has none for a codec that a damaged header names and nobody knows
        structure.width_px, structure.height_px, structure.codec = codec.width, codec.height, codec.name[:32]
    packets = _walk(medium, stream)
    if container is Container.AVI:
        packets = _counted_by_index(packets, stream)
    found.timeless, found.end_us = packets.timeless, packets.end_us
    rate = stream.guessed_rate or stream.average_rate
    frames = frames_of_packets(
        packets.shown,
        packets.decoded,
        packets.there,
        packets.is_key,
        stream.time_base or Fraction(1, US_PER_S),
        alone_us=round(US_PER_S / rate) if rate else 0,
    )
    structure.frames = frames
    _take_sound(structure, medium, packets, stream)
    lost = ~frames.there
    at_end = len(lost) - int(np.argmax(~lost[::-1])) if len(lost) and not lost.all() else 0
    found.torn = len(lost) - at_end if at_end else 0
    if packets.is_torn:
        found.torn = max(1, found.torn)
    structure.destroyed = lost.copy()
    if found.torn and at_end:
        structure.destroyed[at_end:] = False  # they are the end of a cut, told as such
    if structure.has_times:
        _look_into_holes(structure, packets, descriptor)
    return found


def _take_sound(
    structure: Structure,
    medium: av.container.InputContainer,
    packets: _Packets,
    stream: av.video.stream.VideoStream,
) -> None:
    if not packets.sound_us or not packets.shown or not structure.has_times:
        return
    first_us = int(min(packets.shown) * (stream.time_base or Fraction(1, US_PER_S)) * US_PER_S)
    starts_us = np.asarray(packets.sound_us, np.int64) - first_us
    if abs(int(starts_us[0])) > FURTHEST_SOUND_US:
        return
    structure.sound_from_us = int(starts_us[0])
    codec = medium.streams.audio[0].codec_context
    if codec is not None and not codec.name.startswith(SAME_SIZE_CODECS):
        usual_us = int(np.median(np.diff(starts_us))) if len(starts_us) > 1 else 0
        lost = np.asarray(packets.sound_lost, np.bool_)
        structure.faults.extend(faults_of_sound(starts_us, starts_us + max(1, usual_us), lost))


def _walk(medium: av.container.InputContainer, stream: av.video.stream.VideoStream) -> _Packets:
    codec = stream.codec_context
    check = PictureCheck("", b"") if codec is None else PictureCheck(codec.name, codec.extradata or b"")
    found = _Packets()
    for _ in range(_MOST_TRIES):
        try:
            for packet in packets_of(medium, *medium.streams.video[:1], *medium.streams.audio[:1]):
                if packet.size and len(found.shown) < MAX_FRAMES:
                    _take(found, packet, stream.index, check)
        except av.BlockingIOError:
            continue  # a transport stream that lost its way goes on behind what it could not read
        except av.FFmpegError:
            found.is_torn = True  # the data end in the middle of a packet; what came before is there
        break
    return found


def _take(found: _Packets, packet: av.Packet[Any], stream_index: int, check: PictureCheck) -> None:
    shown = packet.pts if packet.pts is not None else packet.dts
    if shown is not None:
        end_us = int((shown + (packet.duration or 0)) * packet.time_base * US_PER_S)
        found.end_us = max(found.end_us, end_us)
    if packet.stream_index != stream_index:
        if shown is not None and len(found.sound_us) < MAX_FRAMES:
            found.sound_us.append(int(shown * packet.time_base * US_PER_S))
            found.sound_lost.append(packet.size >= LEAST_BYTES and not any(bytes(packet)))
        return
    if shown is None:
        found.timeless += 1
        return
    found.shown.append(shown)
    found.decoded.append(packet.dts if packet.dts is not None else shown)
    found.places.append(packet.pos)
    found.is_key.append(packet.is_keyframe)
    found.there.append(not packet.is_corrupt and check.is_whole(bytes(packet)))


def _counted_by_index(packets: _Packets, stream: av.video.stream.VideoStream) -> _Packets:
    """The pictures of an AVI as its index counts them: those that were not met in the file are not there."""
    entries = [entry for entry in stream.index_entries or () if entry.size > 0]
    if len(entries) <= len(packets.shown) or len(entries) > MAX_FRAMES:
        return packets
    met = {place for place, is_there in zip(packets.places, packets.there, strict=True) if is_there}
    numbers = list(range(len(entries)))
    return _Packets(
        shown=numbers,
        decoded=numbers,
        places=[entry.pos for entry in entries],
        there=[not met.isdisjoint((entry.pos, entry.pos + _AVI_HEAD_BYTES)) for entry in entries],
        is_key=[entry.is_keyframe for entry in entries],
        end_us=packets.end_us,
        is_torn=packets.is_torn,
    )


def _look_into_holes(structure: Structure, packets: _Packets, descriptor: int) -> None:
    """A hole in the times where the bytes between both pictures are zeros is a hole in the data."""
    if structure.frames is None:
        return
    shown_us = structure.frames.shown_us
    for hole in FileTime.of(structure.frames).holes[:_MOST_HOLES]:
        after = int(np.argmin(np.abs(shown_us - hole.end_us)))
        place, before = packets.places[after], packets.places[after - 1] if after else None
        if place is None or before is None or not 0 <= before < place:
            continue
        for at in range(before, min(place, before + _MOST_SEARCHED_BYTES), 1 << 20):
            if _ZEROS in os.pread(descriptor, min((1 << 20) + len(_ZEROS), place - at), at):
                structure.data_holes.add(hole.end_us)
                break


def _created_us(medium: av.container.InputContainer) -> int | None:
    streams = (stream.metadata for stream in medium.streams)
    for metadata in (medium.metadata, *streams):
        text = metadata.get("creation_time")
        if text:
            try:
                return parse_rfc3339(text)
            except NotAnInstantError:
                continue  # the container is free text here; a word that is no time says nothing about the start
    return None
