"""The reporting worker: nothing is done before it is noted, and only what the server signed is believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.contract.dsse import read_envelope
from edge.contract.events import CloudEvent, down_event, open_down
from edge.contract.messages import Events, GatewayEvent, Noted, NotedItem, Register
from edge.contract.topics import DownKind, UpKind
from edge.contract.wire_model import WireModel
from edge.platform.signing import PublicKeys, SigningKey
from edge.storage.journal import Journal
from edge.storage.outbox import MessageTooLargeError, Outbox
from edge.storage.register_copy import current_register, register_number
from edge.workers.reporting import ReportingWorker
from tests.edge.landed_clips import GATEWAY_ID, NOW, FakeClock, Gateway

SERVER_KEY = SigningKey.generate()
SERVER_KEYS = PublicKeys({SERVER_KEY.key_id: SERVER_KEY.public_bytes})


class FakeLinks:
    """Remembers what it was given while `greeted`."""

    def __init__(self) -> None:
        self.greeted = True
        self.sent: list[tuple[UpKind, bytes]] = []
        self.set_aside: Counter[str] = Counter()

    def send_control(self, kind: UpKind, message: bytes) -> bool:
        if self.greeted:
            self.sent.append((kind, message))
        return self.greeted


class Bench:
    """A worker with everything around it."""

    def __init__(self, folder: Path) -> None:
        self.gateway, self.links, self.clock = Gateway(folder), FakeLinks(), FakeClock()
        self.outbox = Outbox(self.gateway.journal, gateway_id=GATEWAY_ID, signer=self.gateway.key)
        self.worker = ReportingWorker(
            self.gateway.journal,
            self.outbox,
            self.links,
            installation_id="in-00000001",
            data_dir=folder,
            clock=self.clock,
            resend_interval_s=10,
            status_interval_s=30,
        )

    def turn(self, *, seconds: float = 0) -> list[UpKind]:
        """What was sent meanwhile."""
        self.links.sent.clear()
        self.clock.steady += seconds
        while self.worker.step(NOW):
            pass
        return [kind for kind, _ in self.links.sent]

    def happen(self, code: str = "disk_filling") -> NotedItem:
        with self.gateway.journal.transaction() as rows:
            return self.outbox.put(rows, UpKind.EVENTS, Events(events=(GatewayEvent(code=code, at=NOW),)), NOW)

    def hear(self, kind: DownKind, data: WireModel) -> None:
        raw = down_event(kind, data, gateway_id=GATEWAY_ID, event_id="x", now_us=NOW, signer=SERVER_KEY)
        self.worker.receive(open_down(raw, kind, gateway_id=GATEWAY_ID, verifier=SERVER_KEYS))

    def data(self, kind: UpKind) -> dict[str, object]:
        message = next(message for sent, message in self.links.sent if sent is kind)
        payload = read_envelope(message).payload if b"payloadType" in message[:200] else message
        return CloudEvent.model_validate_json(payload).data


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "edge")
    yield made
    made.gateway.journal.close()


def test_a_connection_begins_with_hello_and_brings_everything_unnoted(bench: Bench) -> None:
    bench.happen()
    bench.happen()
    bench.worker.reconnected()
    assert bench.turn() == [UpKind.HELLO, UpKind.STATUS, UpKind.EVENTS, UpKind.EVENTS]
    assert bench.data(UpKind.HELLO)["installation_id"] == "in-00000001"


def test_what_is_not_noted_is_sent_again_after_a_while(bench: Bench) -> None:
    bench.happen()
    assert UpKind.EVENTS in bench.turn(seconds=1)
    assert bench.turn(seconds=5) == []
    assert bench.turn(seconds=6) == [UpKind.EVENTS]


def test_what_is_noted_is_never_sent_again(bench: Bench) -> None:
    named = bench.happen()
    bench.turn(seconds=1)
    bench.hear(DownKind.NOTED, Noted(items=(named,)))
    bench.turn()
    assert bench.outbox.waiting(10) == []
    assert bench.turn(seconds=11) == []


def test_nothing_of_it_stays_so_that_the_journal_holds_what_waits_and_no_more(bench: Bench) -> None:
    named, waiting = bench.happen(), bench.happen()
    bench.turn(seconds=1)
    bench.hear(DownKind.NOTED, Noted(items=(named,)))
    bench.turn()
    with bench.gateway.journal.transaction() as rows:
        assert [row["counter"] for row in rows.execute("SELECT counter FROM outbox")] == [waiting.counter]


def test_what_an_older_release_kept_though_it_was_noted_goes_and_what_waits_stays(bench: Bench) -> None:
    for _ in range(150):
        bench.happen()
    with bench.gateway.journal.transaction() as rows:
        rows.execute("UPDATE outbox SET noted_us = made_us WHERE counter <> 77")
    bench.links.greeted = False
    bench.turn()
    with bench.gateway.journal.transaction() as rows:
        assert [row["counter"] for row in rows.execute("SELECT counter FROM outbox")] == [77]


def test_the_note_of_another_start_or_an_unknown_counter_changes_nothing(bench: Bench) -> None:
    named = bench.happen()
    strangers = (
        NotedItem(boot_id="boot-ffffffff", counter=named.counter),
        NotedItem(boot_id=named.boot_id, counter=named.counter + 1),
    )
    bench.hear(DownKind.NOTED, Noted(items=strangers))
    bench.turn()
    assert len(bench.outbox.waiting(10)) == 1


def test_the_oldest_goes_first_and_so_few_at_once_that_an_offer_need_not_wait_long(bench: Bench) -> None:
    for _ in range(50):
        bench.happen()
    bench.turn()
    counters = [
        CloudEvent.model_validate_json(read_envelope(message).payload).counter or 0
        for kind, message in bench.links.sent
        if kind is UpKind.EVENTS
    ]
    assert len(counters) == 16
    assert counters == sorted(counters)


def test_messages_that_are_never_noted_hold_up_no_other(bench: Bench) -> None:
    refused = {bench.happen().counter for _ in range(40)}
    taken = [bench.happen() for _ in range(40)]
    for _ in range(200):
        bench.turn(seconds=1)
        sent = {one for one in taken if one.counter in _counters(bench)}
        if sent:
            bench.hear(DownKind.NOTED, Noted(items=tuple(sent)))
    assert {message.counter for message in bench.outbox.waiting(100)} == refused
    sent_again: set[int] = set()
    for _ in range(30):
        bench.turn(seconds=10)
        sent_again.update(_counters(bench))
    assert sent_again == refused


def test_a_server_that_was_silent_gets_everything_once_it_speaks(bench: Bench) -> None:
    items = [bench.happen() for _ in range(40)]
    for _ in range(60):
        bench.turn(seconds=1)
    for _ in range(60):
        bench.turn(seconds=10)
        for counter in _counters(bench):
            bench.hear(DownKind.NOTED, Noted(items=tuple(one for one in items if one.counter == counter)))
    assert bench.outbox.waiting(1) == []


def _counters(bench: Bench) -> list[int]:
    return [
        CloudEvent.model_validate_json(read_envelope(message).payload).counter or 0
        for kind, message in bench.links.sent
        if kind is UpKind.EVENTS
    ]


def test_without_a_connection_everything_stays(bench: Bench) -> None:
    bench.happen()
    bench.links.greeted = False
    assert bench.turn(seconds=100) == []
    assert len(bench.outbox.waiting(10)) == 1


def test_what_waited_before_a_restart_is_still_sent(bench: Bench, tmp_path: Path) -> None:
    named = bench.happen()
    bench.gateway.journal.close()
    journal = Journal.open(tmp_path / "edge" / "journal.sqlite3", now_us=NOW)
    waiting = Outbox(journal, gateway_id=GATEWAY_ID, signer=bench.gateway.key).waiting(10)
    assert [(message.boot_id, message.counter) for message in waiting] == [(named.boot_id, named.counter)]
    assert journal.boot_id != named.boot_id
    journal.close()


def test_a_message_is_not_kept_if_what_it_tells_is_not(bench: Bench) -> None:
    def fail_afterwards() -> None:
        with bench.gateway.journal.transaction() as rows:
            bench.outbox.put(rows, UpKind.EVENTS, Events(events=(GatewayEvent(code="something", at=NOW),)), NOW)
            raise LookupError("what the message tells could not be written")

    with pytest.raises(LookupError):
        fail_afterwards()
    assert bench.outbox.waiting(10) == []


def test_a_message_too_large_for_a_broker_is_refused_when_it_is_made(bench: Bench) -> None:
    events = tuple(
        GatewayEvent(code="x" * 40, at=NOW, detail={str(n): "y" * 500 for n in range(20)}) for _ in range(90)
    )
    with pytest.raises(MessageTooLargeError), bench.gateway.journal.transaction() as rows:
        bench.outbox.put(rows, UpKind.EVENTS, Events(events=events), NOW)


def test_a_newer_register_is_kept_and_its_number_told(bench: Bench) -> None:
    for number in (2, 5, 3):
        bench.hear(DownKind.REGISTER, Register(number=number, issued=NOW))
    assert bench.turn()[:3] == [UpKind.HOLDING] * 3
    with bench.gateway.journal.transaction() as rows:
        assert register_number(rows) == 5
        register = current_register(rows)
    assert register is not None
    assert register.number == 5
    bench.worker.reconnected()
    bench.turn()
    assert bench.data(UpKind.HELLO)["register_number"] == 5


def test_status_is_sent_every_now_and_then(bench: Bench) -> None:
    bench.gateway.land(b"content")
    assert bench.turn(seconds=31) == [UpKind.STATUS]
    assert bench.data(UpKind.STATUS)["waiting_clips"] == 1
    assert bench.turn(seconds=29) == []
    assert bench.turn(seconds=2) == [UpKind.STATUS]


def test_messages_that_could_not_be_believed_are_told_once_a_minute(bench: Bench) -> None:
    bench.turn()
    bench.links.set_aside["bad_signature"] = 3
    assert bench.turn(seconds=1) == [UpKind.EVENTS]
    bench.links.set_aside["bad_signature"] = 9
    bench.turn(seconds=1)
    assert len(bench.outbox.waiting(10)) == 1
    bench.turn(seconds=60)
    assert len(bench.outbox.waiting(10)) == 2


def test_a_server_that_notes_nothing_though_connected_is_seen_after_two_minutes(bench: Bench) -> None:
    named = bench.happen()
    bench.turn(seconds=1)
    bench.turn(seconds=119)
    assert bench.worker.unanswered_since_us is None
    bench.turn(seconds=1)
    assert bench.worker.unanswered_since_us == NOW
    bench.hear(DownKind.NOTED, Noted(items=(named,)))
    bench.turn(seconds=1)
    assert bench.worker.unanswered_since_us is None


def test_silence_is_nothing_strange_where_nothing_was_told_or_nobody_is_connected(bench: Bench) -> None:
    bench.turn(seconds=500)
    assert bench.worker.unanswered_since_us is None
    bench.links.greeted = False
    bench.happen()
    bench.turn(seconds=500)
    assert bench.worker.unanswered_since_us is None
