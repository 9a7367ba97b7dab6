"""The ingest half without a broker: what a gateway says is worked off at once, what is answered is heard at once."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fault_stage.hashing import HashesAtOnce
from scripted_gateway import ScriptedGateway, content_id
from server_folder import make_server_folder
from sqlalchemy import select

from edge.contract.identifiers import worker_id_of
from edge.contract.instants import UtcMicros
from edge.contract.topics import ChunkTopic, DownKind, DownTopic, UpKind, UpTopic
from server.config import load_config
from server.ingest.message_steps import Answer, MessageSteps, Received
from server.store.clip_files import ClipFiles
from server.store.tables import Clip, SetAside
from server.usecases.context import AppContext
from server.usecases.reconcile_clips import Reconciled, reconcile_clips
from server.usecases.set_up import open_context

BEGIN_US = UtcMicros(1_795_000_000_000_000)


@dataclass
class BenchClock:
    """A clock that stands until a test moves it."""

    us: int = BEGIN_US

    def now_us(self) -> UtcMicros:
        return UtcMicros(self.us)

    def steady_s(self) -> float:
        return self.us / 1e6

    def synchronised(self) -> bool:
        return True

    def pass_s(self, seconds: float) -> None:
        self.us += round(seconds * 1e6)


class BenchGateway(ScriptedGateway):
    """A gateway whose messages reach the bench without a broker."""

    def __init__(self, bench: Bench, name: str = "north") -> None:
        self.bench = bench
        super().__init__(bench.context, name)

    def now_us(self) -> UtcMicros:
        return self.bench.clock.now_us()

    def send(self, kind: UpKind, message: bytes, *, gateway_id: str | None = None) -> None:
        self.bench.step(UpTopic(gateway_id or self.gateway_id, kind), message)

    def publish_chunk(self, topic: ChunkTopic, chunk: bytes) -> None:
        self.bench.step(topic, chunk)


@dataclass
class Bench:
    """One worker's lane and control over a real data folder; `restart` is a new start of the server."""

    folder: Path
    clock: BenchClock = field(default_factory=BenchClock)
    gateways: dict[str, BenchGateway] = field(default_factory=dict)
    says: list[tuple[str, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        make_server_folder(self.folder, now_us=self.clock.now_us())
        self._begin()

    def _begin(self) -> None:
        self.context: AppContext = open_context(load_config(self.folder), self.clock)
        self._new_worker()

    def _new_worker(self) -> None:
        worker_id = worker_id_of(self.clock.us.to_bytes(8))
        self.steps = MessageSteps(self.context, worker_id, HashesAtOnce())
        self.lane, self.control = self.steps.lane, self.steps.control

    def restart(self) -> Reconciled:
        """As after a kill: nothing of the old worker is finished."""
        self.lane.forget_all()
        self.context.db.close()
        self.clock.pass_s(1)
        self._begin()
        return reconcile_clips(self.context, now_us=self.clock.now_us())

    def with_clip_files(self, files: ClipFiles) -> None:
        """From now on the clips lie in another kind of store."""
        self.context = replace(self.context, clip_files=files)
        self._new_worker()

    def with_ingest(self, **settings: float) -> None:
        """From now on with other settings of `ingest`, narrower than a file may say."""
        config = self.context.config
        changed = config.model_copy(update={"ingest": config.ingest.model_copy(update=settings)})
        self.context = replace(self.context, config=changed)
        self._new_worker()

    def gateway(self, name: str = "north") -> BenchGateway:
        """An enrolled gateway."""
        gateway = BenchGateway(self, name)
        self.gateways[gateway.gateway_id] = gateway
        return gateway

    def say(self, topic: DownTopic, message: bytes) -> None:
        """Let the gateway hear it."""
        self.says.append((str(topic), message))
        if topic.gateway_id in self.gateways:
            self.gateways[topic.gateway_id].hear_bytes(str(topic), message)

    def step(self, topic: UpTopic | ChunkTopic, message: bytes) -> None:
        """Work one message off, and 0.3 s later, when every batch is due, what it makes due."""
        received = Received(str(topic), message, self.clock.now_us(), self.clock.steady_s())
        self._answer(self.steps.step(received, lambda: None, more_waits=lambda: False))
        self.work()

    def work(self) -> None:
        """What the worker's loop does without a message, 0.3 s later, so that every batch is due."""
        self.clock.pass_s(0.3)
        self._answer(self.steps.step(None, lambda: None, more_waits=lambda: False))

    def tidy(self) -> None:
        """What the worker does now and then for gateways that live."""
        self._answer(self.steps.tidy(self.control.say_changed_registers))

    def _answer(self, answers: list[Answer]) -> None:
        for topic, message in answers:
            self.say(topic, message)

    def rows(self, query: Any) -> list[Any]:
        """What a query finds now."""
        with self.context.db.reading() as session:
            return list(session.scalars(query))


def content_of(size_bytes: int, seed: int = 1) -> bytes:
    """Bytes of a clip, the same for the same seed."""
    return random.Random(seed).randbytes(size_bytes)


def clip_of(bench: Bench, content: bytes) -> Clip:
    """The row of a content."""
    with bench.context.db.reading() as session:
        return session.get_one(Clip, content_id(content))


def reasons(bench: Bench) -> list[str]:
    """Why messages were set aside."""
    return bench.rows(select(SetAside.reason))


def granted(bench: Bench, gateway: BenchGateway, content: bytes, *, chunks: int) -> None:
    """A grant, and the first chunks of the content sent."""
    gateway.offer(gateway.manifest(content))
    grant = gateway.hear(DownKind.GRANT)
    for index in range(chunks):
        gateway.send_chunk(grant, content, index)
