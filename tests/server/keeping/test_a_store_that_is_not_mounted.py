"""Where the clips' disk is not mounted, nothing is written in its place: not at a start, not while the server runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from bench import Bench, BenchClock, content_of

from edge.contract.messages import Receipt, Refusal
from server.cli.commands import exit_code_of
from server.config import load_config
from server.store.clip_files import ClipFiles, StoreFullError
from server.usecases.examine import examine
from server.usecases.set_up import StoreMissingError, open_context, set_up
from server.usecases.verify_store import Scope, verify_store
from tests.server.keeping.backed_up import backed_up


@pytest.fixture
def sealed(bench: Bench) -> Bench:
    assert isinstance(bench.gateway().upload(content_of(70_000)), Receipt)
    return bench


def unmounted(bench: Bench) -> Path:
    """The bench's clips lie elsewhere, and an empty folder in their place."""
    clips = bench.context.clip_files.root
    clips.rename(clips.with_name("elsewhere"))
    clips.mkdir()
    return clips


def test_a_server_with_clips_on_record_does_not_start_without_them(sealed: Bench) -> None:
    clips = unmounted(sealed)
    with pytest.raises(StoreMissingError, match="Mount their disk") as refused:
        open_context(load_config(sealed.folder), BenchClock())
    assert exit_code_of(refused.value) == 1
    with pytest.raises(StoreMissingError):
        set_up(sealed.folder, now_us=sealed.clock.now_us())
    assert any("Mount their disk" in str(check.detail) for check in examine(sealed.folder) if not check.ok)
    assert list(clips.iterdir()) == []


def test_verifying_names_the_clip_and_makes_nothing_there(sealed: Bench) -> None:
    clips = unmounted(sealed)
    done = verify_store(sealed.context.db, ClipFiles(clips), Scope(), mark=None, now_us=sealed.clock.now_us())
    assert not done.ok
    assert list(clips.iterdir()) == []


def test_a_good_backup_is_not_replaced_by_one_without_clips(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    before = (tmp_path / "backup" / "manifest.json").read_bytes()
    unmounted(sealed)
    with pytest.raises(FileNotFoundError):
        backed_up(sealed, tmp_path / "backup")
    assert (tmp_path / "backup" / "manifest.json").read_bytes() == before


def test_once_it_is_mounted_again_the_server_starts(sealed: Bench) -> None:
    clips = unmounted(sealed)
    clips.rmdir()
    clips.with_name("elsewhere").rename(clips)
    assert open_context(load_config(sealed.folder), BenchClock()).clip_files.is_made


def test_a_server_without_clips_on_record_makes_its_store(bench: Bench) -> None:
    shutil.rmtree(bench.context.clip_files.root)
    assert open_context(load_config(bench.folder), BenchClock()).clip_files.is_made


def test_while_the_server_runs_offers_are_refused_and_nothing_is_written_beneath(sealed: Bench) -> None:
    clips = unmounted(sealed)
    refusal = sealed.gateway().upload(content_of(70_000, seed=2))
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.permanent) == ("store_full", False)
    assert list(clips.iterdir()) == []


@pytest.mark.parametrize("act", ["open_part", "finish"])
def test_no_folder_is_made_for_a_clip_there(act: str, tmp_path: Path) -> None:
    with pytest.raises(StoreFullError, match="mounted"):
        getattr(ClipFiles(tmp_path), act)("a" * 32)
    assert list(tmp_path.iterdir()) == []
