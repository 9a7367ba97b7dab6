"""What else a picture may be: dark, dazzled, corrupt; and what makes a clear picture hard without making it blind."""

from __future__ import annotations

from math import pi

import cv2
import numpy as np

from view_model.camera import decoded, key_frame, noise
from view_model.optics import Light, disc_blur, veiling_glare
from view_model.scenes import lamplight

NUISANCES = ("night", "haze", "infrared", "motion", "dim", "rain", "bright", "edge", "dashcam")


def nuisance(rng: np.random.Generator, light: Light, kind: str) -> Light:
    """Clear, but hard."""
    height, width = light.shape[:2]
    if kind == "night":
        return lamplight(rng, light)
    if kind == "haze":
        keep = rng.uniform(0.35, 0.8)
        return light * keep + (1 - keep) * rng.uniform(0.3, 0.7)
    if kind == "infrared":
        grey = light @ rng.dirichlet([2, 2, 2]).astype(np.float32)
        y, x = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
        spot = np.exp(-((x - rng.uniform(-0.3, 0.3)) ** 2 + (y - rng.uniform(-0.3, 0.3)) ** 2) / rng.uniform(0.5, 2.5))
        return np.repeat((grey * spot * rng.uniform(0.1, 1))[:, :, None], 3, axis=2).astype(np.float32)
    if kind == "motion":
        length = max(2, int(rng.uniform(0.002, 0.012) * width))
        kernel = np.zeros((length, length), np.float32)
        angle = rng.uniform(0, pi)
        end = ((1 + np.cos(angle)) * length / 2, (1 + np.sin(angle)) * length / 2)
        start = (length - end[0], length - end[1])
        cv2.line(kernel, tuple(map(int, start)), tuple(map(int, end)), 1.0, 1)
        return cv2.filter2D(light, -1, kernel / max(kernel.sum(), 1)) if kernel.sum() else light
    if kind == "dim":
        return light * 10 ** rng.uniform(-1.6, -0.4)
    if kind == "rain":
        return _drops(rng, light)
    if kind == "bright":
        return light * rng.uniform(1.3, 2.2) + rng.uniform(0, 0.08)
    if kind == "edge":
        return _strap(rng, light)
    return _dashcam(rng, light)


def _drops(rng: np.random.Generator, light: Light) -> Light:
    height, width = light.shape[:2]
    mask = np.zeros((height, width), np.float32)
    for _ in range(int(rng.integers(3, 26))):
        at = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        cv2.circle(mask, at, max(2, int(rng.uniform(0.006, 0.04) * width)), 1.0, -1, cv2.LINE_AA)
    mask = cv2.GaussianBlur(mask, (0, 0), 0.004 * width)[:, :, None]
    soft = disc_blur(light, 0.03 * width)
    return light * (1 - mask) + soft * mask * rng.uniform(0.8, 1.4)


def _strap(rng: np.random.Generator, light: Light) -> Light:
    """Something small at the edge of the picture, below 15 % of it."""
    height, width = light.shape[:2]
    mask = np.zeros((height, width), np.float32)
    part = rng.uniform(0.02, 0.13)
    x = np.linspace(0, 1, width)[None, :] if rng.random() < 0.5 else 1 - np.linspace(0, 1, width)[None, :]
    y = np.linspace(0, 1, height)[:, None]
    mask += (x + rng.uniform(-0.3, 0.3) * y < part).astype(np.float32)
    mask = disc_blur(mask, rng.uniform(0.005, 0.08) * width)[:, :, None]
    return light * (1 - mask) + mask * rng.uniform(0.0, 0.25, 3).astype(np.float32)


def _dashcam(rng: np.random.Generator, light: Light) -> Light:
    """Behind a windscreen: a dark bonnet below, a pale reflection of the dashboard over the road."""
    height, width = light.shape[:2]
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    bonnet = (y > rng.uniform(0.78, 0.95) + 0.1 * x * x)[:, :, None]
    sheen = rng.uniform(0, 0.12) * np.clip((y - 0.3) * 1.5, 0, 1)
    soft = disc_blur(light[::-1], 0.08 * width) * rng.uniform(0.02, 0.12)
    seen = light + sheen[:, :, None] + soft
    return np.where(bonnet, rng.uniform(0.002, 0.05) * (1 + 2 * seen), seen).astype(np.float32)


def dark(rng: np.random.Generator, light: Light) -> tuple[Light, float]:
    """A scene without light, with the limit of gain that keeps it dark."""
    level = 0.0 if rng.random() < 0.3 else 10 ** rng.uniform(-4.5, -2.3)
    return light * level, 10 ** rng.uniform(0, 0.7)


def glare(rng: np.random.Generator, light: Light) -> tuple[Light, bool]:
    """A scene that drowns in light; whether the exposure can still follow."""
    kind = rng.random()
    if kind < 0.55:
        return veiling_glare(rng, light), True
    if kind < 0.85:  # exposure stuck: most of the picture is white
        return light * rng.uniform(8, 60) + rng.uniform(0.2, 1), False
    lit = disc_blur(light, 0.05 * light.shape[1])  # a fogged lens with the sun on it
    return veiling_glare(rng, 0.3 * light + 0.7 * lit + rng.uniform(0.5, 2)), False


# ------------------------------------------------------------------ corrupt
def corrupt(rng: np.random.Generator, picture: np.ndarray, *, crf: float) -> np.ndarray | None:
    """A picture that sensor, cable or codec has broken, uint8; None where the draw broke too little of it."""
    kind = int(rng.choice(7, p=[0.34, 0.14, 0.14, 0.12, 0.1, 0.08, 0.08]))
    makers = (_damaged_stream, _snow, _blocks, _lost_rest, _torn_lines, _lost_colour, _stale)
    broken = makers[kind](rng, picture.copy()) if kind else _damaged_stream(rng, picture, crf)
    if broken is None or broken.shape != picture.shape:
        return None
    small = [cv2.resize(p, (96, 54), interpolation=cv2.INTER_AREA).astype(int) for p in (broken, picture)]
    changed = (np.abs(small[0] - small[1]).max(axis=2) > 14).mean()
    return broken if changed > 0.18 else None


def _damaged_stream(rng: np.random.Generator, picture: np.ndarray, crf: float) -> np.ndarray | None:
    packet = bytearray(key_frame(picture, crf=crf))
    first = min(len(packet) - 1, 900)
    if rng.random() < 0.5:
        at = int(rng.integers(first, max(first + 1, int(len(packet) * 0.75))))
        packet[at : at + int(rng.integers(50, max(51, len(packet) // 2)))] = b"\0" * 50
    else:
        for at in rng.integers(first, max(first + 1, len(packet)), int(rng.integers(1, 40))):
            packet[int(at)] ^= 1 << int(rng.integers(0, 8))
    return decoded(bytes(packet))


def _snow(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    keep = rng.uniform(0, 0.5)
    size = (picture.shape[1] // 2, picture.shape[0] // 2) if rng.random() < 0.4 else picture.shape[1::-1]
    colours = 3 if rng.random() < 0.5 else 1
    snow = 120 + rng.uniform(50, 110) * cv2.resize(noise(rng, (size[1], size[0], colours)), picture.shape[1::-1])
    snow = snow if snow.ndim == 3 else snow[:, :, None]
    return np.clip(keep * picture + (1 - keep) * snow, 0, 255).astype(np.uint8)


def _blocks(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    height, width = picture.shape[:2]
    side = int(rng.choice([16, 32, 64]))
    for _ in range(int(rng.uniform(0.25, 0.9) * height * width / side**2)):
        x, y = (int(rng.integers(0, max(1, edge - side))) // 16 * 16 for edge in (width, height))
        from_x, from_y = int(rng.integers(0, max(1, width - side))), int(rng.integers(0, max(1, height - side)))
        block = picture[from_y : from_y + side, from_x : from_x + side]
        block = block if rng.random() < 0.6 else np.full_like(block, rng.integers(0, 256, 3))
        part = picture[y : y + side, x : x + side]
        part[:] = block[: part.shape[0], : part.shape[1]]
    return picture


def _lost_rest(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """The rest of the picture never came: grey, green, black, or the last row drawn downwards."""
    at = int(rng.uniform(0, 0.75) * picture.shape[0]) // 16 * 16
    fills = ((128, 128, 128), (0, 135, 0), (0, 0, 0), (190, 60, 200))
    kind = int(rng.integers(0, 5))
    picture[at:] = picture[max(0, at - 1)] if kind == 4 else np.array(fills[kind], np.uint8)
    return picture


def _torn_lines(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    shift = 0.0
    for y in range(picture.shape[0]):
        shift = shift * 0.97 + rng.normal() * picture.shape[1] * 0.02
        picture[y] = np.roll(picture[y], int(shift), axis=0)
    return picture


def _lost_colour(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """One chroma plane lost or shifted: magenta or green all over."""
    planes = cv2.cvtColor(picture, cv2.COLOR_BGR2YUV)
    which = int(rng.integers(1, 3))
    planes[:, :, which] = int(rng.choice([0, 20, 235, 255]))
    return np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2BGR), np.uint8)


def _stale(rng: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """A missing key frame: grey, with the outlines of what moved since."""
    grey = picture.astype(np.float32) - cv2.GaussianBlur(picture.astype(np.float32), (0, 0), 6)
    moved = cv2.resize(rng.random((9, 16)).astype(np.float32), picture.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return np.clip(128 + grey * rng.uniform(0.5, 2) * (moved > 0.6)[:, :, None], 0, 255).astype(np.uint8)
