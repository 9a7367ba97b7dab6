"""What a camera that sees looks at: photographs, film frames, bare ground and walls, a street drawn in code."""

from __future__ import annotations

from math import pi

import cv2
import numpy as np

from edge.footage.view_planes import tile_energy
from view_model.camera import noise, to_linear
from view_model.optics import Light

SIZES = (
    (320, 240), (432, 240), (480, 272), (640, 360), (640, 480), (704, 576), (768, 432), (854, 480), (960, 540),
    (1280, 720), (1920, 1080),
)  # fmt: skip
_SIZE_SHARES = np.array([0.09, 0.06, 0.06, 0.18, 0.12, 0.08, 0.1, 0.09, 0.08, 0.1, 0.04])
_IN_FOCUS_GREY, _IN_FOCUS_SHARE = 4.0, 0.3
BARE_KINDS = ("ground", "snow", "wall", "sky", "fog", "dusk", "hall", "mist")


def draw_size(rng: np.random.Generator) -> tuple[int, int]:
    """Width and height of a stream, both even."""
    return SIZES[int(rng.choice(len(SIZES), p=_SIZE_SHARES / _SIZE_SHARES.sum()))]


def crop(rng: np.random.Generator, picture: np.ndarray, size: tuple[int, int]) -> np.ndarray | None:
    """A random part, reduced to `size`, never enlarged; None where the picture is too small for that."""
    height, width = picture.shape[:2]
    most = min(width / size[0], height / size[1])
    if most < 1:
        return None
    scale = most ** rng.uniform(0.35, 1)
    wide, high = int(size[0] * scale), int(size[1] * scale)
    x, y = int(rng.integers(0, width - wide + 1)), int(rng.integers(0, height - high + 1))
    part = cv2.resize(picture[y : y + high, x : x + wide], size, interpolation=cv2.INTER_AREA)
    return part[:, ::-1] if rng.random() < 0.5 else part


def in_focus(picture: np.ndarray) -> bool:
    """Whether enough of it is sharp at half size: a still of shallow focus would teach that soft is clear."""
    luma = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
    half = cv2.resize(luma, (luma.shape[1] // 2, luma.shape[0] // 2), interpolation=cv2.INTER_AREA)
    edges = np.abs(cv2.Laplacian(half, cv2.CV_32F, ksize=1))
    tiles = cv2.resize(edges, (24, 14), interpolation=cv2.INTER_AREA)
    return bool((tiles > _IN_FOCUS_GREY).mean() > _IN_FOCUS_SHARE)


# ------------------------------------------------------------------ bare scenes
def grains(pictures: list[np.ndarray]) -> list[np.ndarray]:
    """Textures of unit variance, float32 (1024, 1024), that repeat: power-law noise and photographed ground."""
    rng = np.random.default_rng(11)
    out = []
    for slope in (0.0, 0.3, 0.6, 0.9, 1.2, 1.5):
        spectrum = np.fft.rfft2(rng.normal(size=(1024, 1024)))
        radius = np.hypot(np.fft.fftfreq(1024)[:, None], np.fft.rfftfreq(1024)[None, :])
        radius[0, 0] = 1
        out.append(np.fft.irfft2(spectrum / radius**slope, s=(1024, 1024)))
    for picture in pictures:
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
        grey = cv2.copyMakeBorder(grey, 0, 1024 - grey.shape[0], 0, 1024 - grey.shape[1], cv2.BORDER_REFLECT)
        out.append(grey - cv2.GaussianBlur(grey, (0, 0), 20))
    return [((grain - grain.mean()) / grain.std()).astype(np.float32) for grain in out]


def bare(rng: np.random.Generator, size: tuple[int, int], grain: list[np.ndarray], kind: str) -> Light:
    """A scene with little in it, in focus: linear light of `size`."""
    width, height = size
    y = np.linspace(0, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(0, 1, width, dtype=np.float32)[None, :]
    texture, near = _in_perspective(rng, size, grain[int(rng.integers(0, len(grain)))], flat=kind == "wall")
    levels = {
        "ground": (70, 150),
        "snow": (170, 235),
        "wall": (110, 225),
        "dusk": (35, 80),
        "hall": (150, 225),
        "mist": (195, 240),
    }
    level = rng.uniform(*levels.get(kind, (90, 190)))
    sigma = rng.uniform(3, 12) if kind in ("wall", "snow", "hall") else rng.uniform(4, 22)
    grey = level + sigma * texture * np.ones_like(y)
    if kind == "sky":
        grey = level + 45 * y + sigma * 0.15 * texture
        grey = _roofs_and_wires(rng, grey, texture * sigma)
    if kind in ("fog", "mist"):  # mist is lit from within, nearly white
        grey = level + sigma * texture * np.clip((y - rng.uniform(0.3, 0.7)) * 4, 0, 1)
    if kind == "hall":  # a polished floor mirrors lamps and windows
        for _ in range(int(rng.integers(1, 5))):
            at_x, at_y, wide, high = (
                rng.uniform(0, 1),
                rng.uniform(0, 1),
                rng.uniform(0.05, 0.25),
                rng.uniform(0.05, 0.5),
            )
            grey = grey + rng.uniform(20, 110) * np.exp(-(((x - at_x) / wide) ** 2) - ((y - at_y) / high) ** 2)
        grey = _tiles(rng, grey)
    if rng.random() < 0.6:  # a soft shadow
        angle, at = rng.uniform(0, 2 * pi), rng.uniform(0.2, 0.8)
        edge = ((x - 0.5) * np.cos(angle) + (y - 0.5) * np.sin(angle) + 0.5 - at) / rng.uniform(0.01, 0.1)
        grey = grey * (1 - rng.uniform(0.1, 0.5) / (1 + np.exp(-np.clip(edge, -30, 30))))
    grey = np.asarray(grey, np.float32)
    tint = 1 + rng.uniform(-0.08, 0.08, 3).astype(np.float32)
    picture = np.clip(grey[:, :, None] * tint, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 4))):
        _mark(rng, picture, near)
    light = to_linear(picture)
    return light * rng.uniform(0.2, 0.6) if kind == "dusk" else light


def _in_perspective(
    rng: np.random.Generator, size: tuple[int, int], grain: np.ndarray, *, flat: bool
) -> tuple[np.ndarray, float]:
    """Texture on a plane that runs away from the camera, and how much nearer its lower edge is."""
    width, height = size
    ratio = rng.uniform(1, 1.6) if flat else rng.uniform(2, 9)
    rows = np.linspace(0, 1, height, dtype=np.float32)
    magnified = rng.uniform(0.8, 2.5) * (1 + (ratio - 1) * rows) / ratio  # pixels of the picture per grain
    along = np.cumsum(1 / magnified**1.5) + rng.uniform(0, 1024)
    across = (np.arange(width, dtype=np.float32)[None, :] - width * rng.uniform(0.2, 0.8)) / magnified[:, None]
    map_x = np.mod(across + 4096, 1024).astype(np.float32)
    map_y = np.broadcast_to(np.mod(along, 1024).astype(np.float32)[:, None], map_x.shape)
    texture = cv2.remap(grain, map_x, np.ascontiguousarray(map_y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    fading = np.clip(magnified, 0.35, 1.0)[:, None].astype(np.float32)
    return np.asarray(texture * fading, np.float32), float(ratio)


def _roofs_and_wires(rng: np.random.Generator, grey: np.ndarray, texture: np.ndarray) -> np.ndarray:
    height, width = grey.shape
    grey = np.ascontiguousarray(grey, np.float32)
    for _ in range(int(rng.integers(1, 6))):
        a, b = (0, int(rng.uniform(0, 0.8) * height)), (width, int(rng.uniform(0, 0.8) * height))
        cv2.line(grey, a, b, float(rng.uniform(20, 80)), int(rng.integers(1, 3)), cv2.LINE_AA)
    skyline = height - np.repeat(rng.uniform(0.02, 0.3, 12) * height, width // 12 + 1)[:width]
    below = np.arange(height)[:, None] > skyline[None, :]
    return np.where(below, rng.uniform(30, 110) + texture, grey)


def _tiles(rng: np.random.Generator, grey: np.ndarray) -> np.ndarray:
    height, width = grey.shape
    grey = np.ascontiguousarray(grey, np.float32)
    end = (int(rng.uniform(0, 1) * width), int(-rng.uniform(0.1, 1) * height))
    for x in np.linspace(-width, 2 * width, int(rng.integers(6, 24))).astype(int):
        cv2.line(grey, (int(x), height), end, float(rng.uniform(90, 150)), 1, cv2.LINE_AA)
    for y in (np.linspace(0, 1, int(rng.integers(4, 14))) ** 2 * height).astype(int):
        cv2.line(grey, (0, int(y)), (width, int(y)), float(rng.uniform(90, 150)), 1, cv2.LINE_AA)
    return grey


def _mark(rng: np.random.Generator, picture: np.ndarray, near: float) -> None:
    """A painted line, a manhole, a kerb or a small thing lying about."""
    height, width = picture.shape[:2]
    ink = tuple(int(v) for v in rng.integers(20, 250, 3))
    x, y = int(rng.uniform(0, width)), int(rng.uniform(0, height))
    kind = rng.integers(0, 4)
    thick = max(1, int(rng.uniform(0.002, 0.012) * width))
    if kind == 0:
        far = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        cv2.line(picture, (x, y), far, (225, 225, 225), thick, cv2.LINE_AA)
    elif kind == 1:
        axes = (max(2, int(rng.uniform(0.01, 0.08) * width)), max(2, int(rng.uniform(0.01, 0.08) * width / near * 2)))
        cv2.ellipse(picture, (x, y), axes, 0, 0, 360, ink, -1 if rng.random() < 0.5 else thick, cv2.LINE_AA)
    elif kind == 2:
        cv2.rectangle(picture, (x, y), (x + int(0.08 * width), y + int(0.06 * height)), ink, -1)
    else:
        points = (rng.uniform(-0.05, 0.05, (6, 2)) * width + (x, y)).astype(np.int32)
        cv2.fillPoly(picture, [points], ink, cv2.LINE_AA)


def detail_survives(picture: np.ndarray) -> bool:
    """Whether compression left anything in a bare scene, text zones apart; what left nothing cannot be decided."""
    inside = slice(4, 49)
    return any(bool((tile_energy(picture, octave=octave)[inside] > 4.0).any()) for octave in (0, 1))


# ------------------------------------------------------------------ a street
def street(rng: np.random.Generator, size: tuple[int, int], grain: list[np.ndarray], *, night: bool) -> Light:
    """A street with houses, trees, road markings and cars, by day or by lamplight; linear light."""
    width, height = size
    horizon = int(rng.uniform(0.25, 0.6) * height)
    base = np.empty((height, width, 3), np.float32)
    sky = np.linspace(rng.uniform(140, 230), rng.uniform(190, 250), horizon, dtype=np.float32)
    base[:horizon] = sky[:, None, None] * np.array([1, rng.uniform(0.85, 1), rng.uniform(0.7, 1)], np.float32)
    ground, _ = _in_perspective(rng, (width, height - horizon), grain[int(rng.integers(0, len(grain)))], flat=False)
    base[horizon:] = (rng.uniform(60, 130) + rng.uniform(3, 14) * ground)[:, :, None]
    picture = np.clip(base, 0, 255).astype(np.uint8)
    _houses(rng, picture, horizon)
    vanish = (int(rng.uniform(0.3, 0.7) * width), horizon)
    for x in rng.uniform(-0.5, 1.5, int(rng.integers(2, 6))) * width:
        cv2.line(picture, vanish, (int(x), height), (220, 225, 225), max(1, width // 200), cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 9))):
        _car(rng, picture, horizon)
    speckle = noise(rng, (height, width))
    for _ in range(int(rng.integers(0, 5))):  # trees
        at, radius = (int(rng.uniform(0, width)), int(horizon * rng.uniform(0.3, 1))), rng.uniform(0.03, 0.14) * width
        y, x = np.ogrid[0:height, 0:width]
        inside = np.hypot(x - at[0], y - at[1]) < radius * (1 + 0.12 * speckle)
        leaf = 60 + 28 * cv2.GaussianBlur(speckle, (0, 0), 0.8)
        picture[inside] = np.clip(leaf[inside, None] * np.array([0.6, 1.1, 0.8]), 0, 255).astype(np.uint8)
    light = to_linear(picture)
    return lamplight(rng, light) if night else light


def _houses(rng: np.random.Generator, picture: np.ndarray, horizon: int) -> None:
    height, width = picture.shape[:2]
    x = int(-rng.uniform(0, 0.1) * width)
    while x < width:
        wide, top = int(rng.uniform(0.06, 0.25) * width), int(horizon * rng.uniform(0.05, 0.9))
        wall = rng.integers(50, 220, 3)
        cv2.rectangle(picture, (x, top), (x + wide, horizon + 2), wall.tolist(), -1)
        step_x, step_y = max(4, wide // int(rng.integers(3, 9))), max(5, height // int(rng.integers(14, 34)))
        glass = (wall * rng.uniform(0.2, 0.7)).astype(int).tolist()
        for at_y in range(top + 3, horizon - step_y // 2, step_y):
            for at_x in range(x + 3, x + wide - step_x // 2, step_x):
                cv2.rectangle(picture, (at_x, at_y), (at_x + step_x // 2, at_y + step_y // 2), glass, -1)
        x += wide + int(rng.uniform(0, 0.06) * width)


def _car(rng: np.random.Generator, picture: np.ndarray, horizon: int) -> None:
    height, width = picture.shape[:2]
    y = int(rng.uniform(horizon + 3, height))
    scale = 0.02 + 0.3 * (y - horizon) / max(1, height - horizon)
    wide, high, x = int(scale * width), int(scale * width * 0.38), int(rng.uniform(-0.1, 1) * width)
    paint = rng.integers(10, 245, 3).tolist()
    cv2.rectangle(picture, (x, y - high), (x + wide, y - high // 3), paint, -1)
    cv2.rectangle(picture, (x + wide // 6, y - int(1.6 * high)), (x + 5 * wide // 6, y - high), paint, -1)
    cv2.rectangle(picture, (x + wide // 5, y - int(1.5 * high)), (x + 4 * wide // 5, y - high), (60, 50, 40), -1)
    for wheel in (x + wide // 5, x + 4 * wide // 5):
        cv2.circle(picture, (wheel, y - high // 3), max(1, high // 3), (20, 20, 20), -1, cv2.LINE_AA)


def lamplight(rng: np.random.Generator, light: Light) -> Light:
    """The same scene at night: almost no light but lamps with their halos."""
    height, width = light.shape[:2]
    night = light * 10 ** rng.uniform(-2.3, -1.0)
    y, x = np.mgrid[0:54, 0:96].astype(np.float32)
    glow = np.zeros((54, 96, 3), np.float32)
    for _ in range(int(rng.integers(1, 12))):
        at_x, at_y, power = rng.uniform(0, 96), rng.uniform(0, 40), 10 ** rng.uniform(-1.5, 0.6)
        distance = np.hypot(x - at_x, y - at_y)
        lamp = power * (np.exp(-((distance / 1.2) ** 2)) * 4 + 0.25 * np.exp(-distance / rng.uniform(2, 9)))
        glow += lamp[:, :, None] * rng.uniform(0.4, 1.0, 3).astype(np.float32)
    lit = cv2.resize(glow, (width, height), interpolation=cv2.INTER_LINEAR)
    return night + lit * (0.25 + 0.75 * light)
