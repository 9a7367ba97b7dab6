"""A gateway that was offline for days catches up over 10 Mbit/s: in order of importance, losing nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import pytest

from edge.contract.dsse import read_envelope
from edge.contract.events import CloudEvent
from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_SECOND, UtcMicros
from edge.contract.manifest import Manifest
from edge.contract.messages import Events, GatewayEvent, Grant, Offer
from edge.contract.topics import DownKind, UpKind
from edge.domain.forecast import forecast_uplink
from edge.domain.uplink import ANY_TIME
from edge.storage.contents import backlog
from edge.storage.forecast_figures import read_waiting
from edge.workers.reporting import ReportingWorker
from tests.edge.landed_clips import NOW
from tests.edge.workers.upload_bench import Bench, FakeLinks

RATE_BYTES_S = 10e6 / 8 / 1000
"""10 Mbit/s, and each byte stands for a thousand: 60 kB for a clip of 60 MB."""
IN_1970 = UtcMicros(3 * MICROS_PER_DAY)
DEVICES, CLIPS, FLAGGED_EVERY = 8, 200, 25


class SlowLink(FakeLinks):
    """Remembers what was offered, and how many bytes went out since it was last asked."""

    set_aside: Mapping[str, int] = MappingProxyType({})

    def __init__(self) -> None:
        super().__init__()
        self.offered: list[str] = []
        self.sent_bytes = self.all_bytes = 0

    def send_control(self, kind: UpKind, message: bytes) -> bool:
        if kind is UpKind.OFFER:
            offer = Offer.model_validate(_data(message))
            self.offered.append(Manifest.model_validate_json(read_envelope(_raw(offer)).payload).clip_id)
        return super().send_control(kind, message)

    def send_chunk(self, worker: str, upload: int, index: int, chunk: bytes, departed: Callable[[], None]) -> bool:
        self.sent_bytes += len(chunk)
        self.all_bytes += len(chunk)
        return super().send_chunk(worker, upload, index, chunk, departed)


def _data(message: bytes) -> dict[str, object]:
    return CloudEvent.model_validate_json(read_envelope(message).payload).data


def _raw(offer: Offer) -> bytes:
    return Offer.model_dump_json(offer, include={"manifest"}).removeprefix('{"manifest":').removesuffix("}").encode()


@dataclass
class Waiting:
    """What lies in the journal: its device, size and mark by clip id."""

    bench: Bench
    link: SlowLink
    clips: dict[str, tuple[str, int, bool]]

    def catch_up(self, *, at_half: Callable[[], None] = lambda: None) -> list[str]:
        """The server grants and seals at once; the link takes its time on the fake clock. The order of the offers."""
        number = 0
        while number < len(self.clips):
            if number == len(self.clips) // 2:
                at_half()
            self.bench.turn()
            clip = self.link.offered[number]
            number += 1
            grant = Grant(clip_id=clip, upload=1, worker="wk-00000001", chunk_bytes=16_384, window_bytes=1 << 20)
            self.bench.hear(DownKind.GRANT, grant)
            taken_s, self.link.sent_bytes = self.link.sent_bytes / RATE_BYTES_S, 0
            self.bench.clock.steady += taken_s
            self.bench.clock.wall_us = UtcMicros(self.bench.clock.wall_us + round(taken_s * MICROS_PER_SECOND))
            self.bench.receipt(clip)
        return self.link.offered


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[Waiting]:
    bench, link = Bench(tmp_path / "edge"), SlowLink()
    bench.links = link
    bench.worker = bench.new_worker()
    clips: dict[str, tuple[str, int, bool]] = {}
    for number in range(CLIPS):
        device, is_flagged = f"BC-{number % DEVICES:02d}", number % FLAGGED_EVERY == FLAGGED_EVERY - 1
        size_bytes = 2_000 + (number * 7919) % 20_011
        content = number.to_bytes(4, "big") + bytes(size_bytes - 4)
        clips[bench.gateway.land(content, device=device, flagged=is_flagged)] = (device, size_bytes, is_flagged)
    yield Waiting(bench, link, clips)
    bench.gateway.journal.close()


def assert_in_order_of_importance(waiting: Waiting, order: list[str]) -> None:
    clips = [waiting.clips[clip] for clip in order]
    flagged = sum(is_flagged for _, _, is_flagged in clips)
    assert all(is_flagged for _, _, is_flagged in clips[:flagged])
    rest = clips[flagged:]
    for device in {device for device, _, _ in rest}:
        sizes = [size_bytes for one, size_bytes, _ in rest if one == device]
        assert sizes == sorted(sizes)
    fewest = min(sum(one == device for one, _, _ in rest) for device in {device for device, _, _ in rest})
    turns = [device for device, _, _ in rest][: fewest * DEVICES]
    for first in range(0, len(turns), DEVICES):
        assert len(set(turns[first : first + DEVICES])) == DEVICES


def test_flagged_go_first_then_small_before_large_and_devices_in_turns(waiting: Waiting) -> None:
    order = waiting.catch_up()
    assert sorted(order) == sorted(waiting.clips)
    assert_in_order_of_importance(waiting, order)
    assert waiting.link.all_bytes == sum(size_bytes for _, size_bytes, _ in waiting.clips.values())
    with waiting.bench.gateway.journal.transaction() as rows:
        assert backlog(rows).clips == 0


def test_it_is_done_when_it_was_foretold(waiting: Waiting) -> None:
    with waiting.bench.gateway.journal.transaction() as rows:
        found = forecast_uplink(read_waiting(rows, ()), rate_bytes_s=RATE_BYTES_S, rule=ANY_TIME, now_us=NOW)
    waiting.catch_up()
    assert found.whole.done_us is not None
    foretold_us = found.whole.done_us - NOW
    took_us = waiting.bench.clock.wall_us - NOW
    assert took_us <= foretold_us <= took_us * 1.05


@pytest.mark.parametrize(
    ("before", "after"),
    [(IN_1970, NOW), (NOW, IN_1970), (NOW, UtcMicros(NOW + 400 * MICROS_PER_DAY))],
    ids=["in 1970 until the server is heard", "back to 1970", "a year ahead"],
)
def test_a_wrong_clock_neither_loses_nor_reorders(waiting: Waiting, before: UtcMicros, after: UtcMicros) -> None:
    clock, journal = waiting.bench.clock, waiting.bench.gateway.journal
    with journal.transaction() as rows:
        rows.execute("UPDATE content SET landed_us = ?", (before,))
    clock.wall_us = before

    def set_right() -> None:
        clock.wall_us = after

    order = waiting.catch_up(at_half=set_right)
    assert sorted(order) == sorted(waiting.clips)
    assert_in_order_of_importance(waiting, order)


def test_reports_go_in_the_order_in_which_they_were_made_whatever_the_clock_said(waiting: Waiting) -> None:
    bench = waiting.bench
    for number, made_us in enumerate([IN_1970, NOW, UtcMicros(NOW + 60_000_000), IN_1970, NOW]):
        with bench.gateway.journal.transaction() as rows:
            event = GatewayEvent(code="space_low", at=made_us, detail={"number": str(number)})
            bench.outbox.put(rows, UpKind.EVENTS, Events(events=(event,)), made_us)
    reporting = ReportingWorker(
        bench.gateway.journal,
        bench.outbox,
        waiting.link,
        installation_id="in-00000001",
        data_dir=bench.gateway.folder,
        clock=bench.clock,
        resend_interval_s=10,
        status_interval_s=3600,
    )
    reporting.reconnected()
    while reporting.step(NOW):
        pass
    said = [Events.model_validate(_data(message)) for kind, message in waiting.link.control if kind is UpKind.EVENTS]
    numbers = [event.detail["number"] for one in said for event in one.events]
    assert numbers == ["0", "1", "2", "3", "4"]
    assert all(before < after for before, after in pairwise(numbers))
