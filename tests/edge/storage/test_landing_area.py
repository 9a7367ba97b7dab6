"""A landing copy stands whole and verified, or not at all; the start makes rows and files agree again."""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from edge.contract.identifiers import clip_id_of
from edge.contract.instants import MICROS_PER_HOUR, UtcMicros
from edge.storage import landing
from edge.storage.contents import ContentState, add_content, find_content
from edge.storage.landing import (
    LandingArea,
    LandingDiskError,
    NoSpaceError,
    SourceChangedError,
    SourceUnreadableError,
    head_of_source,
)
from tests.edge.films import film
from tests.edge.gateway import Gateway

DATA = bytes(range(256)) * 9000
NAME = "BC01_20261121T190000_0001.mp4"


@pytest.fixture
def area(tmp_path: Path) -> LandingArea:
    return LandingArea(tmp_path / "landing")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source.mp4"
    path.write_bytes(DATA)
    return path


def _copy(area: LandingArea, source: Path, *, size_bytes: int | None = None) -> str:
    status = source.stat()
    size = status.st_size if size_bytes is None else size_bytes
    return area.copy_in(source, size_bytes=size, modified_ns=status.st_mtime_ns).clip_id


def _left(area: LandingArea) -> list[str]:
    return [path.name for path in area.folder.iterdir()]


def test_a_copy_stands_under_the_id_of_its_content(area: LandingArea, source: Path) -> None:
    clip_id = _copy(area, source)
    assert clip_id == clip_id_of(len(DATA), hashlib.sha256(DATA).hexdigest())
    assert _left(area) == [clip_id]
    assert area.path_of(clip_id).read_bytes() == DATA
    assert area.path_of(clip_id).stat().st_mode & 0o077 == 0


def test_a_file_that_is_not_what_the_scan_saw_does_not_land(area: LandingArea, source: Path) -> None:
    with pytest.raises(SourceChangedError):
        _copy(area, source, size_bytes=len(DATA) - 1)
    with pytest.raises(SourceChangedError):
        area.copy_in(source.with_name("gone"), size_bytes=1, modified_ns=1)
    assert _left(area) == []


@pytest.mark.parametrize("path", ["/proc/self/mem", "/dev/null", "/proc"], ids=["input error", "device", "folder"])
def test_what_cannot_be_read_as_a_file_is_told(area: LandingArea, path: str) -> None:
    with pytest.raises(SourceUnreadableError):
        area.copy_in(Path(path), size_bytes=0, modified_ns=0)
    assert _left(area) == []


def test_a_link_that_took_the_place_of_the_file_is_not_followed(area: LandingArea, source: Path) -> None:
    link = source.with_name("link.mp4")
    link.symlink_to(source)
    with pytest.raises(SourceUnreadableError):
        _copy(area, link)
    with pytest.raises(SourceUnreadableError):
        head_of_source(link, 10)


def test_a_pipe_is_not_waited_for(area: LandingArea, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(SourceUnreadableError, match="no regular file"):
        _copy(area, tmp_path / "pipe.mp4")


@pytest.mark.parametrize(
    ("number", "error"),
    [(errno.ENOSPC, NoSpaceError), (errno.EDQUOT, NoSpaceError), (errno.EIO, LandingDiskError)],
    ids=["full", "quota", "broken"],
)
@pytest.mark.parametrize("call", ["fsync", "open"])
def test_a_landing_disk_that_fails_leaves_nothing(
    area: LandingArea, source: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception], call: str
) -> None:
    plain = getattr(os, call)

    def failing(*args: object, **named: object) -> object:
        if call == "open" and not str(args[0]).startswith(str(area.folder)):
            return plain(*args, **named)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(error):
        _copy(area, source)
    monkeypatch.undo()
    assert _left(area) == []
    assert source.read_bytes() == DATA


def test_bytes_that_read_back_differently_do_not_land(
    area: LandingArea, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(landing, "sha256_of_file", lambda _path: ("0" * 64, len(DATA)))
    with pytest.raises(LandingDiskError, match="reads back differently"):
        _copy(area, source)
    assert _left(area) == []


# ------------------------------------------------------------------ at start
@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path)


def test_temporary_files_of_a_dead_process_are_removed(gateway: Gateway) -> None:
    (gateway.area.folder / "0011.part").write_bytes(b"half")
    gateway.run(1)
    assert gateway.landed() == {}
    assert _left(gateway.area) == []


def test_a_whole_copy_without_a_row_is_adopted_and_gets_its_sighting_from_the_source(gateway: Gateway) -> None:
    path = film(gateway.folder / NAME)
    clip_id = _copy(gateway.area, path)
    gateway.run()
    (manifest,) = gateway.manifests()
    assert (manifest.clip_id, manifest.sighting.device) == (clip_id, "BC01")
    assert list(gateway.landed()) == [clip_id]


def test_a_whole_copy_whose_source_never_comes_back_is_offered_without_a_device(gateway: Gateway) -> None:
    path = film(gateway.home / NAME)
    clip_id = _copy(gateway.area, path)
    gateway.run()
    assert gateway.manifests() == []
    gateway.now_us = UtcMicros(gateway.now_us + MICROS_PER_HOUR)
    gateway.run()
    (manifest,) = gateway.manifests()
    assert (manifest.clip_id, manifest.sighting.device) == (clip_id, None)
    assert [event.code for event in gateway.events()] == ["landing_copy_adopted"]
    gateway.run()
    assert len(gateway.manifests()) == 1


def test_a_file_that_is_not_what_its_name_says_is_put_aside(gateway: Gateway) -> None:
    (gateway.area.folder / ("0" * 32)).write_bytes(b"something else")
    gateway.run(1)
    assert gateway.landed() == {}
    assert [path.read_bytes() for path in (gateway.area.folder / "rejected").iterdir()] == [b"something else"]
    assert [event.code for event in gateway.events()] == ["landing_file_rejected"]


def test_a_lost_copy_is_told_and_fetched_from_its_source_again(gateway: Gateway) -> None:
    film(gateway.folder / NAME)
    gateway.run()
    ((clip_id, size_bytes),) = gateway.landed().items()
    gateway.area.path_of(clip_id).unlink()
    gateway.restart()
    gateway.run()
    assert gateway.landed() == {clip_id: size_bytes}
    assert len(gateway.manifests()) == 1, "it is the same sighting"
    (event,) = gateway.events()
    assert (event.code, event.detail) == ("landing_copy_missing", {"clip_id": clip_id, "fetched_again": "yes"})


def test_a_copy_that_was_cut_short_on_the_landing_disk_is_fetched_again(gateway: Gateway) -> None:
    film(gateway.folder / NAME)
    gateway.run()
    ((clip_id, size_bytes),) = gateway.landed().items()
    os.truncate(gateway.area.path_of(clip_id), size_bytes // 2)
    gateway.restart()
    gateway.run()
    assert gateway.landed() == {clip_id: size_bytes}


def test_a_copy_released_after_its_receipt_is_not_missed(gateway: Gateway) -> None:
    film(gateway.folder / NAME)
    gateway.run()
    ((clip_id, _),) = gateway.landed().items()
    with gateway.journal.transaction() as rows:
        rows.execute("UPDATE content SET state = 'receipted', landing_name = NULL")
    gateway.area.path_of(clip_id).unlink()
    gateway.restart()
    gateway.run()
    assert gateway.landed() == {}
    assert gateway.events() == []


def test_content_the_server_has_is_met_again_without_a_copy(gateway: Gateway) -> None:
    path = film(gateway.folder / NAME)
    gateway.run()
    ((clip_id, _),) = gateway.landed().items()
    with gateway.journal.transaction() as rows:
        rows.execute("UPDATE content SET state = 'receipted', landing_name = NULL")
    gateway.area.path_of(clip_id).unlink()
    (gateway.folder / "again").mkdir()
    (gateway.folder / "again" / NAME).write_bytes(path.read_bytes())
    gateway.run()
    assert gateway.landed() == {}
    assert len(gateway.manifests()) == 2
    assert gateway.dockings()[-1].files[-1].clip_id == clip_id


def test_a_content_keeps_its_state_when_it_is_met_again(gateway: Gateway) -> None:
    def meet(*, flagged: bool) -> None:
        add_content(
            rows,
            clip_id="c" * 32,
            sha256="d" * 64,
            size_bytes=1,
            landing_name=None,
            flagged=flagged,
            now_us=gateway.now_us,
        )

    with gateway.journal.transaction() as rows:
        meet(flagged=True)
        rows.execute("UPDATE content SET state = 'receipted'")
        meet(flagged=False)
        found = find_content(rows, "c" * 32)
    assert found is not None
    assert (found.state, found.flagged) == (ContentState.RECEIPTED, True)


def test_a_folder_in_the_place_of_a_copy_stops_nothing_and_is_put_aside(area: LandingArea, source: Path) -> None:
    clip_id = clip_id_of(len(DATA), hashlib.sha256(DATA).hexdigest())
    area.path_of(clip_id).mkdir()
    (area.path_of(clip_id) / "theirs").touch()
    area.copy_in(source, size_bytes=len(DATA), modified_ns=source.stat().st_mtime_ns)
    assert area.path_of(clip_id).read_bytes() == DATA
    assert [path.name for path in (area.folder / "rejected").rglob("theirs")] == ["theirs"]
