"""One film of any kind that PyAV can write: noise with a moving bar, and a noisy tone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import av.container
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

SOUND_RATE = 16_000
_SOUND_FRAME = 1024


@dataclass(frozen=True)
class Film:
    """What is to be written. `ticks`: presentation times in ticks of `time_base`; without them a constant `rate`.

    `sound_s`: None for no sound track. `format`: FFmpeg's name of the container.
    """

    format: str = "mp4"
    codec: str = "libx264"
    rate: Fraction = Fraction(25)
    frames: int = 100
    ticks: Sequence[int] | None = None
    time_base: Fraction | None = None
    size: tuple[int, int] = (96, 64)
    pixel: str = "yuv420p"
    gop: int = 25
    b_frames: int = 0
    sound_s: float | None = None
    sound_codec: str = "aac"
    mux: dict[str, str] = field(default_factory=dict)
    coder: dict[str, str] = field(default_factory=dict)
    created: str | None = None

    @property
    def length_s(self) -> float:
        """How long a film of constant rate lasts."""
        return float(self.frames / self.rate)


def write_film(path: Path, film: Film, seed: int = 1) -> Path:
    """Write the film; picture and sound interleaved as a recorder does."""
    with av.open(str(path), "w", format=film.format, options=dict(film.mux)) as output:
        if film.created is not None:
            output.metadata["creation_time"] = film.created
        base = film.time_base or 1 / film.rate
        video = cast(VideoStream, output.add_stream(film.codec, rate=film.rate))
        video.width, video.height = film.size
        video.pix_fmt = film.pixel
        video.codec_context.time_base = base
        video.codec_context.gop_size = film.gop
        if film.codec in ("libx264", "libx265"):
            video.codec_context.max_b_frames = film.b_frames
            video.options = {"preset": "ultrafast", **_QUIET.get(film.codec, {}), **film.coder}
        ticks = list(range(film.frames)) if film.ticks is None else list(film.ticks)
        sound = None
        if film.sound_s is not None:
            sound = cast(AudioStream, output.add_stream(film.sound_codec, rate=SOUND_RATE, layout="mono"))
        tones = [] if sound is None else list(_tones(film, seed))
        for frame in _pictures(film, ticks, base, seed):
            output.mux(video.encode(frame))
            while sound is not None and tones and (tones[0].pts or 0) / SOUND_RATE <= (frame.pts or 0) * base:
                output.mux(sound.encode(tones.pop(0)))
        output.mux(video.encode(None))
        if sound is not None:
            for tone in (*tones, None):
                output.mux(sound.encode(tone))
    return path


_QUIET = {"libx265": {"x265-params": "log-level=none"}}


def _pictures(film: Film, ticks: Sequence[int], base: Fraction, seed: int) -> Iterator[av.VideoFrame]:
    noise = np.random.default_rng(seed)
    width, height = film.size
    for number, tick in enumerate(ticks):
        picture = noise.integers(0, 255, (height, width, 3), dtype=np.uint8)
        picture[:, number % width] = 255
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format=film.pixel)
        frame.pts, frame.time_base = tick, base
        yield frame


def _tones(film: Film, seed: int) -> Iterator[av.AudioFrame]:
    noise = np.random.default_rng(seed)
    count = int((film.sound_s or 0) * SOUND_RATE) // _SOUND_FRAME
    for number in range(count):
        samples = noise.integers(-9000, 9000, (1, _SOUND_FRAME)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, number * _SOUND_FRAME, Fraction(1, SOUND_RATE)
        yield frame
