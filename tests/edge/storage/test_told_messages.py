"""What the server has noted is kept where nothing else in the journal says it, bounded, and said again as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.contract.dsse import read_envelope
from edge.contract.events import open_up
from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_SECOND, UtcMicros
from edge.contract.intervals import TimeInterval
from edge.contract.messages import ClipReport, DockingReport, Events, GatewayEvent, NotedItem, Report
from edge.contract.topics import UpKind
from edge.platform.signing import PublicKeys, SigningKey
from edge.storage.outbox import Outbox
from edge.storage.told_messages import drop_oldest_told, telling_again
from edge.workers.telling_again import TellAgain
from tests.edge.gateway import GATEWAY_ID, KEY, START_US, Gateway

DAY_US = MICROS_PER_DAY


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path)


def docking(number: int) -> Report:
    times = {"docked": START_US, "until": UtcMicros(START_US + MICROS_PER_SECOND)}
    return Report(content=DockingReport(docking_id=f"dock-{number:08}", device="BC01", source="dock", **times))


def event(code: str) -> Events:
    return Events(events=(GatewayEvent(code=code, at=START_US),))


def say(gateway: Gateway, data: Report | Events, *, noted_us: int) -> NotedItem:
    """Said, and noted by the server at once."""
    kind = UpKind.REPORT if isinstance(data, Report) else UpKind.EVENTS
    with gateway.journal.transaction() as rows:
        item = gateway.outbox.put(rows, kind, data, START_US)
    assert gateway.outbox.noted([item], UtcMicros(noted_us)) == 1
    return item


def kept(gateway: Gateway) -> list[str]:
    with gateway.journal.transaction() as rows:
        return [row["kind"] for row in rows.execute("SELECT kind FROM told_message ORDER BY rowid")]


def hear(gateway: Gateway, since_us: int, restored_us: int, telling: TellAgain | None = None) -> None:
    telling = telling or TellAgain(gateway.journal, gateway.outbox)
    with gateway.journal.transaction() as rows:
        telling.hear(rows, TimeInterval(UtcMicros(since_us), UtcMicros(restored_us)))
    while telling.step(START_US):
        pass


def test_dockings_and_events_are_kept_and_a_clips_report_is_not_since_its_manifest_is(gateway: Gateway) -> None:
    say(gateway, docking(1), noted_us=START_US)
    say(gateway, event("file_odd"), noted_us=START_US)
    say(gateway, Report(content=ClipReport(manifest={"payload": "x"})), noted_us=START_US)
    assert kept(gateway) == ["report", "events"]


def test_what_is_noted_twice_or_was_never_said_is_kept_once(gateway: Gateway) -> None:
    item = say(gateway, docking(1), noted_us=START_US)
    assert gateway.outbox.noted([item, NotedItem(boot_id="boot-0000000000", counter=7)], START_US) == 0
    assert kept(gateway) == ["report"]


def test_the_newest_that_fit_are_kept(gateway: Gateway) -> None:
    for number in range(40):
        say(gateway, docking(number), noted_us=START_US)
    size_bytes = _size_of_one(gateway)
    with gateway.journal.transaction() as rows:
        drop_oldest_told(rows, most_bytes=10 * size_bytes + size_bytes // 2)
        left = [row[0] for row in rows.execute("SELECT counter FROM told_message ORDER BY rowid")]
    assert left == list(range(31, 41))


def _size_of_one(gateway: Gateway) -> int:
    with gateway.journal.transaction() as rows:
        (size_bytes,) = rows.execute("SELECT max(length(message)) FROM told_message").fetchone()
    return int(size_bytes)


def test_what_was_noted_since_a_day_before_the_backup_is_said_again_under_its_name_byte_for_byte(
    gateway: Gateway,
) -> None:
    made_us = START_US + 10 * DAY_US
    say(gateway, docking(1), noted_us=made_us - 2 * DAY_US)
    with gateway.journal.transaction() as rows:
        gateway.outbox.put(rows, UpKind.REPORT, docking(2), START_US)
    (waiting,) = gateway.outbox.waiting(10)
    name = NotedItem(boot_id=waiting.boot_id, counter=waiting.counter)
    gateway.outbox.noted([name], UtcMicros(made_us - DAY_US // 2))
    say(gateway, event("file_odd"), noted_us=made_us + 1)
    hear(gateway, made_us, made_us + DAY_US)
    again = gateway.outbox.waiting(10)
    assert [one.kind for one in again] == [UpKind.REPORT, UpKind.EVENTS]
    assert (again[0].boot_id, again[0].counter, again[0].message) == (name.boot_id, name.counter, waiting.message)


def test_one_restore_is_heeded_once_and_the_next_one_again(gateway: Gateway) -> None:
    item = say(gateway, docking(1), noted_us=START_US)
    for restored_us, times in ((START_US + 1, 1), (START_US + 1, 0), (START_US + 2, 1)):
        hear(gateway, START_US, restored_us)
        assert len(gateway.outbox.waiting(10)) == times
        gateway.outbox.noted([item], START_US)


def test_whoever_is_stopped_goes_on_and_tells_everything(gateway: Gateway) -> None:
    for number in range(120):
        say(gateway, docking(number), noted_us=START_US)
    telling = TellAgain(gateway.journal, gateway.outbox)
    with gateway.journal.transaction() as rows:
        telling.hear(rows, TimeInterval(START_US, UtcMicros(START_US + 1)))
    assert telling.step(START_US)
    gateway.restart()
    telling = TellAgain(gateway.journal, gateway.outbox)
    while telling.step(START_US):
        pass
    assert len({one.counter for one in gateway.outbox.waiting(1000)}) == 120
    with gateway.journal.transaction() as rows:
        state = telling_again(rows)
    assert state is not None
    assert state.is_done


def test_manifests_made_since_are_reported_again_and_a_new_key_signs_all_of_it(gateway: Gateway) -> None:
    (gateway.folder / "BC01_20261121080000_0001.mp4").write_bytes(b"no film")
    gateway.run()
    waiting = gateway.outbox.waiting(100)
    gateway.outbox.noted([NotedItem(boot_id=one.boot_id, counter=one.counter) for one in waiting], gateway.now_us)
    new_key = SigningKey.generate()
    outbox = Outbox(gateway.journal, gateway_id=GATEWAY_ID, signer=new_key)
    hear(gateway, START_US, START_US + DAY_US, TellAgain(gateway.journal, outbox))
    keys = PublicKeys({new_key.key_id: new_key.public_bytes})
    said = [open_up(one.message, one.kind, gateway_id=GATEWAY_ID, verifier=keys).data for one in outbox.waiting(100)]
    subjects = [one.content.subject for one in said if isinstance(one, Report)]
    assert sorted(subjects) == ["clip", "docking"]
    assert all(read_envelope(one.message).key_id != KEY.key_id for one in outbox.waiting(100))
