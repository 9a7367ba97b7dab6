"""`verify`, `backup` and `restore` as an administrator types them."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from bench import Bench, content_of
from scripted_gateway import content_id

from edge.contract.identifiers import ClipId
from edge.contract.messages import Receipt
from server.cli.commands import execute
from server.cli.output import operator
from server.domain.verification import (
    Amount,
    NotAnAmountError,
    NotAPortionError,
    NotASizeError,
    Portion,
    parse_amount,
    parse_portion,
    parse_size,
)
from server.store.clip_checks import wrong_checks
from server.usecases.signing_state import why_signing_stopped

CONTENTS = [content_of(40_000, seed=number) for number in range(4)]
CLIP = content_id(CONTENTS[0])
CJK = re.compile(r"[\u4e00-\u9fff]")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


def ran(*words: str) -> Done:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = execute(words)
    return Done(code, out.getvalue(), err.getvalue())


@pytest.fixture
def sealed(bench: Bench) -> Bench:
    gateway = bench.gateway()
    for content in CONTENTS:
        assert isinstance(gateway.upload(content), Receipt)
    return bench


def harmed(bench: Bench) -> None:
    path = bench.context.clip_files.final_path(ClipId(CLIP))
    path.chmod(0o600)
    path.write_bytes(b"x" + CONTENTS[0][1:])


def test_verify_ends_with_0_where_all_is_as_it_was_sealed(sealed: Bench) -> None:
    done = ran("verify", "--lang", "en", "--data", str(sealed.folder))
    assert done.code == 0, done
    assert "4 of 4 sealed clips read" in done.out


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_verify_names_the_clip_stops_signing_and_ends_with_1(sealed: Bench, language: str) -> None:
    harmed(sealed)
    done = ran("verify", "--lang", language, "--data", str(sealed.folder))
    assert done.code == 1
    assert CLIP in done.out
    assert bool(CJK.search(done.out)) is (language == "zh-CN")
    with sealed.context.db.reading() as session:
        assert [reason.partition(":")[0] for reason in why_signing_stopped(session)] == ["sealed_file_changed"]
        assert [check.clip_id for check in wrong_checks(session)] == [CLIP]


def test_a_reason_that_stands_is_not_told_a_second_time(sealed: Bench) -> None:
    harmed(sealed)
    for _ in range(2):
        assert ran("verify", "--data", str(sealed.folder)).code == 1
    with sealed.context.db.reading() as session:
        assert len(why_signing_stopped(session)) == 1


def test_a_clip_that_was_brought_back_is_in_order_again(sealed: Bench) -> None:
    harmed(sealed)
    assert ran("verify", "--data", str(sealed.folder)).code == 1
    sealed.context.clip_files.final_path(ClipId(CLIP)).write_bytes(CONTENTS[0])
    assert ran("verify", "--data", str(sealed.folder)).code == 0
    with sealed.context.db.reading() as session:
        assert list(wrong_checks(session)) == []


def test_the_longest_unchecked_come_first_until_all_have_had_their_turn(sealed: Bench) -> None:
    harmed(sealed)
    codes = [ran("verify", "--oldest", "1", "--data", str(sealed.folder)).code for _ in range(8)]
    assert sorted(codes[:4]) == [0, 0, 0, 1]
    assert codes[4:] == codes[:4]


def test_the_parts_of_a_whole_meet_every_clip_once(sealed: Bench) -> None:
    parts = [ran("verify", "--part", f"{n}/3", "--json", "--data", str(sealed.folder)) for n in (1, 2, 3)]
    assert sum(json.loads(part.out)["clips"] for part in parts) == 4


def test_a_database_that_is_damaged_is_named_and_clips_are_read_by_their_names(sealed: Bench) -> None:
    harmed(sealed)
    sealed.context.db.close()
    with sealed.context.db.path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 200_000)
    done = ran("verify", "--json", "--data", str(sealed.folder))
    assert done.code == 1
    assert "Traceback" not in done.err
    told = json.loads(done.out)
    assert {one["subject"] for one in told["wrong"]} == {"database", "clip"}
    assert [one["item"] for one in told["wrong"] if one["subject"] == "clip"] == [CLIP]


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_backup_check_and_restore_as_typed(sealed: Bench, tmp_path: Path, language: str) -> None:
    folder, data, words = str(tmp_path / "backup"), str(sealed.folder), ("--lang", language)
    made = ran("backup", folder, "--data", data, *words)
    assert (made.code, bool(CJK.search(made.out))) == (0, language == "zh-CN"), made
    assert ran("backup", folder, "--check", *words).code == 0
    new = str(tmp_path / "new")
    restored = ran("restore", folder, "--data", new, *words)
    assert (restored.code, bool(CJK.search(restored.out))) == (0, language == "zh-CN"), restored
    assert ran("restore", folder, "--data", new, *words).code == 2
    doctor = json.loads(ran("doctor", "--data", new, "--json").out)
    assert [check["what"] for check in doctor if not check["ok"]] == ["signing"]
    assert ran("resume-signing", "--reason", "all were heard", "--data", new).code == 0
    assert json.loads(ran("doctor", "--data", new, "--json").out)[0]["ok"]


def test_a_backup_that_lacks_a_clip_ends_with_1_and_names_it(sealed: Bench, tmp_path: Path) -> None:
    harmed(sealed)
    folder = str(tmp_path / "backup")
    made = ran("backup", folder, "--json", "--data", str(sealed.folder))
    assert made.code == 1
    assert [one["clip_id"] for one in json.loads(made.out)["not_held"]] == [CLIP]
    assert ran("backup", folder, "--check").code == 1
    assert json.loads(ran("restore", folder, "--json", "--data", str(tmp_path / "new")).out)["missing"] == [CLIP]


SMALL_DISK = """
import sys
from pathlib import Path
from server.store.backup_folder import copy_database
try:
    copy_database(Path(sys.argv[1]), Path(sys.argv[2]))
except OSError as error:
    print(error.filename, error.strerror)
"""


def test_the_disk_of_a_backup_that_has_no_room_for_the_database_is_named(sealed: Bench, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    steps = f'mount -t tmpfs -o size=64k tmpfs "{disk}" && exec "$@"'
    program = (sys.executable, "-c", SMALL_DISK, sealed.context.db.path, disk / "copy")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", steps, "sh", *program], capture_output=True, text=True, check=False
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip("no disk can be mounted here")
    assert done.stdout == f"{disk / 'copy'} No space left on device\n", done.stderr


def test_a_backup_that_cannot_be_written_is_one_sentence(sealed: Bench, tmp_path: Path) -> None:
    sealed.context.db.close()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))  # room for keys and settings, not for the database
    try:
        done = ran("backup", str(tmp_path / "backup"), "--data", str(sealed.folder))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (done.code, done.out) == (1, "")
    assert "disk I/O error" in done.err
    assert done.err.count("\n") == 1
    assert ran("backup", str(tmp_path / "backup"), "--data", str(sealed.folder)).code == 0


def test_a_user_without_a_name_stands_in_the_acts_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 1_987_654)  # an id that no machine here has a name for
    assert operator() == "console:1987654"


def test_folders_are_named_from_where_one_stands(
    sealed: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ran("backup", "backup", "--data", str(sealed.folder)).code == 0
    assert ran("backup", "backup", "--check").code == 0
    assert ran("restore", "backup", "--data", "new", "--clips", "disk").code == 0
    assert ran("verify", "--data", "new").code == 0


@pytest.mark.parametrize("language", ["zh_CN.UTF-8", "en_GB.UTF-8"])
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["verify", "--part", "0/3"], 2),
        (["verify", "--part", "third"], 2),
        (["verify", "--oldest", "many"], 2),
        (["verify", "--rate", "20"], 2),
        (["backup", "NOWHERE", "--check"], 1),
        (["restore", "NOWHERE"], 1),
        (["backup", "DATA/backup"], 1),
        (["backup", ""], 2),
        (["resume-signing", "--reason", ""], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
def test_bad_input_is_told_in_the_language_of_the_locale(
    words: list[str], code: int, language: str, bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", language)
    places = {"NOWHERE": str(tmp_path / "nowhere"), "DATA/backup": str(bench.folder / "backup")}
    done = ran(*(places.get(word, word) for word in words), "--data", str(bench.folder))
    assert done.code == code, done
    assert "Traceback" not in done.err
    assert bool(CJK.search(done.err)) is language.startswith("zh"), done


def test_amounts_and_parts_are_read_as_people_write_them() -> None:
    assert parse_amount("500") == Amount(clips=500)
    assert parse_amount("20GB") == Amount(size_bytes=20 * 10**9)
    assert parse_size("512MiB") == 512 * 2**20
    assert parse_portion("3/30") == Portion(3, 30)
    for text in ("", "0", "-1", "1XB", "B", "1 GB", "9" * 20, "٣"):
        with pytest.raises(NotAnAmountError):
            parse_amount(text)
        with pytest.raises(NotASizeError):
            parse_size(text)
    for text in ("", "1", "1/", "/1", "0/1", "2/1", "a/b", "1/1/1"):
        with pytest.raises(NotAPortionError):
            parse_portion(text)
