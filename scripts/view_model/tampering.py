"""One picture of each class, made by optics from light: what the generator and the tests of the network share."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10

import cv2
import numpy as np

from view_model import camera, disturb, scenes
from view_model.optics import Lens, Light, cover_shape, disc_blur, light_behind_cover

CLASSES = ("clear", "covered", "dark", "defocused", "glare", "corrupt")
DARK_GREY = 16.0
LEAST_DISC_PX, LEAST_DISC_SHARE = 2.0, 0.005
"""A cover sharper than this, in pixels or as a share of the width, cannot be told from a scene in focus by a network
that looks at a 384 pixel reduction: it teaches nothing."""
_SUNLIT_GREY, _SUNLIT_SHARE = 248.0, 0.04
"""Glare has its source in the picture; an even grey veil could as well be a cover or fog."""


@dataclass(frozen=True, slots=True)
class Cover:
    """Where a cover is and how much it hides. `share` 1 hides all."""

    distance_mm: float
    share: float
    disc_px: float


@dataclass(frozen=True, slots=True)
class Made:
    """A picture before its last codec. `bare`: it must keep some detail to be decidable."""

    picture: np.ndarray
    label: str
    cover: Cover | None = None


def draw_cover(
    rng: np.random.Generator, lens: Lens, *, band_mm: tuple[float, float] = (3.0, 150.0), full: bool | None = None
) -> Cover:
    """Distance log-uniform in the band; partial covers hide 60 to 97 %."""
    distance = 10 ** rng.uniform(log10(band_mm[0]), log10(band_mm[1]))
    if full is None:  # in training partial covers hide little more often than much
        full = bool(rng.random() < 0.5)
        most = 0.76 if not full and rng.random() < 0.5 else 0.97
        share = 1.0 if full else float(rng.uniform(0.6, most))
    else:
        share = 1.0 if full else float(rng.uniform(0.6, 0.97))
    return Cover(float(distance), share, lens.disc_px(distance))


def clear(rng: np.random.Generator, light: Light, *, kind: str | None, steady: bool) -> Made:
    """A picture that sees, made hard by `kind` of nuisance or by none."""
    light = camera.soft_lens(rng, light)
    if kind is not None:
        light = disturb.nuisance(rng, light, kind)
    return Made(camera.expose(rng, light, steady=steady and kind in (None, "haze", "motion", "rain", "edge")), "clear")


def covered(rng: np.random.Generator, light: Light, texture: np.ndarray | None, cover: Cover) -> Made:
    """The scene behind a cover with that texture (BGR of the scene's size; None: drawn)."""
    height, width = light.shape[:2]
    reflectance = drawn_texture(rng, (width, height)) if texture is None else camera.to_linear(texture)
    lit = light_behind_cover(rng, cover.distance_mm, (height, width))
    sheet = disc_blur(reflectance, cover.disc_px) * lit
    if rng.random() < 0.35:  # it lets light through: skin glows red, a bag shines
        tint = np.array([0.12, 0.25, 1.0], np.float32) if rng.random() < 0.6 else rng.uniform(0.3, 1, 3)
        through = disc_blur(light, 0.3 * width) * tint * 10 ** rng.uniform(-2, -0.4)
        sheet = sheet + through.astype(np.float32)
    if cover.share < 1:
        alpha = disc_blur(cover_shape(rng, (height, width), cover.share), cover.disc_px)[:, :, None]
        sheet = alpha * sheet + (1 - alpha) * camera.soft_lens(rng, light)
    picture = camera.expose(rng, (sheet * 10 ** rng.uniform(-1.5, 0.3)).astype(np.float32))
    return Made(picture, "dark" if picture.mean() < DARK_GREY else "covered", cover)


def teaches(cover: Cover, width_px: int) -> bool:
    """Whether the network can know that this is a cover."""
    return cover.disc_px >= max(LEAST_DISC_PX, LEAST_DISC_SHARE * width_px)


def defocused(rng: np.random.Generator, light: Light) -> Made | None:
    """Out of focus by 0.9 to 7 % of the width; None where there was too little light to tell."""
    disc = 10 ** rng.uniform(log10(0.009), log10(0.07)) * light.shape[1]
    soft = disc_blur(light, disc, gauss=bool(rng.random() < 0.3))
    picture = camera.expose(rng, soft, steady=bool(rng.random() < 0.8))
    return Made(picture, "defocused") if picture.mean() > 2 * DARK_GREY else None


def dark(rng: np.random.Generator, light: Light) -> Made | None:
    """No light; None where the draw left something to see."""
    gloom, limit = disturb.dark(rng, light)
    picture = camera.expose(rng, gloom, gain_limit=limit)
    return Made(picture, "dark") if picture.mean() < DARK_GREY else None


def glare(rng: np.random.Generator, light: Light) -> Made | None:
    """Drowned in light; None where most of the scene can still be seen."""
    dazzled, follows = disturb.glare(rng, light)
    picture = camera.expose(rng, dazzled, gain_limit=rng.uniform(0.5, 1.2) if follows else 1.0, steady=not follows)
    small = cv2.resize(picture, (96, 54), interpolation=cv2.INTER_AREA).astype(np.float32)
    edges = np.abs(cv2.Laplacian(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), cv2.CV_32F))
    drowned = ((small.max(axis=2) > 235) | (edges < 6)).mean()
    sunlit = (small.max(axis=2) > _SUNLIT_GREY).mean() > _SUNLIT_SHARE
    return Made(picture, "glare") if drowned > 0.6 and sunlit and picture.mean() > 105 else None


def corrupt(rng: np.random.Generator, light: Light) -> Made | None:
    """Broken by sensor, cable or codec."""
    picture = camera.expose(rng, camera.soft_lens(rng, light), steady=True)
    broken = disturb.corrupt(rng, picture, crf=rng.uniform(18, 33))
    return None if broken is None else Made(broken, "corrupt")


def recorded(
    rng: np.random.Generator, made: Made, *, crf: float, coder: camera.Coder = camera.CAREFUL
) -> np.ndarray | None:
    """As the file holds it: text burned in, sometimes an earlier codec, always one real key frame."""
    picture = made.picture
    if rng.random() < 0.35 and made.label != "corrupt":
        picture = camera.earlier_codec(rng, picture)
    if rng.random() < 0.6:
        picture = camera.with_text(rng, picture)
    return camera.decoded(camera.key_frame(picture, crf=crf, coder=coder), coder)


def drawn_texture(rng: np.random.Generator, size: tuple[int, int]) -> Light:
    """Reflectance of what covers lenses and was not photographed: skin, weave, tape, black cloth, mud."""
    width, height = size
    kind = rng.choice(("skin", "weave", "tape", "cloth", "mud"))
    rough = cv2.resize(rng.normal(size=(9, 16)).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    fine = camera.noise(rng, (height, width))
    if kind == "skin":
        colour, field = np.array([0.18, 0.3, 0.5]) * rng.uniform(0.4, 1.5), 1 + 0.12 * rough + 0.05 * fine
    elif kind == "weave":
        pitch = rng.uniform(4, 60)
        angle = rng.uniform(0, np.pi)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        turns = ((x * np.cos(angle) + y * np.sin(angle)) / pitch, (y * np.cos(angle) - x * np.sin(angle)) / pitch)
        field = 1 + 0.3 * np.sin(6.283 * turns[0]) * np.sin(6.283 * turns[1]) + 0.1 * rough
        colour = rng.uniform(0.02, 0.7, 3)
    elif kind == "tape":
        colour, field = rng.uniform(0.05, 0.9, 3) ** 1.2, 1 + 0.05 * rough + 0.02 * fine
    elif kind == "cloth":
        colour, field = np.full(3, rng.uniform(0.01, 0.06)), 1 + 0.3 * rough + 0.1 * fine
    else:
        colour, field = np.array([0.06, 0.11, 0.16]) * rng.uniform(0.5, 2), 1 + 0.5 * rough + 0.15 * fine
    return np.clip(field[:, :, None] * colour, 0, 1).astype(np.float32)


def scene_kinds(bare: bool) -> tuple[str, ...]:
    """Nuisances that leave a scene decidable: over a bare one, night and infrared leave nothing to see."""
    hard_on_bare = ("night", "infrared", "haze", "dim")
    return tuple(kind for kind in disturb.NUISANCES if not (bare and kind in hard_on_bare))


BARE_KINDS = scenes.BARE_KINDS
