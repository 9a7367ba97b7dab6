"""Both sides compare their lists: a receipt the server does not know makes its clip wait again, and nothing is lost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.contract.dsse import read_envelope
from edge.contract.events import CloudEvent, down_event, open_down
from edge.contract.identifiers import clip_id_of
from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_SECOND, UtcMicros
from edge.contract.messages import MAX_COMPARED, ComparedContents, Events, Holding, Noted, NotedItem, Receipt
from edge.contract.topics import DownKind, UpKind
from edge.platform.signing import PublicKeys, SigningKey
from edge.storage.comparing import former_receipts
from edge.storage.contents import add_content, find_content
from edge.storage.journal import remembered
from edge.storage.outbox import Outbox
from edge.storage.tallies import receipted_in_all
from edge.storage.uploads import keep_receipt, latest_act, waiting_clips
from edge.workers.comparison import COMPARISON_KEY, REQUEST_NAME, ComparisonWorker, LastComparison
from tests.edge.landed_clips import GATEWAY_ID, NOW, FakeClock, Gateway

SERVER_KEY = SigningKey.generate()
SERVER_KEYS = PublicKeys({SERVER_KEY.key_id: SERVER_KEY.public_bytes})


def act_hash(index: int) -> str:
    return hashlib.sha256(str(index).encode()).hexdigest()


class Server:
    """Answers every page at once, as long as it `answers`; it knows all acts but those `lost`."""

    def __init__(self) -> None:
        self.greeted = self.answers = True
        self.lost: set[int] = set()
        self.unknown: set[str] = set()
        self.pages: list[Holding] = []
        self.worker: ComparisonWorker | None = None

    def send_control(self, kind: UpKind, message: bytes) -> bool:
        assert kind is UpKind.HOLDING
        event = CloudEvent.model_validate_json(message)
        holding = Holding.model_validate(event.data)
        self.pages.append(holding)
        if self.answers and event.bootid is not None and event.counter is not None:
            self.answer(holding, NotedItem(boot_id=event.bootid, counter=event.counter))
        return True

    def answer(self, holding: Holding, item: NotedItem) -> None:
        assert self.worker is not None
        compared = ComparedContents(
            not_held=tuple(one.clip_id for one in holding.contents if one.act_index in self.lost),
            unknown=tuple(one.clip_id for one in holding.contents if one.clip_id in self.unknown),
        )
        raw = down_event(
            DownKind.NOTED,
            Noted(items=(item,), compared=compared),
            gateway_id=GATEWAY_ID,
            event_id="x",
            now_us=NOW,
            signer=SERVER_KEY,
        )
        self.worker.receive(open_down(raw, DownKind.NOTED, gateway_id=GATEWAY_ID, verifier=SERVER_KEYS))

    @property
    def acts_named(self) -> list[int]:
        return [one.act_index for page in self.pages for one in page.contents if one.act_index is not None]


class Bench:
    """A worker with contents that have receipts, and some that wait."""

    def __init__(self, folder: Path) -> None:
        self.gateway, self.server, self.clock = Gateway(folder), Server(), FakeClock()
        self.journal = self.gateway.journal
        self.outbox = Outbox(self.journal, gateway_id=GATEWAY_ID, signer=self.gateway.key)
        self.folder = folder
        self.start()

    def start(self) -> None:
        self.worker = ComparisonWorker(self.journal, self.outbox, self.server, data_dir=self.folder, clock=self.clock)
        self.server.worker = self.worker

    def receipted(self, count: int, *, first: int = 1) -> list[str]:
        """Contents with receipts of the acts `first`, ..., as bare rows."""
        return [self._receipted(index) for index in range(first, first + count)]

    def _receipted(self, index: int) -> str:
        sha256 = act_hash(-index)
        clip_id = clip_id_of(index, sha256)
        with self.journal.transaction() as rows:
            add_content(
                rows, clip_id=clip_id, sha256=sha256, size_bytes=index, landing_name=None, flagged=False, now_us=NOW
            )
            self.keep(clip_id, index)
        return clip_id

    def keep(self, clip_id: str, index: int) -> bool:
        with self.journal.transaction() as rows:
            content = find_content(rows, clip_id)
            assert content is not None
            receipt = Receipt(
                clip_id=clip_id,
                size_bytes=content.size_bytes,
                sha256=content.sha256,
                sealed=NOW,
                upload=1,
                gateway_id=GATEWAY_ID,
                act_index=index,
                act_hash=act_hash(index),
            )
            return keep_receipt(rows, receipt, b"signed", NOW)

    def turn(self, seconds: float = 0) -> None:
        self.clock.steady += seconds
        self.clock.wall_us = UtcMicros(self.clock.wall_us + int(seconds * MICROS_PER_SECOND))
        for _ in range(50):
            self.worker.step(self.clock.wall_us)

    def last(self) -> LastComparison:
        with self.journal.transaction() as rows:
            return LastComparison.model_validate_json(remembered(rows, COMPARISON_KEY) or "")

    def events(self) -> Iterator[tuple[str, dict[str, str]]]:
        for waiting in self.outbox.waiting(1000):
            event = CloudEvent.model_validate_json(read_envelope(waiting.message).payload)
            for one in Events.model_validate(event.data).events:
                yield one.code, one.detail


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_where_the_server_knows_the_newest_receipts_the_older_ones_take_turns(bench: Bench) -> None:
    bench.receipted(4 * MAX_COMPARED)
    bench.turn()
    assert bench.last().is_answered
    assert bench.server.acts_named == list(range(4 * MAX_COMPARED, 2 * MAX_COMPARED, -1))
    bench.turn(3601)
    assert set(bench.server.acts_named) == set(range(MAX_COMPARED + 1, 4 * MAX_COMPARED + 1))
    bench.turn(3601)
    assert set(bench.server.acts_named) == set(range(1, 4 * MAX_COMPARED + 1))


def test_after_a_restored_backup_every_lost_receipt_is_found_at_once(bench: Bench) -> None:
    clips = bench.receipted(3 * MAX_COMPARED)
    bench.server.lost = set(range(200, 3 * MAX_COMPARED + 1))
    bench.turn()
    assert bench.last().disowned == len(bench.server.lost)
    with bench.journal.transaction() as rows:
        assert receipted_in_all(rows) == 199
        disowned, again, waiting = former_receipts(rows, limit=1000)
    assert (disowned, again) == (len(bench.server.lost), 0)
    assert {one.clip_id for one in waiting} == set(clips[199:])
    told = [detail for code, detail in bench.events() if code == "receipted_clip_missing"]
    assert {detail["clip_id"] for detail in told} == set(clips[199:])


def test_a_clip_whose_copy_is_here_is_offered_again_and_its_new_receipt_is_kept(bench: Bench) -> None:
    clip_id = bench.gateway.land(b"footage")
    assert bench.keep(clip_id, 7)
    bench.server.lost = {7}
    bench.turn()
    with bench.journal.transaction() as rows:
        (waiting,) = waiting_clips(rows, flagged_clips=(), at_most=10, now_us=NOW)
        assert waiting.clip_id == clip_id
        assert latest_act(rows) == (7, act_hash(7))  # a server that was put back again must notice
    ((_, detail),) = bench.events()
    assert detail["copy"] == "here"
    assert bench.keep(clip_id, 5)
    with bench.journal.transaction() as rows:
        assert former_receipts(rows, limit=10) == (1, 1, [])


def test_a_clip_of_which_no_copy_is_left_is_named_as_gone(bench: Bench) -> None:
    (clip_id,) = bench.receipted(1)
    bench.server.lost = {1}
    bench.turn()
    ((code, detail),) = bench.events()
    assert (code, detail["clip_id"], detail["copy"]) == ("receipted_clip_missing", clip_id, "gone")


def test_an_answer_to_another_page_changes_nothing(bench: Bench) -> None:
    bench.receipted(1)
    bench.server.answers = False
    bench.turn()
    (page,) = bench.server.pages
    bench.server.lost = {1}
    bench.server.answer(page, NotedItem(boot_id=bench.journal.boot_id, counter=999_999))
    bench.server.answer(page, NotedItem(boot_id="boot-ffffffffffff", counter=1))
    bench.turn()
    assert list(bench.events()) == []


def test_silence_is_asked_again_a_few_times_and_then_told(bench: Bench) -> None:
    bench.receipted(1)
    bench.server.answers = False
    for _ in range(6):
        bench.turn(16)
    assert len(bench.server.pages) == 4
    assert not bench.last().is_answered
    bench.server.answers = True
    bench.worker.reconnected()
    bench.turn()
    assert bench.last().is_answered


def test_a_new_connection_names_the_same_page_again(bench: Bench) -> None:
    bench.receipted(2 * MAX_COMPARED)
    bench.server.answers = False
    bench.turn()
    bench.server.answers = True
    bench.worker.reconnected()
    bench.turn()
    assert bench.server.pages[0].contents == bench.server.pages[1].contents
    assert bench.last().is_answered


def test_nothing_is_named_before_hello_was_said(bench: Bench) -> None:
    bench.receipted(1)
    bench.server.greeted = False
    bench.turn(5)
    assert bench.server.pages == []


def test_whoever_asks_has_everything_compared(bench: Bench) -> None:
    bench.receipted(3 * MAX_COMPARED)
    waiting = {bench.gateway.land(str(number).encode()) for number in range(MAX_COMPARED + 10)}
    bench.server.unknown = waiting
    bench.turn()
    bench.server.pages.clear()
    (bench.folder / REQUEST_NAME).write_text("asked-1")
    bench.turn(2)
    last = bench.last()
    assert (last.request, last.is_whole, last.is_answered) == ("asked-1", True, True)
    assert sorted(bench.server.acts_named) == list(range(1, 3 * MAX_COMPARED + 1))
    assert (last.compared, last.unknown) == (4 * MAX_COMPARED + 10, len(waiting))
    assert not (bench.folder / REQUEST_NAME).exists()


def test_a_clip_that_waits_for_more_than_a_day_is_told_once_a_day(bench: Bench) -> None:
    bench.gateway.land(b"footage")
    bench.turn()
    assert list(bench.events()) == []
    bench.turn(MICROS_PER_DAY / 1e6 + 60)
    bench.turn(3600)
    (told,) = [detail for code, detail in bench.events() if code == "unreceipted_overdue"]
    assert (told["clips"], told["size_bytes"]) == ("1", "7")
    bench.turn(MICROS_PER_DAY / 1e6)
    assert [code for code, _ in bench.events()] == ["unreceipted_overdue"] * 2
