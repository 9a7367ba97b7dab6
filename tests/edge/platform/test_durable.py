"""A file stands whole and durable under its name, or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from pathlib import Path

import pytest

from edge.platform.durable import (
    begin_writing_out,
    durable_file,
    make_directory,
    remove_durably,
    sha256_of_file,
    write_durably,
)


def test_a_file_is_flushed_then_named_then_its_directory_is_flushed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    real_fsync, real_rename = os.fsync, Path.rename

    def fsync(descriptor: int) -> None:
        order.append("directory" if stat.S_ISDIR(os.fstat(descriptor).st_mode) else "file")
        real_fsync(descriptor)

    def rename(path: Path, target: Path) -> Path:
        order.append("name")
        return real_rename(path, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(Path, "rename", rename)
    write_durably(tmp_path / "receipt", b"bytes")
    assert order == ["file", "name", "directory"]


def test_an_error_while_writing_leaves_what_was_there(tmp_path: Path) -> None:
    final = tmp_path / "register"
    write_durably(final, b"before")

    def write_half() -> None:
        with durable_file(final) as file:
            file.write(b"half")
            raise OSError(errno.ENOSPC, "no space left")

    with pytest.raises(OSError, match="no space"):
        write_half()
    assert final.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["register"]


def test_an_error_of_writing_names_the_file_which_the_system_does_not(tmp_path: Path) -> None:
    def fill_the_disk() -> None:
        with durable_file(tmp_path / "edge.toml"):
            raise OSError(errno.ENOSPC, "no space left")

    with pytest.raises(OSError, match=re.escape(str(tmp_path / "edge.toml"))):
        fill_the_disk()


def test_a_failed_flush_is_not_tried_again_on_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def fsync(descriptor: int) -> None:
        calls.append(descriptor)
        raise OSError(errno.EIO, "input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="input/output"):
        write_durably(tmp_path / "clip", b"bytes")
    assert len(calls) == 1
    assert list(tmp_path.iterdir()) == []


def test_the_left_over_of_a_dead_process_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "key.part").write_bytes(b"half of an old key, and longer than the new one")
    write_durably(tmp_path / "key", b"new")
    assert (tmp_path / "key").read_bytes() == b"new"
    assert not (tmp_path / "key.part").exists()


def test_what_is_kept_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    write_durably(tmp_path / "key", b"secret")
    make_directory(tmp_path / "keys" / "old")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_a_file_is_hashed_as_it_lies_on_the_disk(tmp_path: Path) -> None:
    data = os.urandom(3_000_001)
    write_durably(tmp_path / "clip", data)
    assert sha256_of_file(tmp_path / "clip") == (hashlib.sha256(data).hexdigest(), len(data))


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    remove_durably(tmp_path / "clip")
    assert list(tmp_path.iterdir()) == []


def test_the_disk_may_begin_early_and_a_file_that_is_gone_is_the_next_flushs_to_tell(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / "footage", os.O_RDWR | os.O_CREAT)
    os.write(descriptor, b"footage")
    begin_writing_out(descriptor, 0, 7)
    os.close(descriptor)
    begin_writing_out(-1, 0, 7)
    assert (tmp_path / "footage").read_bytes() == b"footage"
