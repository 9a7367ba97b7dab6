"""An upload worker with connections that only remember what they were given, and a server's words for it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

from edge.contract.dsse import read_envelope
from edge.contract.events import CloudEvent, down_event, open_down
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from edge.contract.manifest import Manifest, open_manifest
from edge.contract.messages import Grant, Offer, Receipt, Refusal
from edge.contract.topics import DownKind, UpKind
from edge.contract.wire_model import WireModel
from edge.platform.signing import PublicKeys, SigningKey
from edge.storage.contents import Content, ContentState, find_content
from edge.storage.outbox import Outbox
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

    def __init__(self, folder: Path, *, in_flight: int = 1, small_bytes: int = -1) -> None:
        self.gateway, self.links, self.clock = Gateway(folder), FakeLinks(), FakeClock()
        self.outbox = Outbox(self.gateway.journal, gateway_id=GATEWAY_ID, signer=self.gateway.key)
        self.in_flight, self.small_bytes = in_flight, small_bytes
        self.worker = self.new_worker()

    def new_worker(self) -> UploadWorker:
        return UploadWorker(
            self.gateway.journal,
            self.outbox,
            self.links,
            landing=self.gateway.landing,
            clock=self.clock,
            in_flight=self.in_flight,
            small_bytes=self.small_bytes,
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
