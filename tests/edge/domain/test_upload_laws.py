"""Laws of the upload against a model server, over a wire that loses, doubles and reorders, with workers that die."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge.contract.messages import Grant, Have, Refusal
from edge.domain import upload as session
from edge.domain.upload import SendChunk, SendOffer, Upload, UploadPhase

CLIP, CHUNK = "0" * 32, 1024
ToServer = SendOffer | SendChunk
ToGateway = Grant | Have | Refusal | str


@dataclass
class ModelServer:
    """Holds chunk numbers. `written` survive a worker's death, `held` is what it says."""

    chunks: int
    size_bytes: int
    window_bytes: int
    number: int = 0
    alive: bool = False
    serial: int = 0
    busy: int = 0
    held: set[int] = field(default_factory=set)
    sealed: bool = False

    def ranges(self) -> tuple[tuple[int, int], ...]:
        return tuple((i * CHUNK, min((i + 1) * CHUNK, self.size_bytes)) for i in sorted(self.held))

    def take(self, message: ToServer) -> list[ToGateway]:
        if isinstance(message, SendOffer):
            return [self._on_offer()]
        if not self.alive or message.upload != self.number or self.sealed:
            return []
        self.held.add(message.index)
        self.serial += 1
        answers: list[ToGateway] = [
            Have(
                clip_id=CLIP,
                upload=self.number,
                serial=self.serial,
                window_bytes=self.window_bytes,
                held=self.ranges(),
            )
        ]
        if len(self.held) == self.chunks:
            self.sealed = True
            answers.append("receipt")
        return answers

    def _on_offer(self) -> ToGateway:
        if self.sealed:
            return "receipt"
        if self.busy:
            self.busy -= 1
            return Refusal(clip_id=CLIP, reason="busy", permanent=False, retry_after_s=5)
        self.number, self.serial, self.alive = self.number + 1, 0, True
        return Grant(
            clip_id=CLIP,
            upload=self.number,
            worker="wk-00000001",
            chunk_bytes=CHUNK,
            window_bytes=self.window_bytes,
            held=self.ranges(),
        )


class AnUploadOverABadWire(RuleBasedStateMachine):
    """Whatever happens on the way, it stays within its window and comes to its end."""

    @initialize(chunks=st.integers(1, 12), cut=st.integers(0, CHUNK - 1), window=st.integers(1, 6))
    def begin(self, chunks: int, cut: int, window: int) -> None:
        self.size_bytes = chunks * CHUNK - cut
        self.server = ModelServer(chunks, self.size_bytes, window * CHUNK)
        self.to_server: list[ToServer] = []
        self.to_gateway: list[ToGateway] = []
        self.done = False
        self.now_s = 0.0
        self.sent_chunks = self.grants_taken = self.forgotten_chunks = 0
        upload, actions = session.begin(CLIP, self.size_bytes, now_s=0.0)
        self.upload: Upload = upload
        self._go_on(upload, actions)

    def _go_on(self, upload: Upload, actions: list[session.Action]) -> None:
        self.upload = upload
        for action in actions:
            self.sent_chunks += isinstance(action, SendChunk)
            self.to_server.append(action)

    def _gateway_takes(self, word: ToGateway) -> None:
        match word:
            case Grant():
                before = self.upload.number
                self._go_on(*session.on_grant(self.upload, word, now_s=self.now_s))
                self.grants_taken += self.upload.number != before
            case Have():
                self._go_on(*session.on_have(self.upload, word, now_s=self.now_s))
            case Refusal():
                self.upload = session.on_refusal(self.upload, word, now_s=self.now_s)
            case _:
                self.done = True

    def _server_takes(self, message: ToServer) -> None:
        if isinstance(message, SendChunk):
            self.upload = session.on_departed(self.upload, message.upload, now_s=self.now_s)
        self.to_gateway.extend(self.server.take(message))

    @precondition(lambda self: self.to_server and not self.done)
    @rule(choice=st.integers(0, 1000), keep=st.booleans())
    def the_server_gets_any_message_perhaps_twice(self, choice: int, keep: bool) -> None:
        index = choice % len(self.to_server)
        self._server_takes(self.to_server[index] if keep else self.to_server.pop(index))

    @precondition(lambda self: self.to_gateway and not self.done)
    @rule(choice=st.integers(0, 1000), keep=st.booleans())
    def the_gateway_gets_any_message_perhaps_twice(self, choice: int, keep: bool) -> None:
        index = choice % len(self.to_gateway)
        self._gateway_takes(self.to_gateway[index] if keep else self.to_gateway.pop(index))

    @precondition(lambda self: self.to_server)
    @rule(choice=st.integers(0, 1000))
    def a_message_to_the_server_is_lost(self, choice: int) -> None:
        message = self.to_server.pop(choice % len(self.to_server))
        if isinstance(message, SendChunk):  # the broker took it, and dropped it
            self.upload = session.on_departed(self.upload, message.upload, now_s=self.now_s)

    @precondition(lambda self: self.to_gateway)
    @rule(choice=st.integers(0, 1000))
    def a_message_to_the_gateway_is_lost(self, choice: int) -> None:
        self.to_gateway.pop(choice % len(self.to_gateway))

    @precondition(lambda self: not self.server.sealed)
    @rule(kept=st.sets(st.integers(0, 11)))
    def the_worker_dies_with_what_it_had_not_written(self, kept: set[int]) -> None:
        self.forgotten_chunks += len(self.server.held - kept)
        self.server.held &= kept
        self.server.alive = False

    @rule(times=st.integers(1, 3))
    def the_server_is_busy_for_a_while(self, times: int) -> None:
        self.server.busy = times

    @rule(seconds=st.floats(0.1, 30))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds
        if not self.done:
            self._go_on(*session.on_time(self.upload, now_s=self.now_s))

    @rule()
    def the_connection_is_made_anew(self) -> None:
        self.to_server.clear()
        if not self.done:
            self._go_on(*session.offer_again(self.upload, now_s=self.now_s))

    @invariant()
    def never_more_than_the_window_is_outstanding(self) -> None:
        if hasattr(self, "upload"):
            assert self.upload.outstanding_bytes <= max(self.upload.window_bytes, self.upload.chunk_bytes)

    @invariant()
    def at_most_one_window_is_sent_again_for_each_grant(self) -> None:
        if hasattr(self, "server"):
            window = self.server.window_bytes // CHUNK
            again = self.sent_chunks - self.server.chunks
            assert again <= max(0, self.grants_taken - 1) * window + self.forgotten_chunks

    @invariant()
    def undeparted_chunks_are_in_flight(self) -> None:
        if hasattr(self, "upload"):
            assert 0 <= self.upload.undeparted <= len(self.upload.in_flight)
            assert self.upload.phase is UploadPhase.SENDING or not self.upload.in_flight

    def teardown(self) -> None:
        """Once the wire is good again, the upload ends."""
        if not hasattr(self, "server"):
            return
        for _ in range(2000):
            if self.done:
                return
            if self.to_server:
                self._server_takes(self.to_server.pop(0))
            elif self.to_gateway:
                self._gateway_takes(self.to_gateway.pop(0))
            else:
                self.now_s += 1.0
                self._go_on(*session.on_time(self.upload, now_s=self.now_s))
        raise AssertionError("the upload does not come to its end")


TestAnUploadOverABadWire = AnUploadOverABadWire.TestCase
