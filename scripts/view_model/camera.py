"""From light to a recorded picture: exposure, noise, processing, text, an earlier codec, one real key frame."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import av
import cv2
import numpy as np

from view_model.optics import Light, disc_blur

_LINEAR = (np.arange(256, dtype=np.float32) / 255) ** 2
_NOISE_LENGTH = 1 << 23
_US_LUMA = np.array([0.114, 0.587, 0.299], np.float32)


def to_linear(picture: np.ndarray) -> Light:
    """The light that made an 8-bit picture (gamma 2), float32 0..1."""
    return np.asarray(cv2.LUT(picture, _LINEAR), np.float32)


@cache
def _noise_bank() -> np.ndarray:
    return np.random.default_rng(7).standard_normal(_NOISE_LENGTH, np.float32)


def noise(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Standard normal float32, cut out of a bank at a random place."""
    count = int(np.prod(shape))
    at = int(rng.integers(0, _NOISE_LENGTH - count))
    return _noise_bank()[at : at + count].reshape(shape)


def expose(
    rng: np.random.Generator, light: Light, *, gain_limit: float | None = None, steady: bool = False
) -> np.ndarray:
    """The 8-bit picture of a sensor under automatic exposure. `steady`: the light is a photograph's, exposed before."""
    height, width = light.shape[:2]
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    light = light * (1 - rng.uniform(0, 0.5) * (x * x + y * y) / 2)[:, :, None]
    mean = float((cv2.resize(light, (48, 27), interpolation=cv2.INTER_AREA) @ _US_LUMA).mean()) + 1e-6
    limit = 10 ** rng.uniform(np.log10(3), np.log10(60)) if gain_limit is None else gain_limit
    gain = min(rng.uniform(0.13, 0.26) / mean, limit)
    if steady and rng.random() < 0.7:
        gain = rng.uniform(0.7, 1.3)
    light = light * gain
    read = 10 ** rng.uniform(np.log10(4e-4), np.log10(3e-3)) * max(gain, 0.5)
    shot = 10 ** rng.uniform(np.log10(2e-4), np.log10(2e-3)) * max(gain, 0.5)
    light = light + np.sqrt(read * read + shot * 0.3 * np.clip(light, 0, 1)) * noise(rng, light.shape)
    picture = np.sqrt(np.clip(light, 0, 1)) * 255
    if gain > 4 and rng.random() < 0.6:
        picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.5, 1.3))
    return np.clip(processed(rng, picture), 0, 255).astype(np.uint8)


def processed(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Sharpening, contrast, colour cast and interlace comb, each sometimes; float32 0..255 in and out."""
    if rng.random() < 0.4:
        soft = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.7, 2.2))
        picture = picture + rng.uniform(0.2, 2.0) * (picture - soft)
    if rng.random() < 0.3:
        picture = (picture - 118) * rng.uniform(0.6, 1.7) + 118
    if rng.random() < 0.3:
        picture = picture * rng.uniform(0.85, 1.15, 3).astype(np.float32)
    if rng.random() < 0.04:
        shift = int(rng.integers(1, 6))
        picture = picture.copy()
        picture[::2] = np.roll(picture[::2], shift, axis=1)
    return picture


def with_grain(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """The same with grain that a recorder's own denoising has left: of the luma alone, fine or in small clumps."""
    grain = noise(rng, picture.shape[:2])
    if rng.random() < 0.5:
        grain = cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.4, 0.8))
        grain = grain / grain.std()
    sigma_grey = 10 ** rng.uniform(np.log10(1.5), np.log10(9))
    return np.clip(picture + sigma_grey * grain[:, :, None], 0, 255).astype(np.uint8)


def with_text(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """A clock and a name burned in, as recorders do."""
    height, width = picture.shape[:2]
    picture = np.ascontiguousarray(picture)
    scale = rng.uniform(0.35, 0.6) * max(height, 240) / 400
    ink = [(255, 255, 255), (0, 255, 255), (0, 255, 0)][int(rng.integers(0, 3))]
    clock = f"20{rng.integers(18, 27):02d}-{rng.integers(1, 13):02d}-{rng.integers(1, 29):02d} "
    clock += f"{rng.integers(0, 24):02d}:{rng.integers(0, 60):02d}:{rng.integers(0, 60):02d}"
    rows = [int(height * 0.055), int(height * 0.975)]
    for row in rows[: int(rng.integers(1, 3))] if rng.random() < 0.7 else rows[1:]:
        text = clock if rng.random() < 0.7 else f"CAM {rng.integers(1, 99):02d} {rng.integers(10000, 99999)}"
        at = (int(rng.uniform(0.01, 0.5) * width), row)
        if rng.random() < 0.5:
            cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, (0, 0, 0), 3, cv2.LINE_AA)
        cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, 1, cv2.LINE_AA)
    return picture


def earlier_codec(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Once through an 8x8 block codec, as old recorders and re-encoded exhibits have been."""
    encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(12, 81))])[1]
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


@dataclass(frozen=True, slots=True)
class Coder:
    """What a recorder writes with: FFmpeg's encoder, its decoder, and how thoroughly it works."""

    encoder: str
    decoder: str
    preset: str


CAREFUL = Coder("libx264", "h264", "veryfast")
CHEAP = Coder("libx264", "h264", "ultrafast")
"""No deblocking and no adaptive quantiser, as in many a recorder's chip: of grain it leaves patches that look like
texture."""
HEVC = Coder("libx265", "hevc", "ultrafast")


def key_frame(picture: np.ndarray, *, crf: float, coder: Coder = CAREFUL) -> bytes:
    """One key frame of the picture (even sides), as a packet."""
    height, width = picture.shape[:2]
    encoder = av.CodecContext.create(coder.encoder, "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.thread_count = Fraction(1, 25), 1
    encoder.options = {"preset": coder.preset, "crf": f"{crf:.1f}", "tune": "zerolatency"}
    if coder is HEVC:
        encoder.options |= {"x265-params": "log-level=none:pools=none"}
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="bgr24")
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def decoded(packet: bytes, coder: Coder = CAREFUL) -> np.ndarray | None:
    """The picture of one packet, BGR; None where the decoder makes nothing of it."""
    decoder = av.CodecContext.create(coder.decoder, "r")
    decoder.thread_count = 1
    try:
        frames = [*decoder.decode(av.Packet(packet)), *decoder.decode(None)]
    except av.FFmpegError:
        return None
    return frames[0].to_ndarray(format="bgr24") if frames else None


def soft_lens(rng: np.random.Generator, light: Light) -> Light:
    """The honest softness of a cheap lens: up to 0.2 % of the width."""
    return disc_blur(light, rng.uniform(0, 0.002) * light.shape[1])
