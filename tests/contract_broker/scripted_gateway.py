"""A gateway that does exactly what a test says, over a real broker."""

from __future__ import annotations

import base64
import hashlib
import json
import queue
import secrets
import time
from collections.abc import Callable
from typing import Any

from blake3 import blake3

from edge.contract.enrolment import EnrolmentAnswer, EnrolmentRequest, proof_message
from edge.contract.events import Opened, open_down, up_event
from edge.contract.identifiers import clip_id_of
from edge.contract.inspection import FileVerdict, Inspection
from edge.contract.instants import UtcMicros
from edge.contract.keyset import open_key_set
from edge.contract.manifest import Capture, ClockReading, Manifest, Sighting, StartSource, sign_manifest
from edge.contract.messages import ClipReport, Grant, Have, Hello, Offer, Receipt, Refusal, Report
from edge.contract.topics import ChunkTopic, DownKind, DownTopic, UpKind, UpTopic, gateway_subscription, parse_topic
from edge.contract.wire_model import WireModel
from edge.platform.clock import SystemClock
from edge.platform.mqtt import BrokerLogin, MqttLink
from edge.platform.signing import PublicKeys, SigningKey
from edge.platform.tls import Trust
from server.usecases.context import AppContext
from server.usecases.enrol_gateway import enrol_gateway, invite_gateway

CLOCK = SystemClock()


def enrolment_request(secret: str, key: SigningKey, installation_id: str = "inst-0001") -> EnrolmentRequest:
    public_key = base64.b64encode(key.public_bytes).decode()
    proof = base64.b64encode(key.sign(proof_message(secret, public_key))).decode()
    return EnrolmentRequest(
        secret=secret, public_key=public_key, proof=proof, installation_id=installation_id, software="test 1"
    )


class ScriptedGateway:
    """Enrolled without HTTP; `heard` holds every believed answer in order."""

    def __init__(self, context: AppContext, name: str = "north") -> None:
        self.key = SigningKey.generate()
        invitation = invite_gateway(
            context.db,
            name,
            unit_number=None,
            tls_fingerprint=context.tls_fingerprint,
            by="test",
            now_us=self.now_us(),
        )
        request = enrolment_request(invitation.code.secret_text, self.key)
        self.answer: EnrolmentAnswer = enrol_gateway(context, request, now_us=self.now_us())
        self.gateway_id = self.answer.gateway_id
        envelope = json.dumps(self.answer.key_set).encode()
        own = PublicKeys({context.signer.key_id: context.signer.public_bytes})
        self.server_keys = PublicKeys({key.key_id: key.public_bytes for key in open_key_set(envelope, own).keys})
        self.boot_id = f"boot-{secrets.token_hex(6)}"
        self.counter = 0
        self.heard: queue.Queue[Opened] = queue.Queue()
        self.link = self.connection()

    def now_us(self) -> UtcMicros:
        return CLOCK.now_us()

    def connection(self, url: str | None = None) -> MqttLink:
        broker = self.answer.broker
        return MqttLink(
            BrokerLogin(url or broker.url, self.gateway_id, broker.password, Trust(broker.ca_pem)),
            [gateway_subscription(self.gateway_id)],
            on_message=self.hear_bytes,
            retry_s=(0.1, 0.5),
        )

    def start(self) -> ScriptedGateway:
        self.link.start()
        assert self.link.wait_connected(20), self.link.last_error
        return self

    def hear_bytes(self, topic: str, payload: bytes) -> None:
        parsed = parse_topic(topic)
        assert isinstance(parsed, DownTopic)
        self.heard.put(open_down(payload, parsed.kind, gateway_id=self.gateway_id, verifier=self.server_keys))

    # ------------------------------------------------------------------ saying
    def message(self, kind: UpKind, data: WireModel, *, boot_id: str | None = None) -> bytes:
        self.counter += 1
        return up_event(
            kind,
            data,
            gateway_id=self.gateway_id,
            boot_id=boot_id or self.boot_id,
            counter=self.counter,
            now_us=self.now_us(),
            signer=self.key,
        )

    def say(self, kind: UpKind, data: WireModel, *, boot_id: str | None = None) -> None:
        self.send(kind, self.message(kind, data, boot_id=boot_id))

    def send(self, kind: UpKind, message: bytes, *, gateway_id: str | None = None) -> None:
        assert self.link.publish(str(UpTopic(gateway_id or self.gateway_id, kind)), message)

    def hello(self, **changes: Any) -> None:
        values: dict[str, Any] = {
            "installation_id": "inst-0001",
            "software": "test 1",
            "register_number": 0,
            "clock_synchronised": True,
        }
        self.say(UpKind.HELLO, Hello(**{**values, **changes}))

    def manifest(
        self,
        content: bytes,
        *,
        device: str | None = "BC01",
        sighting_id: str | None = None,
        start_us: int | None = 1_795_000_000_000_000,
        clock: ClockReading | None = None,
    ) -> Manifest:
        self.counter += 1
        start = None if start_us is None else UtcMicros(start_us)
        return Manifest(
            gateway_id=self.gateway_id,
            key_id=self.key.key_id,
            boot_id=self.boot_id,
            counter=self.counter,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            sighting=Sighting(
                sighting_id=sighting_id or f"sight-{secrets.token_hex(6)}",
                device=device,
                file_name="a.mp4",
                path="folder/a.mp4",
                source="dock",
                docking_id="dock-00000001",
                landed=self.now_us(),
                modified=self.now_us(),
            ),
            capture=Capture(
                start=start, start_source=StartSource.NAME, uncertainty_us=1_000_000, time_zone="Asia/Shanghai"
            ),
            clock=clock,
            inspection=Inspection(verdict=FileVerdict.WHOLE, media_us=60_000_000),
        )

    def envelope(self, manifest: Manifest) -> dict[str, Any]:
        envelope: dict[str, Any] = json.loads(sign_manifest(manifest, self.key))
        return envelope

    def offer(self, manifest: Manifest) -> None:
        self.say(UpKind.OFFER, Offer(manifest=self.envelope(manifest)))

    def report_clip(self, manifest: Manifest) -> None:
        self.say(UpKind.REPORT, Report(content=ClipReport(manifest=self.envelope(manifest))))

    def send_chunk(self, grant: Grant, content: bytes, index: int, *, check: str | None = None) -> None:
        chunk = content[index * grant.chunk_bytes : (index + 1) * grant.chunk_bytes]
        topic = ChunkTopic(grant.worker, self.gateway_id, grant.upload, index, check or blake3(chunk).digest(8).hex())
        self.publish_chunk(topic, chunk)

    def publish_chunk(self, topic: ChunkTopic, chunk: bytes) -> None:
        assert self.link.publish(str(topic), chunk)

    # ------------------------------------------------------------------ hearing
    def hear(self, kind: DownKind, *, within_s: float = 15.0) -> Any:
        """The data of the next answer of that kind; others are passed over."""
        until = time.monotonic() + within_s
        while (left := until - time.monotonic()) > 0:
            try:
                opened = self.heard.get(timeout=left)
            except queue.Empty:
                break
            if opened.kind is kind:
                return opened.data
        raise AssertionError(f"no {kind} within {within_s} s")

    def hears_nothing(self, kind: DownKind, *, for_s: float = 1.0) -> bool:
        until = time.monotonic() + for_s
        while (left := until - time.monotonic()) > 0:
            try:
                if self.heard.get(timeout=left).kind is kind:
                    return False
            except queue.Empty:
                break
        return True

    def upload(self, content: bytes, manifest: Manifest | None = None) -> Receipt | Refusal:
        """Offer and send everything, within the window, until a receipt or refusal comes."""
        self.offer(manifest or self.manifest(content))
        grant: Grant | None = None
        sent: set[int] = set()
        until = time.monotonic() + 60
        while time.monotonic() < until:
            opened = self.heard.get(timeout=30)
            match opened.data:
                case Receipt() | Refusal() as end:
                    return end
                case Grant() as given:
                    grant, sent = given, set()
                    self._send_within(grant, content, given.held, sent)
                case Have() as have if grant is not None and have.upload == grant.upload:
                    sent -= set(have.bad_chunks)
                    if not have.held:
                        sent.clear()
                    self._send_within(grant, content, have.held, sent)
        raise AssertionError("neither receipt nor refusal")

    def _send_within(self, grant: Grant, content: bytes, held: tuple[tuple[int, int], ...], sent: set[int]) -> None:
        def is_held(index: int) -> bool:
            start = index * grant.chunk_bytes
            end = min(len(content), start + grant.chunk_bytes)
            return any(first <= start and end <= last for first, last in held)

        count = -(-len(content) // grant.chunk_bytes)
        outstanding = sum(grant.chunk_bytes for index in sent if not is_held(index))
        for index in range(count):
            if index in sent or is_held(index):
                continue
            if outstanding + grant.chunk_bytes > grant.window_bytes:
                break
            self.send_chunk(grant, content, index)
            sent.add(index)
            outstanding += grant.chunk_bytes


def until(true: Callable[[], bool], seconds: float = 15) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


def content_id(content: bytes) -> str:
    return clip_id_of(len(content), hashlib.sha256(content).hexdigest())
