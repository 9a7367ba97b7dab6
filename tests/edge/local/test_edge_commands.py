"""`tallylight-edge` as an installer types it: in his language, a sentence instead of a stack trace, an exit code."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.cli import execute
from edge.contract.enrolment import EnrolmentCode

CJK = re.compile(r"[\u4e00-\u9fff]")
CODE = str(EnrolmentCode(b"s" * 16, b"f" * 32))
PROGRAM = [sys.executable, "-c", "from edge.cli import main; main()"]


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def ran(*words: str) -> Done:
    """One command, its output caught."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = execute(words)
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "gateway"
    assert ran("init", "--data", str(folder), "--lang", "en").code == 0
    return folder


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


BAD_INPUT = {
    "no such command": (["dance"], 2),
    "an unknown option": (["status", "--dance"], 2),
    "an option without a value": (["status", "--data"], 2),
    "a missing argument": (["enrol", "http://127.0.0.1:1"], 2),
    "an unknown language": (["status", "--lang", "fr"], 2),
    "a language that was forgotten": (["status", "--lang"], 2),
    "no settings": (["run", "--data", "NOWHERE"], 2),
    "no settings for status": (["status", "--data", "NOWHERE"], 2),
    "no settings for doctor": (["doctor", "--data", "NOWHERE"], 2),
    "a second init": (["init", "--data", "DATA"], 2),
    "a data folder that cannot be made": (["init", "--data", "/dev/null/x"], 1),
    "a folder in place of the settings": (["status", "--config", "DATA"], 2),
    "not enrolled": (["run", "--data", "DATA"], 2),
    "not enrolled for doctor": (["doctor", "--data", "DATA"], 1),
    "not enrolled for status": (["status", "--data", "DATA"], 1),
    "no code": (["enrol", "http://127.0.0.1:1", "TL1-AAA-BBB", "--data", "DATA"], 2),
    "no address": (["enrol", "127.0.0.1", CODE, "--data", "DATA"], 2),
    "a port beyond all": (["enrol", "http://127.0.0.1:99999", CODE, "--data", "DATA"], 2),
    "another machine": (["enrol", "http://192.0.2.1:8470", CODE, "--data", "DATA"], 2),
    "no server": (["enrol", "http://127.0.0.1:PORT", CODE, "--data", "DATA"], 1),
    "an enrolment into nowhere": (["enrol", "http://127.0.0.1:PORT", CODE, "--data", "/dev/null/x"], 1),
    "nothing to inspect": (["inspect"], 2),
    "a file that is not there": (["inspect", "NOWHERE"], 2),
    "an empty path": (["inspect", ""], 2),
    "an empty path among others": (["inspect", "DATA", ""], 2),
    "an empty data folder": (["status", "--data="], 2),
    "an empty calibration": (["check-calibration", ""], 2),
    "a path of blanks": (["inspect", "  "], 2),
    "a name that is too long": (["inspect", "n" * 5000], 2),
    "a data folder of too long a name": (["status", "--data", "n" * 5000], 2),
    "a data folder of too long a name to commission into": (["commission", "--data", "n" * 5000], 2),
    "a device that is no text": (["commission", "\udcff", "--data", "DATA"], 1),
    "a calibration of a device that is no text": (["check-calibration", "NOWHERE", "--device", "\udcff"], 1),
}


@pytest.mark.parametrize(("words", "code"), BAD_INPUT.values(), ids=BAD_INPUT)
@pytest.mark.parametrize("language", ["zh_CN.UTF-8", "en_GB.UTF-8"])
def test_bad_input_is_told_in_the_language_of_the_locale(
    words: list[str], code: int, language: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", language)
    values = {"DATA": str(data), "NOWHERE": str(tmp_path / "nowhere"), "PORT": str(unused_port())}
    typed = [re.sub("DATA|NOWHERE|PORT", lambda found: values[found[0]], each) for each in words]
    done = ran(*typed)
    assert done.code == code, done
    assert "Traceback" not in done.out + done.err
    lines = [line for line in (done.out + done.err).splitlines() if line.strip()]
    assert lines
    if language.startswith("zh"):
        assert all(CJK.search(line) for line in lines if words[0] in {"run", "enrol", "init"} or code == 2), lines
    else:
        assert not any(CJK.search(line) for line in lines), lines


def test_an_empty_path_is_told_with_its_place_and_not_taken_for_the_present_folder(data: Path) -> None:
    assert "behind `inspect` is empty" in ran("inspect", "", "--lang", "en").err
    assert "behind `--data=` is empty" in ran("status", "--data=", "--lang", "en").err


def test_a_name_that_moves_the_cursor_is_written_out() -> None:
    done = ran("inspect", "gone\x1b[2J\r\u202e.mp4", "--lang", "en")
    assert done.code == 2
    assert "gone\\x1b[2J\\r\\u202e.mp4" in done.err


WRONG_SETTINGS = {
    "an unknown key": ("dance = true", "dance"),
    "a wrong type": ("uploads_in_flight = 'four'", "uploads_in_flight"),
    "a value too low": ("uploads_in_flight = 0", "uploads_in_flight"),
    "no TOML": ("uploads_in_flight = = 4", "第 1 行"),
    "TOML that does not end": ("data_dir = [1,", "TOML"),
    "a wrong word": ("language = 'fr'", "zh-CN"),
    "a pattern that is none": ("[[sources]]\nname = 'a'\nfolder = '.'\npatterns = ['(?P<device>']", "patterns"),
    "a zone that is none": ("[[sources]]\nname = 'a'\nfolder = '.'\ntime_zone = 'Mars'", "time_zone"),
    "levels that fall": ("disk_warn_percent = 99", "disk_warn_percent"),
    "a name with a space": ("[[sources]]\nname = 'a b'\nfolder = '.'", "name"),
    "no folder": ("[[sources]]\nname = 'a'", "folder"),
    "a table where a list belongs": ("[sources]\nname = 'a'", "sources"),
}


@pytest.mark.parametrize(("text", "named"), WRONG_SETTINGS.values(), ids=WRONG_SETTINGS)
def test_a_wrong_setting_is_named_in_chinese_without_a_word_of_english(text: str, named: str, data: Path) -> None:
    (data / "edge.toml").write_text(text, encoding="utf-8")
    done = ran("run", "--data", str(data), "--lang", "zh-CN")
    assert done.code == 2
    assert named in done.err
    assert CJK.search(done.err)
    prose = re.sub(r"`[^`]*`|/\S+?edge\.toml|'[^']*'|[a-z]+_[a-z_]+", "", done.err)
    assert not re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", prose), prose


def test_an_environment_variable_that_is_no_json_is_a_sentence(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYLIGHT_EDGE_SOURCES", "{")
    done = ran("status", "--data", str(data), "--lang", "zh-CN")
    assert done.code == 2
    assert "TALLYLIGHT_EDGE_SOURCES" in done.err
    assert CJK.search(done.err)


def test_a_wrong_variable_of_the_environment_is_named_in_place_of_the_file(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALLYLIGHT_EDGE_UPLOADS_IN_FLIGHT", "many")
    done = ran("status", "--data", str(data), "--lang", "en")
    assert done.code == 2
    assert "TALLYLIGHT_EDGE_UPLOADS_IN_FLIGHT: must be a whole number" in done.err
    assert "edge.toml" not in done.err


def test_the_language_asked_for_stands_before_the_setting_and_that_before_the_locale(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    assert not CJK.search(ran("status", "--data", str(data)).out)
    (data / "edge.toml").write_text('language = "zh-CN"', encoding="utf-8")
    assert CJK.search(ran("status", "--data", str(data)).out)
    assert not CJK.search(ran("status", "--data", str(data), "--lang=en").out)
    assert not CJK.search(ran("--lang", "en", "status", "--data", str(data)).out)


def test_a_file_of_the_name_of_the_option_can_be_inspected_behind_two_dashes(tmp_path: Path) -> None:
    done = ran("inspect", "--", "--lang")
    assert done.code == 2
    assert "--lang" in done.err


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_json_has_no_language(language: str, data: Path, tmp_path: Path) -> None:
    (tmp_path / "docking.json").write_text("[", encoding="utf-8")
    (tmp_path / "notes.mp4").write_text("notes", encoding="utf-8")
    doctor = ran("doctor", "--json", "--data", str(data), "--lang", language)
    checks = {check["subject"]: check for check in map(json.loads, doctor.out.splitlines())}
    assert checks["enrolment"]["found"]["code"] == "enrolment_none"
    assert checks["enrolment"]["advice"]["code"] == "enrol_advice"
    inspected = ran("inspect", str(tmp_path / "notes.mp4"), str(tmp_path), "--json", "--lang", language)
    assert json.loads(inspected.out)["problems"][0]["why"]["code"] in {"not_json", "not_json_at_all"}
    assert not CJK.search(doctor.out + inspected.out)


@pytest.mark.parametrize("words", [["--help"], []])
def test_the_overview_is_told_in_both_languages(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Look into recordings" in ran(*words, "--lang", "en").out
    assert "检查录像" in ran(*words, "--lang", "zh-CN").out


@pytest.mark.parametrize("words", [["status"], ["doctor"], ["--help"], ["doctor", "--json"], ["dance"]])
def test_a_terminal_that_knows_ascii_alone_ends_no_command(words: list[str], data: Path) -> None:
    env = {**os.environ, "LC_ALL": "zh_CN.UTF-8", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    folder = [] if words[0] in {"--help", "dance"} else ["--data", str(data)]
    for language in ([], ["--lang", "zh-CN"]):
        done = subprocess.run([*PROGRAM, *words, *folder, *language], env=env, capture_output=True, check=False)
        assert b"Traceback" not in done.stderr
        assert done.returncode in {0, 1, 2}
        assert (done.stdout + done.stderr).isascii()


def test_ctrl_c_ends_a_waiting_command_without_a_stack_trace(data: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with subprocess.Popen([*PROGRAM, "enrol", url, CODE, "--data", str(data)], stderr=subprocess.PIPE) as enrolling:
            connection, _ = silent.accept()
            with connection:  # left open, or the command ends by itself
                enrolling.send_signal(signal.SIGINT)
                _, told = enrolling.communicate(timeout=60)
    assert (enrolling.returncode, told) == (130, b"")
