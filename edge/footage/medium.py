"""Opening a medium for looking into it: the demuxer is forced by the file's magic, and only the file is read.

A playlist dressed up as footage must not make FFmpeg open anything else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, BinaryIO

import av
import av.container
import av.packet
import av.stream
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


_RAW_DEMUXERS = {b"\x00\x00\x01\xb3": ("mpegvideo",), b"\x00\x00\x01\xb0": ("m4v",)}
"""By the first bytes, which others of them would take for their own."""
_OPTIONS = {
    # an edit list would make the decoder hide pictures and sound that are in the file
    Container.MP4: {"ignore_editlist": "1"},
}


class NoStreamError(Exception):
    """There is neither a picture nor a sound in it; it is no footage."""


def opened(file: BinaryIO, container: Container) -> av.container.InputContainer:
    """The open file under a name without an extension, since FFmpeg would believe one.

    Raises av.FFmpegError where it cannot be opened as that container, NoStreamError where nothing is in it.
    """
    refused: av.FFmpegError | None = None
    first = os.pread(file.fileno(), 4, 0) if container is Container.RAW_VIDEO else b""
    for demuxer in _RAW_DEMUXERS.get(first, _DEMUXERS[container]):
        try:
            medium = av.open(
                f"/dev/fd/{file.fileno()}",
                format=demuxer,
                options={"protocol_whitelist": "file", **_OPTIONS.get(container, {})},
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


def packets_of(medium: av.container.InputContainer, *streams: av.stream.Stream) -> Iterator[av.packet.Packet[Any]]:
    """The packets of the streams from here on. Raises what FFmpeg raises; then a new call goes on behind it.

    A stream that begins in the midst of the file (a new program, or damage taken for one) is unknown to PyAV: its
    packets are passed over, where PyAV's own walk would end with an IndexError.
    """
    while True:
        try:
            yield from medium.demux(*streams)
        except IndexError:
            continue
        return
