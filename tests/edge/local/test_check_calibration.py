"""`tallylight-edge check-calibration`: may this file be used, for this footage, at that time, with this device?"""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge.cli import execute
from tests.edge.devices.test_calibration_files import OPENCV_4, OWN, ROS
from tests.edge.films import film

AT = ("--at", "2026-11-21T08:00:00+08:00")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def ran(*words: object, language: str = "en") -> Done:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = execute(["check-calibration", *map(str, words), "--lang", language])
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "MON07.json"
    path.write_text(json.dumps({name: value for name, value in OWN.items() if name != "road_plane"}))
    return path


def codes(done: Done) -> list[set[str]]:
    files: list[dict[str, Any]] = json.loads(done.out)["files"]
    return [{fault["code"] for fault in file["faults"]} for file in files]


def test_a_fit_calibration_ends_in_order(own: Path) -> None:
    done = ran(own, *AT, "--device", "MON07", "--json")
    assert (done.code, done.err, codes(done)) == (0, "", [set()])
    assert "fit" in ran(own, *AT).out
    assert "可用" in ran(own, *AT, language="zh-CN").out


def test_every_file_has_its_own_verdict(own: Path, tmp_path: Path) -> None:
    ros, opencv, words = tmp_path / "ros.yaml", tmp_path / "cv.yml", tmp_path / "words.txt"
    ros.write_text(ROS)
    opencv.write_text(OPENCV_4)
    words.write_text("no calibration")
    done = ran(own, ros, opencv, words, tmp_path / "gone.json", *AT, "--json")
    assert done.code == 1
    verdicts = [file["verdict"] for file in json.loads(done.out)["files"]]
    assert verdicts == ["fit", "undetermined", "fit", "unfit", "unfit"]
    assert codes(done)[1:] == [{"reprojection_error_missing", "date_missing"}, set(), {"unreadable"}, {"unreadable"}]


def test_footage_gives_the_size_and_the_time_of_the_question(own: Path, tmp_path: Path) -> None:
    footage = film(tmp_path / "MON07_20250101080000_0001.mp4", seconds=1)
    done = ran(own, "--footage", footage, "--json")
    assert (done.code, codes(done)) == (1, [{"resolution_differs", "dated_in_future"}])
    assert codes(ran(own, "--footage", footage, *AT, "--json")) == [{"resolution_differs"}]


def test_the_question_is_about_the_device_that_is_named(own: Path) -> None:
    assert codes(ran(own, *AT, "--device", "MON08", "--json")) == [{"serial_differs"}]
    assert codes(ran(own, *AT, "--device", "MON08", "--serial", "MON07", "--json")) == [set()]
    assert codes(ran(own, *AT, "--zoom", 2, "--json")) == [{"zoom_differs"}]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_every_fault_is_told_with_what_to_do(tmp_path: Path, language: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps({**OWN, "reprojection_error_px": 3, "camera_matrix": [[6, 0, 9], [0, 6, 9], [0, 0, 1]]}))
    done = ran(path, *AT, language=language)
    assert done.code == 1
    assert ("perform the calibration again" if language == "en" else "重新标定") in " ".join(done.out.split())
    assert "Traceback" not in done.out + done.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 2),
        (("OWN", "--at", "yesterday"), 2),
        (("OWN", "--zoom", "far"), 2),
        (("OWN", "--footage", "GONE"), 1),
        (("OWN", "--footage", "TEXT"), 1),
    ],
)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_question_that_cannot_be_asked_is_refused(
    own: Path, tmp_path: Path, words: tuple[str, ...], code: int, language: str
) -> None:
    (tmp_path / "text.mp4").write_text("no footage")
    given = {"OWN": str(own), "GONE": str(tmp_path / "gone.mp4"), "TEXT": str(tmp_path / "text.mp4")}
    done = ran(*(given.get(word, word) for word in words), language=language)
    assert (done.code, done.out) == (code, "")
    assert "Traceback" not in done.err
    assert any("\u4e00" <= sign <= "\u9fff" for sign in done.err) is (language == "zh-CN")
