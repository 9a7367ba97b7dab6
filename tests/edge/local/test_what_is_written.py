"""What the commands write, and how they end, whatever the output is: a file, a closed pipe, a full disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.edge.films import film
from tests.edge.local.test_edge_commands import PROGRAM, ran


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "gateway"
    assert ran("init", "--data", str(folder), "--lang", "en").code == 0
    return folder


@pytest.mark.parametrize(("options", "code"), [([], 0), (["--strict"], 1)])
def test_what_inspect_finds_ends_in_order_unless_it_is_asked_to_be_strict(
    options: list[str], code: int, tmp_path: Path
) -> None:
    (tmp_path / "notes.mp4").write_text("notes", encoding="utf-8")
    assert ran("inspect", str(tmp_path), *options).code == code
    assert ran("inspect", str(tmp_path), "--json", *options).code == code


def test_a_strict_look_ends_in_order_where_all_is_whole(tmp_path: Path) -> None:
    film(tmp_path / "BC01_20261121T080000_0001.mp4", seconds=1)
    assert ran("inspect", str(tmp_path), "--strict").code == 0
    (tmp_path / "docking.json").write_text("[", encoding="utf-8")
    assert ran("inspect", str(tmp_path), "--strict").code == 1


@pytest.mark.parametrize("encoding", ["ascii", "gbk", "latin-1"])
def test_json_stays_json_whatever_the_terminal_can_write(encoding: str, tmp_path: Path) -> None:
    name = "\u00e9\u4e2d\U0001f600.mp4"
    (tmp_path / name).write_text("notes", encoding="utf-8")
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run([*PROGRAM, "inspect", "--json", str(tmp_path)], env=env, capture_output=True, check=True)
    assert json.loads(done.stdout.decode(encoding))["files"][0]["path"].endswith(name)


def test_a_closed_output_ends_no_command_with_a_stack_trace(data: Path) -> None:
    for closed in (">&-", "2>&-", "<&- >&- 2>&-"):
        script = f'"$@" {closed}'
        command = ["sh", "-c", script, "sh", *PROGRAM, "status", "--data", str(data)]
        done = subprocess.run(command, capture_output=True, check=False)
        assert done.returncode == 1
        assert b"Traceback" not in done.stdout + done.stderr


def test_a_file_that_is_named_twice_is_no_duplicate_of_itself(tmp_path: Path) -> None:
    path = film(tmp_path / "BC01_20261121T080000_0001.mp4", seconds=1)
    (file,) = json.loads(ran("inspect", "--json", str(path), str(tmp_path)).out)["files"]
    assert file["faults"] == []


def test_a_full_disk_under_the_output_is_a_sentence(data: Path) -> None:
    with Path("/dev/full").open("w") as full:
        for words in (["status", "--data", str(data)], ["status", "--json", "--data", str(data)], ["--help"]):
            done = subprocess.run([*PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, check=False)
            assert done.returncode == 1
            assert b"Traceback" not in done.stderr
            assert done.stderr.count(b"\n") == 1, done.stderr


def test_what_inspect_prints_is_json_alone_though_a_look_fails(tmp_path: Path) -> None:
    """A log line among it would be no JSON; what a person must know stands in the answer."""
    script = (
        "import sys, edge.workers.inspect_paths as inspecting, edge.workers.probing as probing\n"
        "from edge.cli import main\n"
        "def noisy(*given, **named):\n"
        "    probing.log.warning('look_failed', why='told to nobody')\n"
        "    return probing.probe_with(*given, **named)\n"
        "inspecting.probe_with = noisy\n"
        "sys.argv[1:] = ['inspect', '--json', sys.argv[1]]\n"
        "sys.exit(main())\n"
    )
    path = tmp_path / "notes.mp4"
    path.write_bytes(b"no film")
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, check=False)
    assert json.loads(done.stdout)["files"][0]["verdict"] == "unreadable"
    assert b"look_failed" not in done.stderr


def test_a_reader_that_goes_away_is_no_stack_trace(data: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    for words in (["status", "--data", str(data)], ["doctor", "--json", "--data", str(data)], ["--help"]):
        done = subprocess.run([*PROGRAM, *words], stdout=writer, stderr=subprocess.PIPE, check=False)
        assert (done.returncode, done.stderr) == (1, b""), words
    os.close(writer)
