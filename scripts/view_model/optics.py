"""The physics of a lens: what a cover near it, a wrong focus and a bright sun look like. All in linear light, 0..1.

Source of the constants: the design's reference on the view network, sections 1 and 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import cv2
import numpy as np

Light = np.ndarray
"""float32 (h, w, 3) or (h, w), linear; 1.0 is the white of the scene."""
_WORKING_DISC_PX = 7.0
"""A wider disc is drawn on a reduced picture: what it leaves has no detail that the reduction could lose."""


@dataclass(frozen=True, slots=True)
class Lens:
    """A camera's optics. Lengths in mm; `focus_mm` may be infinite."""

    width_px: int
    view_angle_deg: float
    aperture_mm: float
    focus_mm: float

    def disc_px(self, distance_mm: float) -> float:
        """Diameter of the disc into which a point at that distance is blurred."""
        px_per_rad = self.width_px / (self.view_angle_deg * pi / 180)
        return self.aperture_mm * px_per_rad * abs(1 / distance_mm - 1 / self.focus_mm)


def draw_lens(rng: np.random.Generator, width_px: int) -> Lens:
    """A lens as body cameras and roadside monitors have."""
    focus_mm = float("inf") if rng.random() < 0.5 else rng.uniform(800, 3000)
    return Lens(width_px, rng.uniform(50, 140), rng.uniform(1.0, 2.5), focus_mm)


def disc_blur(light: Light, diameter_px: float, *, gauss: bool = False) -> Light:
    """Convolved with a disc (or a Gaussian of the same width)."""
    if diameter_px < 1.1:
        return light
    height, width = light.shape[:2]
    factor = max(1, int(diameter_px // _WORKING_DISC_PX))
    small = light
    if factor > 1:
        size = (max(6, width // factor), max(6, height // factor))
        small = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    across = diameter_px / factor
    if gauss:
        small = cv2.GaussianBlur(small, (0, 0), across / 3.2, borderType=cv2.BORDER_REFLECT)
    else:
        small = cv2.filter2D(small, -1, _disc(across), borderType=cv2.BORDER_REFLECT)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR) if factor > 1 else small


def _disc(diameter_px: float) -> np.ndarray:
    radius = diameter_px / 2
    reach = int(np.ceil(radius))
    steps = np.arange(-reach, reach + 1)
    distance = np.hypot(steps[:, None], steps[None, :])
    kernel = np.clip(radius + 0.5 - distance, 0, 1).astype(np.float32)
    return np.asarray(kernel / kernel.sum(), np.float32)


def light_behind_cover(rng: np.random.Generator, distance_mm: float, shape: tuple[int, int]) -> np.ndarray:
    """How much of the ambient light reaches the cover's side towards the lens, float32 (h, w, 1): closer is darker."""
    height, width = shape
    level = (distance_mm / (distance_mm + 15)) ** 1.5 * 10 ** rng.uniform(-0.8, 0.3)
    if rng.random() >= 0.7:
        return np.full((1, 1, 1), level, np.float32)
    angle = rng.uniform(0, 2 * pi)
    x = np.linspace(-0.5, 0.5, width, dtype=np.float32)[None, :]
    y = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    depth = x * np.cos(angle) + y * np.sin(angle)
    leak = rng.uniform(0, 6) * np.exp(-(depth - depth.min()) / rng.uniform(0.08, 0.6))
    return (level * (1 + leak))[:, :, None].astype(np.float32)


def cover_shape(rng: np.random.Generator, shape: tuple[int, int], share: float) -> np.ndarray:
    """Which part a cover hides, float32 (h, w) 0..1 with a hard edge: `share` of the picture."""
    height, width = shape
    size = (96, 54)
    y, x = np.mgrid[0:54, 0:96].astype(np.float32)
    x, y = (x / 95 - 0.5) * 1.78, y / 53 - 0.5
    if rng.random() < 0.3:  # fingers or a strap: bars side by side
        angle, field = rng.uniform(0, pi), np.full((54, 96), 9.0, np.float32)
        for _ in range(int(rng.integers(1, 5))):
            across = x * np.cos(angle) + y * np.sin(angle) - rng.uniform(-0.6, 0.6)
            along = -x * np.sin(angle) + y * np.cos(angle) - rng.uniform(-0.5, 0.7)
            field = np.minimum(field, np.hypot(across, np.maximum(along, 0)))
    else:
        angle = rng.uniform(0, 2 * pi)
        field = x * np.cos(angle) + y * np.sin(angle)
        if rng.random() < 0.4:
            field = field + rng.uniform(0.3, 1.2) * (x * x + y * y)
    rough = cv2.resize(rng.normal(size=(5, 8)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    field = cv2.resize((field + rng.uniform(0, 0.25) * rough).astype(np.float32), (width, height))
    return np.asarray(field < np.quantile(field[::4, ::4], share), np.float32)


def veiling_glare(rng: np.random.Generator, light: Light) -> Light:
    """Light of a strong source in or near the picture, spread by the lens until the scene drowns in it."""
    height, width = light.shape[:2]
    y, x = np.mgrid[0:27, 0:48].astype(np.float32)
    at_x, at_y, spread = rng.uniform(-8, 56), rng.uniform(-10, 22), rng.uniform(14, 60)
    distance = np.hypot(x - at_x, y - at_y)
    veil = rng.uniform(1.2, 6) * np.exp(-((distance / spread) ** rng.uniform(1, 2)))
    veil = veil + 6 * np.exp(-((distance / rng.uniform(2, 9)) ** 2)) + rng.uniform(0.05, 0.8)
    tint = rng.uniform(0.75, 1.0, 3).astype(np.float32)
    grown = cv2.resize(veil.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return light + grown[:, :, None] * tint
