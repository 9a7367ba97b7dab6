"""The training set: samples drawn one by one, each from its own seed, so that any number of processes draw the same."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from edge.footage.view_planes import detail_share, planes_of
from view_model import camera, scenes, tampering
from view_model.optics import draw_lens
from view_model.sources import FILMS as FILM_ENDINGS
from view_model.sources import SOURCES, Split, path_of, pictures
from view_model.tampering import CLASSES, Made

_SCENES = (("photo", 0.40), ("film", 0.22), ("bare", 0.22), ("street", 0.16))
_LABELS = (("clear", 0.42), ("covered", 0.27), ("dark", 0.05), ("defocused", 0.13), ("glare", 0.06), ("corrupt", 0.07))
_BATCH = 100
DETAIL_GREY = 4.0


@dataclass(frozen=True)
class Material:
    """The pictures of one split. `photos`, `films`, `textures`: name and BGR picture."""

    photos: list[tuple[str, np.ndarray]]
    films: list[tuple[str, np.ndarray]]
    textures: list[tuple[str, np.ndarray]]
    grain: list[np.ndarray]


@cache
def material(split: Split, cache_folder: Path, footage: Path) -> Material:
    """Everything a split may use."""
    found = Material([], [], [], [])
    ground: list[np.ndarray] = []
    for source in SOURCES:
        if source.split is not split:
            continue
        is_film = path_of(source, cache_folder, footage).suffix in FILM_ENDINGS
        loaded = [(source.name, picture) for picture in pictures(source, cache_folder, footage, frames=25)]
        if source.scene:
            (found.films if is_film else found.photos).extend(loaded)
        if source.texture:
            found.textures.extend(loaded)
        if not source.scene and split is Split.TRAIN:
            ground.extend(picture for _, picture in loaded)
    found.grain.extend(scenes.grains(ground))
    return found


@dataclass(frozen=True, slots=True)
class Sample:
    """One drawn sample. `planes`: uint8 (54, 96, 4); `facts`: how it was drawn."""

    planes: np.ndarray
    label: int
    facts: dict[str, str | float]


def draw_sample(rng: np.random.Generator, stock: Material) -> Sample:
    """Draws until one is decidable."""
    while True:
        label = str(rng.choice([name for name, _ in _LABELS], p=[share for _, share in _LABELS]))
        made = None
        while made is None:
            kind, name, light = draw_scene(rng, stock, sharp_only=label == "defocused")
            made = make(rng, stock, label, light, kind)
        crf = rng.uniform(28, 36) if kind == "bare" and rng.random() < 0.5 else rng.uniform(18, 35)
        picture = tampering.recorded(rng, made, crf=crf)
        if picture is None:
            continue
        if kind == "bare" and made.label == "clear" and not scenes.detail_survives(picture):
            continue
        facts: dict[str, str | float] = {"scene": kind, "source": name, "crf": crf, "width": picture.shape[1]}
        if made.cover is not None:
            facts |= {"mm": made.cover.distance_mm, "share": made.cover.share, "disc": made.cover.disc_px}
        facts["detail"] = detail_share(picture, least_grey=DETAIL_GREY)
        return Sample(planes_of(picture), CLASSES.index(made.label), facts)


def draw_scene(rng: np.random.Generator, stock: Material, *, sharp_only: bool) -> tuple[str, str, np.ndarray]:
    """Kind, source and linear light of a scene in focus."""
    while True:
        kind = str(rng.choice([name for name, _ in _SCENES], p=[share for _, share in _SCENES]))
        size = scenes.draw_size(rng)
        if kind == "bare":
            if sharp_only:
                continue
            which = str(rng.choice(scenes.BARE_KINDS))
            return kind, which, scenes.bare(rng, size, stock.grain, which)
        if kind == "street":
            return (
                kind,
                "drawn",
                scenes.street(rng, size, stock.grain, night=not sharp_only and bool(rng.random() < 0.2)),
            )
        pool = stock.photos if kind == "photo" else stock.films
        name, picture = pool[int(rng.integers(0, len(pool)))]
        part = scenes.crop(rng, picture, size)
        if part is not None and (kind == "film" or scenes.in_focus(part)):
            return kind, name, camera.to_linear(np.ascontiguousarray(part))


def make(rng: np.random.Generator, stock: Material, label: str, light: np.ndarray, kind: str) -> Made | None:
    """A picture of the class from the scene; None where this draw cannot be decided."""
    if label == "clear":
        allowed = tampering.scene_kinds(kind == "bare")
        nuisance = str(rng.choice(allowed)) if rng.random() < (0.3 if kind == "bare" else 0.6) else None
        return tampering.clear(rng, light, kind=nuisance, steady=kind != "street")
    if label == "covered":
        lens = draw_lens(rng, light.shape[1])
        cover = tampering.draw_cover(rng, lens)
        if not tampering.teaches(cover, light.shape[1]) or (kind == "bare" and cover.share < 1):
            return None
        return tampering.covered(rng, light, draw_texture(rng, stock, light.shape[1::-1]), cover)
    makers = {
        "dark": tampering.dark,
        "defocused": tampering.defocused,
        "glare": tampering.glare,
        "corrupt": tampering.corrupt,
    }
    return makers[label](rng, light)


def draw_texture(rng: np.random.Generator, stock: Material, size: tuple[int, int]) -> np.ndarray | None:
    """A photographed texture filling `size`, mirrored where it is smaller; None one time in three: draw one."""
    if rng.random() < 0.33:
        return None
    _, picture = stock.textures[int(rng.integers(0, len(stock.textures)))]
    part = scenes.crop(rng, picture, size)
    if part is not None:
        return np.ascontiguousarray(part)
    height, width = picture.shape[:2]
    down, right = max(0, size[1] - height), max(0, size[0] - width)
    while down or right:
        picture = cv2.copyMakeBorder(picture, 0, min(down, height), 0, min(right, width), cv2.BORDER_REFLECT)
        height, width = picture.shape[:2]
        down, right = max(0, size[1] - height), max(0, size[0] - width)
    return np.ascontiguousarray(picture[: size[1], : size[0]])


# ------------------------------------------------------------------ many
def _draw_batch(task: tuple[int, int, str, str, str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    seed, first, split, cache_folder, footage = task
    cv2.setNumThreads(1)
    stock = material(Split(split), Path(cache_folder), Path(footage))
    drawn = [draw_sample(np.random.default_rng([seed, first + index]), stock) for index in range(_BATCH)]
    planes = np.stack([sample.planes for sample in drawn])
    labels = np.array([sample.label for sample in drawn], np.int64)
    return planes, labels, [json.dumps(sample.facts) for sample in drawn]


def generate(
    count: int, *, seed: int, split: Split, cache_folder: Path, footage: Path, out: Path, processes: int
) -> None:
    """Write `count` samples of a split to `out` (.npz without pickled objects), with progress on standard error."""
    tasks = [(seed, first, str(split), str(cache_folder), str(footage)) for first in range(0, count, _BATCH)]
    parts: list[tuple[np.ndarray, np.ndarray, list[str]]] = []
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for part in pool.imap(_draw_batch, tasks):
            parts.append(part)
            rate = len(parts) * _BATCH / (time.monotonic() - began)
            left_s = (count - len(parts) * _BATCH) / rate
            print(f"{len(parts) * _BATCH} of {count} samples, {left_s:.0f} s left", file=sys.stderr, flush=True)
    out.parent.mkdir(parents=True, exist_ok=True)
    planes, labels = (np.concatenate([part[index] for part in parts])[:count] for index in (0, 1))
    facts = np.array([fact for part in parts for fact in part[2]][:count])
    np.savez(out, planes=planes, labels=labels, facts=facts)
