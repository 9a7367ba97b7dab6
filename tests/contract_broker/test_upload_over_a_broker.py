"""Clips from a gateway to a receipt over a real broker, with a server that can misbehave."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from enrolled_gateway import key_ring_of
from fake_ingest import FakeIngest
from running_broker import GATEWAY_USER, SERVER_USER, USERS, RunningBroker

from edge.contract.events import Opened
from edge.contract.instants import UtcMicros
from edge.contract.messages import Events, GatewayEvent, Receipt
from edge.contract.topics import DownKind, UpKind
from edge.platform.clock import SystemClock
from edge.platform.mqtt import BrokerLogin
from edge.platform.signing import SigningKey
from edge.storage.contents import ContentState, find_content
from edge.storage.outbox import Outbox
from edge.transport.links import GatewayLinks
from edge.workers.reporting import ReportingWorker
from edge.workers.upload import UploadWorker
from tests.edge.landed_clips import GATEWAY_ID, NOW, Gateway

pytestmark = pytest.mark.broker
assert GATEWAY_ID == GATEWAY_USER
CONTENTS = [random.Random(seed).randbytes(size) for seed, size in enumerate([0, 1, 1000, 65_536, 65_537, 3_000_000])]


class RunningGateway:
    """The upload and reporting workers of a gateway, each in its thread."""

    def __init__(self, gateway: Gateway, login: BrokerLogin, server_key: SigningKey) -> None:
        self.gateway = gateway
        outbox = Outbox(gateway.journal, gateway_id=GATEWAY_ID, signer=gateway.key)
        self.links = GatewayLinks(
            login,
            gateway_id=GATEWAY_ID,
            keys=key_ring_of(server_key),
            steady_s=SystemClock().steady_s,
            on_message=self._on_message,
            on_connected=lambda: self.reporting.reconnected(),
        )
        clock = SystemClock()
        self.upload = UploadWorker(
            gateway.journal, outbox, self.links, landing=gateway.landing, clock=clock, in_flight=3
        )
        self.reporting = ReportingWorker(
            gateway.journal,
            outbox,
            self.links,
            installation_id="in-0000000000000001",
            data_dir=gateway.folder,
            clock=clock,
            resend_interval_s=1,
            status_interval_s=1,
            on_greeted=self.upload.reconnected,
        )
        self.outbox = outbox
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(worker,)) for worker in (self.upload, self.reporting)]

    def __enter__(self) -> RunningGateway:
        self.links.start()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout=10)
        self.links.stop()

    def _run(self, worker: UploadWorker | ReportingWorker) -> None:
        while not self._ended.is_set():
            if not worker.step(NOW):
                worker.wake.wait(0.05)
                worker.wake.clear()

    def _on_message(self, opened: Opened) -> None:
        target = self.reporting if opened.kind in {DownKind.NOTED, DownKind.REGISTER} else self.upload
        target.receive(opened)

    def receipted(self, clip_ids: list[str]) -> bool:
        with self.gateway.journal.transaction() as rows:
            found = [find_content(rows, clip_id) for clip_id in clip_ids]
        return all(content is not None and content.state is ContentState.RECEIPTED for content in found)


@contextmanager
def running(broker: RunningBroker, tmp_path: Path, **ingest: object) -> Iterator[tuple[RunningGateway, FakeIngest]]:
    gateway = Gateway(tmp_path / "edge")
    server = FakeIngest(BrokerLogin(broker.url, SERVER_USER, USERS[SERVER_USER]), gateway.key, **ingest)  # type: ignore[arg-type]
    login = BrokerLogin(broker.url, GATEWAY_USER, USERS[GATEWAY_USER])
    with server, RunningGateway(gateway, login, server.key) as agent:
        yield agent, server
    gateway.journal.close()


def until(true: Callable[[], bool], seconds: float = 40) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return False


def test_every_clip_comes_to_its_receipt(broker: RunningBroker, tmp_path: Path) -> None:
    with running(broker, tmp_path) as (agent, server):
        clips = [agent.gateway.land(content) for content in CONTENTS]
        assert until(lambda: agent.receipted(clips))
        assert [server.sealed[clip] for clip in clips] == CONTENTS
        assert server.seen[0][0] is UpKind.HELLO
        assert until(lambda: any(kind is UpKind.STATUS for kind, _ in server.seen))


def test_lost_chunks_repeated_answers_and_a_busy_server_only_cost_time(broker: RunningBroker, tmp_path: Path) -> None:
    loses = random.Random(7)
    with running(broker, tmp_path, loses=lambda _index, _seen: loses.random() < 0.1, busy=3) as (agent, server):
        server.duplicates = True
        clips = [agent.gateway.land(content) for content in CONTENTS]
        assert until(lambda: agent.receipted(clips), 90)
        assert [server.sealed[clip] for clip in clips] == CONTENTS


def test_a_broker_killed_in_the_middle_loses_nothing(broker: RunningBroker, tmp_path: Path) -> None:
    content = random.Random(1).randbytes(6_000_000)
    with running(broker, tmp_path, chunk_bytes=32 * 1024, window_bytes=64 * 1024) as (agent, server):
        clip = agent.gateway.land(content)
        assert until(lambda: server.chunks_received > 20)
        broker.kill()
        broker.start()
        assert until(lambda: agent.receipted([clip]), 60)
        assert server.sealed[clip] == content


def test_events_are_sent_until_they_are_noted(broker: RunningBroker, tmp_path: Path) -> None:
    with running(broker, tmp_path) as (agent, server):
        with agent.gateway.journal.transaction() as rows:
            named = agent.outbox.put(
                rows, UpKind.EVENTS, Events(events=(GatewayEvent(code="disk_filling", at=NOW),)), UtcMicros(NOW)
            )
        assert until(lambda: not agent.outbox.waiting(10))
        assert named in server.noted


def test_a_receipt_signed_by_a_stranger_changes_nothing(broker: RunningBroker, tmp_path: Path) -> None:
    with running(broker, tmp_path, busy=1_000_000) as (agent, server):
        clip = agent.gateway.land(CONTENTS[2])
        assert until(lambda: server.offers > 0)
        genuine, server.key = server.key, SigningKey.generate()
        forged = Receipt(
            clip_id=clip,
            size_bytes=1000,
            sha256="0" * 64,
            sealed=NOW,
            upload=1,
            gateway_id=GATEWAY_ID,
            act_index=1,
            act_hash="0" * 64,
        )
        server.say(GATEWAY_ID, DownKind.RECEIPT, forged)
        assert until(lambda: agent.links.set_aside["bad_signature"] == 1)
        server.key = genuine
        server.busy = 0
        assert until(lambda: agent.receipted([clip]))
        told = [data for kind, data in server.seen if kind is UpKind.EVENTS]
        assert any(event.code == "message_set_aside" for data in told for event in data.events)  # type: ignore[attr-defined]
