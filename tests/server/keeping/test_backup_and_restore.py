"""A backup holds every clip sealed by then; what is made from it is the same server, and waits for a person."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from bench import Bench, BenchClock, clip_of, content_of
from scripted_gateway import content_id
from sqlalchemy import text

from edge.contract.identifiers import ClipId
from edge.contract.instants import UtcMicros
from edge.contract.messages import Receipt, Refusal
from server.config import load_config
from server.domain.backup import BackupUnusableError
from server.store.backup_folder import read_manifest
from server.usecases.check_backup import check_backup
from server.usecases.make_backup import BackedUp, DatabaseDamagedError, Manner, make_backup
from server.usecases.restore_backup import UNFINISHED, RestoreRefusedError, restore_backup
from server.usecases.set_up import RestoreUnfinishedError, open_context, set_up
from server.usecases.signing_state import resume_signing, why_signing_stopped
from server.usecases.verify_store import Scope, Watching, verify_store

CONTENTS = [content_of(70_000, seed=number) for number in range(3)]
IDS = [content_id(content) for content in CONTENTS]
LATER_US = UtcMicros(1_796_000_000_000_000)


@pytest.fixture
def sealed(bench: Bench) -> Bench:
    """Three sealed clips and one that is half way."""
    gateway = bench.gateway()
    for content in CONTENTS:
        assert isinstance(gateway.upload(content), Receipt)
    gateway.offer(gateway.manifest(content_of(1_500_000, seed=9)))
    return bench


def backed_up(bench: Bench, folder: Path, manner: Manner | None = None) -> BackedUp:
    bench.clock.pass_s(1)
    return make_backup(bench.context.config, folder, software="test", now_us=bench.clock.now_us(), manner=manner)


def restored(folder: Path, data_dir: Path, *, clips: Path | None = None, now_us: UtcMicros = LATER_US) -> list[str]:
    done = restore_backup(folder, data_dir, clips_dir=clips, by="console:test", now_us=now_us)
    return done.missing


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


# ---------------------------------------------------------------------------------------------- restoring
def test_a_restored_server_signs_nothing_before_a_person_decides_even_if_no_gateway_speaks(
    sealed: Bench, tmp_path: Path
) -> None:
    backed_up(sealed, tmp_path / "backup")
    restored(tmp_path / "backup", tmp_path / "new")
    new = Bench(tmp_path / "new", clock=BenchClock(LATER_US))
    new.restart()
    with new.context.db.reading() as session:
        (reason,) = why_signing_stopped(session)
    assert reason.startswith("restored: ")
    assert "north" in reason  # the gateway that has not been heard since
    old = next(iter(sealed.gateways.values()))
    old.bench = new
    new.gateways[old.gateway_id] = old
    old.hello()
    with new.context.db.reading() as session:
        assert "none, decide now" in why_signing_stopped(session)[0]
    new.control.signing_stopped = True  # as the worker reads it every second
    refusal = old.upload(content_of(70_000, seed=8))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "signing_stopped"
    resume_signing(new.context.db, by="console:test", reason="all gateways were heard", now_us=new.clock.now_us())
    new.control.signing_stopped = False
    assert isinstance(old.upload(content_of(70_000, seed=8)), Receipt)
    assert clip_of(new, CONTENTS[0]).state == "sealed"


def test_a_clock_that_is_behind_does_not_let_a_restored_server_sign(sealed: Bench, tmp_path: Path) -> None:
    with sealed.context.db.writing() as session:
        session.execute(
            text(
                "INSERT INTO gateway_event (gateway_id, code, at_us, received_us, detail_json)"
                " VALUES ('tl-server', 'acts_broken', 1, 1, '{}')"
            )
        )
    sealed.clock.pass_s(1_000)
    resume_signing(sealed.context.db, by="console:test", reason="tried", now_us=sealed.clock.now_us())
    backed_up(sealed, tmp_path / "backup")
    restored(tmp_path / "backup", tmp_path / "new", now_us=UtcMicros(1))
    context = open_context(load_config(tmp_path / "new"), BenchClock(1))
    with context.db.reading() as session:
        assert why_signing_stopped(session)


def test_a_folder_that_holds_something_is_left_as_it_is(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    for name in ("data", "clips"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "theirs").touch()
    with pytest.raises(RestoreRefusedError):
        restored(tmp_path / "backup", tmp_path / "data")
    with pytest.raises(RestoreRefusedError):
        restored(tmp_path / "backup", tmp_path / "new", clips=tmp_path / "clips")
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["theirs"]


def test_clips_may_go_to_a_disk_of_their_own_and_named_files_come_along(sealed: Bench, tmp_path: Path) -> None:
    rules, settings = tmp_path / "rules.toml", sealed.folder / "server.toml"
    shutil.copy(Path(__file__).parents[3] / "configs" / "rules" / "cn-traffic.toml", rules)
    settings.write_text(settings.read_text().replace('# rules_file = ""', f'rules_file = "{rules}"'))
    make_backup(load_config(sealed.folder), tmp_path / "backup", software="test", now_us=LATER_US)
    rules.unlink()
    restored(tmp_path / "backup", tmp_path / "new", clips=tmp_path / "disk")
    config = load_config(tmp_path / "new")
    assert config.clips_dir == tmp_path / "disk"
    assert (tmp_path / "disk" / IDS[0][:2] / IDS[0]).read_bytes() == CONTENTS[0]
    assert open_context(config, BenchClock(LATER_US)).rules.time_zone == "Asia/Shanghai"


def test_a_restoring_that_was_cut_off_is_no_server_and_can_be_repeated(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    count = 0

    def cut(_size_bytes: int) -> None:
        nonlocal count
        count += 1
        if count == 4:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        restore_backup(tmp_path / "backup", tmp_path / "new", by="t", now_us=LATER_US, watching=Watching(on_bytes=cut))
    assert (tmp_path / "new" / UNFINISHED).exists()
    assert not (tmp_path / "new" / "server.toml").exists()
    with pytest.raises(RestoreUnfinishedError):  # with new keys it would become another server
        set_up(tmp_path / "new", now_us=LATER_US)
    assert restored(tmp_path / "backup", tmp_path / "new") == []
    assert not (tmp_path / "new" / UNFINISHED).exists()


def without(name: str) -> Callable[[Path], object]:
    return lambda backup: next(backup.rglob(name)).unlink()


def changed(name: str) -> Callable[[Path], object]:
    def change(backup: Path) -> None:
        path = next(backup.rglob(name))
        path.chmod(0o600)
        path.write_bytes(path.read_bytes() + b"\n")

    return change


HARMS: dict[str, Callable[[Path], object]] = {
    "no manifest": without("manifest.json"),
    "a manifest that is none": lambda backup: (backup / "manifest.json").write_text("{}"),
    "a list that is gone": without("SHA256SUMS"),
    "a list that was changed": changed("SHA256SUMS"),
    "a database that is gone": without("tallylight.sqlite3"),
    "a database that was changed": changed("tallylight.sqlite3"),
    "a key that is gone": without("server-ed25519.pem"),
    "a key that was changed": changed("server-ed25519.pem"),
    "settings that were changed": changed("server.toml"),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_nothing_is_made_from_a_backup_whose_heart_is_damaged(
    sealed: Bench, tmp_path: Path, harm: Callable[[Path], object]
) -> None:
    backed_up(sealed, tmp_path / "backup")
    harm(tmp_path / "backup")
    with pytest.raises(BackupUnusableError):
        restored(tmp_path / "backup", tmp_path / "new")
    assert not (tmp_path / "new" / "server.toml").exists()


def test_a_manifest_names_nothing_outside_its_folder(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    path = tmp_path / "backup" / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "database": "../server/tallylight.sqlite3"}))
    with pytest.raises(BackupUnusableError):
        restored(tmp_path / "backup", tmp_path / "new")


@pytest.mark.parametrize("place", ["server/backup", ".", "server"])
def test_a_backup_beside_what_it_protects_is_refused(sealed: Bench, tmp_path: Path, place: str) -> None:
    with pytest.raises(BackupUnusableError):
        backed_up(sealed, tmp_path / place)


def test_a_folder_of_something_else_is_no_place_for_a_backup(sealed: Bench, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    with pytest.raises(BackupUnusableError):
        backed_up(sealed, tmp_path / "photos")
