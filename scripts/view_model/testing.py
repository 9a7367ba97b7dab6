"""The tests of a network: films and textures it never saw, tampered with by the same optics, and films as recorded."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np

from edge.footage.view_planes import detail_share, planes_of
from view_model import camera, scenes, tampering
from view_model.generate import DETAIL_GREY, Material, draw_texture, make, material
from view_model.optics import draw_lens
from view_model.sources import SOURCES, Split, film_frames, path_of
from view_model.tampering import CLASSES, Cover
from view_model.train import Drawn, load

BANDS_MM = {"0.3-1 cm": (3, 10), "1-3 cm": (10, 30), "3-8 cm": (30, 80), "8-15 cm": (80, 150), "20-40 cm": (200, 400)}
_EACH = 114
_MIXED = (("clear", 56), ("covered", 20), ("dark", 16), ("defocused", 20), ("glare", 20), ("corrupt", 20))
_TARMAC_CRF, _TARMAC_HEIGHTS = (23, 28, 33), (432, 360, 240)
TARMAC = "tarmac"
_SEED = 77
Row = tuple[np.ndarray, int, dict[str, str | float]]


def tests(cache_folder: Path, footage: Path) -> Drawn:
    """All tests as one set, drawn once; the fact "test" names the test a picture belongs to."""
    drawn = [_test(maker, cache_folder, footage) for maker in _MAKERS]
    planes, labels = np.concatenate([each.planes for each in drawn]), np.concatenate([each.labels for each in drawn])
    return Drawn(planes, labels, [facts for each in drawn for facts in each.facts])


def _test(maker: Callable[[Material, Path, Path], Iterator[Row]], cache_folder: Path, footage: Path) -> Drawn:
    name = f"test{maker.__name__.replace('_', '-')}"
    path = cache_folder / "samples" / f"{name}.npz"
    if not path.exists():
        cv2.setNumThreads(1)
        rows = list(maker(material(Split.TEST, cache_folder, footage), cache_folder, footage))
        planes, labels = np.stack([row[0] for row in rows]), np.array([row[1] for row in rows], np.int64)
        np.savez(path, planes=planes, labels=labels, facts=np.array([json.dumps(row[2]) for row in rows]))
        print(f"{name}: {len(rows)} pictures", file=sys.stderr, flush=True)
    return load(path)


def _row(picture: np.ndarray, label: str, test: str, source: str, **facts: str | float) -> Row:
    detail = detail_share(picture, least_grey=DETAIL_GREY)
    known = {"test": test, "source": source, "width": picture.shape[1], "detail": detail}
    return planes_of(picture), CLASSES.index(label), known | facts


def _as_recorded(_stock: Material, cache_folder: Path, footage: Path) -> Iterator[Row]:
    for source in SOURCES:
        path = path_of(source, cache_folder, footage)
        if source.split is Split.TEST and source.scene and path.suffix not in {".jpg", ".png"}:
            for picture in film_frames(path, frames=100 if source.name == TARMAC else 60):
                yield _row(picture, "clear", "recorded", source.name)


def _sharp_scenes(stock: Material) -> dict[str, list[np.ndarray]]:
    """Frames of held-out films that are in focus (a film of shallow focus has no truth), and stills as one group."""
    groups: dict[str, list[np.ndarray]] = {}
    for name, picture in [*stock.films, *(("stills", _no_wider(picture)) for _, picture in stock.photos)]:
        height, width = (side // 2 * 2 for side in picture.shape[:2])
        if name != TARMAC and scenes.in_focus(picture):
            groups.setdefault(name, []).append(np.ascontiguousarray(picture[:height, :width]))
    return groups


def _no_wider(picture: np.ndarray, most_px: int = 1280) -> np.ndarray:
    height, width = picture.shape[:2]
    if width <= most_px:
        return picture
    return cv2.resize(picture, (most_px, round(height * most_px / width)), interpolation=cv2.INTER_AREA)


def _scene(rng: np.random.Generator, pool: list[np.ndarray]) -> np.ndarray:
    """A frame at its own size, or reduced to 60 to 100 % of it."""
    picture = pool[int(rng.integers(0, len(pool)))]
    scale = 1.0 if rng.random() < 0.6 else rng.uniform(0.6, 1)
    size = tuple(max(240, int(side * scale)) // 2 * 2 for side in picture.shape[1::-1])
    reduced = picture if scale == 1.0 else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return camera.to_linear(np.ascontiguousarray(reduced[:, ::-1] if rng.random() < 0.5 else reduced))


def _mixed(stock: Material, _cache: Path, _footage: Path) -> Iterator[Row]:
    for place, (name, pool) in enumerate(sorted(_sharp_scenes(stock).items())):
        rng = np.random.default_rng([_SEED, 1, place])
        for label, count in _MIXED:
            done = 0
            while done < count:
                made = make(rng, stock, label, _scene(rng, pool), "film")
                if made is None or made.label != label:
                    continue
                crf = float(rng.uniform(18, 35))
                picture = tampering.recorded(rng, made, crf=crf)
                if picture is not None:
                    done += 1
                    yield _row(picture, label, "mixed", name, crf=crf)


def _covers(stock: Material, _cache: Path, _footage: Path) -> Iterator[Row]:
    pools = [pool for _, pool in sorted(_sharp_scenes(stock).items())]
    for place, (band, edges) in enumerate(BANDS_MM.items()):
        for full in (True, False):
            rng = np.random.default_rng([_SEED, 2, place, int(full)])
            done = 0
            while done < _EACH:
                light = _scene(rng, pools[done % len(pools)])
                cover = _cover(rng, light.shape[1], edges, full=full)
                texture = draw_texture(rng, stock, light.shape[1::-1])
                if texture is None or (edges[1] <= 150 and cover.disc_px < tampering.LEAST_DISC_PX):
                    continue
                made = tampering.covered(rng, light, texture, cover)
                picture = tampering.recorded(rng, made, crf=float(rng.uniform(18, 35)))
                if picture is None or made.label != "covered":
                    continue
                done += 1
                facts = {"band": band, "disc": cover.disc_px, "share": cover.share, "mm": cover.distance_mm}
                yield _row(picture, "covered", "covers", "films", **facts)


def _cover(rng: np.random.Generator, width_px: int, band_mm: tuple[float, float], *, full: bool) -> Cover:
    return tampering.draw_cover(rng, draw_lens(rng, width_px), band_mm=band_mm, full=full)


def _tarmac(_stock: Material, cache_folder: Path, footage: Path) -> Iterator[Row]:
    [source] = [source for source in SOURCES if source.name == TARMAC]
    frames = film_frames(path_of(source, cache_folder, footage), frames=100)
    for height in _TARMAC_HEIGHTS:
        for crf in _TARMAC_CRF:
            for picture in frames[::3]:
                size = (round(picture.shape[1] * height / picture.shape[0]) // 2 * 2, height)
                reduced = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
                again = camera.decoded(_inside_a_film(reduced, crf))
                if again is not None:
                    yield _row(again, "clear", "tarmac again", TARMAC, crf=crf, height=height)
    rng = np.random.default_rng([_SEED, 3])
    for index in range(60):
        made = tampering.clear(
            rng, camera.to_linear(frames[index]), kind=str(rng.choice(tampering.scene_kinds(True))), steady=True
        )
        picture = tampering.recorded(rng, made, crf=float(rng.uniform(18, 33)))
        if picture is not None:
            yield _row(picture, "clear", "tarmac nuisances", TARMAC)


def _inside_a_film(picture: np.ndarray, crf: float) -> bytes:
    """The first key frame of a film of this picture: what rate control gives a key frame that others follow."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.height, encoder.width = picture.shape[:2]
    encoder.pix_fmt, encoder.framerate, encoder.thread_count = "yuv420p", 25, 1
    encoder.options = {"preset": "veryfast", "crf": f"{crf}"}
    packets = []
    for number in range(4):
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts = number
        packets.extend(encoder.encode(frame))
    packets.extend(encoder.encode(None))
    return bytes(packets[0])


def _drawn_bare(stock: Material, _cache: Path, _footage: Path) -> Iterator[Row]:
    for place, kind in enumerate(tampering.BARE_KINDS):
        rng = np.random.default_rng([_SEED, 4, place])
        done = 0
        while done < 30:
            light = scenes.bare(rng, scenes.draw_size(rng), stock.grain, kind)
            made = tampering.clear(rng, light, kind=None, steady=True)
            picture = tampering.recorded(rng, made, crf=float(rng.uniform(18, 35)))
            if picture is not None:
                done += 1
                yield _row(picture, "clear", "bare", kind, survives=float(scenes.detail_survives(picture)))


def _grainy(stock: Material, _cache: Path, _footage: Path) -> Iterator[Row]:
    """Full gain through a cheap coder: full covers within 8 cm, and scenes that got the same grain and compression."""
    pools = [pool for _, pool in sorted(_sharp_scenes(stock).items())]
    for place, label in enumerate(("covered", "clear")):
        rng = np.random.default_rng([_SEED, 5, place])
        done = 0
        while done < _EACH:
            light = _scene(rng, pools[done % len(pools)])
            if label == "covered":
                cover = _cover(rng, light.shape[1], (3, 80), full=True)
                made = tampering.covered(rng, light, draw_texture(rng, stock, light.shape[1::-1]), cover)
            else:
                made = tampering.clear(rng, light, kind=None, steady=True)
            if made.label != label:
                continue
            made = replace(made, picture=camera.with_grain(rng, made.picture))
            picture = tampering.recorded(rng, made, crf=float(rng.uniform(26, 33)), coder=camera.CHEAP)
            if picture is not None:
                done += 1
                yield _row(picture, label, "grainy", "films")


_MAKERS = (_as_recorded, _mixed, _covers, _tarmac, _drawn_bare, _grainy)
