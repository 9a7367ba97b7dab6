"""What an administrator reads, in both languages: every sentence translated, every bad input told, no stack trace."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from running_broker import free_port

from edge.contract.sentences import sentence_of
from edge.local.chinese import CHINESE
from edge.platform.chinese import SHARED
from edge.platform.clock import SystemClock
from edge.transport.enrolment_call import _REFUSALS
from server.cli.commands import execute
from server.cli.words import told
from server.usecases.enrol_gateway import Refused
from server.usecases.imports.summary import RowErrorCode
from server.usecases.set_up import set_up

CJK = re.compile(r"[\u4e00-\u9fff]")
PROGRAM = [sys.executable, "-c", "from server.cli import main; main()"]


def ran(*words: str) -> tuple[int, str]:
    """Exit code, and all that was written."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = execute(words)
    return code, out.getvalue() + err.getvalue()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "server"
    set_up(folder, now_us=SystemClock().now_us())
    return folder


def sentences(checkout: Path, *rooms: str) -> Iterator[tuple[str, str]]:
    for room in rooms:
        for path in sorted((checkout / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(func=ast.Name(id="sentence"), args=[ast.Constant(code), ast.Constant(text)]):
                        yield str(code), str(text)
                    case ast.Call(func=ast.Name(id="sentence")):
                        pytest.fail(f"{path}:{node.lineno} makes a sentence that no catalogue can hold")


def test_a_code_means_one_thing_on_the_server_too(checkout: Path) -> None:
    texts: dict[str, set[str]] = {}
    for code, text in sentences(checkout, "server", "edge/contract", "edge/platform"):
        texts.setdefault(code, set()).add(text)
    assert {code: found for code, found in texts.items() if len(found) > 1} == {}


def test_what_contract_and_platform_say_is_the_same_for_both_programs(checkout: Path) -> None:
    said = {code for code, _ in sentences(checkout, "edge/contract", "edge/platform")}
    assert said == SHARED.keys()
    assert {code: CHINESE[code] for code in said} == SHARED


@pytest.mark.parametrize("code", RowErrorCode)
def test_every_class_of_bad_row_has_words(code: RowErrorCode) -> None:
    assert CJK.search(told(code.sentence, "zh-CN"))
    assert not CJK.search(told(code.sentence, "en"))


BAD_INPUT = {
    "no such command": (["dance"], 2),
    "no such command of gateways": (["gateway", "dance"], 2),
    "an unknown option": (["doctor", "--dance"], 2),
    "a missing argument": (["import", "units"], 2),
    "no number": (["init", "--port", "many", "--data", "NOWHERE"], 2),
    "an unknown language": (["doctor", "--lang", "fr"], 2),
    "no data folder": (["run", "--data", "NOWHERE"], 2),
    "no data folder for a list": (["gateway", "list", "--data", "NOWHERE"], 2),
    "a data folder that cannot be made": (["init", "--data", "/dev/null/x"], 1),
    "the folder of a gateway": (["init", "--data", "EDGE"], 2),
    "an unknown gateway": (["gateway", "revoke", "nobody", "--data", "DATA"], 1),
    "a file that is not there": (["import", "units", "/nowhere.csv", "--data", "DATA"], 2),
    "a folder in place of a file": (["import", "units", "DATA", "--data", "DATA"], 2),
    "an unknown register": (["import", "dances", "CSV", "--data", "DATA"], 2),
    "a file without the columns": (["import", "devices", "CSV", "--data", "DATA"], 2),
    "an unknown role": (["account", "add", "anna", "--role", "king", "--data", "DATA"], 2),
    "a name with a space": (["account", "add", "a b", "--role", "auditor", "--units", "*", "--data", "DATA"], 2),
    "an account without units": (["account", "add", "anna", "--role", "auditor", "--data", "DATA"], 2),
    "an officer without number": (["account", "add", "anna", "--role", "officer", "--data", "DATA"], 2),
    "bad rows": (["import", "units", "BAD", "--data", "DATA"], 1),
}


@pytest.mark.parametrize(("words", "code"), BAD_INPUT.values(), ids=BAD_INPUT)
@pytest.mark.parametrize("language", ["zh_CN.UTF-8", "en_GB.UTF-8"])
def test_bad_input_is_told_in_the_language_of_the_locale(
    words: list[str], code: int, language: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", language)
    (tmp_path / "gateway").mkdir()
    (tmp_path / "gateway" / "edge.toml").touch()
    (tmp_path / "good.csv").write_text("number,name\nU1,one\n", encoding="utf-8")
    (tmp_path / "bad.csv").write_text("number,name,valid_from\nU1,one,noon\n,two,\nU3,x\n", encoding="utf-8")
    places = {"NOWHERE": "nowhere", "EDGE": "gateway", "CSV": "good.csv", "BAD": "bad.csv"}
    values = {"DATA": str(data), **{name: str(tmp_path / place) for name, place in places.items()}}
    done, said = ran(*(values.get(word, word) for word in words))
    assert done == code, said
    assert "Traceback" not in said
    assert bool(CJK.search(said)) is language.startswith("zh"), said


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("dance = true", "dance"),
        ("[http]\nport = 'many'", "http.port"),
        ("[http]\nport = 0", "http.port"),
        ("language = 'fr'", "language"),
        ("[broker]\nurl = 'http://x'", "broker.url"),
        ("[http", "TOML"),
    ],
)
def test_a_wrong_setting_is_named_in_chinese(text: str, named: str, tmp_path: Path) -> None:
    (tmp_path / "server.toml").write_text(text, encoding="utf-8")
    for command in ("run", "doctor"):
        code, said = ran(command, "--data", str(tmp_path), "--lang", "zh-CN")
        assert code == (2 if command == "run" else 1)
        assert named in said.replace("\n", "")
        assert CJK.search(said)


def test_an_unreadable_variable_of_the_environment_is_a_sentence(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYLIGHT_HTTP", "{")
    code, said = ran("run", "--data", str(data), "--lang", "zh-CN")
    assert code == 2
    assert "TALLYLIGHT_HTTP" in said


@pytest.mark.parametrize("text", ["name = ", 'name = "x"\ntime_zone = "Mars"\nrule = []', "name = 5", None])
def test_rules_that_cannot_be_used_are_told_in_chinese(text: str | None, tmp_path: Path) -> None:
    folder, rules = tmp_path / "server", tmp_path / "rules.toml"
    set_up(folder, now_us=SystemClock().now_us(), port=free_port(3))
    if text is not None:
        rules.write_text(text, encoding="utf-8")
    settings = folder / "server.toml"
    settings.write_text(f'rules_file = "{rules}"\n{settings.read_text(encoding="utf-8")}', encoding="utf-8")
    code, said = ran("run", "--data", str(folder), "--lang", "zh-CN")
    assert code == 2, said
    assert CJK.search(said)


def test_json_has_no_language(data: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("number,name,valid_from\nU1,one,noon\n", encoding="utf-8")
    told_in = {}
    for language in ("zh-CN", "en"):
        imported = ran("import", "units", str(bad), "--json", "--data", str(data), "--lang", language)
        doctor = ran("doctor", "--json", "--data", str(data), "--lang", language)
        told_in[language] = imported, [check["what"] for check in json.loads(doctor[1])]
    assert told_in["zh-CN"] == told_in["en"]
    (error,) = json.loads(told_in["en"][0][1])["errors"]
    assert (error["code"], error["do"]["code"]) == ("not_a_time", "do_time")


def test_doctor_is_told_in_chinese(data: Path) -> None:
    code, said = ran("doctor", "--data", str(data), "--lang", "zh-CN")
    assert code == 0
    for word in ("行为记录", "已封存", "消息代理", "正常"):
        assert word in said
    assert not re.search(r"[a-z]{3,} [a-z]{3,} [a-z]{3,}", re.sub(r"`[^`]*`|tallylight\S*( \w+)*", "", said))


def test_a_gateway_has_words_for_every_refusal_of_its_code() -> None:
    assert set(_REFUSALS) == {reason.value for reason in Refused}


def test_an_error_is_told_with_its_own_sentence() -> None:
    assert sentence_of(KeyError("x")) == "'x'"


@pytest.mark.parametrize("words", [["doctor"], ["gateway", "list"], ["doctor", "--json"], ["--help"]])
def test_a_reader_that_goes_away_and_a_terminal_of_ascii_are_no_stack_traces(words: list[str], data: Path) -> None:
    folder = [] if words == ["--help"] else ["--data", str(data)]
    reader, writer = os.pipe()
    os.close(reader)
    closed = subprocess.run([*PROGRAM, *words, *folder], stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (closed.returncode, closed.stderr) == (1, b"")
    env = {**os.environ, "LC_ALL": "zh_CN.UTF-8", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    plain = subprocess.run([*PROGRAM, *words, *folder, "--lang", "zh-CN"], env=env, capture_output=True, check=False)
    assert (plain.returncode, plain.stderr) == (0, b"")
    assert plain.stdout.isascii()


def test_a_password_that_is_no_text_is_a_sentence(data: Path) -> None:
    words = ["account", "add", "bert", "--role", "auditor", "--units", "*", "--password-stdin", "--data", str(data)]
    env = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run([*PROGRAM, *words], input=b"\xff\xfe pass\n", env=env, capture_output=True, check=False)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr


def test_ctrl_c_ends_a_waiting_command_without_a_stack_trace(data: Path) -> None:
    words = ["account", "add", "carl", "--role", "auditor", "--units", "*", "--password-stdin", "--data", str(data)]
    with subprocess.Popen([*PROGRAM, *words], stdin=subprocess.PIPE, stderr=subprocess.PIPE) as waiting:
        time.sleep(1)  # whatever it does then, loading or reading, it must end quietly
        waiting.send_signal(signal.SIGINT)
        assert waiting.wait(60) == 130
        assert waiting.stderr is not None
        assert waiting.stderr.read() == b""


def test_ctrl_c_is_not_lost_where_python_drops_it() -> None:
    """While an object is cleared up, as after each import, whatever is raised is dropped."""
    clears_up = """
import os, signal, sys, time
from edge.platform.terminal import run_command
class Cleared:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
def command():
    Cleared()
    time.sleep(30)
    return 0
sys.exit(run_command(command))
"""
    done = subprocess.run([sys.executable, "-c", clears_up], capture_output=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (130, b"")
