"""What happens to a file between the scan and the look at it: every such file has its verdict, and nothing waits."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge.footage.probe_result import INSPECT_TARGET
from edge.platform.limited_worker import LimitedWorker
from edge.workers.clip_facts import SourceReading
from edge.workers.inspect_paths import InspectReport, inspect_paths
from tests.edge.films import film
from tests.edge.landed_clips import NOW

FIRST, SECOND = "BC01_20260301T080000_0001.mp4", "BC01_20260301T081000_0002.mp4"


class HarmfulProber:
    """Looks as ever, and does harm before the look at the file of a name."""

    def __init__(self, worker: LimitedWorker, name: str, harm: Callable[[], object]) -> None:
        self._worker, self._name, self._harm = worker, name, harm
        self._done = False

    def call(self, argument: Any, *, time_limit_s: float) -> Any:
        if argument["name"] == self._name and not self._done:
            self._done = True
            self._harm()
        return self._worker.call(argument, time_limit_s=time_limit_s)


def inspected(folder: Path, at_the_look_at: str, harm: Callable[[], object]) -> InspectReport:
    with closing(LimitedWorker(INSPECT_TARGET)) as worker:
        prober = HarmfulProber(worker, at_the_look_at, harm)
        return inspect_paths([folder], reading=SourceReading.usual(), prober=prober, now_us=NOW)


def told(report: InspectReport) -> dict[str, list[str]]:
    return {file.name: [fault.code for fault in file.faults] for file in report.files}


def replaced_by(make: Callable[[Path], object], path: Path) -> Callable[[], object]:
    def harm() -> None:
        path.unlink()
        make(path)

    return harm


GONE: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda _path: None, "unreadable"),
    "a folder": (os.mkdir, "not_media"),
    "a pipe that nobody writes into": (os.mkfifo, "not_media"),
    "a link to a device without an end": (lambda path: path.symlink_to("/dev/zero"), "not_media"),
    "a link to itself": (lambda path: path.symlink_to(path.name), "not_media"),
}


BETWEEN = {name: made for name, made in GONE.items() if "pipe" not in name}
"""The worker waits for a pipe until its limit in time, half a minute."""


@pytest.mark.parametrize(
    ("at_the_look_at", "make", "code"),
    [(FIRST, *made) for made in GONE.values()] + [(SECOND, *made) for made in BETWEEN.values()],
    ids=[f"{name} before it is read" for name in GONE] + [f"{name} between its hash and the look" for name in BETWEEN],
)
def test_what_takes_the_place_of_a_file_is_told_and_not_waited_for(
    tmp_path: Path, at_the_look_at: str, make: Callable[[Path], object], code: str
) -> None:
    for number, name in enumerate((FIRST, SECOND)):
        film(tmp_path / name, seconds=1, seed=number)
    report = inspected(tmp_path, at_the_look_at, replaced_by(make, tmp_path / SECOND))
    assert told(report) == {FIRST: [], SECOND: [code]}


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def shrink(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


@pytest.mark.parametrize("change", [grow, shrink, lambda path: film(path, seconds=2, seed=9)])
def test_a_file_that_changes_is_told_as_still_being_written(tmp_path: Path, change: Callable[[Path], object]) -> None:
    path = film(tmp_path / FIRST, seconds=1)
    assert "still_growing" in told(inspected(tmp_path, FIRST, lambda: change(path)))[FIRST]
