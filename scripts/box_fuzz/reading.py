"""One process that reads mutated films from memory, and what it saw."""

from __future__ import annotations

import os
import random
import resource
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from fault_films.films import Film, write_film

from box_fuzz.mutations import Base, mutate
from edge.footage.boxes import IndexDamagedError
from edge.footage.frames import FileTime
from edge.footage.mp4_structure import NoIndexError, mp4_structure
from edge.footage.structure import faults_of_pictures

MEMORY_BYTES = 1 << 30
HANG_S = 1.0
_SLOW_AGAIN = 3
_FRAGMENTS = "frag_keyframe+empty_moov+default_base_moof"
_FILMS = {
    "whole": Film(frames=14, gop=5, b_frames=2, size=(32, 32), sound_s=0.5),
    "index first": Film(frames=10, gop=5, size=(32, 32), mux={"movflags": "faststart"}),
    "fragments": Film(frames=12, gop=4, size=(32, 32), sound_s=0.4, mux={"movflags": _FRAGMENTS}),
    "variable": Film(frames=8, gop=4, size=(32, 32), ticks=(0, 3, 9, 10, 26, 30, 31, 150), time_base=Fraction(1, 100)),
    "h265": Film(codec="libx265", frames=6, gop=3, size=(64, 64)),
    "motion jpeg": Film(codec="mjpeg", pixel="yuvj420p", frames=5, size=(32, 32), format="mov"),
}


@dataclass
class Tally:
    """What became of the inputs. `crashes`: (name of the film, seed of the input, what was raised)."""

    inputs: int = 0
    read: int = 0
    faulty: int = 0
    refused: int = 0
    longest_s: float = 0.0
    peak_bytes: int = 0
    crashes: list[tuple[str, int, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Put another process's tally to this one."""
        self.inputs, self.read = self.inputs + other.inputs, self.read + other.read
        self.faulty, self.refused = self.faulty + other.faulty, self.refused + other.refused
        self.longest_s = max(self.longest_s, other.longest_s)
        self.peak_bytes = max(self.peak_bytes, other.peak_bytes)
        self.crashes += other.crashes


def films() -> list[Base]:
    """The films to change; made anew, since they are small."""
    bases = []
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, film) in enumerate(_FILMS.items()):
            path = write_film(Path(folder) / f"{number}.mp4", film)
            bases.append(Base.of(name, path.read_bytes()))
    return bases


def input_of(bases: list[Base], seed: int) -> tuple[Base, bytes]:
    """The input of a seed, whole."""
    dice = random.Random(seed)
    base = dice.choice(bases)
    patches, size_bytes = mutate(base, dice)
    content = bytearray(base.content)
    for at, data in patches:
        content[at : at + len(data)] = data
    return base, bytes(content[:size_bytes])


def read_one(descriptor: int, size_bytes: int) -> str:
    """What the reader makes of the file: "read", "faulty" or "refused"."""
    try:
        structure = mp4_structure(descriptor, size_bytes)
    except (NoIndexError, IndexDamagedError):
        return "refused"
    faults = list(structure.faults)
    if structure.frames is not None and len(structure.frames):
        span = FileTime.of(structure.frames)
        faults += faults_of_pictures(structure, span)
        span.recorded()
    return "faulty" if faults else "read"


def _timed(descriptor: int, size_bytes: int) -> tuple[str, float]:
    began_s = time.monotonic()
    outcome = read_one(descriptor, size_bytes)
    return outcome, time.monotonic() - began_s


def read_many(first_seed: int, inputs: int, seconds: float | None, bases: list[Base]) -> Tally:
    """Read the inputs of the seeds from `first_seed` on, in this process, with bounded memory."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    tally, began_s = Tally(), time.monotonic()
    descriptor = os.memfd_create("mutated")
    for seed in range(first_seed, first_seed + inputs):
        if seconds is not None and time.monotonic() - began_s > seconds:
            break
        base, content = input_of(bases, seed)
        os.ftruncate(descriptor, len(content))
        os.pwrite(descriptor, content, 0)
        try:
            outcome, took_s = _timed(descriptor, len(content))
            if took_s > HANG_S:  # a machine that was busy elsewhere is no hang: such an input is slow every time
                took_s = min(took_s, *(_timed(descriptor, len(content))[1] for _ in range(_SLOW_AGAIN)))
        except Exception:  # noqa: BLE001 - whatever it raises is the finding
            tally.crashes.append((base.name, seed, traceback.format_exc(limit=-4)))
            outcome, took_s = "refused", 0.0
        tally.longest_s = max(tally.longest_s, took_s)
        tally.inputs += 1
        setattr(tally, outcome, getattr(tally, outcome) + 1)
    os.close(descriptor)
    tally.peak_bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return tally
