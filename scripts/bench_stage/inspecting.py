"""How much looking into a file costs beside hashing it, on films made here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from bench_stage.measured import Measured, machine, measure, medians
from demo_town.scene import Street

from edge.footage.boxes import walk_top_level
from edge.footage.inspect_call import inspect_call
from edge.footage.looks import look
from edge.footage.mp4_index import read_index
from edge.footage.probe import probe_file
from edge.footage.probe_result import LookOrder

_RATE, _BASE_S = 30, 10
TARGETS = {
    "seal_and_structure_over_sha256": 1.3,
    "index_bytes_over_moov": 2.0,
    "realtime": 200.0,
    "anonymous_mb": 256.0,
}
"""No worse than these; `realtime` is seconds of film for a second of one core. Source: design paper on footage."""


# ------------------------------------------------------------------ what is measured, each in a process of its own
def sha256(argument: dict[str, str]) -> str:
    """Hash the file as intake does."""
    with Path(argument["path"]).open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def index(argument: dict[str, str]) -> int:
    """Read the index alone; how many samples there are."""
    path = Path(argument["path"])
    with path.open("rb", buffering=0) as file:
        top = walk_top_level(file.fileno(), path.stat().st_size)
        return sum(len(track.sizes) for track in read_index(file.fileno(), top).tracks)


def seal_and_structure(argument: dict[str, str]) -> str:
    """Hash, then structure with the walk over every picture, as intake and inspection do one after the other."""
    sha256(argument)
    return str(probe_file(Path(argument["path"]), name=argument["name"]).verdict)


def full(argument: dict[str, str]) -> str:
    """Hash and everything that is looked at. A worker loads its libraries once, so they are loaded before the call."""
    sha256(argument)
    structure = inspect_call(argument)
    order = LookOrder().model_dump(mode="json")
    found = inspect_call({**argument, "structure": structure, "order": order})
    return json.dumps(found)[:2000]


LOADED = look
"""With its libraries, from here on."""
_MEASURED = ("sha256", "index", "seal_and_structure", "full")


def bench_inspect(folder: Path, *, rounds: int, seconds: int, own: Path | None) -> dict[str, object]:
    """Every film by every measure in turn, `rounds` times; medians, ratios and the targets beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    films = [own] if own is not None else list(make_films(folder, seconds))
    told: dict[str, object] = {"machine": machine(), "rounds": rounds, "targets": TARGETS}
    every: dict[str, object] = {}
    ratios: dict[str, object] = {}
    for film in films:
        argument = {"path": str(film), "name": film.name}
        measure("bench_stage.inspecting:sha256", argument)  # the file is in the page cache from here on
        taken: dict[str, list[Measured]] = {name: [] for name in _MEASURED}
        for _ in range(rounds):
            for name in _MEASURED:
                taken[name].append(measure(f"bench_stage.inspecting:{name}", argument))
        every[film.name] = {name: medians(of) for name, of in taken.items()}
        ratios[film.name] = _ratios(film, taken)
    return {**told, "medians": every, "ratios": ratios}


def _ratios(film: Path, taken: dict[str, list[Measured]]) -> dict[str, float]:
    at = {name: medians(of) for name, of in taken.items()}
    with av.open(str(film)) as medium:
        length_s = (medium.duration or 0) / 1_000_000
    with film.open("rb", buffering=0) as file:
        boxes = walk_top_level(file.fileno(), film.stat().st_size).boxes
        moov = sum(box.end - box.at for box in boxes if box.kind in (b"moov", b"moof"))
    return {
        "size_mb": film.stat().st_size / 1e6,
        "seconds": length_s,
        "seal_and_structure_over_sha256": at["seal_and_structure"]["cpu_s"] / at["sha256"]["cpu_s"],
        "seal_and_structure_over_sha256_wall": at["seal_and_structure"]["wall_s"] / at["sha256"]["wall_s"],
        "index_bytes_over_moov": at["index"]["read_bytes"] / max(moov, 1),
        "full_over_sha256": at["full"]["cpu_s"] / at["sha256"]["cpu_s"],
        "realtime": length_s / at["full"]["cpu_s"],
        "anonymous_mb": at["full"]["anonymous_bytes"] / 1e6,
    }


# ------------------------------------------------------------------ films
def make_films(folder: Path, seconds: int) -> Sequence[Path]:
    """1080p30 with sound: one of about 14.7 Mb/s with a key frame every 2 s, one of 6 Mb/s with one every second."""
    films = []
    for name, rate, every_s in (("14.7Mbps.mp4", 14_700_000, 2), ("6Mbps.mp4", 6_000_000, 1)):
        path = folder / name
        if not path.exists():
            base = folder / f"base-{name}"
            _encode(base, rate, every_s)
            _repeat(base, path, -(-seconds // _BASE_S))
            base.unlink()
        films.append(path)
    return films


def _encode(path: Path, bits_per_s: int, key_every_s: int) -> None:
    """A drawn street with the grain of a sensor: what a camera sees, so that nothing in it is suspicious."""
    dice, street = np.random.default_rng(1), Street("bench", sways=True)
    grain = [dice.normal(0, 6, (1080, 1920, 1)).astype(np.float32) for _ in range(7)]
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=_RATE)
        video.width, video.height, video.pix_fmt = 1920, 1080, "yuv420p"
        video.bit_rate, video.gop_size = bits_per_s, key_every_s * _RATE
        video.options = {"preset": "veryfast", "maxrate": str(bits_per_s), "bufsize": str(bits_per_s)}
        sound = output.add_stream("aac", rate=48_000, layout="mono")
        for number in range(_BASE_S * _RATE):
            drawn = cv2.resize(street.picture(number / _RATE), (1920, 1080), interpolation=cv2.INTER_LANCZOS4)
            picture = np.clip(drawn + grain[number % 7], 0, 255).astype(np.uint8)
            frame = VideoFrame.from_ndarray(cv2.cvtColor(picture, cv2.COLOR_BGR2YUV_I420), format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, _RATE)
            output.mux(video.encode(frame))
            heard = AudioFrame.from_ndarray(dice.integers(-3000, 3000, (1, 1600), dtype=np.int16), "s16", "mono")
            heard.sample_rate, heard.pts, heard.time_base = 48_000, number * 1600, Fraction(1, 48_000)
            output.mux(sound.encode(heard))
        output.mux(video.encode(None))
        output.mux(sound.encode(None))


def _repeat(base: Path, path: Path, times: int) -> None:
    """The packets of a film again and again, without encoding them anew."""
    with av.open(str(path), "w") as output:
        streams = {}
        with av.open(str(base)) as medium:
            for stream in medium.streams:
                streams[stream.index] = output.add_stream_from_template(stream)
        lengths: dict[int, int] = {}
        for turn in range(times):
            with av.open(str(base)) as medium:
                for packet in medium.demux():
                    if packet.dts is None:
                        continue
                    number = packet.stream.index
                    if turn == 0:  # each track is as long as its own packets, so that their times never go back
                        lengths[number] = lengths.get(number, 0) + (packet.duration or 0)
                    later = turn * lengths[number]
                    packet.pts, packet.dts = (packet.pts or 0) + later, packet.dts + later
                    packet.stream = streams[number]
                    output.mux(packet)
