"""The upload worker against connections that only remember what they were given."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.contract.dsse import read_envelope
from edge.contract.events import CloudEvent, down_event, open_down
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from edge.contract.manifest import Manifest, open_manifest
from edge.contract.messages import Grant, Have, Offer, Receipt, Refusal, Register
from edge.contract.topics import DownKind, UpKind
from edge.contract.wire_model import WireModel
from edge.platform.signing import PublicKeys, SigningKey
from edge.storage.contents import Content, ContentState, find_content
from edge.storage.outbox import Outbox
from edge.storage.register_copy import keep_register
from edge.workers.upload import UploadWorker
from tests.edge.landed_clips import GATEWAY_ID, NOW, FakeClock, Gateway

SERVER_KEY = SigningKey.generate()
SERVER_KEYS = PublicKeys({SERVER_KEY.key_id: SERVER_KEY.public_bytes})


class FakeLinks:
    """Takes everything while `greeted`; chunks leave at once."""

    def __init__(self) -> None:
        self.greeted, self.room_bytes = True, 10_000_000
        self.control: list[tuple[UpKind, bytes]] = []
        self.chunks: list[tuple[int, int, bytes]] = []

    def send_control(self, kind: UpKind, message: bytes) -> bool:
        self.control.append((kind, message))
        return self.greeted

    def send_chunk(self, worker: str, upload: int, index: int, chunk: bytes, departed: Callable[[], None]) -> bool:
        assert worker == "wk-00000001"
        self.chunks.append((upload, index, chunk))
        departed()
        return True


class Bench:
    """A worker with everything around it."""

    def __init__(self, folder: Path, *, in_flight: int = 1) -> None:
        self.gateway, self.links, self.clock = Gateway(folder), FakeLinks(), FakeClock()
        self.outbox = Outbox(self.gateway.journal, gateway_id=GATEWAY_ID, signer=self.gateway.key)
        self.in_flight = in_flight
        self.worker = self.new_worker()

    def new_worker(self) -> UploadWorker:
        return UploadWorker(
            self.gateway.journal,
            self.outbox,
            self.links,
            landing=self.gateway.landing,
            clock=self.clock,
            in_flight=self.in_flight,
        )

    def turn(self, *, seconds: float = 0) -> None:
        self.clock.steady += seconds
        self.clock.wall_us = UtcMicros(self.clock.wall_us + int(seconds * MICROS_PER_SECOND))
        while self.worker.step(self.clock.wall_us):
            pass

    def hear(self, kind: DownKind, data: WireModel) -> None:
        raw = down_event(kind, data, gateway_id=GATEWAY_ID, event_id="x", now_us=NOW, signer=SERVER_KEY)
        self.worker.receive(open_down(raw, kind, gateway_id=GATEWAY_ID, verifier=SERVER_KEYS))
        self.turn()

    def grant(self, clip_id: str, number: int = 1, *held: tuple[int, int]) -> None:
        self.hear(
            DownKind.GRANT,
            Grant(clip_id=clip_id, upload=number, worker="wk-00000001", chunk_bytes=1024, window_bytes=4096, held=held),
        )

    def refuse(self, clip_id: str, reason: str, *, permanent: bool = False, after_s: float | None = None) -> None:
        refusal = Refusal(clip_id=clip_id, reason=reason, permanent=permanent, retry_after_s=after_s)
        self.hear(DownKind.REFUSAL, refusal)

    def receipt(self, clip_id: str, **changed: object) -> None:
        content = self.content(clip_id)
        facts: dict[str, object] = {
            "clip_id": clip_id,
            "size_bytes": content.size_bytes,
            "sha256": content.sha256,
            "sealed": NOW,
            "upload": 1,
            "gateway_id": GATEWAY_ID,
            "act_index": int(clip_id[:6], 16),
            "act_hash": hashlib.sha256(clip_id.encode()).hexdigest(),
        }
        self.hear(DownKind.RECEIPT, Receipt(**(facts | changed)))  # type: ignore[arg-type]

    def content(self, clip_id: str) -> Content:
        with self.gateway.journal.transaction() as rows:
            content = find_content(rows, clip_id)
        assert content is not None
        return content

    def state(self, clip_id: str) -> ContentState:
        return self.content(clip_id).state

    def offered(self) -> list[str]:
        return [manifest.clip_id for manifest in self._manifests()]

    def _manifests(self) -> Iterator[Manifest]:
        keys = PublicKeys({self.gateway.key.key_id: self.gateway.key.public_bytes})
        for kind, message in self.links.control:
            if kind is UpKind.OFFER:
                offer = Offer.model_validate(CloudEvent.model_validate_json(read_envelope(message).payload).data)
                yield open_manifest(json.dumps(offer.manifest).encode(), keys)

    def events(self) -> list[str]:
        told = [
            CloudEvent.model_validate_json(read_envelope(waiting.message).payload).data
            for waiting in self.outbox.waiting(100)
            if waiting.kind is UpKind.EVENTS
        ]
        return [event["code"] for data in told for event in data["events"]]  # type: ignore[attr-defined]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "edge")
    yield made
    made.gateway.journal.close()


def test_a_clip_goes_from_landed_to_receipted(bench: Bench) -> None:
    content = bytes(range(256)) * 20
    clip = bench.gateway.land(content)
    bench.turn()
    assert (bench.offered(), bench.state(clip)) == ([clip], ContentState.OFFERED)
    bench.grant(clip)
    assert bench.state(clip) is ContentState.SENDING
    assert b"".join(chunk for _, _, chunk in bench.links.chunks) == content[:4096]
    bench.hear(DownKind.HAVE, Have(clip_id=clip, upload=1, serial=1, window_bytes=4096, held=((0, 4096),)))
    assert b"".join(chunk for _, _, chunk in bench.links.chunks) == content
    bench.receipt(clip)
    assert bench.state(clip) is ContentState.RECEIPTED
    assert bench.content(clip).act_hash is not None


def test_an_already_sealed_clip_needs_no_chunk(bench: Bench) -> None:
    clip = bench.gateway.land(b"known")
    bench.turn()
    bench.receipt(clip, gateway_id="gw-ffffffffffffffff")
    assert bench.state(clip) is ContentState.RECEIPTED
    assert bench.links.chunks == []


@pytest.mark.parametrize(
    "changed", [{"size_bytes": 1}, {"sha256": "0" * 64}], ids=["of another size", "of other bytes"]
)
def test_a_receipt_for_something_else_is_refused_and_told(bench: Bench, changed: dict[str, object]) -> None:
    clip = bench.gateway.land(b"content")
    bench.turn()
    bench.receipt(clip, **changed)
    assert bench.state(clip) is ContentState.OFFERED
    assert bench.events() == ["receipt_refused"]


def test_one_act_cannot_seal_two_clips(bench: Bench) -> None:
    first, second = bench.gateway.land(b"1"), bench.gateway.land(b"22")
    bench.turn()
    bench.receipt(first, act_index=7)
    bench.receipt(second, act_index=7)
    assert bench.state(second) is not ContentState.RECEIPTED
    assert bench.events() == ["receipt_refused"]


def test_a_receipt_that_comes_late_is_kept_all_the_same(bench: Bench) -> None:
    clip = bench.gateway.land(b"content")
    bench.worker = bench.new_worker()
    bench.links.greeted = False
    bench.receipt(clip)
    assert bench.state(clip) is ContentState.RECEIPTED


def test_after_a_restart_what_was_under_way_is_offered_again(bench: Bench) -> None:
    clip = bench.gateway.land(b"content" * 1000)
    bench.turn()
    bench.grant(clip)
    bench.worker = bench.new_worker()
    bench.turn()
    assert bench.offered() == [clip, clip]


def test_a_permanent_refusal_keeps_the_clip_and_its_reason(bench: Bench) -> None:
    clip = bench.gateway.land(b"content")
    bench.turn()
    bench.refuse(clip, "hash_differs", permanent=True)
    bench.turn(seconds=100_000)
    content = bench.content(clip)
    assert (content.state, content.refusal_reason) == (ContentState.REFUSED, "hash_differs")
    assert content.landing_name is not None
    assert bench.offered() == [clip]


def test_a_clip_refused_for_a_while_lets_others_go_first(bench: Bench) -> None:
    first = bench.gateway.land(b"1")
    bench.turn()
    second = bench.gateway.land(b"22")
    bench.refuse(first, "manifest_refused", after_s=3600)
    assert bench.offered() == [first, second]
    bench.receipt(second)
    bench.turn(seconds=3601)
    assert bench.offered() == [first, second, first]


def test_a_busy_server_is_asked_again_with_the_same_clip(bench: Bench) -> None:
    first, _second = bench.gateway.land(b"1"), bench.gateway.land(b"22")
    bench.turn()
    bench.refuse(first, "busy", after_s=10)
    bench.turn(seconds=9)
    assert bench.offered() == [first]
    bench.turn(seconds=2)
    assert bench.offered() == [first, first]


def test_flagged_clips_go_first_by_their_recorder_or_by_the_register(bench: Bench) -> None:
    large, flagged = bench.gateway.land(b"x" * 5000), bench.gateway.land(b"y" * 9000, flagged=True)
    small, named = bench.gateway.land(b"z"), bench.gateway.land(b"w" * 7000)
    with bench.gateway.journal.transaction() as rows:
        register = Register(number=1, issued=NOW, flagged_clips=(named,))
        raw = down_event(
            DownKind.REGISTER, register, gateway_id=GATEWAY_ID, event_id="x", now_us=NOW, signer=SERVER_KEY
        )
        keep_register(rows, register, raw, NOW)
    bench.turn()
    for clip in (named, flagged, small, large):
        assert bench.offered()[-1] == clip
        bench.receipt(clip)


def test_nothing_is_sent_while_there_is_no_connection(bench: Bench) -> None:
    bench.links.greeted = False
    bench.gateway.land(b"content")
    bench.turn(seconds=1000)
    assert bench.links.control == []


def test_a_new_connection_offers_again_and_counts_nothing_as_sent(bench: Bench) -> None:
    clip = bench.gateway.land(b"c" * 9000)
    bench.turn()
    bench.grant(clip)
    bench.links.chunks.clear()
    bench.worker.reconnected()
    bench.turn()
    assert bench.offered() == [clip, clip]
    bench.grant(clip, 2, (0, 1024))
    assert [index for _, index, _ in bench.links.chunks] == [1, 2, 3, 4]


def test_a_full_link_waits_with_its_chunks(bench: Bench) -> None:
    clip = bench.gateway.land(b"c" * 9000)
    bench.turn()
    bench.links.room_bytes = 0
    bench.grant(clip)
    assert bench.links.chunks == []
    bench.links.room_bytes = 1
    bench.turn(seconds=60)
    assert len(bench.links.chunks) == 4


@pytest.mark.parametrize("harm", ["missing", "short"])
def test_a_landing_copy_that_cannot_be_read_is_told_and_tried_later(bench: Bench, harm: str) -> None:
    clip = bench.gateway.land(b"content")
    path = bench.gateway.landing / clip
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(b"con")
    bench.turn()
    assert bench.offered() == []
    assert bench.content(clip).refusal_reason == "landing_copy_unreadable"
    assert bench.events() == ["landing_copy_unreadable"]
    path.write_bytes(b"content")
    bench.turn(seconds=601)
    assert bench.offered() == [clip]


def test_a_server_that_claims_bytes_beyond_the_clip_is_asked_again_later(bench: Bench) -> None:
    clip = bench.gateway.land(b"content")
    bench.turn()
    bench.grant(clip, 1, (0, 99))
    assert bench.links.chunks == []
    bench.turn(seconds=31)
    assert bench.offered() == [clip, clip]


def test_several_clips_go_side_by_side(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "edge", in_flight=3)
    clips = [bench.gateway.land(bytes([n]) * 9000, device=f"D{n}") for n in range(5)]
    bench.turn()
    assert len(bench.offered()) == 3
    for number, clip in enumerate(bench.offered(), start=1):
        bench.grant(clip, number)
    assert {upload for upload, _, _ in bench.links.chunks} == {1, 2, 3}
    assert set(bench.offered()) <= set(clips)
    bench.gateway.journal.close()
