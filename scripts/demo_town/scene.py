"""Drawing a street: sky, houses, road, passing cars, and the device's own clock burned in. Pixels only, no files."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH_PX, HEIGHT_PX, FRAMES_PER_SECOND = 640, 360, 12
_HORIZON_PX, _MARGIN_PX = 150, 16
_TURNED_PX = (11, -6)
"""One degree to the left and half a degree up, of 60 degrees over the width."""

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Car:
    """A car that passes again and again: its lane (-1 left .. 1 right), colour, period and phase."""

    lane: float
    colour: tuple[int, int, int]
    period_s: float
    phase: float
    towards: bool


class Street:
    """One device's view. A worn recorder sways; a monitor stands still, until somebody knocks against it."""

    def __init__(self, device_number: str, *, sways: bool, turned: bool = False) -> None:
        dice = random.Random(device_number)
        self._sways, self._turned = sways, turned
        self._background = _draw_background(dice)
        self._cars = [
            Car(
                lane=dice.choice((-0.62, -0.2, 0.22, 0.64)),
                colour=(dice.randint(20, 230), dice.randint(20, 230), dice.randint(20, 230)),
                period_s=dice.uniform(4.0, 11.0),
                phase=dice.random(),
                towards=dice.random() < 0.5,
            )
            for _ in range(6)
        ]
        self._sway = dice.uniform(0.7, 1.3)

    def picture(self, second: float) -> Picture:
        """BGR uint8 (360, 640, 3): the street `second` seconds into the recording, without the clock."""
        picture = self._background.copy()
        for car in sorted(self._cars, key=lambda car: self._nearness(car, second)):
            _draw_car(picture, car, self._nearness(car, second))
        return self._as_held(picture, second)

    def _nearness(self, car: Car, second: float) -> float:
        passed = (second / car.period_s + car.phase) % 1.0
        return passed if car.towards else 1.0 - passed

    def _as_held(self, picture: Picture, second: float) -> Picture:
        x_px = y_px = _MARGIN_PX
        if self._turned:
            x_px, y_px = x_px + _TURNED_PX[0], y_px + _TURNED_PX[1]
        if self._sways:
            x_px += round(7 * math.sin(second * self._sway * 1.9) + 4 * math.sin(second * 5.1))
            y_px += round(5 * math.sin(second * self._sway * 2.7 + 1))
        return np.ascontiguousarray(picture[y_px : y_px + HEIGHT_PX, x_px : x_px + WIDTH_PX])


def with_clock(picture: Picture, clock_text: str, label: str) -> None:
    """Burn the device's clock and number into a picture, in place."""
    cv2.rectangle(picture, (8, 8), (8 + 11 * len(clock_text) + 8, 34), (0, 0, 0), cv2.FILLED)
    for text, place, size in ((clock_text, (14, 27), 0.58), (label, (14, HEIGHT_PX - 14), 0.55)):
        cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), 1, cv2.LINE_AA)


def _draw_background(dice: random.Random) -> Picture:
    height_px, width_px = HEIGHT_PX + 2 * _MARGIN_PX, WIDTH_PX + 2 * _MARGIN_PX
    horizon_px, middle_px = _HORIZON_PX + _MARGIN_PX, width_px // 2
    picture = np.zeros((height_px, width_px, 3), np.uint8)
    for row in range(horizon_px):
        share = row / horizon_px
        picture[row] = (235 - 20 * share, 190 + 35 * share, 130 + 80 * share)
    picture[horizon_px:] = (70, 105, 85)
    _draw_houses(picture, dice, horizon_px, width_px)
    road = np.array(
        [(middle_px - 26, horizon_px), (middle_px + 26, horizon_px), (width_px + 90, height_px), (-90, height_px)]
    )
    cv2.fillPoly(picture, [road], (82, 80, 78))
    for lane in (-0.42, 0.0, 0.42):
        for step in range(14):
            near, far = _on_road(lane, (step / 14) ** 2), _on_road(lane, ((step + 0.5) / 14) ** 2)
            cv2.line(picture, far, near, (225, 225, 225), max(1, round(5 * (step / 14) ** 2)), cv2.LINE_AA)
    noise = np.random.default_rng(dice.randrange(2**32)).normal(0, 1.5, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _draw_houses(picture: Picture, dice: random.Random, horizon_px: int, width_px: int) -> None:
    left_px = 0
    while left_px < width_px:
        wide_px, tall_px = dice.randint(40, 90), dice.randint(25, 100)
        shade = dice.randint(110, 190)
        top_px = horizon_px - tall_px
        wall = (shade, shade - 6, shade - dice.randint(0, 25))
        cv2.rectangle(picture, (left_px, top_px), (left_px + wide_px, horizon_px + 6), wall, cv2.FILLED)
        for x_px in range(left_px + 7, left_px + wide_px - 9, 14):
            for y_px in range(top_px + 8, horizon_px - 8, 15):
                window = (shade - 60,) * 3 if dice.random() < 0.8 else (150, 215, 240)
                cv2.rectangle(picture, (x_px, y_px), (x_px + 6, y_px + 8), window, cv2.FILLED)
        left_px += wide_px + dice.choice((0, 0, 6, 20))
    for _ in range(9):
        x_px, radius_px = dice.randrange(width_px), dice.randint(9, 20)
        cv2.line(picture, (x_px, horizon_px + 8), (x_px, horizon_px - 14), (40, 60, 75), 3)
        cv2.circle(picture, (x_px, horizon_px - 20), radius_px, (50, dice.randint(95, 130), 60), cv2.FILLED)


def _on_road(lane: float, nearness: float) -> tuple[int, int]:
    """The pixel of a point of the road: lane -1..1, nearness 0 (horizon) .. 1 (bottom edge)."""
    middle_px, horizon_px = (WIDTH_PX + 2 * _MARGIN_PX) // 2, _HORIZON_PX + _MARGIN_PX
    half_px = 26 + nearness * (middle_px + 64)
    return round(middle_px + lane * half_px), round(horizon_px + nearness * (HEIGHT_PX + _MARGIN_PX - _HORIZON_PX))


def _draw_car(picture: Picture, car: Car, nearness: float) -> None:
    near = nearness**2
    x_px, y_px = _on_road(car.lane, near)
    half_px = round(5 + 62 * near)
    tall_px = round(half_px * 1.15)
    body = car.colour
    cv2.rectangle(picture, (x_px - half_px, y_px - tall_px // 2), (x_px + half_px, y_px), body, cv2.FILLED)
    roof = tuple(max(channel - 35, 0) for channel in body)
    cv2.rectangle(
        picture, (x_px - half_px * 3 // 4, y_px - tall_px), (x_px + half_px * 3 // 4, y_px - tall_px // 2), roof, -1
    )
    lamp = (180, 240, 255) if car.towards else (40, 40, 220)
    for side in (-1, 1):
        cv2.circle(picture, (x_px + side * half_px * 3 // 4, y_px - tall_px // 4), max(1, half_px // 7), lamp, -1)
        cv2.circle(picture, (x_px + side * half_px * 2 // 3, y_px), max(1, half_px // 5), (25, 25, 25), -1)
