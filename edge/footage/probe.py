"""The container probe: what is in a file, from when to when, and what is broken. Runs in a limited worker.

The demuxer is forced by the file's magic and only the file protocol is allowed: a playlist dressed up as footage must
not make FFmpeg open anything else.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import av
import av.container
import av.logging

from edge.contract.inspection import Fault, FaultCode, FileVerdict
from edge.contract.instants import NotAnInstantError, parse_rfc3339
from edge.domain.media_kind import HEAD_BYTES, SOUND_ONLY, Container, container_of_magic, container_of_name
from edge.footage.boxes import IndexDamagedError, walk_top_level
from edge.footage.cuts import missing_bytes
from edge.footage.frames import Frames, demuxed_frames, frames_of_index, sound_length_us
from edge.footage.holes import Hole, find_holes
from edge.footage.mp4_index import read_index
from edge.footage.probe_result import MAX_RECORDED, ProbeResult, unreadable

_DEMUXERS = {
    Container.MP4: ("mov",),
    Container.MATROSKA: ("matroska",),
    Container.MPEG_TS: ("mpegts",),
    Container.AVI: ("avi",),
    Container.FLV: ("flv",),
    Container.ASF: ("asf",),
    Container.MPEG_PS: ("mpeg",),
    Container.RAW_VIDEO: ("h264", "hevc", "dhav"),
    Container.OGG: ("ogg",),
    Container.WAV: ("wav",),
    Container.MP3: ("mp3",),
    Container.AAC: ("aac",),
    Container.AMR: ("amr",),
}
_WITHOUT_TIMES = frozenset({Container.AVI, Container.RAW_VIDEO})
"""These count frames; they do not say when each was."""
_US_PER_S = 1_000_000
MAX_MEDIA_US = 7 * 86_400 * _US_PER_S
"""No device writes one file for longer than a week; a claim beyond it would count as footage of that time."""


def probe_call(argument: dict[str, str]) -> object:
    """`probe_file` for a limited worker: {"path", "name"} in, a ProbeResult as JSON out."""
    av.logging.set_level(None)
    return probe_file(Path(argument["path"]), name=argument["name"]).model_dump(mode="json")


def probe_file(path: Path, *, name: str) -> ProbeResult:
    """The structure of the file at `path`; `name` is what the device called it. Raises OSError if it is unreadable."""
    with path.open("rb", buffering=0) as file:
        size_bytes = os.fstat(file.fileno()).st_size
        head = file.read(HEAD_BYTES)
        if not size_bytes:
            return unreadable(FaultCode.EMPTY, "the file has no bytes: copy it from the device again if it is there")
        container = container_of_magic(head)
        if container is None:
            what = "only zeros" if not head.strip(b"\0") else "no known beginning"
            return unreadable(FaultCode.NOT_MEDIA, f"the first {len(head)} bytes are {what}")
        return _probe_medium(file, size_bytes, container, name)


def _probe_medium(file: BinaryIO, size_bytes: int, container: Container, name: str) -> ProbeResult:
    lost_bytes = missing_bytes(file, size_bytes, container)
    if container is Container.MP4:
        top = walk_top_level(file, size_bytes)
        if not top.index_is_whole:
            what = "cut off" if top.has_index else "missing"
            return unreadable(
                FaultCode.INDEX_MISSING, f"the index (moov) is {what}: the recording was not ended", container=container
            )
    try:
        with _opened(file, container) as medium:
            return _look_inside(file, medium, container, name, size_bytes, lost_bytes)
    except (av.FFmpegError, StopIteration) as error:
        return unreadable(FaultCode.NOT_MEDIA, f"cannot be opened as {container}: {error}", container=container)


def _opened(file: BinaryIO, container: Container) -> av.container.InputContainer:
    """The open file under a name without an extension, since FFmpeg would believe one."""
    refused: av.FFmpegError | None = None
    for demuxer in _DEMUXERS[container]:
        try:
            medium = av.open(
                f"/dev/fd/{file.fileno()}",
                format=demuxer,
                options={"protocol_whitelist": "file"},
                metadata_errors="replace",
            )
            if medium.streams.audio or any(video.width for video in medium.streams.video):
                return medium  # without a width the wrong one of two raw formats took it
            medium.close()
        except av.FFmpegError as error:
            refused = error
    if refused is not None:
        raise refused
    raise StopIteration("no stream in it")


def _look_inside(
    file: BinaryIO,
    medium: av.container.InputContainer,
    container: Container,
    name: str,
    size_bytes: int,
    lost_bytes: int,
) -> ProbeResult:
    faults = _name_faults(container, name)
    frames = _frames(file, medium, container, size_bytes)
    holes: list[Hole] = []
    verdict = FileVerdict.WHOLE
    if frames is not None:
        media_us = frames.media_us if len(frames.times_us) else None
        if container not in _WITHOUT_TIMES:
            holes = find_holes(frames.times_us)[: MAX_RECORDED - 1]
        faults.extend(_frame_faults(container, frames, holes, lost_bytes))
    else:
        media_us = sound_length_us(medium)
    if media_us is not None and not 0 <= media_us <= MAX_MEDIA_US:
        detail = f"the file claims to last {media_us / _US_PER_S:.0f} s: its times cannot be believed"
        faults = [*_name_faults(container, name), Fault(code=FaultCode.NO_TIMES, detail=detail)]
        media_us, holes, verdict = None, [], FileVerdict.DAMAGED
    has_picture = frames is not None and (len(frames.times_us) > 0 or frames.lost > 0 or frames.timeless > 0)
    if not has_picture and container not in SOUND_ONLY:
        faults.append(Fault(code=FaultCode.NO_VIDEO, detail="there is no picture in the file"))
    if frames is not None and frames.timeless and media_us is None:
        verdict = FileVerdict.DAMAGED  # there is a picture, but how long it lasts nobody can say
    if any(fault.code in (FaultCode.DATA_CUT, FaultCode.NO_VIDEO) for fault in faults):
        verdict = FileVerdict.DAMAGED if media_us else FileVerdict.UNREADABLE
    video = medium.streams.video[0].codec_context if medium.streams.video else None
    return ProbeResult(
        verdict=verdict,
        container=container,
        media_us=media_us,
        width_px=None if video is None else video.width,
        height_px=None if video is None else video.height,
        video_codec=None if video is None else video.name[:32],
        has_sound=bool(medium.streams.audio),
        created_us=_created_us(medium),
        recorded=tuple(_stretches(media_us or 0, holes)),
        faults=tuple(faults[:150]),
    )


def _frames(
    file: BinaryIO, medium: av.container.InputContainer, container: Container, size_bytes: int
) -> Frames | None:
    if not medium.streams.video:
        return None
    if container is Container.MP4:
        with suppress(IndexDamagedError):  # the demuxer may still find frames where the tables contradict each other
            tracks = read_index(file.fileno(), size_bytes)
            for samples in tracks:
                if samples.handler == b"vide" and len(samples.sizes):
                    return frames_of_index(samples, size_bytes)
    return demuxed_frames(medium, medium.streams.video[0])


def _name_faults(container: Container, name: str) -> list[Fault]:
    promised = container_of_name(name)
    if promised is None or promised is container:
        return []
    return [Fault(code=FaultCode.WRONG_EXTENSION, detail=f"the name says {promised}, the bytes are {container}")]


def _frame_faults(container: Container, frames: Frames, holes: list[Hole], lost_bytes: int) -> list[Fault]:
    faults: list[Fault] = []
    if lost_bytes or frames.lost or frames.corrupt:
        until_s = None if frames.promised_us is None else max(frames.promised_us, frames.media_us) / _US_PER_S
        detail = f"{lost_bytes} bytes beyond the end of the file, {frames.lost + frames.corrupt} frames lost"
        faults.append(Fault(code=FaultCode.DATA_CUT, from_s=frames.media_us / _US_PER_S, to_s=until_s, detail=detail))
    if container in _WITHOUT_TIMES:
        faults.append(Fault(code=FaultCode.NO_TIMES, detail=f"{container} counts frames; a hole cannot be seen in it"))
    faults.extend(
        Fault(
            code=FaultCode.FRAMES_MISSING,
            from_s=hole.start_us / _US_PER_S,
            to_s=hole.end_us / _US_PER_S,
            detail="no frame in this time",
        )
        for hole in holes[:100]
    )
    return faults


def _stretches(media_us: int, holes: list[Hole]) -> list[tuple[int, int]]:
    edges = [0, *(edge for hole in holes for edge in (hole.start_us, hole.end_us)), media_us]
    return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if end > start]


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
