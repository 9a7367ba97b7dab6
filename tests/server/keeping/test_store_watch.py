"""While the server runs: every clip is read again within a month, and what is wrong becomes known by itself."""

from __future__ import annotations

import shutil
import sqlite3

import pytest
from bench import Bench, content_of
from judging_world import EVERYONE
from scripted_gateway import content_id
from sqlalchemy import select

from edge.contract.identifiers import ClipId
from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.contract.messages import Events, GatewayEvent, Receipt, Status
from edge.contract.topics import UpKind
from server.domain.findings import FindingKind, FindingState, finding_id_of, next_states
from server.ingest.store_watch import StoreWatch
from server.store.database import DatabaseReplacedError
from server.store.history_mark import HistoryMark, read_mark, write_mark
from server.store.tables import ClipCheck, Finding
from server.usecases.clips import clip
from server.usecases.judge import judge_gateways
from server.usecases.look_again import look_again
from server.usecases.signing_state import why_signing_stopped
from server.usecases.step_finding import step_finding

CONTENTS = [content_of(50_000, seed=number) for number in range(5)]
IDS = [content_id(content) for content in CONTENTS]


@pytest.fixture
def sealed(bench: Bench) -> Bench:
    gateway = bench.gateway()
    for content in CONTENTS:
        assert isinstance(gateway.upload(content), Receipt)
    return bench


def reasons(bench: Bench) -> list[str]:
    with bench.context.db.reading() as session:
        return [reason.partition(":")[0] for reason in why_signing_stopped(session)]


def checked(bench: Bench) -> dict[str, tuple[int, str]]:
    return {row.clip_id: (row.checked_us, row.outcome) for row in bench.rows(select(ClipCheck))}


def days_pass(bench: Bench, watch: StoreWatch, days: float, *, minutes: int) -> None:
    bench.clock.us += int(days * MICROS_PER_DAY)
    for _ in range(minutes):
        bench.clock.pass_s(61)
        watch.step(bench.clock.now_us(), bench.clock.steady_s())


def harm(bench: Bench, clip_id: str) -> None:
    path = bench.context.clip_files.final_path(ClipId(clip_id))
    path.chmod(0o600)
    path.write_bytes(b"x" + path.read_bytes()[1:])


def open_findings(bench: Bench, kind: str) -> list[str | None]:
    judge_gateways(bench.context.db, bench.context.rules, bench.clock.now_us())
    return bench.rows(select(Finding.clip_id).where(Finding.kind == kind, Finding.state == "open"))


def test_what_was_just_sealed_is_left_alone_and_read_again_when_its_time_comes(sealed: Bench) -> None:
    watch = StoreWatch(sealed.context)
    days_pass(sealed, watch, 1, minutes=10)
    before = checked(sealed)
    assert set(before) == set(IDS)
    days_pass(sealed, watch, 31, minutes=10)
    after = checked(sealed)
    assert all(after[clip][0] > before[clip][0] for clip in IDS)
    assert reasons(sealed) == []


def trusted(bench: Bench, clip_id: str, known_us: int) -> str:
    with bench.context.db.reading() as session:
        view = clip(session, clip_id, scope=EVERYONE, rules=bench.context.rules, known_us=known_us)
    codes = {reason.code for reason in view.trusted.reasons}
    assert ("not_as_sealed" in codes) == (view.trusted.verdict == "not_trusted")
    return view.trusted.verdict


def test_a_clip_that_rotted_is_not_trusted_whatever_a_person_says_until_it_is_read_whole_again(sealed: Bench) -> None:
    watch, lost, rotten = StoreWatch(sealed.context), IDS[1], IDS[2]
    before_us = sealed.clock.now_us()
    harm(sealed, rotten)
    sealed.context.clip_files.final_path(ClipId(lost)).unlink()
    days_pass(sealed, watch, 31, minutes=10)
    then_us = sealed.clock.now_us()
    for clip_id in (lost, rotten):
        accept(sealed, clip_id)
        assert trusted(sealed, clip_id, sealed.clock.now_us()) == "not_trusted"
    for clip_id, content in ((lost, CONTENTS[1]), (rotten, CONTENTS[2])):
        sealed.context.clip_files.final_path(ClipId(clip_id)).write_bytes(content)
    days_pass(sealed, watch, 31, minutes=10)
    for clip_id in (lost, rotten):
        told = [trusted(sealed, clip_id, known_us) for known_us in (before_us, then_us, sealed.clock.now_us())]
        assert told[1] == "not_trusted"
        assert "not_trusted" not in (told[0], told[2])


def accept(bench: Bench, clip_id: str) -> None:
    kind = FindingKind.SEALED_CLIP_WRONG
    with bench.context.db.writing() as session:
        number = finding_id_of(kind, clip_id)
        assert FindingState.RECTIFIED not in next_states(kind, FindingState.ACCEPTED, EVERYONE)
        step_finding(session, number, state="accepted", reason="seen", scope=EVERYONE, now_us=bench.clock.now_us())


def test_a_file_that_went_makes_its_clip_a_finding_within_the_hour(sealed: Bench) -> None:
    sealed.context.clip_files.final_path(ClipId(IDS[0])).unlink()
    for _ in range(2):  # told once, so that the rolling check comes to it in its turn
        look_again(sealed.context, now_us=sealed.clock.now_us())
        assert open_findings(sealed, "sealed_clip_wrong") == [IDS[0]]
        sealed.clock.pass_s(3_600)
    assert checked(sealed)[IDS[0]][0] < sealed.clock.now_us() - 3_600_000_000


def test_a_clip_that_rotted_stops_signing_becomes_a_finding_and_is_withdrawn_once_it_is_whole_again(
    sealed: Bench,
) -> None:
    watch = StoreWatch(sealed.context)
    harm(sealed, IDS[2])
    days_pass(sealed, watch, 31, minutes=10)
    assert checked(sealed)[IDS[2]][1] == "verify_file_changed"
    assert reasons(sealed) == ["sealed_file_changed"]
    assert open_findings(sealed, "sealed_clip_wrong") == [IDS[2]]
    sealed.context.clip_files.final_path(ClipId(IDS[2])).write_bytes(CONTENTS[2])
    days_pass(sealed, watch, 31, minutes=10)
    assert open_findings(sealed, "sealed_clip_wrong") == []


def test_a_minute_takes_no_more_than_its_share(sealed: Bench) -> None:
    watch = StoreWatch(sealed.context)
    days_pass(sealed, watch, 31, minutes=2)
    late = [clip for clip, (at_us, _) in checked(sealed).items() if at_us > sealed.clock.us - 10**9]
    assert len(late) == 2  # one clip at least, however small its share of a minute is


def test_every_hour_a_file_that_went_is_noticed_and_nothing_is_changed(sealed: Bench) -> None:
    gateway = next(iter(sealed.gateways.values()))
    gateway.offer(gateway.manifest(content_of(1_500_000, seed=8)))  # a part file of work in progress
    parts = list(sealed.context.clip_files.parts())
    assert look_again(sealed.context, now_us=UtcMicros(4_000_000_000_000_000)) == []
    sealed.context.clip_files.final_path(ClipId(IDS[0])).unlink()
    assert look_again(sealed.context, now_us=UtcMicros(4_000_000_000_000_000)) == ["sealed_file_missing"]
    assert list(sealed.context.clip_files.parts()) == parts
    assert reasons(sealed) == ["sealed_file_missing"]


# ---------------------------------------------------------------------------------------------- the end of the acts
def test_how_far_the_acts_have_come_is_kept_beside_the_database(sealed: Bench) -> None:
    StoreWatch(sealed.context).step(sealed.clock.now_us(), sealed.clock.steady_s() + 10)
    mark = read_mark(sealed.folder)
    assert mark is not None
    assert sealed.restart().signing_stopped == []
    write_mark(sealed.folder, HistoryMark(mark.act_index + 1, mark.act_hash))
    assert len(sealed.restart().signing_stopped) == 1


def test_acts_that_go_back_under_the_running_server_stop_signing_and_are_not_taken_for_the_newest(
    sealed: Bench,
) -> None:
    watch, gateway = StoreWatch(sealed.context), next(iter(sealed.gateways.values()))
    sealed.context.db.close()
    old = sealed.context.db.path.read_bytes()
    assert isinstance(gateway.upload(content_of(50_000, seed=9)), Receipt)
    watch.step(sealed.clock.now_us(), sealed.clock.steady_s() + 10)
    assert reasons(sealed) == []
    sealed.context.db.close()
    sealed.context.db.path.write_bytes(old)
    watch.step(sealed.clock.now_us(), sealed.clock.steady_s() + 20)
    assert reasons(sealed) == ["acts_broken"]


def test_a_database_file_exchanged_under_the_running_server_is_neither_written_nor_signed_into(sealed: Bench) -> None:
    watch, gateway, path = StoreWatch(sealed.context), next(iter(sealed.gateways.values())), sealed.context.db.path
    watch.step(sealed.clock.now_us(), sealed.clock.steady_s() + 10)
    mark = read_mark(sealed.folder)
    shutil.copy(path, path.with_suffix(".copy"))
    path.with_suffix(".copy").replace(path)
    with pytest.raises(DatabaseReplacedError, match="another file was put in its place"):
        gateway.upload(content_of(50_000, seed=9))
    with pytest.raises(DatabaseReplacedError):
        watch.step(sealed.clock.now_us(), sealed.clock.steady_s() + 20)
    path.unlink()
    with pytest.raises(DatabaseReplacedError):
        watch.step(sealed.clock.now_us(), sealed.clock.steady_s() + 30)
    assert read_mark(sealed.folder) == mark


def test_a_database_file_put_back_by_hand_is_noticed_before_any_gateway_speaks(sealed: Bench) -> None:
    sealed.context.db.close()
    old = sealed.context.db.path.read_bytes()
    gateway = next(iter(sealed.gateways.values()))
    assert isinstance(gateway.upload(content_of(50_000, seed=9)), Receipt)
    StoreWatch(sealed.context).step(sealed.clock.now_us(), sealed.clock.steady_s() + 10)
    sealed.context.db.close()
    sealed.context.db.path.write_bytes(old)
    done = sealed.restart()
    assert [reason.partition(":")[0] for reason in done.signing_stopped] == ["acts_broken"]
    assert done.sealed == []  # the file of the clip sealed since stands, and is not sealed a second time


def test_a_log_that_lost_its_end_is_noticed(sealed: Bench) -> None:
    with sqlite3.connect(sealed.context.db.path) as other:  # keeps the log from being taken into the database
        other.execute("SELECT 1").fetchone()
        gateway = next(iter(sealed.gateways.values()))
        log = sealed.context.db.path.with_name(sealed.context.db.path.name + "-wal")
        length = log.stat().st_size
        assert isinstance(gateway.upload(content_of(50_000, seed=9)), Receipt)
        StoreWatch(sealed.context).step(sealed.clock.now_us(), sealed.clock.steady_s() + 10)
        database, kept = sealed.context.db.path.read_bytes(), log.read_bytes()[:length]
    sealed.context.db.close()
    sealed.context.db.path.write_bytes(database)
    log.write_bytes(kept)
    assert [reason.partition(":")[0] for reason in sealed.restart().signing_stopped] == ["acts_broken"]


# ---------------------------------------------------------------------------------------------- what gateways tell
def test_a_receipt_whose_clip_is_not_here_is_a_finding_until_it_is_sealed(bench: Bench) -> None:
    gateway, lost = bench.gateway(), content_of(50_000, seed=7)
    detail = {"clip_id": content_id(lost), "act": "90", "act_hash": "a" * 64, "copy": "here"}
    event = GatewayEvent(code="receipted_clip_missing", at=bench.clock.now_us(), detail=detail)
    gateway.say(UpKind.EVENTS, Events(events=(event,)))
    assert open_findings(bench, "receipted_clip_missing") == [None]
    assert isinstance(gateway.upload(lost), Receipt)
    assert open_findings(bench, "receipted_clip_missing") == []


def test_a_gateway_whose_oldest_clip_waits_for_more_than_a_day_is_a_finding(bench: Bench) -> None:
    gateway = bench.gateway()

    def status(oldest_us: int | None) -> None:
        oldest = None if oldest_us is None else UtcMicros(oldest_us)
        gateway.say(
            UpKind.STATUS,
            Status(waiting_clips=1, waiting_bytes=1, oldest_waiting=oldest, free_bytes=1, total_bytes=1),
        )

    status(bench.clock.us - MICROS_PER_DAY // 2)
    assert open_findings(bench, "clips_waiting_long") == []
    status(bench.clock.us - 2 * MICROS_PER_DAY)
    assert len(open_findings(bench, "clips_waiting_long")) == 1
    status(None)
    assert open_findings(bench, "clips_waiting_long") == []
