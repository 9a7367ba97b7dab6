"""Whether a file is still being written is seen from outside, without waiting."""

from __future__ import annotations

import os
from pathlib import Path

from edge.devices.folder import FoundFile, scan_file
from edge.devices.still_written import is_still_written


def _seen(path: Path) -> FoundFile:
    (file,) = scan_file(path).files.values()
    return file


def test_a_file_that_nobody_writes_rests_however_young_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    assert not is_still_written(_seen(path))


def test_a_file_that_is_open_for_writing_does_not_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with path.open("wb"):
        assert is_still_written(_seen(path))
    with path.open("rb"):
        assert not is_still_written(_seen(path))


def test_a_file_that_grew_since_it_was_seen_does_not_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    seen = _seen(path)
    path.write_bytes(b"xy")
    assert is_still_written(seen)


def test_of_what_is_gone_or_no_file_nothing_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"x")
    seen = _seen(path)
    path.unlink()
    assert not is_still_written(seen)
    os.mkfifo(path)
    assert is_still_written(seen), "something else stands there now"
