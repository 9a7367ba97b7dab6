"""What is made from a backup waits for a person, and nothing is made from a damaged one."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from bench import Bench, BenchClock, clip_of, content_of
from sqlalchemy import text

from edge.contract.instants import UtcMicros
from edge.contract.messages import Receipt, Refusal
from edge.platform.durable import TEMPORARY_SUFFIX, sha256_of_file
from server.config import RestoreUnfinishedError, load_config
from server.domain.backup import DATABASE_NAME, MANIFEST_NAME, BackupUnusableError
from server.usecases.examine import examine
from server.usecases.folder_lock import LOCK_NAME
from server.usecases.make_backup import make_backup
from server.usecases.restore_backup import UNFINISHED, RestoreRefusedError, restore_backup
from server.usecases.set_up import open_context, set_up
from server.usecases.signing_state import resume_signing, why_signing_stopped
from server.usecases.verify_store import Watching
from tests.server.keeping.backed_up import CONTENTS, IDS, LATER_US, backed_up, restored, with_sealed_clips


class PowerCutError(Exception):
    """The program is gone."""


@pytest.fixture
def sealed(bench: Bench) -> Bench:
    return with_sealed_clips(bench)


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


def test_what_a_killed_restoring_left_beside_the_database_gets_into_no_other(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    restored(tmp_path / "backup", tmp_path / "killed")
    database = tmp_path / "killed" / DATABASE_NAME
    with closing(sqlite3.connect(database)) as rows:
        rows.execute("UPDATE act SET actor = 'killed'")
        rows.commit()
        shutil.copytree(tmp_path / "killed", tmp_path / "new")  # with the log that nobody closed
    assert (tmp_path / "new" / f"{DATABASE_NAME}-wal").stat().st_size
    (tmp_path / "new" / UNFINISHED).write_text(sha256_of_file(tmp_path / "backup" / MANIFEST_NAME)[0])
    assert restored(tmp_path / "backup", tmp_path / "new") == []
    with closing(sqlite3.connect(tmp_path / "new" / DATABASE_NAME)) as rows:
        assert rows.execute("SELECT count(*) FROM act WHERE actor = 'killed'").fetchone() == (0,)
        assert rows.execute("SELECT count(*) FROM act WHERE verb = 'restore'").fetchone() == (1,)


def test_no_server_runs_on_what_the_next_restoring_puts_back_once_more(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    restored(tmp_path / "backup", tmp_path / "new")
    (tmp_path / "new" / UNFINISHED).touch()  # it was ended just before this file went
    with pytest.raises(RestoreUnfinishedError):
        load_config(tmp_path / "new")
    (check,) = examine(tmp_path / "new")
    assert "Run `tallylight-server restore`" in check.detail
    assert "init" not in check.do


def test_a_restoring_that_was_ended_before_it_said_whose_it_is_can_be_repeated(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    (tmp_path / "new").mkdir()
    for left in (LOCK_NAME, UNFINISHED + TEMPORARY_SUFFIX):
        (tmp_path / "new" / left).touch()
    assert restored(tmp_path / "backup", tmp_path / "new") == []
    assert not list((tmp_path / "new").rglob(f"*{TEMPORARY_SUFFIX}"))


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


def test_nothing_is_restored_into_the_backup_itself(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    with pytest.raises(RestoreRefusedError):
        restored(tmp_path / "backup", tmp_path / "backup" / "new")
    with pytest.raises(RestoreRefusedError):
        restored(tmp_path / "backup", tmp_path / "new", clips=tmp_path / "backup" / "new")
    assert not (tmp_path / "backup" / "new").exists()


def test_two_restores_into_one_folder_are_one_and_a_refusal(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")

    def second(_size_bytes: int) -> None:
        with pytest.raises(RestoreRefusedError):
            restored(tmp_path / "backup", tmp_path / "new")

    watching = Watching(on_bytes=second)
    done = restore_backup(tmp_path / "backup", tmp_path / "new", by="t", now_us=LATER_US, watching=watching)
    assert (done.clips, done.missing) == (3, [])


def test_a_clip_that_the_backups_disk_cannot_read_keeps_no_other_back(sealed: Bench, tmp_path: Path) -> None:
    backed_up(sealed, tmp_path / "backup")
    copy = tmp_path / "backup" / "clips" / IDS[1][:2] / IDS[1]
    copy.unlink()
    copy.mkdir()
    assert restored(tmp_path / "backup", tmp_path / "new") == [IDS[1]]
    assert load_config(tmp_path / "new")
