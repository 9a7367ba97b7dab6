"""Pictures of a camera out of footage or out of still pictures, as working luma, for making a reference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from edge.domain.media_kind import HEAD_BYTES, container_of_magic
from edge.domain.still_pictures import is_still
from edge.footage.key_frames import MAX_PIXELS, Pictures
from edge.footage.medium import NoStreamError, opened
from edge.footage.scene_shift import working_luma

_MAX_STILL_BYTES = 64 * 1024 * 1024
_US_PER_S = 1_000_000
_SUPPOSED_US = 600 * _US_PER_S
"""Where the length of footage is unknown: places beyond its end give no further picture."""
_LEAST_APART_US = 5 * _US_PER_S
"""Nearer pictures show the same cars at the same place, and a median would keep them as the street. House rule."""


@dataclass(frozen=True, slots=True, eq=False)
class NativePicture:
    """A working picture and the size (width, height) that the camera gave it."""

    luma: NDArray[np.uint8]
    native_px: tuple[int, int]


def pictures_of(path: Path, *, count: int) -> list[NativePicture]:
    """Up to `count` pictures spread over the file, five seconds apart at least; none where it holds none that decodes.

    Raises OSError.
    """
    with path.open("rb", buffering=0) as file:
        head = file.read(HEAD_BYTES)
        if is_still(head):
            return _still(path)
        container = container_of_magic(head)
        if container is None:
            return []
        try:
            with opened(file, container) as medium:
                return list(_spread(medium, count)) if medium.streams.video else []
        except (av.FFmpegError, NoStreamError):
            return []  # the caller says that this file gives no picture, and where to learn why


def _still(path: Path) -> list[NativePicture]:
    if path.stat().st_size > _MAX_STILL_BYTES:
        return []
    decoded: Any = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    return [] if decoded is None or decoded.shape[0] * decoded.shape[1] > MAX_PIXELS else [_native(decoded)]


def _spread(medium: av.container.InputContainer, count: int) -> Iterator[NativePicture]:
    """Key frames at even distances; every picture in turn where a long group of pictures leaves too few of them."""
    length_us = _length_us(medium)
    pictures, every_us = Pictures(medium), max(_LEAST_APART_US, (length_us or _SUPPOSED_US) // count)
    if length_us is not None:
        count = min(count, max(1, -(-length_us // every_us)))
    found = [frame for _, frame in pictures.at(range(0, every_us * count, every_us)) if frame is not None]
    if len(found) < count and length_us is not None:
        found = list(pictures.run(0, every_us=every_us, count=count)) or found
    return (_native(frame.picture) for frame in found)


def _length_us(medium: av.container.InputContainer) -> int | None:
    video = medium.streams.video[0]
    if video.duration and video.time_base:
        return int(video.duration * video.time_base * _US_PER_S)
    return int(medium.duration) if medium.duration else None


def _native(picture: NDArray[np.uint8]) -> NativePicture:
    return NativePicture(working_luma(picture), (picture.shape[1], picture.shape[0]))
