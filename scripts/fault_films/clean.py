"""Whole files of as many kinds as recorders and monitors write: none of them may show a fault."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from fault_films import boxes
from fault_films.films import Film, write_film

_FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
_CMAF = {"movflags": "cmaf+frag_keyframe"}
_FIRST = {"movflags": "faststart"}
_MILLI = Fraction(1, 1000)
_NINETY_KHZ = Fraction(1, 90_000)


class Clean(NamedTuple):
    """A variant: its name, the extension of the file, and how it is written."""

    name: str
    extension: str
    write: Callable[[Path], Path]


def clean_variants() -> list[Clean]:
    """Every variant."""
    return [*(_film(*row) for row in _FILMS), *_CHANGED]


def _film(name: str, extension: str, film: Film) -> Clean:
    return Clean(name, extension, lambda path: write_film(path, film))


def _phone() -> list[int]:
    """Milliseconds of a phone: thirty pictures a second, twenty-four in the shade, fifteen at dusk, with jitter."""
    dice, ticks, at = random.Random(5), [], 0.0
    for period_ms, frames in ((33.3, 60), (41.7, 60), (66.7, 40), (33.3, 50)):
        for _ in range(frames):
            ticks.append(round(at))
            at += period_ms + dice.uniform(-2, 2)
    return ticks


def _any_rate() -> list[int]:
    dice, ticks = random.Random(6), [0]
    for _ in range(200):
        ticks.append(ticks[-1] + dice.choice((33, 50, 67, 100)))
    return ticks


def _slow_then_quick() -> list[int]:
    return [*range(0, 8000, 400), *range(8000, 12_000, 40), *range(12_000, 20_000, 500)]


_SOUND: dict[str, Any] = {"sound_s": 4.0}
_FILMS: tuple[tuple[str, str, Film], ...] = (
    ("mp4, index at the end", "mp4", Film(**_SOUND)),
    ("mp4, index first", "mp4", Film(mux=_FIRST, **_SOUND)),
    ("mp4 without sound", "mp4", Film()),
    ("mov", "mov", Film(format="mov", **_SOUND)),
    ("mov, sound as samples", "mov", Film(format="mov", sound_codec="pcm_s16le", **_SOUND)),
    ("mov, minutes of sound as samples", "mov", Film(format="mov", frames=50, rate=Fraction(1, 10),
                                                     sound_codec="pcm_s16le", sound_s=500.0)),
    ("3gp", "3gp", Film(format="3gp", **_SOUND)),
    ("fragmented mp4", "mp4", Film(mux=_FRAGMENTS, **_SOUND)),
    ("fragmented mp4, B pictures", "mp4", Film(mux=_FRAGMENTS, b_frames=2, **_SOUND)),
    ("fragmented mp4, a fragment for each picture", "mp4", Film(mux={"movflags": "frag_every_frame+empty_moov"})),
    ("fragmented mp4 after a first part", "mp4", Film(mux={"movflags": "frag_keyframe"}, **_SOUND)),
    ("fragmented mp4 with a list of segments", "mp4", Film(mux={"movflags": "frag_keyframe+global_sidx+dash"})),
    ("cmaf", "mp4", Film(mux=_CMAF)),
    ("cmaf, H.265", "mp4", Film(codec="libx265", mux=_CMAF)),
    ("mkv", "mkv", Film(format="matroska", **_SOUND)),
    ("mkv, B pictures", "mkv", Film(format="matroska", b_frames=3, **_SOUND)),
    ("mkv, H.265", "mkv", Film(format="matroska", codec="libx265")),
    ("mkv written live", "mkv", Film(format="matroska", mux={"live": "1"}, **_SOUND)),
    ("ts", "ts", Film(format="mpegts", **_SOUND)),
    ("ts, B pictures", "ts", Film(format="mpegts", b_frames=2)),
    ("ts, H.265", "ts", Film(format="mpegts", codec="libx265")),
    ("m2ts", "m2ts", Film(format="mpegts", mux={"mpegts_m2ts_mode": "1"}, **_SOUND)),
    ("flv", "flv", Film(format="flv", **_SOUND)),
    ("B pictures and an edit list", "mp4", Film(b_frames=2, **_SOUND)),
    ("many B pictures", "mp4", Film(b_frames=8, gop=50, frames=150)),
    ("B pictures, negative offsets", "mp4", Film(b_frames=3, mux={"movflags": "negative_cts_offsets"})),
    ("H.265", "mp4", Film(codec="libx265", **_SOUND)),
    ("H.265 with B pictures", "mp4", Film(codec="libx265", b_frames=3)),
    ("motion JPEG", "mov", Film(format="mov", codec="mjpeg", pixel="yuvj420p")),
    ("motion JPEG in mp4", "mp4", Film(codec="mjpeg", pixel="yuvj420p", **_SOUND)),
    ("MPEG-4 part 2", "mp4", Film(codec="mpeg4", **_SOUND)),
    ("5 a second", "mp4", Film(rate=Fraction(5))),
    ("12.5 a second", "mp4", Film(rate=Fraction(25, 2))),
    ("23.976 a second", "mp4", Film(rate=Fraction(24_000, 1001))),
    ("29.97 a second", "mkv", Film(format="matroska", rate=Fraction(30_000, 1001), frames=200)),
    ("59.94 a second", "mp4", Film(rate=Fraction(60_000, 1001), frames=240)),
    ("120 a second", "mp4", Film(rate=Fraction(120), frames=240)),
    ("113125 / 4711 a second", "mp4", Film(rate=Fraction(113_125, 4711))),
    ("a clock of 90 kHz", "mp4", Film(ticks=[3600 * n for n in range(100)], time_base=_NINETY_KHZ)),
    ("a clock of milliseconds", "mkv", Film(format="matroska", ticks=[n * 1000 // 30 for n in range(120)],
                                             time_base=_MILLI)),
    ("a phone's rate", "mp4", Film(ticks=_phone(), time_base=_MILLI, **_SOUND)),
    ("a phone's rate in mkv", "mkv", Film(format="matroska", ticks=_phone(), time_base=_MILLI)),
    ("a phone's rate in fragments", "mp4", Film(ticks=_phone(), time_base=_MILLI, mux=_FRAGMENTS)),
    ("a rate at random", "mp4", Film(ticks=_any_rate(), time_base=_MILLI)),
    ("slow, then quick, then slow", "mp4", Film(ticks=_slow_then_quick(), time_base=_MILLI)),
    ("sound longer than the picture", "mp4", Film(sound_s=9.0)),
    ("sound longer than the picture, mkv", "mkv", Film(format="matroska", sound_s=9.0)),
    ("sound shorter than the picture", "mp4", Film(sound_s=1.0)),
    ("an odd size", "mp4", Film(size=(98, 66))),
    ("a narrow picture", "mp4", Film(size=(640, 16))),
    ("1920 by 1080", "mp4", Film(size=(1920, 1080), frames=12)),
    ("every picture a key", "mp4", Film(gop=1)),
    ("one key in ten seconds", "mp4", Film(gop=250, frames=300)),
    ("one picture", "mp4", Film(frames=1)),
    ("one picture, mkv", "mkv", Film(format="matroska", frames=1)),
    ("one picture, ts", "ts", Film(format="mpegts", frames=1)),
    ("two pictures", "mp4", Film(frames=2)),
    ("several slices", "mp4", Film(size=(320, 240), coder={"slices": "4"})),
    ("a creation time", "mp4", Film(created="2026-11-20T08:00:00Z")),
)  # fmt: skip


def _changed(change: Callable[[bytes], bytes], film: Film) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        write_film(path, film)
        path.write_bytes(change(path.read_bytes()))
        return path

    return write


_CHANGED = [
    Clean("sizes of 64 bits", "mp4", _changed(boxes.with_long_mdat, Film(**_SOUND))),
    Clean("a last box of size zero", "mp4", _changed(boxes.with_open_mdat, Film(mux=_FIRST))),
    Clean("free space between the boxes", "mp4", _changed(boxes.with_free_boxes, Film(mux=_FIRST))),
    Clean("a leading empty edit", "mp4", _changed(boxes.with_empty_edit, Film())),
    Clean("pictures padded with zeros", "mp4", _changed(boxes.with_padded_pictures, Film(gop=1, frames=40))),
]
