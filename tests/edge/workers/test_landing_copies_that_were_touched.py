"""A landing copy that somebody replaced, or that rotted, harms that clip alone, and comes again from its source."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.storage.contents import ContentState
from tests.edge.workers.upload_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "edge")
    yield made
    made.gateway.journal.close()


@pytest.mark.parametrize("strange", ["pipe", "link", "folder"])
def test_what_is_no_file_in_the_place_of_a_copy_holds_up_no_other_clip(bench: Bench, strange: str) -> None:
    first = bench.gateway.land(b"1")
    path = bench.gateway.landing / first
    path.unlink()
    match strange:
        case "pipe":
            os.mkfifo(path)  # to open it would wait for a writer, for ever
        case "link":
            path.with_name("other").write_bytes(b"1")
            path.symlink_to(path.with_name("other"))
        case _:
            path.mkdir()
    bench.turn()
    assert bench.content(first).refusal_reason == "landing_copy_unreadable"
    second = bench.gateway.land(b"22")
    bench.turn(seconds=2)
    assert bench.offered() == [second]


def test_a_copy_that_rotted_is_put_aside_once_the_server_says_that_its_bytes_differ(bench: Bench) -> None:
    clip = bench.gateway.land(b"content")
    bench.turn()
    (bench.gateway.landing / clip).write_bytes(b"c0ntent")
    bench.refuse(clip, "hash_differs", permanent=True)
    content = bench.content(clip)
    assert (content.state, content.landing_name) == (ContentState.REFUSED, None)
    aside = list((bench.gateway.landing / "rejected").iterdir())
    assert [path.read_bytes() for path in aside] == [b"c0ntent"]
    assert bench.events() == ["landing_copy_unreadable"]


def test_a_copy_that_is_as_it_was_taken_stays_whatever_the_server_says(bench: Bench) -> None:
    clip = bench.gateway.land(b"content")
    bench.turn()
    bench.refuse(clip, "hash_differs", permanent=True)
    assert bench.content(clip).landing_name == clip
    assert bench.events() == []
