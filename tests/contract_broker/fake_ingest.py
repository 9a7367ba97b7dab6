"""The server's half of the wire in its shortest form: grants, keeps chunks in memory, seals, signs. Can misbehave."""

from __future__ import annotations

import hashlib
import json
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from blake3 import blake3

from edge.contract.events import Opened, down_event, open_up
from edge.contract.instants import UtcMicros
from edge.contract.manifest import open_manifest
from edge.contract.messages import Grant, Have, Noted, NotedItem, Offer, Receipt, Refusal
from edge.contract.topics import ChunkTopic, DownKind, DownTopic, UpKind, UpTopic, parse_topic, server_subscriptions
from edge.contract.wire_model import WireModel
from edge.platform.mqtt import BrokerLogin, MqttLink
from edge.platform.signing import PublicKeys, SigningKey

NOW = UtcMicros(1_790_000_000_000_000)


@dataclass
class Clip:
    """What came of one clip so far."""

    size_bytes: int
    sha256: str
    upload: int
    chunk_bytes: int
    serial: int = 0
    chunks: dict[int, bytes] = field(default_factory=dict)
    receipt: bytes | None = None

    def held(self) -> tuple[tuple[int, int], ...]:
        ranges: list[list[int]] = []
        for index in sorted(self.chunks):
            start = index * self.chunk_bytes
            end = start + len(self.chunks[index])
            if ranges and ranges[-1][1] == start:
                ranges[-1][1] = end
            else:
                ranges.append([start, end])
        return tuple((start, end) for start, end in ranges)


class FakeIngest:
    """One ingest worker. `loses(index, seen)` says whether a chunk is lost, `busy` how many offers are put off."""

    def __init__(
        self,
        login: BrokerLogin,
        gateway_key: SigningKey,
        *,
        worker_id: str = "wk-0000000000000001",
        chunk_bytes: int = 64 * 1024,
        window_bytes: int = 256 * 1024,
        loses: Callable[[int, int], bool] = lambda _index, _seen: False,
        busy: int = 0,
        key: SigningKey | None = None,
    ) -> None:
        self.key = key or SigningKey.generate()
        self.clips: dict[str, Clip] = {}
        self.noted: list[NotedItem] = []
        self.seen: list[tuple[UpKind, WireModel]] = []
        self.sealed: dict[str, bytes] = {}
        self.offers, self.chunks_received, self.busy = 0, 0, busy
        self.duplicates = False
        self._gateway_keys = PublicKeys({gateway_key.key_id: gateway_key.public_bytes})
        self._worker_id, self._chunk_bytes, self._window_bytes = worker_id, chunk_bytes, window_bytes
        self._loses = loses
        self._uploads = 0
        self._inbox: queue.SimpleQueue[tuple[str, bytes] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.link = MqttLink(login, server_subscriptions(worker_id), on_message=lambda t, p: self._inbox.put((t, p)))

    def __enter__(self) -> FakeIngest:
        self.link.start()
        self._thread.start()
        assert self.link.wait_connected(20)
        return self

    def __exit__(self, *_: object) -> None:
        self.link.stop()
        self._inbox.put(None)
        self._thread.join(timeout=5)

    def say(self, gateway: str, kind: DownKind, data: WireModel) -> bytes:
        """Sign where the kind demands it, and publish."""
        raw = down_event(kind, data, gateway_id=gateway, event_id="fake", now_us=NOW, signer=self.key)
        for _ in range(2 if self.duplicates else 1):
            self.link.publish(str(DownTopic(gateway, kind)), raw)
        return raw

    def _run(self) -> None:
        while (item := self._inbox.get()) is not None:
            topic = parse_topic(item[0])
            if isinstance(topic, UpTopic):
                self._on_up(
                    topic, open_up(item[1], topic.kind, gateway_id=topic.gateway_id, verifier=self._gateway_keys)
                )
            elif isinstance(topic, ChunkTopic):
                self._on_chunk(topic, item[1])

    def _on_up(self, topic: UpTopic, opened: Opened) -> None:
        self.seen.append((topic.kind, opened.data))
        if isinstance(opened.data, Offer):
            self._on_offer(topic.gateway_id, opened.data)
        elif topic.kind in {UpKind.REPORT, UpKind.EVENTS}:
            assert opened.event.bootid is not None
            assert opened.event.counter is not None
            item = NotedItem(boot_id=opened.event.bootid, counter=opened.event.counter)
            self.noted.append(item)
            self.say(topic.gateway_id, DownKind.NOTED, Noted(items=(item,)))

    def _on_offer(self, gateway: str, offer: Offer) -> None:
        self.offers += 1
        manifest = open_manifest(json.dumps(offer.manifest).encode(), self._gateway_keys)
        clip_id = manifest.clip_id
        if self.busy > 0:
            self.busy -= 1
            refusal = Refusal(clip_id=clip_id, reason="busy", permanent=False, retry_after_s=0.1)
            self.say(gateway, DownKind.REFUSAL, refusal)
            return
        self._uploads += 1
        clip = self.clips.setdefault(
            clip_id, Clip(manifest.size_bytes, manifest.sha256, self._uploads, self._chunk_bytes)
        )
        if clip.receipt is not None:
            self.link.publish(str(DownTopic(gateway, DownKind.RECEIPT)), clip.receipt)
            return
        clip.upload, clip.serial = self._uploads, 0
        if clip.size_bytes == 0:
            self._seal(gateway, clip_id, clip)
            return
        grant = Grant(
            clip_id=clip_id,
            upload=clip.upload,
            worker=self._worker_id,
            chunk_bytes=clip.chunk_bytes,
            window_bytes=self._window_bytes,
            held=clip.held(),
        )
        self.say(gateway, DownKind.GRANT, grant)

    def _on_chunk(self, topic: ChunkTopic, chunk: bytes) -> None:
        self.chunks_received += 1
        found = [(clip_id, clip) for clip_id, clip in self.clips.items() if clip.upload == topic.upload]
        if not found or self._loses(topic.index, self.chunks_received):
            return
        (clip_id, clip) = found[0]
        if clip.receipt is not None:
            return
        assert blake3(chunk).hexdigest(8) == topic.check
        clip.chunks[topic.index] = chunk
        clip.serial += 1
        have = Have(
            clip_id=clip_id,
            upload=clip.upload,
            serial=clip.serial,
            window_bytes=self._window_bytes,
            held=clip.held(),
        )
        self.say(topic.gateway_id, DownKind.HAVE, have)
        if clip.held() == ((0, clip.size_bytes),):
            self._seal(topic.gateway_id, clip_id, clip)

    def _seal(self, gateway: str, clip_id: str, clip: Clip) -> None:
        content = b"".join(clip.chunks[index] for index in sorted(clip.chunks))
        assert hashlib.sha256(content).hexdigest() == clip.sha256
        self.sealed[clip_id] = content
        act = len(self.sealed)
        receipt = Receipt(
            clip_id=clip_id,
            size_bytes=clip.size_bytes,
            sha256=clip.sha256,
            sealed=NOW,
            upload=clip.upload,
            gateway_id=gateway,
            act_index=act,
            act_hash=hashlib.sha256(str(act).encode()).hexdigest(),
        )
        clip.receipt = self.say(gateway, DownKind.RECEIPT, receipt)
