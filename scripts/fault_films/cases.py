"""Every way in which a recorder's file can be broken, made from whole films, with what must be found."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from fault_films import breaks
from fault_films.boxes import top_boxes
from fault_films.breaks import Broken, packets_of
from fault_films.films import Film, write_film

_FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
_FIRST = {"movflags": "faststart"}
_MILLI = Fraction(1, 1000)
_LONG = Film(frames=250, sound_s=10.0)
_H265 = Film(codec="libx265", frames=150, b_frames=2, size=(160, 96))
_OF = {
    "mp4": _LONG,
    "first": Film(frames=250, sound_s=10.0, mux=_FIRST, b_frames=2),
    "h265": _H265,
    "slices": Film(frames=100, size=(320, 240), coder={"slices": "4"}),
    "fragments": Film(frames=250, sound_s=10.0, mux=_FRAGMENTS),
    "mkv": Film(format="matroska", frames=250, sound_s=10.0),
    "ts": Film(format="mpegts", frames=250, sound_s=10.0),
    "avi": Film(format="avi", frames=250, sound_s=10.0, sound_codec="pcm_s16le"),
    "flv": Film(format="flv", frames=250, sound_s=10.0),
    "mjpeg": Film(format="mov", codec="mjpeg", pixel="yuvj420p", frames=100),
}


class Case(NamedTuple):
    """`codes`: at least one of them must be found. `span`: where, exact to a frame; None where it has no place."""

    name: str
    codes: tuple[str, ...]
    extension: str
    content: bytes
    span: breaks.Span | None = None
    samples: tuple[int, int] | None = None


def cases_of_code(folder: Path) -> Iterator[Case]:
    """All cases, from films made in `folder`."""
    films = {name: write_film(folder / f"{name}.film", film) for name, film in _OF.items()}
    yield from _without_content()
    for name in ("mp4", "first", "h265", "slices"):
        yield from cases_of_film(name, films[name])
    yield from _fragmented(films["fragments"])
    yield from _other_containers(films)
    yield from _ends(films)
    yield from _index(films["mp4"])
    yield from _names(films)
    yield from _times(folder)


def small_cases(folder: Path) -> Iterator[Case]:
    """Those that need few films."""
    films = {name: write_film(folder / f"{name}.film", _OF[name]) for name in _OF if name not in ("h265", "slices")}
    yield from _without_content()
    yield from cases_of_film("first", films["first"])
    yield from _fragmented(films["fragments"])
    yield from _other_containers(films)
    yield from _ends(films)
    yield from _index(films["mp4"])
    yield from _names(films)
    yield from (case for case in _times(folder) if "matroska" not in case.name)


def cases_of_film(name: str, path: Path) -> Iterator[Case]:
    """What can be broken in the bytes of any whole MP4 that is not fragmented; for real footage too."""
    content, packets = path.read_bytes(), packets_of(path)
    moov_at, moov_end = breaks.box_span(content, b"moov")
    mdat_at, mdat_end = breaks.box_span(content, b"mdat")
    length = mdat_end - mdat_at
    if moov_at < mdat_at:
        yield _case(f"{name}: cut at 60 %", "samples_past_end", breaks.cut(content, packets, 0.6))
        yield _case(f"{name}: cut at 60 %, bytes", "data_cut", breaks.cut(content, packets, 0.6))
        yield _case(f"{name}: cut in the index", "index_cut", Broken(content[: (moov_at + moov_end) // 2]))
    else:
        yield _case(f"{name}: cut at 60 %, no index", "index_missing", Broken(content[: int(len(content) * 0.6)]))
        yield _case(f"{name}: cut in the index", "index_cut", Broken(content[: (moov_at + moov_end) // 2]))
    for share, long in ((0.3, 0.25), (0.02, 0.01), (0.7, 0.3)):
        start = mdat_at + int(share * length)
        with suppress(breaks.NothingBrokenError):
            broken = breaks.hole(content, packets, start, int(long * length))
            yield _case(f"{name}: hole of {long:.0%} at {share:.0%}", "data_hole", broken)
    large = max(range(len(packets)), key=lambda number: packets[number].size_bytes)
    middle = packets[large].at + packets[large].size_bytes // 2
    if packets[large].size_bytes > 700:
        yield _case(f"{name}: hole of 300 bytes in one picture", "data_hole",
                    breaks.hole(content, packets, middle, 300))  # fmt: skip
    yield _case(f"{name}: hole of one whole picture", "data_hole",
                breaks.hole(content, packets, packets[large].at, packets[large].size_bytes))  # fmt: skip
    yield _case(f"{name}: all footage zeros", "data_hole", breaks.empty_data(content, packets))
    for seed in range(5):
        yield _case(f"{name}: bits of the index flipped ({seed})", _ANY_OF_INDEX, breaks.flipped_index(content, seed))


_ANY_OF_INDEX = "index_damaged|index_missing|index_cut|table_bomb|not_media"


def _case(name: str, codes: str, broken: Broken, extension: str = "mp4") -> Case:
    return Case(name, tuple(codes.split("|")), extension, broken.content, broken.span, broken.samples)


def _open_end(broken: Broken) -> Broken:
    """Where the file itself cannot say when it would have ended."""
    return Broken(broken.content, None if broken.span is None else (broken.span[0], -1.0), broken.samples)


def _without_content() -> Iterator[Case]:
    dice = random.Random(3)
    head = b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"
    yield Case("no bytes", ("empty",), "mp4", b"")
    yield Case("one byte", ("not_media",), "mp4", b"\0")
    yield Case("only zeros", ("not_media",), "mp4", bytes(70_000))
    yield Case("text", ("not_media",), "mp4", b"the officer said " * 500)
    yield Case("noise", ("not_media",), "mp4", b"\x01" + dice.randbytes(50_000))
    yield Case("a JPEG named .mp4", ("wrong_extension",), "mp4", b"\xff\xd8\xff\xe0\0\x10JFIF" + dice.randbytes(9000))
    yield Case("a head, then space never written", ("index_missing",), "mp4", head + bytes(70_000))


def _fragmented(path: Path) -> Iterator[Case]:
    content, packets = path.read_bytes(), packets_of(path)
    yield _case("fragments: cut at 60 %", "data_cut", breaks.cut(content, packets, 0.6))
    yield _case("fragments: cut at 61 %, pictures", "samples_past_end", _open_end(breaks.cut(content, packets, 0.61)))
    boxes = [(kind, at, end) for kind, at, end in top_boxes(content)]
    fragments = [at for kind, at, _ in boxes if kind == b"moof"]
    inside = next(p.at for p in packets if p.at > fragments[3]) + 40
    yield _case("fragments: hole inside one", "data_hole", breaks.hole(content, packets, inside, 4000))
    across = fragments[4] - 600
    until = fragments[5] - across - 100
    yield _case("fragments: hole over a whole one", "data_hole", breaks.hole(content, packets, across, until))
    yield _case("fragments: then space never written", "data_cut",
                Broken(content[: fragments[5]] + bytes(200_000),
                       (next(p.shown_s for p in packets if p.at > fragments[5]), -1.0)))  # fmt: skip
    yield _case("fragments: all footage zeros", "data_hole", breaks.empty_data(content, packets))


def _other_containers(films: dict[str, Path]) -> Iterator[Case]:
    for name in ("mkv", "ts", "avi"):
        content, packets = films[name].read_bytes(), packets_of(films[name])
        yield _case(f"{name}: cut at 60.1 %", "data_cut", _open_end(breaks.cut(content, packets, 0.601)), name)
        start = packets[100].at + 30
        broken = breaks.hole(content, packets, start, packets[140].at - start)
        # in Matroska pictures are found again only where the next cluster begins
        yield _case(f"{name}: hole", "data_hole", _open_end(broken) if name == "mkv" else broken, name)
    content, packets = films["mjpeg"].read_bytes(), packets_of(films["mjpeg"])
    broken = breaks.hole(content, packets, packets[40].at, packets[60].at - packets[40].at)
    yield _case("motion JPEG: hole", "data_hole", broken, "mov")
    yield Case("avi counts pictures", ("no_times",), "avi", films["avi"].read_bytes())


def _ends(films: dict[str, Path]) -> Iterator[Case]:
    """Recordings without their beginning or their end, one behind the other, and sound that is destroyed alone."""
    mp4, ts, flv, avi = (films[name].read_bytes() for name in ("mp4", "ts", "flv", "avi"))
    yield _case("a second recording behind the first", "second_recording", Broken(mp4 + mp4))
    yield _case("the first 100 bytes overwritten", "head_missing", Broken(b"\xaa" * 100 + mp4[100:]))
    yield _case("ts: the first 100 bytes lost", "head_missing", Broken(ts[100:]), "ts")
    yield _case("flv: the last 7 bytes lost", "data_cut", Broken(flv[:-7]), "flv")
    yield _case("flv: never ended", "not_ended", Broken(breaks.zeros_behind(flv, b"\x08duration\0", 8)), "flv")
    yield _case("avi: never ended", "not_ended", Broken(breaks.zeros_behind(avi, b"RIFF", 4)), "avi")
    yield _case("mp4: hole in the sound alone", "sound_hole", breaks.sound_hole(mp4, films["mp4"], 4.0, 5.0))


def _index(path: Path) -> Iterator[Case]:
    content = path.read_bytes()
    for table, offset in ((b"stsz", 8), (b"stts", 4), (b"stsc", 4), (b"stco", 4)):
        yield _case(f"bomb in {table.decode()}", "table_bomb", breaks.number_over(content, table, offset, 0x7FFFFFFF))
    yield _case("bomb in a run of stts", "table_bomb", breaks.number_over(content, b"stts", 8, 0xFFFFFFFF))
    yield _case("no entries in stts", "index_damaged", breaks.number_over(content, b"stts", 4, 0))
    yield _case("places moved by a megabyte", "samples_past_end|index_damaged",
                breaks.number_over(content, b"stco", 8, 1 << 20))  # fmt: skip
    yield _case(
        "one size too large", "index_damaged|data_hole", breaks.number_over(content, b"stsz", 12 + 4 * 50, 99_999)
    )
    yield _case("a duration of an hour in stts", "index_damaged", breaks.number_over(content, b"stts", 12, 0x7FFFFF))
    stbl = content.index(b"stbl", content.index(b"vide"))
    yield _case("a table box of size zero", "index_damaged|index_missing",
                Broken(content[: stbl + 4] + bytes(4) + content[stbl + 8 :]))  # fmt: skip
    yield _case("an index inside itself", "index_damaged|index_missing",
                Broken(content.replace(b"trak", b"moov", 1)))  # fmt: skip


def _names(films: dict[str, Path]) -> Iterator[Case]:
    yield Case("mkv named .mp4", ("wrong_extension",), "mp4", films["mkv"].read_bytes())
    yield Case("ts named .mp4", ("wrong_extension",), "mp4", films["ts"].read_bytes())
    yield Case("mp4 named .avi", ("wrong_extension",), "avi", films["mp4"].read_bytes())


def _times(folder: Path) -> Iterator[Case]:
    """Films whose pictures are whole and whose times are not."""
    period = 40
    whole = [n * period for n in range(250)]

    def film(name: str, ticks: list[int], codes: str, span: breaks.Span | None, **more: Any) -> Case:
        made = Film(ticks=ticks, time_base=_MILLI, rate=Fraction(25), **{"sound_s": 10.0, **more})
        path = write_film(folder / "times.film", made)
        extension = {"matroska": "mkv", "mpegts": "ts"}.get(made.format, "mp4")
        return Case(name, tuple(codes.split("|")), extension, path.read_bytes(), span)

    def without(first: int, until: int) -> list[int]:
        return whole[:first] + whole[until:]

    for lost in (2, 6, 125):
        for form in ("mp4", "matroska", "mpegts"):
            span = (100 * 0.04, (100 + lost) * 0.04)
            yield film(
                f"{form}: {lost} pictures missing", without(100, 100 + lost), "frames_missing", span, format=form
            )
    yield film(
        "fragments: 6 pictures missing", without(100, 106), "frames_missing", (4.0, 4.24), mux=_FRAGMENTS, sound_s=None
    )
    yield film("B pictures: 6 pictures missing", without(100, 106), "frames_missing", (4.0, 4.24), b_frames=2)
    ahead = whole[:125] + [tick + 3_600_000 for tick in whole[125:]]
    yield film("the clock an hour ahead: a hole", ahead, "frames_missing", (5.0, 3605.0), sound_s=None)
    yield film("the clock an hour ahead: a step", ahead, "clock_step", (5.0, 3605.0), sound_s=None)
    squeezed = whole[:125] + [whole[124] + 1 + n for n in range(75)] + [tick - 3000 + 75 for tick in whole[200:]]
    for form in ("mp4", "matroska"):
        yield film(f"{form}: the clock three seconds back", squeezed, "clock_step", (4.96, 5.035), format=form)
    dice = random.Random(4)
    some = [tick for tick in whole if tick in (0, whole[-1]) or dice.random() > 0.15]
    yield film("one picture in seven missing, at random", some, "rate_shortfall", None)
    every = [tick for number, tick in enumerate(whole) if number % 5 != 3]
    yield film("every fifth picture missing", every, "rate_shortfall", None)
    yield film("every fifth picture missing, mkv", every, "rate_shortfall", None, format="matroska")
    path = folder / "sound.film"
    write_film(path, Film(frames=2, sound_s=4.0))
    yield Case("bare H.264", ("no_times",), "h264", write_film(folder / "bare.h264", Film(format="h264")).read_bytes())
