"""Whoever stands at the gateway learns what is wrong with a folder, a sidecar or a name, and what to do."""

from __future__ import annotations

import io
import os
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from edge.config import EdgeConfig, SourceConfig
from edge.domain.path_text import shown_text
from edge.local.checks import Check, Health
from edge.local.doctor import examine
from edge.local.status_facts import read_status, status_json
from edge.local.status_view import show_status
from edge.platform.terminal import Language
from tests.edge.gateway import START_US
from tests.edge.gateway import Gateway as FieldGateway
from tests.edge.landed_clips import FakeClock


def _status(gateway: FieldGateway, language: Language) -> str:
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    facts = read_status(gateway.home, now_us=START_US, folders=[gateway.folder])
    show_status(facts, console, language, ZoneInfo("Asia/Shanghai"))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def _doctor(gateway: FieldGateway) -> dict[str, Check]:
    config = EdgeConfig(data_dir=gateway.home, sources=(SourceConfig(name="dock", folder=gateway.folder),))
    found = examine(config, FakeClock(), log_in=lambda _identity: Check("broker", Health.GOOD, "fine"))
    return {check.subject: check for check in found}


@pytest.mark.parametrize(("language", "wanted"), [("en", "attach the disk"), ("zh-CN", "请接上磁盘")])
def test_a_folder_that_is_gone_is_named_by_the_status(tmp_path: Path, language: Language, wanted: str) -> None:
    gateway = FieldGateway(tmp_path)
    assert wanted not in _status(gateway, language)
    gateway.folder.rmdir()
    assert wanted in _status(gateway, language)
    facts = read_status(gateway.home, now_us=START_US, folders=[gateway.folder])
    assert status_json(facts)["missing_folders"] == [str(gateway.folder)]


def test_the_doctor_says_why_a_file_beside_the_footage_cannot_be_used(tmp_path: Path) -> None:
    gateway = FieldGateway(tmp_path)
    (gateway.folder / "docking.json").write_text('{"device": "BC01", "docked": "2026-11-21T18:00:00"}')
    (gateway.folder / "a.mp4").write_bytes(b"x")
    (gateway.folder / "a.json").write_text('{"start": "noon"}')
    gateway.run()
    found = _doctor(gateway)
    assert "docked" in found["docking.json"].found
    assert "read again" in found["docking.json"].advice
    assert "start" in found["a.json"].found
    (gateway.folder / "docking.json").unlink()
    (gateway.folder / "a.json").write_text("{}")
    assert "a.json" not in _doctor(gateway), "what was corrected is told no more"


def test_no_name_moves_colours_or_turns_what_a_terminal_shows(tmp_path: Path) -> None:
    gateway = FieldGateway(tmp_path)
    name = b"\x1b[31mred\n\xe2\x80\xaegnp.txt"
    Path(os.fsdecode(os.fsencode(gateway.folder) + b"/" + name)).write_bytes(b"x")
    gateway.run()
    assert "\\x1b[31mred\\n\\u202egnp.txt" in _status(gateway, "en")


def test_a_chinese_name_is_shown_as_it_is() -> None:
    assert shown_text("执法记录仪 一号.mp4") == "执法记录仪 一号.mp4"
