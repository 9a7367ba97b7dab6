"""The container probe: what is in a file, from when to when, and what is broken. Runs in a limited worker."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import av

from edge.contract.fault_words import fault_of
from edge.contract.inspection import Fault, FaultCode, FileVerdict
from edge.domain.media_kind import (
    HEAD_BYTES,
    SOUND_ONLY,
    Container,
    container_of_magic,
    container_of_name,
    ts_begins_at,
)
from edge.footage.boxes import IndexDamagedError, TopLevel
from edge.footage.cuts import missing_bytes, unfinished
from edge.footage.demuxed import WITHOUT_TIMES, Demuxed, demuxed
from edge.footage.fragment_search import find_boxes_again
from edge.footage.frames import US_PER_S, FileTime
from edge.footage.medium import NoStreamError, opened
from edge.footage.mp4_structure import NoIndexError, mp4_structure
from edge.footage.probe_result import MAX_RECORDED, ProbeResult, nothing_inside
from edge.footage.structure import Structure, faults_of_pictures
from edge.platform.regular_files import open_regular

_DAMAGE = frozenset(
    {
        FaultCode.INDEX_DAMAGED,
        FaultCode.TABLE_BOMB,
        FaultCode.DATA_CUT,
        FaultCode.DATA_HOLE,
        FaultCode.SOUND_HOLE,
        FaultCode.HEAD_MISSING,
        FaultCode.NOT_ENDED,
        FaultCode.SECOND_RECORDING,
        FaultCode.SAMPLES_PAST_END,
        FaultCode.NO_VIDEO,
    }
)
_SOUND_NAMES = (".m4a", ".mka", ".oga", ".weba")
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_TOLERATED_LENGTH_US = 500_000
_SAY_THEIR_LENGTH = frozenset({Container.MATROSKA, Container.FLV, Container.ASF, Container.AVI})
"""Their headers say how long they last, written when they were finished."""
MAX_MEDIA_US = 7 * 86_400 * US_PER_S
"""No device writes one file for longer than a week; a claim beyond it would count as footage of that time."""
_MOST_FAULTS = 150


def probe_file(path: Path, *, name: str) -> ProbeResult:
    """The structure of the file at `path`; `name` is what the device called it. Raises OSError if it is unreadable."""
    with open_regular(path, follow=True) as file:
        size_bytes = os.fstat(file.fileno()).st_size
        head = file.read(HEAD_BYTES)
        if not size_bytes:
            return nothing_inside(fault_of(FaultCode.EMPTY))
        container, torn = container_of_magic(head), 0
        if container is None:
            container, torn = _behind_a_torn_head(file, size_bytes, head, name)
        if container is None:
            return _no_medium(head, name)
        try:
            structure = _structure(file, size_bytes, container)
            if torn:
                structure.faults.append(fault_of(FaultCode.HEAD_MISSING, recognised_from=torn))
        except NoIndexError as error:
            return nothing_inside(error.fault, container=container)
        except (av.FFmpegError, MemoryError, NoStreamError):
            return nothing_inside(fault_of(FaultCode.NOT_MEDIA, found="not_openable"), container=container)
    return _judged(structure, container, name)


def _behind_a_torn_head(file: BinaryIO, size_bytes: int, head: bytes, name: str) -> tuple[Container | None, int]:
    """What a file goes on as that does not begin as any, and from which byte; an MP4's own reader tells the latter."""
    begins_at = ts_begins_at(head)
    if begins_at is not None:
        return Container.MPEG_TS, begins_at
    if container_of_name(name) is Container.MP4 and any(head):
        found = find_boxes_again(file.fileno(), TopLevel((), size_bytes, 0))
        if found.has(b"moov") or found.has(b"moof"):
            return Container.MP4, 0
    return None, 0


def _no_medium(head: bytes, name: str) -> ProbeResult:
    kind, named = _kind_of(head), container_of_name(name)
    result = nothing_inside(fault_of(FaultCode.NOT_MEDIA, found=kind))
    if kind != "picture" or named is None:
        return result
    wrong = fault_of(FaultCode.WRONG_EXTENSION, named=named, container=kind)
    return result.model_copy(update={"faults": (*result.faults, wrong)})


def _kind_of(head: bytes) -> str:
    """What a file is that is no medium."""
    if not head.strip(b"\0"):
        return "only_zeros"
    if head.startswith(_PICTURES):
        return "picture"
    printable = sum(byte in b"\t\n\r" or 0x20 <= byte < 0x7F or byte >= 0x80 for byte in head)
    return "text" if len(head) > 16 and printable == len(head) and 0 not in head else "no_known_beginning"


def _structure(file: BinaryIO, size_bytes: int, container: Container) -> Structure:
    if container is Container.MP4:
        try:
            return mp4_structure(file.fileno(), size_bytes)
        except IndexDamagedError as error:
            return _without_index(file, size_bytes, error)
    with opened(file, container) as medium:
        found = demuxed(medium, file.fileno(), container)
    structure = found.structure
    empty = unfinished(file, container)
    if empty is not None:
        structure.faults.append(fault_of(FaultCode.NOT_ENDED, unfinished=empty))
        found.promised_us = None  # what stands in its header was never meant
    structure.faults.extend(_cut(found, missing_bytes(file, size_bytes, container), container))
    if found.timeless and (structure.frames is None or not len(structure.frames)):
        structure.faults.append(fault_of(FaultCode.NO_TIMES, timeless="no_clock"))
    elif container in WITHOUT_TIMES and structure.frames is not None:
        structure.faults.append(fault_of(FaultCode.NO_TIMES, timeless="frames_counted"))
    return structure


def _without_index(file: BinaryIO, size_bytes: int, damage: IndexDamagedError) -> Structure:
    """What the demuxer still finds where the tables contradict each other. Raises NoIndexError if it finds nothing."""
    try:
        with opened(file, Container.MP4) as medium:
            found = demuxed(medium, file.fileno(), Container.MP4)
            indexed = max((stream.frames for stream in medium.streams.video), default=0)
    except (av.FFmpegError, MemoryError, NoStreamError) as error:
        fault = fault_of(FaultCode.INDEX_DAMAGED, why=damage.why, frames_indexed=0, frames_read=0)
        raise NoIndexError(fault) from error
    structure = found.structure
    read = 0 if structure.frames is None else int(structure.frames.there.sum())
    structure.faults.append(fault_of(FaultCode.INDEX_DAMAGED, why=damage.why, frames_indexed=indexed, frames_read=read))
    structure.faults.extend(_cut(found, missing_bytes(file, size_bytes, Container.MP4), Container.MP4))
    return structure


def _cut(found: Demuxed, lost_bytes: int, container: Container) -> list[Fault]:
    """What the container promises and does not hold."""
    frames = found.structure.frames
    end_us = None if frames is None or not len(frames) else FileTime.of(frames, has_holes=False).there_until_us()
    promised_us, seen_us = found.promised_us, max(found.end_us or 0, end_us or 0)
    is_short = container in _SAY_THEIR_LENGTH and (promised_us or 0) - seen_us > _TOLERATED_LENGTH_US
    if not (lost_bytes or found.torn or is_short):
        return []
    cut = "torn_packet" if container is Container.MPEG_TS else "segment_beyond_end"
    cut = cut if lost_bytes else "torn_frames" if found.torn else "shorter_than_header"
    until_s = None if promised_us is None or promised_us <= (end_us or 0) else promised_us / US_PER_S
    from_s = None if end_us is None else end_us / US_PER_S
    return [fault_of(FaultCode.DATA_CUT, from_s=from_s, to_s=until_s, missing_bytes=lost_bytes, cut=cut)]


def _judged(structure: Structure, container: Container, name: str) -> ProbeResult:
    faults = _name_faults(container, name) + structure.faults
    frames, recorded, media_us = structure.frames, list[tuple[int, int]](), structure.sound_us
    is_timeless = any(fault.code == FaultCode.NO_TIMES and fault.values["timeless"] == "no_clock" for fault in faults)
    if frames is not None and len(frames):
        time = FileTime.of(frames, has_holes=structure.has_times)
        faults += faults_of_pictures(structure, time)
        recorded = _at_most(time.recorded(), MAX_RECORDED)
        media_us = recorded[-1][1] if recorded else None
    elif frames is None and container not in SOUND_ONLY and not name.lower().endswith(_SOUND_NAMES):
        inside = "sound_only" if structure.has_sound else "nothing"
        faults.append(fault_of(FaultCode.NO_VIDEO, inside=inside))
    elif frames is not None and not is_timeless:
        media_us = None
        faults.append(fault_of(FaultCode.NO_VIDEO, inside="nothing"))
    if media_us is not None and frames is None:
        recorded = [(0, media_us)] if media_us > 0 else []
    longest_us = max(media_us or 0, 0 if frames is None else frames.end_us)
    verdict = _verdict(faults, media_us, is_timeless)
    if longest_us > MAX_MEDIA_US:
        faults = [*_name_faults(container, name), fault_of(FaultCode.NO_TIMES, timeless="incredible")]
        media_us, recorded, verdict = None, [], FileVerdict.DAMAGED
    return ProbeResult(
        verdict=verdict,
        container=container,
        media_us=media_us,
        width_px=structure.width_px,
        height_px=structure.height_px,
        video_codec=structure.codec,
        has_sound=structure.has_sound,
        sound_from_us=structure.sound_from_us,
        created_us=structure.created_us,
        recorded=tuple(recorded),
        faults=tuple(sorted(faults, key=_place_of))[:_MOST_FAULTS],
    )


def _verdict(faults: Sequence[Fault], media_us: int | None, is_timeless: bool) -> FileVerdict:
    if is_timeless:
        return FileVerdict.DAMAGED  # there is a picture, but how long it lasts nobody can say
    if not any(fault.code in _DAMAGE for fault in faults):
        return FileVerdict.WHOLE
    return FileVerdict.DAMAGED if media_us else FileVerdict.UNREADABLE


def _place_of(fault: Fault) -> float:
    return -1.0 if fault.from_s is None else fault.from_s


def _name_faults(container: Container, name: str) -> list[Fault]:
    promised = container_of_name(name)
    if promised is None or promised is container:
        return []
    if (promised, container) == (Container.MPEG_PS, Container.RAW_VIDEO):
        return []  # bare MPEG video goes by the same endings
    return [fault_of(FaultCode.WRONG_EXTENSION, named=promised, container=container)]


def _at_most(stretches: list[tuple[int, int]], most: int) -> list[tuple[int, int]]:
    """The longest stretches, as many as a manifest carries: what is left out is not claimed as footage."""
    if len(stretches) <= most:
        return stretches
    longest = sorted(stretches, key=lambda stretch: stretch[0] - stretch[1])[:most]
    return sorted(longest)
