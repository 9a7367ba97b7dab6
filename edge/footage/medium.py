"""Opening a medium for looking into it: the demuxer is forced by the file's magic, and only the file is read.

A playlist dressed up as footage must not make FFmpeg open anything else.
"""

from __future__ import annotations

from typing import BinaryIO

import av
import av.container
import av.video.stream

from edge.domain.media_kind import Container

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


class NoStreamError(Exception):
    """There is neither a picture nor a sound in it; it is no footage."""


def opened(file: BinaryIO, container: Container) -> av.container.InputContainer:
    """The open file under a name without an extension, since FFmpeg would believe one.

    Raises av.FFmpegError where it cannot be opened as that container, NoStreamError where nothing is in it.
    """
    refused: av.FFmpegError | None = None
    for demuxer in _DEMUXERS[container]:
        try:
            medium = av.open(
                f"/dev/fd/{file.fileno()}",
                format=demuxer,
                options={"protocol_whitelist": "file"},
                metadata_errors="replace",
            )
            if medium.streams.audio or any(_is_picture(video) for video in medium.streams.video):
                return medium  # without a width the wrong one of two raw formats took it
            medium.close()
        except av.FFmpegError as error:
            refused = error
    if refused is not None:
        raise refused
    raise NoStreamError("no stream in it")


def _is_picture(video: av.video.stream.VideoStream) -> bool:
    """Whether its codec is known and it has a size; PyAV has no codec for what a damaged header names."""
    return video.codec_context is not None and bool(video.codec_context.width)
