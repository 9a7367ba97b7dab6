"""The training set: samples drawn one by one, each from its own seed, so that any number of processes draw the same."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from dataclasses import dataclass, replace
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
_FIRST = (("clear", 0.42), ("covered", 0.27), ("dark", 0.05), ("defocused", 0.13), ("glare", 0.06), ("corrupt", 0.07))
_SECOND = (("clear", 0.40), ("covered", 0.26), ("dark", 0.03), ("defocused", 0.14), ("glare", 0.03), ("corrupt", 0.14))
_CODERS, _CODER_SHARES = (camera.CAREFUL, camera.CHEAP, camera.HEVC), (0.5, 0.44, 0.06)
_GRAINY = 0.25
"""As often before a scene as before a cover, so that grain says nothing by itself."""
_BATCH = 100
DETAIL_GREY = 4.0


@dataclass(frozen=True, slots=True)
class Round:
    """One drawing of samples. `rough`: bare scenes may have grain as fine as a sensor's own noise."""

    name: str
    split: Split
    samples: int
    seed: int
    labels: tuple[tuple[str, float], ...]
    rough: bool
    adds: bool = False

    def teaches(self, facts: dict[str, str | float]) -> bool:
        """Whether a sample is trained with. A round that `adds` leaves bare scenes and full covers to the others."""
        return not self.adds or (facts["scene"] != "bare" and facts.get("share") != 1.0)


ROUNDS = (
    Round("train-1", Split.TRAIN, 14_000, 1, _FIRST, rough=True),
    Round("train-2", Split.TRAIN, 4_000, 3, _SECOND, rough=False, adds=True),
    Round("check", Split.CHECK, 1_500, 2, _FIRST, rough=True),
)
"""The second adds partial covers, wrong focus and broken pictures, which the first confused with clear ones."""
_ROUGH_GRAINS = 2


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


def draw_sample(rng: np.random.Generator, stock: Material, drawing: Round) -> Sample:
    """Draws until one is decidable."""
    names, shares = zip(*drawing.labels, strict=True)
    while True:
        label = str(rng.choice(names, p=shares))
        made = None
        while made is None:
            kind, name, light = draw_scene(rng, stock, sharp_only=label == "defocused", rough=drawing.rough)
            made = make(rng, stock, label, light, kind)
        strongly = (kind == "bare" or label == "covered") and rng.random() < 0.5
        crf = rng.uniform(27, 36) if strongly else rng.uniform(18, 35)
        if label != "corrupt" and rng.random() < _GRAINY:
            made = replace(made, picture=camera.with_grain(rng, made.picture))
        coder = _CODERS[int(rng.choice(len(_CODERS), p=_CODER_SHARES))]
        picture = tampering.recorded(rng, made, crf=crf, coder=coder)
        if picture is None:
            continue
        if kind == "bare" and made.label == "clear" and not scenes.detail_survives(picture):
            continue
        facts: dict[str, str | float] = {"scene": kind, "source": name, "crf": crf, "width": picture.shape[1]}
        if made.cover is not None:
            facts |= {"mm": made.cover.distance_mm, "share": made.cover.share, "disc": made.cover.disc_px}
        facts["detail"] = detail_share(picture, least_grey=DETAIL_GREY)
        return Sample(planes_of(picture), CLASSES.index(made.label), facts)


def draw_scene(
    rng: np.random.Generator, stock: Material, *, sharp_only: bool, rough: bool
) -> tuple[str, str, np.ndarray]:
    """Kind, source and linear light of a scene in focus."""
    while True:
        kind = str(rng.choice([name for name, _ in _SCENES], p=[share for _, share in _SCENES]))
        size = scenes.draw_size(rng)
        if kind == "bare":
            if sharp_only:
                continue
            which = str(rng.choice(scenes.BARE_KINDS))
            grain = stock.grain if rough else stock.grain[_ROUGH_GRAINS:]
            return kind, which, scenes.bare(rng, size, grain, which)
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
def _draw_batch(task: tuple[int, int, str, str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    place, first, cache_folder, footage = task
    cv2.setNumThreads(1)
    drawing = ROUNDS[place]
    stock = material(drawing.split, Path(cache_folder), Path(footage))
    seeds = ([drawing.seed, first + index] for index in range(_BATCH))
    drawn = [draw_sample(np.random.default_rng(seed), stock, drawing) for seed in seeds]
    planes = np.stack([sample.planes for sample in drawn])
    labels = np.array([sample.label for sample in drawn], np.int64)
    return planes, labels, [json.dumps(sample.facts) for sample in drawn]


def generate(drawing: Round, *, cache_folder: Path, footage: Path, processes: int) -> None:
    """Draw a round into `samples/NAME.npz` (no pickled objects), with progress on standard error."""
    place = ROUNDS.index(drawing)
    tasks = [(place, first, str(cache_folder), str(footage)) for first in range(0, drawing.samples, _BATCH)]
    parts: list[tuple[np.ndarray, np.ndarray, list[str]]] = []
    began = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        for part in pool.imap(_draw_batch, tasks):
            parts.append(part)
            rate = len(parts) * _BATCH / (time.monotonic() - began)
            left_s = (drawing.samples - len(parts) * _BATCH) / rate
            told = f"{drawing.name}: {len(parts) * _BATCH} of {drawing.samples} samples, {left_s:.0f} s left"
            print(told, file=sys.stderr, flush=True)
    out = cache_folder / "samples" / f"{drawing.name}.npz"
    out.parent.mkdir(parents=True, exist_ok=True)
    planes, labels = (np.concatenate([part[index] for part in parts]) for index in (0, 1))
    np.savez(out, planes=planes, labels=labels, facts=np.array([fact for part in parts for fact in part[2]]))
