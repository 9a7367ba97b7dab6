"""A person's own folder: each thing in it is uploaded or listed with the reason, and all of it stays as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from demo_stage.own_footage import changes, look_at, not_files, not_uploaded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "cut.mp4").write_bytes(b"x")
    (tmp_path / "notes.txt").write_text("no medium")
    (tmp_path / "elsewhere.mp4").symlink_to(tmp_path / "below" / "cut.mp4")
    (tmp_path / "nowhere.mp4").symlink_to("/nowhere")
    (tmp_path / "round").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.mp4")
    return tmp_path


def test_every_name_is_taken_or_listed_with_its_reason(folder: Path) -> None:
    files = look_at(folder)
    assert [file.path.name for file in files if file.medium] == ["cut.mp4"]
    (line,) = not_uploaded(files, folder)
    assert "notes.txt" in line
    told = " ".join(not_files(folder))
    for name in ("elsewhere.mp4", "nowhere.mp4", "round", "pipe.mp4"):
        assert f": {name} (" in told


def test_what_was_changed_or_taken_away_is_named(folder: Path) -> None:
    before = look_at(folder)
    assert changes(before, folder) == []
    (folder / "below" / "cut.mp4").write_bytes(b"y")
    (folder / "notes.txt").unlink()
    assert sorted(line.rpartition("/")[2] for line in changes(before, folder)) == [
        "cut.mp4 has changed",
        "notes.txt is gone",
    ]
