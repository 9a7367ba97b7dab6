"""The server hears once, before it happens, that this gateway will stop copying from devices."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.config import EdgeConfig
from edge.contract.events import open_up
from edge.contract.messages import Events, GatewayEvent
from edge.platform.signing import PublicKeys
from edge.storage.landing import DiskUse
from edge.storage.outbox import Outbox
from edge.workers.space_watch import SpaceWatch
from tests.edge.landed_clips import GATEWAY_ID, FakeClock, Gateway

PERCENT = 10_000


class Watched:
    """A disk of a million bytes, of which 0.1 % land in a day with each clip."""

    def __init__(self, folder: Path) -> None:
        self.gateway, self.clock, self.used_percent = Gateway(folder), FakeClock(), 10.0
        self.outbox = Outbox(self.gateway.journal, gateway_id=GATEWAY_ID, signer=self.gateway.key)
        self.watch = self.new_watch()

    def new_watch(self) -> SpaceWatch:
        return SpaceWatch(
            self.gateway.journal,
            self.outbox,
            EdgeConfig(data_dir=self.gateway.folder),
            clock=self.clock,
            use=lambda _: DiskUse(used_bytes=round(self.used_percent * PERCENT), total_bytes=100 * PERCENT),
        )

    def look(self) -> None:
        self.clock.steady += 61
        self.watch.step(self.clock.now_us())

    def told(self) -> list[GatewayEvent]:
        keys = PublicKeys({self.gateway.key.key_id: self.gateway.key.public_bytes})
        said = [
            open_up(message.message, message.kind, gateway_id=GATEWAY_ID, verifier=keys).data
            for message in self.outbox.waiting(100)
        ]
        return [event for one in said if isinstance(one, Events) for event in one.events]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    made = Watched(tmp_path / "edge")
    made.gateway.land(b"x" * 1000)
    yield made
    made.gateway.journal.close()


def test_a_disk_with_room_for_long_is_no_event(watched: Watched) -> None:
    watched.look()
    assert watched.told() == []


def test_it_is_told_once_with_when_it_stops_and_what_dropping_frees(watched: Watched) -> None:
    watched.used_percent = 94.0
    for _minute in range(3):
        watched.look()
    watched.watch = watched.new_watch()
    watched.look()
    (event,) = watched.told()
    assert event.code == "space_low"
    assert event.detail["dropping_frees_bytes"] == "0"
    assert event.detail["used_bytes"] == "940000"
    assert event.detail["stops_copying_at"] > event.detail["drops_copies_at"]


def test_it_is_told_again_only_after_there_was_room_between(watched: Watched) -> None:
    for used_percent in (94.9, 50.0, 50.0, 94.9, 94.9):
        watched.used_percent = used_percent
        watched.look()
    assert [event.code for event in watched.told()] == ["space_low", "space_low"]
