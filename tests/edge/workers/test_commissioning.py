"""`tallylight-edge commission`: a named person stores a view; what makes no reference is refused with a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from edge.storage.reference_files import ReferenceFiles
from tests.edge.commissioned import WHO, calibration_file, ran, recording
from tests.edge.films import film
from tests.edge.street import NIGHT, Light, street


def transport_stream_of_three_seconds(path: Path) -> Path:
    """The begin of a longer one, cut between two packets, which shows no sign of it."""
    whole = film(path, seconds=20, container="mpegts").read_bytes()
    path.write_bytes(whole[: len(whole) * 3 // 20 // 188 * 188])
    return path


def with_a_hole(path: Path) -> Path:
    """Zeros where the pictures in the middle were."""
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 2] = bytes(len(data) // 2 - len(data) // 3)
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recording(tmp_path_factory.mktemp("footage") / "MON07_day.mp4")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recording(tmp_path_factory.mktemp("footage") / "MON07_night.mkv", light=NIGHT)


def test_a_view_is_stored_shown_and_listed(tmp_path: Path, day: Path, night: Path) -> None:
    done = ran("commission", "MON07", "--from", day, night, *WHO, "--data", tmp_path, "--lang", "en")
    assert (done.code, done.err) == (0, "")
    assert "By night" in done.out
    (stored,) = ReferenceFiles(tmp_path).history("MON07")
    assert {light.light for light in stored.view.lights} == {"day", "night"}
    assert [source.pictures for source in stored.view.sources] == [8, 8]
    assert stored.picture.read_bytes().startswith(b"\x89PNG")
    listed = json.loads(ran("commission", "--data", tmp_path, "--json").out)
    assert [(one["device"], one["by"], one["sha256"]) for one in listed] == [("MON07", "Li Wei", stored.sha256)]
    assert "姓名" not in ran("commission", "MON07", "--show", "--data", tmp_path, "--lang", "zh-CN").err


def test_a_new_reference_keeps_the_old_one_and_names_it(tmp_path: Path, day: Path, night: Path) -> None:
    for light, more in ((day, ()), (night, ("--add",))):
        assert ran("commission", "MON07", "--from", light, *WHO, *more, "--data", tmp_path).code == 0
    first, second = ReferenceFiles(tmp_path).history("MON07")
    assert (first.view.replaces, second.view.replaces) == (None, first.sha256)
    assert {light.light for light in second.view.lights} == {"day", "night"}
    assert first.record.exists()
    assert first.arrays.exists()


def test_still_pictures_make_a_reference_too(tmp_path: Path) -> None:
    files = []
    for number in range(6):
        path = tmp_path / f"{number}.jpg"
        cv2.imwrite(str(path), street(number=number))
        files.append(path)
    assert ran("commission", "MON07", "--from", *files, *WHO, "--data", tmp_path).code == 0


def test_the_calibration_that_held_is_kept_with_it_and_stays(tmp_path: Path, day: Path) -> None:
    calibration = calibration_file(tmp_path)
    first = ran("commission", "MON07", "--from", day, *WHO, "--calibration", calibration, "--data", tmp_path)
    assert first.code == 0, first
    ran("commission", "MON07", "--from", day, *WHO, "--data", tmp_path)
    kept = [stored.view.calibration for stored in ReferenceFiles(tmp_path).history("MON07")]
    assert kept[0] is not None
    assert kept[0] == kept[1]


def test_a_calibration_that_is_unfit_is_refused_with_all_its_faults_at_once(tmp_path: Path, day: Path) -> None:
    calibration = calibration_file(tmp_path, reprojection_error_px=7, performed_on="2019-01-01", image_height_px=None)
    given = ("commission", "MON07", "--from", day, *WHO, "--calibration", calibration, "--data", tmp_path)
    done = ran(*given, "--lang", "en")
    assert (done.code, done.out) == (1, "")
    assert "image_height_px" in done.err
    assert "7" in done.err
    assert "2019-01-01" in done.err
    assert "重新标定" in ran(*given, "--lang", "zh-CN").err
    assert ReferenceFiles(tmp_path).current("MON07") is None


def test_a_calibration_of_another_size_of_picture_is_refused(tmp_path: Path, day: Path) -> None:
    matrix = [[600, 0, 320], [0, 600, 200], [0, 0, 1]]
    calibration = calibration_file(tmp_path, image_width_px=640, image_height_px=400, camera_matrix=matrix)
    done = ran("commission", "MON07", "--from", day, *WHO, "--calibration", calibration, "--data", tmp_path)
    assert (done.code, ReferenceFiles(tmp_path).current("MON07")) == (1, None)
    assert "640x400" in done.err


def test_what_a_calibration_does_not_say_is_told_and_refuses_nothing(tmp_path: Path, day: Path) -> None:
    calibration = tmp_path / "ros.yaml"
    calibration.write_text(
        "image_width: 480\nimage_height: 272\ncamera_name: MON07\ndistortion_model: plumb_bob\n"
        "camera_matrix: {rows: 3, cols: 3, data: [600, 0, 240, 0, 600, 136, 0, 0, 1]}\n"
        "distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}\n"
    )
    given = ("commission", "MON07", "--from", day, *WHO, "--calibration", calibration, "--data", tmp_path)
    done = ran(*given, "--lang", "en")
    assert done.code == 0
    assert "does not say" in done.err


REFUSED = {
    "nobody's name": (["MON07", "--from", "DAY", "--reason", "mounted"], 2, "--by NAME"),
    "a name of blanks": (["MON07", "--from", "DAY", "--by", " ", "--reason", "mounted"], 2, "--by NAME"),
    "no reason": (["MON07", "--from", "DAY", "--by", "Li Wei"], 2, "--reason TEXT"),
    "no device": (["--from", "DAY", *WHO], 2, "device"),
    "no files": (["MON07", *WHO], 2, "--from FILE"),
    "a file that is not there": (["MON07", "--from", "DAY.gone", *WHO], 1, "it is not there"),
    "a file that is no footage": (["MON07", "--from", "TEXT", *WHO], 1, "gives no picture"),
    "footage of two sizes": (["MON07", "--from", "DAY", "SMALL", *WHO], 1, "240x136"),
    "too few pictures": (["MON07", "--from", "FEW", *WHO], 1, "too few"),
    "a black night": (["MON07", "--from", "BLACK", *WHO], 1, "nothing to hold on to"),
    "a mask that is none": (["MON07", "--from", "DAY", *WHO, "--mask", "all"], 2, "--mask all"),
    "too large a mask": (["MON07", "--from", "DAY", *WHO, "--mask", "0,0,480,200"], 1, "less than half"),
    "adding to nothing": (["MON07", "--from", "DAY", *WHO, "--add"], 1, "no reference to add to"),
    "a device that is too long": (["M" * 300, "--from", "DAY", *WHO], 2, "64 signs"),
    "a device with a blank": (["MON07 ", "--from", "DAY", *WHO], 2, "no blank"),
    "a calibration alone": (["MON07", "--calibration", "DAY"], 2, "--by NAME"),
    "a mask alone": (["MON07", "--mask", "0,0,9,9"], 2, "--by NAME"),
    "adding alone": (["MON07", "--add"], 2, "--by NAME"),
    "a film as calibration": (["MON07", "--from", "DAY", *WHO, "--calibration", "DAY"], 1, "no calibration file"),
    "words as calibration": (["MON07", "--from", "DAY", *WHO, "--calibration", "TEXT"], 1, "no calibration file"),
    "one film twice": (["MON07", "--from", "DAY", "DAY", *WHO], 1, "are the same"),
    "a transport stream that was cut": (["MON07", "--from", "CUT", *WHO], 1, "too few"),
    "a film that is too short": (["MON07", "--from", "SHORT", *WHO], 1, "too few"),
    "a film with a hole": (["MON07", "--from", "DAY", "HOLE", *WHO], 1, "damaged: hole.mp4"),
    "a light that is none": (["MON07", "--from", "DAY", *WHO, "--light", "dusk"], 2, "--light"),
    "no data folder": (["MON07", "--from", "DAY", *WHO, "--data", "NOWHERE"], 2, "no data folder"),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory, day: Path) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("refused")
    (folder / "text.mp4").write_text("no footage")
    return {
        "DAY": str(day),
        "DAY.gone": str(day) + ".gone",
        "TEXT": str(folder / "text.mp4"),
        "SMALL": str(recording(folder / "small.mp4", scale=0.25)),
        "CUT": str(transport_stream_of_three_seconds(folder / "cut.ts")),
        "SHORT": str(recording(folder / "short.mp4", count=12, apart_s=1)),
        "HOLE": str(with_a_hole(recording(folder / "hole.mp4", count=9))),
        "FEW": str(recording(folder / "few.mp4", count=4)),
        "BLACK": str(recording(folder / "black.mp4", light=Light(night=True, gain=0.0))),
        "NOWHERE": str(folder / "nowhere"),
    }


@pytest.mark.parametrize(("words", "code", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_what_makes_no_reference_is_refused_with_a_sentence_and_stores_nothing(
    tmp_path: Path, files: dict[str, str], words: list[str], code: int, said: str
) -> None:
    given = [files.get(word, word) for word in words]
    data = [] if "--data" in given else ["--data", str(tmp_path)]
    done = ran("commission", *given, *data, "--lang", "en")
    assert done.code == code
    assert done.out == ""
    assert "Traceback" not in done.err
    assert said in done.err
    assert list(tmp_path.rglob("*.json")) == []


def test_a_refusal_is_told_in_chinese_with_its_values(tmp_path: Path, files: dict[str, str]) -> None:
    done = ran("commission", "MON07", "--from", files["FEW"], *WHO, "--data", tmp_path, "--lang", "zh-CN")
    assert "只有 4 幅图片" in done.err


@pytest.mark.parametrize("option", ["--from", "--calibration"])
def test_what_has_no_end_is_refused_at_once(tmp_path: Path, day: Path, option: str) -> None:
    done = ran("commission", "MON07", "--from", day, option, "/dev/zero", *WHO, "--data", tmp_path)
    assert done.code == 1
    assert "/dev/zero is no " in done.err
    assert ReferenceFiles(tmp_path).current("MON07") is None


def test_nothing_stored_is_said(tmp_path: Path) -> None:
    done = ran("commission", "MON07", "--data", tmp_path, "--lang", "en")
    assert (done.code, done.out) == (1, "")
    assert "no view of MON07 is stored" in done.err


def test_a_calibration_that_changed_since_the_commissioning_is_told(tmp_path: Path, day: Path) -> None:
    calibration = calibration_file(tmp_path)
    ran("commission", "MON07", "--from", day, *WHO, "--calibration", calibration, "--data", tmp_path)
    question = ("check-calibration", calibration, "--device", "MON07", "--data", tmp_path, "--json")
    assert "file_changed" not in ran(*question).out
    calibration_file(tmp_path, reprojection_error_px=0.4)
    assert "file_changed" in ran(*question).out
