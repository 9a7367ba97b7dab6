"""What is hashed is what the disk holds: read back behind the writer, never beyond what is on stable storage."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.ingest.read_back import ReadBack, RunningHash
from server.store.clip_files import ClipFiles, PartFile

_CLIP = "a" * 32
_FOOTAGE = hashlib.shake_256(b"footage").digest(6 << 20)


class WatchedPart(PartFile):
    """Keeps which bytes the disk was asked for ahead of time."""

    fetched: list[tuple[int, int]]

    def another(self) -> PartFile:
        return self

    def fetch(self, offset: int, size_bytes: int) -> None:
        self.fetched.append((offset, offset + size_bytes))
        super().fetch(offset, size_bytes)


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> WatchedPart:
    path = tmp_path_factory.mktemp("clip") / _CLIP
    path.write_bytes(_FOOTAGE)
    return WatchedPart(path, _CLIP)


@settings(max_examples=30, deadline=None)
@given(flushed=st.lists(st.integers(0, len(_FOOTAGE)), min_size=1, max_size=8).map(sorted))
def test_however_the_flushed_bytes_grow_the_hash_is_theirs_and_nothing_beyond_is_touched(
    part: WatchedPart, flushed: list[int]
) -> None:
    part.fetched = []
    running = RunningHash(part)
    for flushed_bytes in flushed:
        running.flushed_bytes = flushed_bytes
        while running.is_behind:
            running.step()
        assert running.hexdigest == hashlib.sha256(_FOOTAGE[:flushed_bytes]).hexdigest()
    ends = [0, *(end for _, end in part.fetched)]
    assert [start for start, _ in part.fetched] == ends[:-1]
    assert ends[-1] == flushed[-1]


def test_a_file_that_became_shorter_is_told_and_not_hashed(tmp_path: Path) -> None:
    files = ClipFiles(tmp_path)
    files.make()
    part = files.open_part(_CLIP)
    part.write_at(0, _FOOTAGE)
    part.flush()
    caught_up = threading.Event()
    read_back = ReadBack(caught_up.set)
    running = read_back.begin(part)
    part.path.write_bytes(_FOOTAGE[:1000])
    read_back.go_on_to(running, len(_FOOTAGE))
    assert caught_up.wait(30)
    assert running.failed is not None
    assert "shorter" in running.failed.why
    read_back.stop()
    part.close()
