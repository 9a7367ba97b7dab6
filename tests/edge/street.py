"""A street by code, as a fixed camera sees it by day and night: houses, trees, lane marks, cars."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH_PX, HEIGHT_PX = 960, 540
_EDGE_PX = 160
Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Camera:
    """How the camera stands against its commissioning; lengths in pixels of a stream 1920 wide."""

    dx_px: float = 0.0
    dy_px: float = 0.0
    rotation_deg: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class Light:
    """What falls on the street and the lens."""

    gain: float = 1.0
    gamma: float = 1.0
    haze: float = 0.0
    shadow: float = 0.0
    night: bool = False
    headlights: int = 0
    rain: bool = False


DAY = Light()
NIGHT = Light(night=True)
BLACK = Light(night=True, gain=0.0)


def street(
    *,
    scene: int = 1,
    number: int = 0,
    camera: Camera | None = None,
    light: Light = DAY,
    cars: int = 2,
    truck: float = 0.0,
    clock: bool = False,
    colour: bool = False,
) -> Picture:
    """Picture `number` of a street: luma (540, 960), or BGR with `colour`. `truck` hides that share of the width."""
    camera = camera or Camera()
    noise = np.random.default_rng(scene * 10_007 + number)
    canvas = _scenery(scene).astype(np.float32)
    if light.shadow:
        canvas[:, : canvas.shape[1] // 2] *= 1 - light.shadow
    _cars(canvas, noise, cars, light.night)
    picture = _seen(canvas, camera)
    if truck:
        left = int(WIDTH_PX * (0.5 - truck / 2))
        picture[60:, left : left + int(WIDTH_PX * truck)] = 95 + 4 * noise.standard_normal()
        cv2.rectangle(picture, (left, 60), (left + int(WIDTH_PX * truck), HEIGHT_PX), 40, 5)
    picture = _lit(picture, light, noise, camera)
    picture += noise.normal(0, 2.0, picture.shape).astype(np.float32)
    luma = np.clip(picture, 0, 255).astype(np.uint8)
    if clock:
        burn_in(luma, f"2026-11-21 08:{number // 60 % 60:02d}:{number % 60:02d}", (24, 40))
        burn_in(luma, "CAM 07 NORTH", (24, HEIGHT_PX - 20))
    return np.repeat(luma[:, :, None], 3, axis=2) if colour else luma


def burn_in(luma: Picture, text: str, at: tuple[int, int]) -> None:
    """White letters with a black edge, as recorders write them."""
    cv2.putText(luma, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.8, 0, 5, cv2.LINE_AA)
    cv2.putText(luma, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2, cv2.LINE_AA)


def nothing_but_noise(number: int, sigma: float = 30.0) -> Picture:
    """A picture without any scene."""
    noise = np.random.default_rng(number).normal(128, sigma, (HEIGHT_PX, WIDTH_PX))
    return np.clip(noise, 0, 255).astype(np.uint8)


def dimmed(light: Light, gain: float) -> Light:
    """The same light, weaker or stronger."""
    return replace(light, gain=gain)


@lru_cache(maxsize=32)
def _scenery(scene: int) -> Picture:
    noise = np.random.default_rng(scene)
    width, height = WIDTH_PX + 2 * _EDGE_PX, HEIGHT_PX + 2 * _EDGE_PX
    horizon = int(height * noise.uniform(0.40, 0.52))
    canvas = np.full((height, width), 190, np.uint8)
    canvas[horizon:] = 105
    grain = cv2.GaussianBlur(noise.normal(0, 25, (height, width)).astype(np.float32), (0, 0), 1.6)
    left = 0
    while left < width:
        wide, top = int(noise.integers(60, 170)), int(noise.integers(60, horizon - 60))
        shade = int(noise.integers(60, 170))
        cv2.rectangle(canvas, (left, top), (left + wide, horizon), shade, -1)
        for y in range(top + 12, horizon - 20, 34):
            for x in range(left + 10, left + wide - 16, 28):
                cv2.rectangle(canvas, (x, y), (x + 13, y + 18), int(noise.integers(20, 240)), -1)
        left += wide
    for _ in range(6):
        centre = (int(noise.integers(0, width)), horizon - int(noise.integers(0, 40)))
        cv2.circle(canvas, centre, int(noise.integers(20, 55)), int(noise.integers(50, 90)), -1)
    middle = width // 2 + int(noise.integers(-150, 150))
    for offset in (-420, -140, 140, 420):
        for part in range(8):
            near, far = 1 - part / 8, 1 - (part + 0.5) / 8
            ends = [(int(middle + offset * t), int(horizon + (height - horizon) * t)) for t in (near, far)]
            cv2.line(canvas, ends[0], ends[1], 225, max(2, int(9 * near)))
    for _ in range(14):
        at = (int(noise.integers(0, width)), int(noise.integers(horizon, height)))
        cv2.ellipse(canvas, at, (int(noise.integers(8, 40)), 7), 0, 0, 360, int(noise.integers(70, 150)), 2)
    return np.clip(canvas + grain, 0, 255).astype(np.uint8)


def _cars(canvas: NDArray[np.float32], noise: np.random.Generator, cars: int, night: bool) -> None:
    height, width = canvas.shape
    for _ in range(cars):
        x, y = int(noise.integers(_EDGE_PX, width - 300)), int(noise.integers(int(height * 0.5), height - 200))
        wide = int(60 + 140 * (y / height - 0.4) * 2)
        cv2.rectangle(canvas, (x, y), (x + wide, y + wide // 2), float(noise.integers(20, 240)), -1)
        cv2.rectangle(canvas, (x + 8, y + 6), (x + wide - 8, y + wide // 5), 30.0, -1)
        if night:
            cv2.circle(canvas, (x + 8, y + wide // 3), 7, 2500.0, -1)


def _seen(canvas: NDArray[np.float32], camera: Camera) -> NDArray[np.float32]:
    """The part of the canvas that the camera sees; the scene goes by dx, dy and turns counter-clockwise on screen."""
    height, width = canvas.shape
    turn = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), camera.rotation_deg, camera.scale)
    turn[:, 2] += (camera.dx_px / 2, camera.dy_px / 2)
    seen = cv2.warpAffine(canvas, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(seen[_EDGE_PX : _EDGE_PX + HEIGHT_PX, _EDGE_PX : _EDGE_PX + WIDTH_PX], np.float32).copy()


def _lit(picture: NDArray[np.float32], light: Light, noise: np.random.Generator, camera: Camera) -> NDArray[np.float32]:
    if light.night:
        lamps = np.zeros_like(picture)
        for x, y in ((120, 90), (340, 120), (560, 80), (800, 140), (860, 330), (90, 380)):
            cv2.circle(lamps, (int(x + camera.dx_px / 2), int(y + camera.dy_px / 2)), 5, 900.0, -1)
        lamps += _blurred(lamps, 40) * 6
        picture = light.gain * (0.05 * picture + lamps * (0.1 + picture / 255))
    else:
        picture = 255 * light.gain * np.power(np.clip(picture, 0, 255) / 255, light.gamma)
    glow, drops = np.zeros_like(picture), np.zeros_like(picture)
    for _ in range(light.headlights):
        cv2.circle(glow, (int(noise.integers(0, WIDTH_PX)), int(noise.integers(250, HEIGHT_PX))), 12, 255.0, -1)
    for _ in range(25 if light.rain else 0):
        at = (int(noise.integers(0, WIDTH_PX)), int(noise.integers(0, HEIGHT_PX)))
        cv2.circle(drops, at, int(noise.integers(8, 26)), 1.0, -1)
    if light.headlights:
        picture = picture + _blurred(glow, 30) * 8
    if light.rain:
        picture = np.where(drops > 0, _blurred(picture, 9), picture)
    return np.asarray(picture * (1 - light.haze) + 200 * light.haze, np.float32)


def _blurred(picture: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """A wide blur by way of a small picture."""
    small = cv2.resize(picture, (WIDTH_PX // 6, HEIGHT_PX // 6), interpolation=cv2.INTER_AREA)
    wide = cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma_px / 6), (WIDTH_PX, HEIGHT_PX))
    return np.asarray(wide, np.float32)
