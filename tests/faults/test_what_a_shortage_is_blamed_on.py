"""A gateway without a free descriptor blames no recorder's file, no disk and no copy for it, and goes on by itself."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.devices.folder import scan_folder
from edge.storage.landing import LandingArea, head_of_source
from tests.edge.workers.upload_bench import Bench


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Of this process: the next one would get the lowest free number."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_a_file_that_cannot_be_opened_for_want_of_descriptors_is_not_unreadable(tmp_path: Path) -> None:
    area, source = LandingArea(tmp_path / "landing"), tmp_path / "a.mp4"
    source.write_bytes(b"recording")
    seen = source.stat()
    with no_descriptors():
        with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
            area.copy_in(source, size_bytes=9, modified_ns=seen.st_mtime_ns)
        with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
            head_of_source(source, 4)
        with pytest.raises(OSError, match=os.strerror(errno.EMFILE)):
            scan_folder(tmp_path)
    assert area.standing() == {}
    read = area.copy_in(source, size_bytes=9, modified_ns=seen.st_mtime_ns)
    assert area.path_of(read.clip_id).read_bytes() == b"recording"


def test_a_landing_copy_that_cannot_be_opened_for_want_of_descriptors_waits_a_moment_and_is_not_told_of(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path / "edge", in_flight=2)
    bench.turn()  # by now it has read what a machine reads once, such as its time zone
    clip = bench.gateway.land(b"content")
    with no_descriptors():
        bench.turn()
    assert (bench.offered(), bench.events()) == ([], [])
    bench.turn(seconds=31)
    assert (bench.offered(), bench.events()) == ([clip], [])
    bench.gateway.journal.close()
