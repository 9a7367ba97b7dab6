"""A full disk must not hold itself full: what was kept aside lets the journal write, so that copies can go."""

from __future__ import annotations

import shutil
import sqlite3
from collections import namedtuple
from pathlib import Path

import pytest

from edge.agent import _journal
from edge.contract.instants import UtcMicros
from edge.storage.journal import Journal
from edge.storage.journal_errors import JournalFullError
from edge.storage.space_reserve import RESERVE_NAME, SpaceReserve
from tests.edge.landed_clips import FakeClock

Usage = namedtuple("Usage", "total used free")
SIZE_BYTES = 1 << 20


def test_it_is_held_where_there_is_plenty_and_given_up_once(tmp_path: Path) -> None:
    reserve = SpaceReserve(tmp_path, size_bytes=SIZE_BYTES)
    assert reserve.hold()
    assert reserve.hold()
    assert (tmp_path / RESERVE_NAME).stat().st_blocks * 512 >= SIZE_BYTES, "the space is really taken"
    assert reserve.give_up()
    assert not reserve.give_up()


def test_it_takes_nothing_where_space_is_short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(100, 0, 7 * SIZE_BYTES))
    assert not SpaceReserve(tmp_path, size_bytes=SIZE_BYTES).hold()
    assert not (tmp_path / RESERVE_NAME).exists()


def test_where_it_cannot_be_made_the_agent_goes_on_without(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    reserve = SpaceReserve(tmp_path / "gone", size_bytes=1 << 62)
    assert not reserve.hold()
    assert list((tmp_path / "gone").iterdir()) == []


class _FullOnce:
    """A journal that finds no space until somebody makes some."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, reserve_file: Path) -> None:
        self._open, self._reserve_file = Journal.open, reserve_file
        monkeypatch.setattr(Journal, "open", self.open)

    def open(self, path: Path, *, now_us: UtcMicros) -> Journal:
        if self._reserve_file.exists():
            raise JournalFullError(path=path)
        return self._open(path, now_us=now_us)


def test_an_agent_starts_on_a_full_disk_with_what_was_kept_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reserve = SpaceReserve(tmp_path, size_bytes=SIZE_BYTES)
    assert reserve.hold()
    _FullOnce(monkeypatch, tmp_path / RESERVE_NAME)
    journal = _journal(tmp_path / "journal.sqlite3", FakeClock(), reserve)
    journal.close()
    assert not (tmp_path / RESERVE_NAME).exists()


def test_a_journal_that_finds_no_space_at_its_opening_is_full_and_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr("edge.storage.journal._make_schema", full)
    with pytest.raises(JournalFullError, match="Free space"):
        Journal.open(tmp_path / "journal.sqlite3", now_us=UtcMicros(0))
