"""Tells the server what happened here until it says it knows, and keeps what the server tells: register and noted."""

from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

import structlog

from edge.contract.events import Opened
from edge.contract.instants import MICROS_PER_HOUR, UtcMicros
from edge.contract.messages import Events, GatewayEvent, Hello, Holding, Noted, Register, Status
from edge.contract.topics import UpKind
from edge.contract.wire_model import WireModel
from edge.domain.answers import Silence
from edge.domain.resending import Attempts
from edge.platform.clock import Clock
from edge.platform.version import software_version
from edge.storage.contents import backlog
from edge.storage.journal import Journal
from edge.storage.outbox import Outbox
from edge.storage.register_copy import keep_register, register_number
from edge.storage.server_time import keep_server_time
from edge.storage.uploads import latest_act

log = structlog.get_logger(__name__)

_LOOK_EVERY_S = 0.3
_UNNOTED_MESSAGES, _UNNOTED_BYTES = 16, 4 * 1024 * 1024
"""How much may be under way without `noted`. The server works off one message after the other, so an offer waits for
all reports ahead of it: sixteen are some tenths of a second and keep it busy; with two hundred the wait was longer than
an offer's patience, and no clip got its receipt before the last report was noted."""
_SET_ASIDE_EVENT_EVERY_S = 60.0
_FORGOTTEN_AT_ONCE = 64


class ReportingLinks(Protocol):
    """What reporting needs of the connections."""

    @property
    def greeted(self) -> bool: ...

    @property
    def set_aside(self) -> Mapping[str, int]: ...

    def send_control(self, kind: UpKind, message: bytes) -> bool: ...


class ReportingWorker:
    """Hello at each connection, reports and events until noted, status now and then. `step` is for one thread."""

    def __init__(
        self,
        journal: Journal,
        outbox: Outbox,
        links: ReportingLinks,
        *,
        installation_id: str,
        data_dir: Path,
        clock: Clock,
        resend_interval_s: float,
        status_interval_s: float,
        on_greeted: Callable[[], None] = lambda: None,
        on_broker_ca: Callable[[str], None] = lambda _ca_pem: None,
        clock_is_unset: Callable[[], bool] = lambda: False,
    ) -> None:
        """`on_broker_ca` keeps the CAs that a register names, durably; it may raise OSError."""
        self._clock_is_unset, self._unset_told, self._kept_server_us = clock_is_unset, False, 0
        self._journal, self._outbox, self._links, self._clock = journal, outbox, links, clock
        self._installation_id, self._data_dir = installation_id, data_dir
        self._resend_interval_s, self._status_interval_s = resend_interval_s, status_interval_s
        self._on_greeted, self._on_broker_ca = on_greeted, on_broker_ca
        self._inbox: queue.SimpleQueue[Opened | None] = queue.SimpleQueue()
        self._is_newly_connected, self._may_hold_noted = False, True
        self._sent: dict[tuple[str, int], tuple[float, int]] = {}
        self._attempts = Attempts()
        self._next_look_s, self._next_status_s = 0.0, 0.0
        self._silence, self._silence_told = Silence(), False
        self._set_aside_told: dict[str, tuple[float, int]] = {}
        self.wake = threading.Event()

    def receive(self, opened: Opened) -> None:
        """A verified noted or register."""
        self._inbox.put(opened)
        self.wake.set()

    def reconnected(self) -> None:
        """Both connections are new: say hello, and everything unnoted again."""
        self._inbox.put(None)
        self.wake.set()

    @property
    def unanswered_since_us(self) -> UtcMicros | None:
        """Since when the server has noted nothing although it could; None: nothing is strange. For any thread."""
        return self._silence.unanswered_since_us(self._clock.steady_s())

    def step(self, now_us: UtcMicros) -> bool:
        """One round. True: there was something to do, call again at once."""
        return self._round(now_us) or self._forget_noted()

    def _round(self, now_us: UtcMicros) -> bool:
        did = self._take_inbox(now_us)
        now_s = self._clock.steady_s()
        self._tell_set_aside(now_s, now_us)
        self._tell_unset_clock(now_us)
        self._log_silence()
        if not self._links.greeted:
            return did
        if now_s >= self._next_status_s:
            self._next_status_s = now_s + self._status_interval_s
            self._send(UpKind.STATUS, self._status(), now_us)
        if now_s < self._next_look_s:
            return did
        sent = self._send_unnoted(now_s)
        if sent:
            self._silence = self._silence.on_sent(now_s, now_us)
        self._next_look_s = now_s if sent else now_s + _LOOK_EVERY_S
        return did or sent

    # ------------------------------------------------------------------ what came in
    def _take_inbox(self, now_us: UtcMicros) -> bool:
        took = False
        while True:
            if self._is_newly_connected:
                self._greet(now_us)
            try:
                item = self._inbox.get_nowait()
            except queue.Empty:
                return took
            took = True
            self._keep_server_time(item)
            if item is None:
                self._is_newly_connected = True
                continue
            match item.data:
                case Noted() as noted:
                    self._outbox.noted(noted.items, now_us)
                    self._silence = Silence()
                    for one in noted.items:
                        self._sent.pop((one.boot_id, one.counter), None)
                        self._attempts.on_noted((one.boot_id, one.counter))
                    self._next_look_s = 0.0
                case Register() as register:
                    self._on_register(register, item.raw, now_us)

    def _greet(self, now_us: UtcMicros) -> None:
        """What a full journal interrupts is done at the next step: without hello nothing is said any more."""
        self._sent.clear()
        self._attempts.forget()
        self._silence = Silence()
        self._next_look_s = self._next_status_s = 0.0
        self._send(UpKind.HELLO, self._hello(), now_us)
        self._on_greeted()
        self._is_newly_connected = False

    def _on_register(self, register: Register, envelope: bytes, now_us: UtcMicros) -> None:
        """What it says of the broker's CAs is durable before the register counts as held: the server relies on it."""
        try:
            if register.broker_ca_pem:
                self._on_broker_ca(register.broker_ca_pem)
        except OSError as error:  # a full disk: the server sends it again
            log.error("broker_ca_not_kept", why=str(error))
            return
        with self._journal.transaction() as rows:
            newer = keep_register(rows, register, envelope, now_us)
            held = register_number(rows)
        log.info("register", number=register.number, newer=newer, held=held)
        self._send(UpKind.HOLDING, self._holding(), now_us)

    # ------------------------------------------------------------------ what goes out
    def _send_unnoted(self, now_s: float) -> bool:
        """Send what is new or was sent too long ago, oldest first, while not too much is under way."""
        self._sent = {
            name: (at_s, size) for name, (at_s, size) in self._sent.items() if now_s - at_s < self._resend_interval_s
        }
        under_way_bytes = sum(size for _, size in self._sent.values())
        sent = False
        waiting = self._outbox.waiting(_UNNOTED_MESSAGES + self._attempts.behind)
        messages = {(message.boot_id, message.counter): message for message in waiting}
        for name in self._attempts.chosen(list(messages), self._sent, places=_UNNOTED_MESSAGES):
            message = messages[name]
            if name in self._sent:
                continue
            if self._sent and under_way_bytes + len(message.message) > _UNNOTED_BYTES:
                break
            if not self._links.send_control(message.kind, message.message):
                break
            self._sent[name] = (now_s, len(message.message))
            self._attempts.on_sent(name)
            under_way_bytes += len(message.message)
            sent = True
        return sent

    def _forget_noted(self) -> bool:
        """In small pieces, at each start until none is left: nothing has to wait for it, and a full disk bears it."""
        if self._may_hold_noted:
            self._may_hold_noted = self._outbox.forget_noted(_FORGOTTEN_AT_ONCE) == _FORGOTTEN_AT_ONCE
        return self._may_hold_noted

    def _log_silence(self) -> None:
        is_silent = self.unanswered_since_us is not None
        if is_silent and not self._silence_told:
            log.error("server_notes_nothing", advice="tallylight-edge doctor names the likely causes")
        self._silence_told = is_silent

    def _tell_set_aside(self, now_s: float, now_us: UtcMicros) -> None:
        """Messages that could not be believed are an event, at most one a minute for each reason."""
        for reason, count in list(self._links.set_aside.items()):
            told_s, told_count = self._set_aside_told.get(reason, (-_SET_ASIDE_EVENT_EVERY_S, 0))
            if count > told_count and now_s - told_s >= _SET_ASIDE_EVENT_EVERY_S:
                self._set_aside_told[reason] = (now_s, count)
                event = GatewayEvent(
                    code="message_set_aside", at=now_us, detail={"reason": reason, "count": str(count - told_count)}
                )
                with self._journal.transaction() as rows:
                    self._outbox.put(rows, UpKind.EVENTS, Events(events=(event,)), now_us)

    def _tell_unset_clock(self, now_us: UtcMicros) -> None:
        """Once each time; what the server notes it with is signed now, and so says what time it is."""
        is_unset = self._clock_is_unset()
        if is_unset and not self._unset_told:
            with self._journal.transaction() as rows:
                self._outbox.put(
                    rows, UpKind.EVENTS, Events(events=(GatewayEvent(code="clock_unset", at=now_us),)), now_us
                )
        self._unset_told = is_unset

    def _keep_server_time(self, item: Opened | None) -> None:
        if item is not None and item.event.time > self._kept_server_us + MICROS_PER_HOUR:
            with self._journal.transaction() as rows:
                keep_server_time(rows, item.event.time)
            self._kept_server_us = item.event.time

    def _send(self, kind: UpKind, data: WireModel, now_us: UtcMicros) -> None:
        self._links.send_control(kind, self._outbox.passing(kind, data, now_us))

    def _hello(self) -> Hello:
        with self._journal.transaction() as rows:
            number, act = register_number(rows), latest_act(rows)
        return Hello(
            installation_id=self._installation_id,
            software=f"tallylight-edge {software_version()}",
            register_number=number,
            latest_act_index=None if act is None else act[0],
            latest_act_hash=None if act is None else act[1],
            clock_synchronised=self._clock.synchronised(),
        )

    def _holding(self) -> Holding:
        with self._journal.transaction() as rows:
            number, act = register_number(rows), latest_act(rows)
        return Holding(
            register_number=number,
            latest_act_index=None if act is None else act[0],
            latest_act_hash=None if act is None else act[1],
        )

    def _status(self) -> Status:
        with self._journal.transaction() as rows:
            waiting = backlog(rows)
        disk = shutil.disk_usage(self._data_dir)
        return Status(
            waiting_clips=waiting.clips,
            waiting_bytes=waiting.size_bytes,
            oldest_waiting=waiting.oldest_landed_us,
            free_bytes=disk.free,
            total_bytes=disk.total,
        )
