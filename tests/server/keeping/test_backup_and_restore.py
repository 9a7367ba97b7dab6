"""A backup holds every clip sealed by then; what is made from it is the same server, and waits for a person."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import pytest
from bench import Bench, BenchClock, content_of

from edge.contract.identifiers import ClipId
from edge.contract.instants import UtcMicros
from edge.contract.messages import Receipt
from edge.platform.signing import KeyFileError
from server.config import load_config
from server.domain.backup import BackupUnusableError
from server.store.backup_folder import read_manifest
from server.usecases.check_backup import check_backup
from server.usecases.make_backup import DatabaseDamagedError, Manner, make_backup
from server.usecases.set_up import open_context, set_up
from server.usecases.signing_state import why_signing_stopped
from server.usecases.verify_store import Scope, Watching, verify_store
from tests.server.keeping.backed_up import CONTENTS, IDS, LATER_US, backed_up, restored, with_sealed_clips


@pytest.fixture
def sealed(bench: Bench) -> Bench:
    return with_sealed_clips(bench)


def test_what_is_restored_is_the_same_server_in_order(sealed: Bench, tmp_path: Path) -> None:
    done = backed_up(sealed, tmp_path / "backup")
    assert (done.clips, done.copied, done.clips_not_held) == (3, 3, 0)
    assert check_backup(tmp_path / "backup").ok
    assert restored(tmp_path / "backup", tmp_path / "new") == []
    context = open_context(load_config(tmp_path / "new"), BenchClock(LATER_US))
    assert context.signer.key_id == sealed.context.signer.key_id
    assert context.broker_master_key == sealed.context.broker_master_key
    found = verify_store(context.db, context.clip_files, Scope(), mark=None, now_us=UtcMicros(LATER_US * 2))
    assert (found.wrong, found.clips) == ([], 3)


def test_the_list_of_a_backup_can_be_checked_without_this_program(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    listing = read_manifest(tmp_path / "backup").listing
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", listing], cwd=tmp_path / "backup", capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert {line.split(b": ")[1] for line in checked.stdout.splitlines()} == {b"OK"}


def test_a_clip_that_is_there_is_not_copied_again(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    before = {path: path.stat().st_ino for path in (tmp_path / "backup" / "clips").rglob("*") if path.is_file()}
    gateway = next(iter(sealed.gateways.values()))
    assert isinstance(gateway.upload(content_of(70_000, seed=5)), Receipt)
    again = backed_up(sealed, tmp_path / "backup")
    assert (again.clips, again.copied) == (4, 1)
    assert {path: path.stat().st_ino for path in before} == before
    assert len([path for path in (tmp_path / "backup").iterdir() if path.name.endswith("Z")]) == 1


def test_a_clip_that_rotted_in_the_backup_is_copied_again_when_all_are_read(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    copy = tmp_path / "backup" / "clips" / IDS[0][:2] / IDS[0]
    copy.chmod(0o600)
    copy.write_bytes(CONTENTS[1])
    assert [one.item for one in check_backup(tmp_path / "backup").wrong] == [IDS[0]]
    assert backed_up(sealed, tmp_path / "backup", Manner(rehash=True)).copied == 1
    assert check_backup(tmp_path / "backup").ok


def test_a_copy_once_made_outlasts_the_loss_of_the_original(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    sealed.context.clip_files.final_path(ClipId(IDS[0])).unlink()
    assert backed_up(sealed, tmp_path / "backup").clips_not_held == 0


@pytest.mark.parametrize("loss", ["gone", "changed"])
def test_a_sealed_clip_that_cannot_be_backed_up_is_named_and_all_others_are(
    sealed: Bench, tmp_path: Path, loss: str
) -> None:
    path = sealed.context.clip_files.final_path(ClipId(IDS[1]))
    path.chmod(0o600)
    path.unlink() if loss == "gone" else path.write_bytes(CONTENTS[2])
    done = backed_up(sealed, tmp_path / "backup")
    assert [clip_id for clip_id, _ in done.not_held] == [IDS[1]]
    assert done.clips == 2
    assert [one.item for one in check_backup(tmp_path / "backup").wrong] == [IDS[1]]
    assert restored(tmp_path / "backup", tmp_path / "new") == [IDS[1]]
    context = open_context(load_config(tmp_path / "new"), BenchClock(LATER_US))
    with context.db.reading() as session:
        assert any(IDS[1] in reason for reason in why_signing_stopped(session))


def test_hard_links_are_verified_too(sealed: Bench, tmp_path: Path) -> None:
    source = sealed.context.clip_files.final_path(ClipId(IDS[0]))
    other = sealed.context.clip_files.final_path(ClipId(IDS[1]))
    other.chmod(0o600)
    other.write_bytes(CONTENTS[0])
    done = backed_up(sealed, tmp_path / "backup", Manner(hard_links=True))
    assert (tmp_path / "backup" / "clips" / IDS[0][:2] / IDS[0]).stat().st_ino == source.stat().st_ino
    assert [clip_id for clip_id, _ in done.not_held] == [IDS[1]]


# ---------------------------------------------------------------------------------------------- a moving server
def test_a_clip_sealed_while_the_backup_is_made_belongs_to_the_next_one(sealed: Bench, tmp_path: Path) -> None:
    gateway = next(iter(sealed.gateways.values()))
    late = content_of(70_000, seed=6)

    def upload_meanwhile(_clips: int, _size_bytes: int) -> None:
        assert isinstance(gateway.upload(late), Receipt)

    done = make_backup(
        sealed.context.config,
        tmp_path / "backup",
        software="test",
        now_us=sealed.clock.now_us(),
        watching=Watching(on_total=upload_meanwhile),
    )
    assert done.clips == 3
    assert check_backup(tmp_path / "backup").ok
    assert backed_up(sealed, tmp_path / "backup").clips == 4


class PowerCutError(Exception):
    """The program is gone."""


def test_a_backup_that_is_cut_off_leaves_the_one_before(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    before = read_manifest(tmp_path / "backup")
    gateway = next(iter(sealed.gateways.values()))
    assert isinstance(gateway.upload(content_of(70_000, seed=7)), Receipt)

    def cut(_size_bytes: int) -> None:
        raise PowerCutError

    with pytest.raises(PowerCutError):
        make_backup(
            sealed.context.config,
            tmp_path / "backup",
            software="test",
            now_us=LATER_US,
            watching=Watching(on_bytes=cut),
        )
    assert read_manifest(tmp_path / "backup") == before
    assert check_backup(tmp_path / "backup").ok
    assert backed_up(sealed, tmp_path / "backup").clips == 4


def test_a_damaged_database_is_never_put_over_a_good_backup(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    before = read_manifest(tmp_path / "backup")
    sealed.context.db.close()
    with sqlite3.connect(sealed.context.db.path) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'clip'").fetchone()
        (page_bytes,) = database.execute("PRAGMA page_size").fetchone()
    with sealed.context.db.path.open("r+b") as file:
        file.seek((page - 1) * page_bytes)
        file.write(b"\xff" * 64)
    with pytest.raises(DatabaseDamagedError):
        backed_up(sealed, tmp_path / "backup")
    assert read_manifest(tmp_path / "backup") == before
    assert check_backup(tmp_path / "backup").ok


@pytest.mark.parametrize("place", ["server/backup", ".", "server"])
def test_a_backup_beside_what_it_protects_is_refused(sealed: Bench, tmp_path: Path, place: str) -> None:
    with pytest.raises(BackupUnusableError):
        backed_up(sealed, tmp_path / place)


def test_a_folder_of_something_else_is_no_place_for_a_backup(sealed: Bench, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    with pytest.raises(BackupUnusableError):
        backed_up(sealed, tmp_path / "photos")


def test_what_else_lies_in_the_folder_of_a_backup_is_never_removed(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    (tmp_path / "backup" / "photos").mkdir()
    (tmp_path / "backup" / "photos" / "a.jpg").touch()
    backed_up(sealed, tmp_path / "backup")
    assert (tmp_path / "backup" / "photos" / "a.jpg").exists()


def test_a_manifest_of_something_else_makes_a_folder_no_backup(sealed: Bench, tmp_path: Path) -> None:
    (tmp_path / "page").mkdir()
    (tmp_path / "page" / "manifest.json").write_text('{"name": "a page"}')
    with pytest.raises(BackupUnusableError):
        backed_up(sealed, tmp_path / "page")


def test_a_disk_that_was_just_formatted_takes_a_backup(sealed: Bench, tmp_path: Path) -> None:
    (tmp_path / "backup" / "lost+found").mkdir(parents=True)
    assert backed_up(sealed, tmp_path / "backup").clips == 3
    assert (tmp_path / "backup" / "lost+found").is_dir()


def test_the_backup_of_another_server_is_not_replaced(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    before = files_of(tmp_path / "backup")
    set_up(tmp_path / "other", now_us=LATER_US)
    with pytest.raises(BackupUnusableError):
        make_backup(load_config(tmp_path / "other"), tmp_path / "backup", software="test", now_us=LATER_US)
    assert files_of(tmp_path / "backup") == before


def test_a_server_that_went_back_does_not_replace_the_backup_that_knows_more(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "early")
    gateway = next(iter(sealed.gateways.values()))
    assert isinstance(gateway.upload(content_of(70_000, seed=5)), Receipt)
    backed_up(sealed, tmp_path / "late")
    before = files_of(tmp_path / "late")
    restored(tmp_path / "early", tmp_path / "new")
    with pytest.raises(BackupUnusableError):
        make_backup(load_config(tmp_path / "new"), tmp_path / "late", software="test", now_us=LATER_US)
    assert files_of(tmp_path / "late") == before
    done = make_backup(load_config(tmp_path / "new"), tmp_path / "early", software="test", now_us=LATER_US)
    assert done.clips == 3


def test_a_backup_whose_manifest_cannot_be_read_is_left_for_a_person(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    (tmp_path / "backup" / "manifest.json").write_text("{")
    before = files_of(tmp_path / "backup")
    with pytest.raises(BackupUnusableError):
        backed_up(sealed, tmp_path / "backup")
    assert files_of(tmp_path / "backup") == before


def test_runs_that_were_cut_off_do_not_pile_up(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    for name in ("20200101T000000000000Z", "20200102T000000000000Z"):
        (tmp_path / "backup" / name).mkdir()
    sealed.context.config.keys_dir.joinpath("server-ed25519.pem").rename(tmp_path / "key")
    with pytest.raises(KeyFileError):
        backed_up(sealed, tmp_path / "backup")
    assert len([path for path in (tmp_path / "backup").iterdir() if path.name.endswith("Z")]) == 2
    assert check_backup(tmp_path / "backup").ok


def test_a_backup_that_is_being_read_is_not_changed_meanwhile(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")

    def again(_size_bytes: int) -> None:
        with pytest.raises(BackupUnusableError):
            backed_up(sealed, tmp_path / "backup")

    assert check_backup(tmp_path / "backup", Watching(again)).ok


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
