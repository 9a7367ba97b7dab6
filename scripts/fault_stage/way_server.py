"""The server's half of a clip's way: the real ingest over a real data folder, without a broker."""

from __future__ import annotations

from collections.abc import Callable

from edge.contract.dsse import Verifier
from edge.contract.events import Opened, open_down
from edge.contract.identifiers import worker_id_of
from edge.contract.messages import Grant, Have, Noted, Receipt
from edge.contract.topics import ChunkTopic, DownTopic, UpTopic
from fault_stage.places import Places, StepClock, server_config
from fault_stage.promises import Kind, PromiseBook, digest
from server.ingest.aside import Aside
from server.ingest.control import Control
from server.ingest.lane import Lane
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
        self._lane = Lane(self.context, worker_id_of(clock.now_us().to_bytes(8)), self._say)
        aside = Aside(self.context.db, max_rows=100)
        self._control = Control(self.context, self._lane, self._say, aside, on_history_lost=lambda: None)

    def take(self, topic: UpTopic, message: bytes) -> None:
        """One control message."""
        self._control.take(topic, message, received_us=self._clock.now_us(), received_s=self._clock.steady_s())

    def take_chunk(self, topic: ChunkTopic, chunk: bytes) -> None:
        """One chunk."""
        self._lane.take_chunk(topic, chunk, self._clock.steady_s())

    def work(self) -> None:
        """What the worker's loop does after a message."""
        self._control.say_noted()
        self._lane.flush(self._clock.steady_s())
        self._lane.verify()

    def close(self) -> None:
        """A clean stop."""
        self._lane.close()
        self.context.db.close()

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
