"""Films to look at: drawn scenes that see, stand still, are covered; sound that is there, muted or absent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import av.audio.stream
import av.container
import numpy as np
from view_model import camera, scenes

RATE = 10
WIDTH, HEIGHT = 320, 240
SOUND_RATE = 16_000
Scene = Callable[[int], np.ndarray]
"""The picture uint8 (h, w, 3) of a frame's number."""


@cache
def _still_street() -> np.ndarray:
    """A street in focus from the network's own generator, of a seed that no training set has."""
    rng = np.random.default_rng(2024)
    light = scenes.street(rng, (WIDTH, HEIGHT), scenes.grains([]), night=False)
    return camera.expose(rng, light, steady=True)


@cache
def _noise() -> np.ndarray:
    return np.random.default_rng(4).normal(0, 4, (HEIGHT, 2 * WIDTH, 3)).astype(np.float32)


def street(number: int) -> np.ndarray:
    """A busy scene in focus whose noise and cars never stand still."""
    shift = number * 13 % WIDTH
    picture = _still_street() + _noise()[:, shift : shift + WIDTH]
    at = (number * 7) % WIDTH
    picture[150:190, at : at + 50] = (20, 20, 200)
    return np.clip(picture, 0, 255).astype(np.uint8)


def black(_number: int) -> np.ndarray:
    """A lens in a pocket."""
    return np.full((HEIGHT, WIDTH, 3), 4, np.uint8)


def standing_still(scene: Scene, *, from_s: float, to_s: float, clock: bool = False) -> Scene:
    """The scene, frozen over that time; `clock`: digits burned in run on."""

    def show(number: int) -> np.ndarray:
        is_frozen = from_s <= number / RATE < to_s
        picture = scene(round(from_s * RATE) if is_frozen else number).copy()
        if clock:
            picture[2:14, 4:100] = 0
            picture[4:12, 6 + number % 9 * 10 : 12 + number % 9 * 10] = 255
        return picture

    return show


def looked_film(
    path: Path,
    *,
    seconds: float,
    scene: Scene = street,
    sound: np.ndarray | None = None,
    sound_codec: str = "aac",
    codec: str = "libx264",
    key_s: float = 2.0,
    rate: int = RATE,
    sound_from_s: float = 0,
) -> Path:
    """A film of the scene; `key_s` between key pictures. `sound`: float32 samples -1..1 at SOUND_RATE."""
    with av.open(str(path), "w") as output:
        video = output.add_stream(codec, rate=rate)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        video.codec_context.gop_size = round(key_s * rate)
        if codec == "libx264":
            video.options = {"preset": "ultrafast", "sc_threshold": "0", "crf": "28"}
        audio = None
        if sound is not None:
            audio = output.add_stream(sound_codec, rate=SOUND_RATE)
            audio.layout = "mono"
        for number in range(round(seconds * rate)):
            frame = av.VideoFrame.from_ndarray(scene(number), format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        if audio is not None and sound is not None:
            for packet_frame in _frames(sound, 160 if sound_codec.startswith("pcm") else 1024):
                packet_frame.pts = (packet_frame.pts or 0) + round(sound_from_s * SOUND_RATE)
                output.mux(audio.encode(packet_frame))
            output.mux(audio.encode(None))
    return path


def _frames(sound: np.ndarray, length: int) -> Iterator[av.AudioFrame]:
    for first in range(0, len(sound) - length + 1, length):
        samples = np.clip(sound[first : first + length] * 32767, -32768, 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(samples[None, :], format="s16", layout="mono")
        frame.rate, frame.pts, frame.time_base = SOUND_RATE, first, Fraction(1, SOUND_RATE)
        yield frame


def speech(seconds: float, *, loudness: float = 0.3, seed: int = 5) -> np.ndarray:
    """Something that is said: noise that comes and goes, float32."""
    count = round(seconds * SOUND_RATE)
    noise = np.random.default_rng(seed).normal(0, 1, count)
    return (loudness * 0.3 * noise * (1.2 + np.sin(np.arange(count) / 2500))).astype(np.float32)


def muted(sound: np.ndarray, *, from_s: float, to_s: float) -> np.ndarray:
    """The same, digitally silent over that time."""
    out = sound.copy()
    out[round(from_s * SOUND_RATE) : round(to_s * SOUND_RATE)] = 0
    return out
