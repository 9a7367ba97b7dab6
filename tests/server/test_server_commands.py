"""`tallylight-server` as an administrator types it: exit codes, sentences instead of stack traces, JSON on request."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import socket
import sqlite3
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from edge.contract.enrolment import parse_enrolment_code
from edge.platform.clock import SystemClock
from server.app import Server, UnfitAddressError
from server.cli.commands import EXIT_CODES, execute
from server.config import load_config
from server.usecases.set_up import open_context, set_up
from server.usecases.signing_keys import DatabaseOfAnotherServerError


@dataclass(frozen=True)
class Done:
    returncode: int
    stdout: str
    stderr: str


def ran(*words: str, data: Path) -> Done:
    """One command, its output caught."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = execute([*words, "--data", str(data)])
    return Done(code, out.getvalue(), err.getvalue())


def as_a_program(*words: str, data: Path) -> subprocess.CompletedProcess[str]:
    """The same as a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", "from server.cli import main; main()", *words, "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def made(folder: Path, port: int | None = None) -> Path:
    """What `init` makes, without starting a program for it."""
    set_up(folder, now_us=SystemClock().now_us(), port=port)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "server"
    done = ran("init", data=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_init_makes_keys_nobody_else_may_read_and_leaves_them_at_the_second_time(data: Path) -> None:
    keys = {path.name: path.read_bytes() for path in (data / "keys").iterdir()}
    assert set(keys) == {"server-ed25519.pem", "tls.pem", "tls-cert.pem", "broker-master.key", "ca.pem", "ca-cert.pem"}
    assert {path.stat().st_mode & 0o077 for path in (data / "keys").iterdir()} == {0}
    again = ran("init", data=data)
    assert again.returncode == 0
    assert "nothing was changed" in again.stdout
    assert {path.name: path.read_bytes() for path in (data / "keys").iterdir()} == keys


def test_a_gateway_gets_a_code_a_program_can_read(data: Path) -> None:
    done = ran("gateway", "add", "north", "--json", data=data)
    answer = json.loads(done.stdout)
    assert parse_enrolment_code(answer["code"]).tls_fingerprint
    assert answer["url"] == "http://127.0.0.1:8470"
    listed = json.loads(ran("gateway", "list", "--json", data=data).stdout)
    assert [(row["name"], row["state"]) for row in listed] == [("north", "invited")]


def test_an_account_gets_a_random_password_shown_once(data: Path) -> None:
    words = ("account", "add", "anna", "--role", "supervisor", "--units", "U1,U2", "--json")
    done = ran(*words, data=data)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)["password"]) >= 12
    assert ran(*words, data=data).returncode == 2


def test_a_csv_is_imported_whole_or_not_at_all(data: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("number,name\nU1,队一\n", encoding="utf-8")
    bad.write_text("number,name\nU2,队二\n,队三\n", encoding="utf-8")
    tried = ran("import", "units", str(good), "--dry-run", "--json", data=data)
    assert json.loads(tried.stdout)["new"] == 1
    assert ran("import", "units", str(good), data=data).returncode == 0
    refused = ran("import", "units", str(bad), data=data)
    assert refused.returncode == 1
    assert "nothing was imported" in refused.stdout


def test_doctor_finds_nothing_wrong_in_a_new_folder_and_a_broken_chain_in_an_old_one(
    data: Path, tmp_path: Path
) -> None:
    assert ran("doctor", data=data).returncode == 0
    folder = made(tmp_path / "server")
    with sqlite3.connect(folder / "tallylight.sqlite3") as database:
        database.execute("UPDATE act SET actor = 'nobody'")
    found = ran("doctor", "--json", data=folder)
    assert found.returncode == 1
    assert [check["what"] for check in json.loads(found.stdout) if not check["ok"]] == ["acts"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        pytest.param(("gateway", "revoke", "nobody"), 1, "not known", id="an unknown gateway"),
        pytest.param(("import", "units", "/nowhere.csv"), 2, "cannot be used", id="a file that is not there"),
        pytest.param(("account", "add", "x", "--role", "king"), 2, "unknown role", id="an unknown role"),
    ],
)
def test_wrong_use_is_one_sentence_and_no_stack_trace(data: Path, words: tuple[str, ...], code: int, said: str) -> None:
    done = ran(*words, data=data)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", EXIT_CODES)
def test_every_error_that_has_an_exit_code_exists(name: str) -> None:
    module, _, kind = name.rpartition(".")
    assert issubclass(getattr(importlib.import_module(module), kind), Exception)


def test_a_folder_without_init_says_what_to_do(tmp_path: Path) -> None:
    done = as_a_program("run", data=tmp_path / "nothing")
    assert done.returncode == 2
    assert "tallylight-server init" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_busy_port_says_which_and_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        done = as_a_program("run", data=made(tmp_path / "server", port))
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "http.port" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_for_others_without_a_name_for_them_is_refused(tmp_path: Path) -> None:
    folder = made(tmp_path / "server")
    path = folder / "server.toml"
    path.write_text(path.read_text().replace('# host = "127.0.0.1"', 'host = "0.0.0.0"'))
    with pytest.raises(UnfitAddressError, match=r"tls\.names"):
        Server(load_config(folder))


def test_keys_and_database_of_different_backups_are_not_used_together(tmp_path: Path) -> None:
    folder, other = made(tmp_path / "server"), made(tmp_path / "other")
    (folder / "keys" / "server-ed25519.pem").write_bytes((other / "keys" / "server-ed25519.pem").read_bytes())
    with pytest.raises(DatabaseOfAnotherServerError, match="same backup"):
        open_context(load_config(folder), SystemClock())


@pytest.mark.parametrize("words", [("run",), ("gateway", "list")])
def test_a_damaged_database_is_one_sentence_that_names_the_backup(words: tuple[str, ...], tmp_path: Path) -> None:
    folder = made(tmp_path / "server")
    (folder / "tallylight.sqlite3").write_bytes(b"not a database, but long enough to be read as one" * 200)
    done = ran(*words, data=folder)
    assert done.returncode == 1
    assert "restore it from the backup" in done.stdout + done.stderr


def test_a_damaged_database_is_a_code_for_programs(tmp_path: Path) -> None:
    folder = made(tmp_path / "server")
    (folder / "tallylight.sqlite3").write_bytes(b"not a database, but long enough to be read as one" * 200)
    done = ran("doctor", "--json", data=folder)
    (wrong,) = [check for check in json.loads(done.stdout) if not check["ok"]]
    assert (done.returncode, wrong["what"]) == (1, "folder")
    assert wrong["detail"]["values"]["do"]["code"] == "restore_database"
