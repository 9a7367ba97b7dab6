"""Filming a planned clip: H.264 with AAC in MP4, or with PCM in Matroska, then the damage the plan asks for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from demo_town.cover import covered
from demo_town.plan import ZONE, Clip
from demo_town.scene import FRAMES_PER_SECOND, HEIGHT_PX, WIDTH_PX, Street, with_clock
from demo_town.sound import SAMPLES_PER_SECOND, street_noise
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros, moment_of

_AUDIO_FRAME_SAMPLES = 1_024


@dataclass(frozen=True, slots=True)
class Filmed:
    """What is really in a file: `readable_s` seconds of picture from its start, 0 where it cannot be opened."""

    clip: Clip
    path: Path
    readable_s: float


def film(clip: Clip, folder: Path) -> Filmed:
    """Render, encode and damage one clip; its mtime is the moment the device closed it, on the device's own clock."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / clip.file_name
    seconds = clip.true.duration_us // MICROS_PER_SECOND
    _encode(clip, path, seconds)
    readable_s = float(seconds)
    if clip.fault == "index":
        _cut(path, path.stat().st_size * 6 // 10)
        readable_s = 0.0
    elif clip.fault == "cut":
        readable_s = _cut_after(path, seconds * 0.55)
    own_end_s = (clip.true.start_us + clip.device.offset_us) / MICROS_PER_SECOND + (readable_s or seconds * 0.6)
    os.utime(path, (own_end_s, own_end_s))
    return Filmed(clip, path, readable_s)


def _encode(clip: Clip, path: Path, seconds: int) -> None:
    own_start = moment_of(UtcMicros(clip.true.start_us + clip.device.offset_us))
    options = {"movflags": "faststart"} if clip.fault == "cut" else {}
    with av.open(str(path), "w", options=options) as container:
        container.metadata["creation_time"] = f"{own_start:%Y-%m-%dT%H:%M:%S}.000000Z"
        video = container.add_stream("libx264", rate=FRAMES_PER_SECOND)
        video.width, video.height, video.pix_fmt = WIDTH_PX, HEIGHT_PX, "yuv420p"
        video.gop_size, video.max_b_frames = 2 * FRAMES_PER_SECOND, 0
        video.codec_context.thread_count = 1
        video.options = {"preset": "ultrafast", "crf": "29"}
        in_mp4 = path.suffix == ".mp4"
        audio = container.add_stream("aac" if in_mp4 else "pcm_s16le", rate=SAMPLES_PER_SECOND, layout="mono")
        audio.options = {"aac_coder": "fast"} if in_mp4 else {}
        street = Street(clip.device.number, sways=clip.device.kind == "recorder", turned=clip.turned)
        start_s = clip.true.start_us // MICROS_PER_SECOND
        noise = street_noise(clip.device.number, seconds, start_s=start_s)
        sent = 0
        for number in range(seconds * FRAMES_PER_SECOND):
            at_s = number / FRAMES_PER_SECOND
            shown = (own_start + timedelta(seconds=int(at_s))).astimezone(ZONE)
            second = start_s % 3_600 + at_s
            picture = street.picture(second)
            if _is_covered(clip, at_s):
                picture = covered(picture, second)
            with_clock(picture, f"{shown:%Y-%m-%d %H:%M:%S}", clip.device.number)
            frame = VideoFrame.from_ndarray(
                cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420).astype(np.uint8, copy=False), format="yuv420p"
            )
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_SECOND)
            container.mux(video.encode(frame))
            while sent < min((number + 1) * SAMPLES_PER_SECOND // FRAMES_PER_SECOND, noise.shape[1]):
                piece = noise[:, sent : sent + _AUDIO_FRAME_SAMPLES]
                heard = AudioFrame.from_ndarray(piece, format="s16", layout="mono")
                heard.sample_rate, heard.pts, heard.time_base = (
                    SAMPLES_PER_SECOND,
                    sent,
                    Fraction(1, SAMPLES_PER_SECOND),
                )
                container.mux(audio.encode(heard))
                sent += piece.shape[1]
        container.mux(video.encode(None))
        container.mux(audio.encode(None))


def _is_covered(clip: Clip, at_s: float) -> bool:
    if clip.covered is None:
        return False
    return clip.covered.contains(UtcMicros(clip.true.start_us + round(at_s * MICROS_PER_SECOND)))


def _cut(path: Path, size_bytes: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size_bytes)


def _cut_after(path: Path, second: float) -> float:
    """Cut a file in the middle of the first picture that begins after `second`; where the last whole one ends."""
    with av.open(str(path)) as container:
        for number, packet in enumerate(container.demux(container.streams.video[0])):
            if packet.pos is not None and number >= second * FRAMES_PER_SECOND:
                _cut(path, packet.pos + packet.size // 2)
                return number / FRAMES_PER_SECOND
    raise ValueError(f"{path} has no picture after second {second}")
