"""The server's half of a clip's way: the real ingest over a real data folder, without a broker."""

from __future__ import annotations

from collections.abc import Callable

from edge.contract.dsse import Verifier
from edge.contract.events import Opened, open_down
from edge.contract.identifiers import worker_id_of
from edge.contract.messages import Grant, Have, Noted, Receipt
from edge.contract.topics import ChunkTopic, DownTopic, UpTopic
from fault_stage.hashing import HashesAtOnce
from fault_stage.places import Places, StepClock, server_config
from fault_stage.promises import Kind, PromiseBook, digest
from server.ingest.message_steps import MessageSteps, Received
from server.usecases.context import AppContext
from server.usecases.reconcile_clips import Reconciled, reconcile_clips
from server.usecases.set_up import open_context


class WayServer:
    """One worker's lane and control. `deliver` is called with what a gateway hears, after the promise is on record."""

    def __init__(
        self,
        places: Places,
        clock: StepClock,
        book: PromiseBook,
        *,
        verifier: Verifier,
        deliver: Callable[[Opened], None],
    ) -> None:
        self._clock, self._book, self._verifier, self._deliver = clock, book, verifier, deliver
        self.context: AppContext = open_context(server_config(places), clock)
        self.reconciled: Reconciled = reconcile_clips(self.context, now_us=clock.now_us())
        worker_id = worker_id_of(clock.now_us().to_bytes(8))
        self._steps = MessageSteps(self.context, worker_id, HashesAtOnce())

    def take(self, topic: UpTopic | ChunkTopic, message: bytes) -> None:
        """One message, a step of its own."""
        self._step(Received(str(topic), message, self._clock.now_us(), self._clock.steady_s()))

    def work(self) -> None:
        """A step without a message."""
        self._step(None)

    def forget(self) -> None:
        """After an error: only what is on record counts."""
        self._steps.forget()

    def close(self) -> None:
        """A clean stop."""
        self._steps.close()
        self.context.db.close()

    def _step(self, received: Received | None) -> None:
        for topic, message in self._steps.step(received, lambda: None, more_waits=lambda: False):
            self._say(topic, message)

    def _say(self, topic: DownTopic, message: bytes) -> None:
        opened = open_down(message, topic.kind, gateway_id=topic.gateway_id, verifier=self._verifier)
        self._promise(opened, message)
        self._deliver(opened)

    def _promise(self, opened: Opened, message: bytes) -> None:
        match opened.data:
            case Grant() | Have() as word:
                self._book.write(Kind.HAVE, word.clip_id, held=word.held)
            case Receipt() as receipt:
                self._book.write(
                    Kind.RECEIPT,
                    receipt.clip_id,
                    sha256=digest(message),
                    act_index=receipt.act_index,
                    act_hash=receipt.act_hash,
                )
            case Noted() as noted:
                self._book.write(Kind.NOTED, items=[(item.boot_id, item.counter) for item in noted.items])
            case _:
                pass  # a refusal and a register promise nothing
