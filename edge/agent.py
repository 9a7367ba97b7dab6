"""The running agent: one thread for each worker, two connections, from start to a clean stop."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Protocol

import structlog

from edge.config import EdgeConfig
from edge.contract.events import Opened
from edge.contract.instants import UtcMicros
from edge.contract.messages import Noted
from edge.contract.sentences import sentence
from edge.contract.topics import DownKind
from edge.platform.addresses import is_plain_beyond_loopback
from edge.platform.clock import Clock
from edge.platform.corrected_clock import CorrectedClock
from edge.platform.mqtt import BrokerLogin
from edge.storage.identity import Identity, gateway_key, keep_broker_ca, load_identity, load_server_keys
from edge.storage.journal import Journal
from edge.storage.journal_errors import JournalBusyError, JournalFullError, JournalInUseError
from edge.storage.outbox import Outbox
from edge.storage.server_time import newest_server_time_us
from edge.storage.signing_again import sign_what_waits_again
from edge.storage.space_reserve import SpaceReserve
from edge.transport.broker_login import login_of
from edge.transport.links import GatewayLinks
from edge.workers.agent_state import AgentStateWorker
from edge.workers.commissionings import CommissioningWorker
from edge.workers.comparison import ComparisonWorker
from edge.workers.field_workers import field_workers
from edge.workers.release import ReleaseWorker
from edge.workers.reporting import ReportingWorker
from edge.workers.space_watch import SpaceWatch
from edge.workers.upload import UploadWorker

log = structlog.get_logger(__name__)

JOURNAL_NAME, LANDING_NAME = "journal.sqlite3", "landing"
_LOCK_WAIT_S = 1.0
_IDLE_S, _AFTER_FAILURE_S, _STOP_WAIT_S = 0.2, 5.0, 20.0
_RESERVE_EVERY_S = 60


class ForeignBrokerError(Exception):
    """The broker is on another machine and its address is not one of an encrypted connection."""

    def __init__(self, *, url: str) -> None:
        super().__init__(
            sentence(
                "foreign_broker",
                "the broker {url} is on another machine and not encrypted: set broker.gateway_url on the server to an"
                " address that begins with mqtts://, then enrol this gateway with a new code",
                url=url,
            )
        )
        self.url = url


class Worker(Protocol):
    """A loop around decisions. `step` is called by one thread; True: call again at once. `wake` ends an idle wait."""

    @property
    def wake(self) -> threading.Event: ...

    def step(self, now_us: UtcMicros) -> bool: ...


class Agent:
    """Everything that runs for one data folder. Its journal allows one agent at a time."""

    def __init__(self, config: EdgeConfig, clock: Clock) -> None:
        """Raises NotEnrolledError, IdentityUnreadableError, KeyFileError, ForeignBrokerError, JournalInUseError,
        JournalFullError or JournalUnusableError; then nothing runs.
        """
        identity = load_identity(config.data_dir)
        if is_plain_beyond_loopback(identity.broker.url):
            raise ForeignBrokerError(url=identity.broker.url)
        key, server_keys = gateway_key(config.data_dir), load_server_keys(config.data_dir)
        landing = config.data_dir / LANDING_NAME
        self._config, self._identity = config, identity
        self._ended = threading.Event()
        self._broken = ""
        self._failing: dict[str, str] = {}
        self._reserve = SpaceReserve(config.data_dir)
        self._journal = _journal(config.data_dir / JOURNAL_NAME, clock, self._reserve)
        self._reserve.hold()
        self._clock = clock = _corrected(clock, self._journal, identity)
        sign_what_waits_again(self._journal, key)
        outbox = Outbox(self._journal, gateway_id=identity.gateway_id, signer=key)
        self._links = GatewayLinks(
            self._login(),
            gateway_id=identity.gateway_id,
            keys=server_keys,
            fresh_login=self._login,
            on_message=self._received,
            on_connected=lambda: self._reporting.reconnected(),
            uplink=config.uplink,
            steady_s=clock.steady_s,
        )
        self._upload = UploadWorker(
            self._journal,
            outbox,
            self._links,
            landing=landing,
            clock=clock,
            in_flight=config.uploads_in_flight,
            uplink=config.uplink,
        )
        self._reporting = ReportingWorker(
            self._journal,
            outbox,
            self._links,
            installation_id=identity.installation_id,
            data_dir=config.data_dir,
            clock=clock,
            resend_interval_s=config.resend_interval_s,
            status_interval_s=config.status_interval_s,
            on_greeted=self._greeted,
            on_broker_ca=self._trust,
            clock_is_unset=lambda: self._clock.is_unset,
        )
        self._comparison = ComparisonWorker(self._journal, outbox, self._links, data_dir=config.data_dir, clock=clock)
        release = ReleaseWorker(
            self._journal,
            landing=landing,
            clock=clock,
            keep_days=config.landing_keep_days,
            drop_percent=config.disk_drop_released_percent,
        )
        self._field = field_workers(
            config,
            self._journal,
            outbox,
            landing=landing,
            gateway_id=identity.gateway_id,
            signer=key,
            clock=clock,
        )
        self._workers: dict[str, Worker] = {
            "intake": self._field.intake,
            "inspection": self._field.inspection,
            "upload": self._upload,
            "reporting": self._reporting,
            "comparison": self._comparison,
            "release": release,
            "space": SpaceWatch(self._journal, outbox, config, clock=clock),
            "commissionings": CommissioningWorker(self._journal, outbox, config.data_dir, clock=clock),
            "state": AgentStateWorker(self._journal, clock, self._state, rate_bytes_s=lambda: self._links.rate_bytes_s),
        }
        log.info("agent_ready", gateway_id=identity.gateway_id, sources=[source.name for source in config.sources])

    def run(self) -> str:
        """Run until `stop`. Returns "" after a clean stop, else what broke."""
        threads = [
            threading.Thread(target=self._run_worker, args=(name, worker), name=name)
            for name, worker in self._workers.items()
        ]
        self._links.start()
        for thread in threads:
            thread.start()
        for second in count():  # short waits let signals through
            if self._ended.wait(1.0):
                break
            if second % _RESERVE_EVERY_S == 0:
                self._reserve.hold()
        self._field.stop()
        for worker in self._workers.values():
            worker.wake.set()
        for thread in threads:
            thread.join(timeout=_STOP_WAIT_S)
        self._links.stop()
        self._field.close()
        self._journal.close()
        log.info("agent_stopped", broken=self._broken)
        return self._broken

    def now_us(self) -> UtcMicros:
        """What this gateway takes the time to be."""
        return self._clock.now_us()

    def stop(self) -> None:
        """End after the present steps; may be called by any thread or signal handler."""
        self._ended.set()

    def stop_on_signals(self) -> None:
        """SIGTERM and SIGINT end the agent cleanly."""

        def handle(_number: int, _frame: FrameType | None) -> None:
            self.stop()

        signal.signal(signal.SIGTERM, handle)
        signal.signal(signal.SIGINT, handle)

    # ------------------------------------------------------------------ the workers' threads
    def _run_worker(self, name: str, worker: Worker) -> None:
        """A worker's outer loop: a failing step is logged and tried again later; a broken journal ends the agent."""
        while not self._ended.is_set():
            try:
                did = worker.step(self._clock.now_us())
                self._failing.pop(name, None)
            except JournalFullError as error:
                self._failed(name, error)
                if self._reserve.give_up():
                    log.warning("space_reserve_given_up", advice="free space: this lasts for a while only")
                did = False
            except JournalBusyError as error:
                self._failed(name, error)
                did = False
            except sqlite3.Error as error:
                # What a commit that failed left on the disk is unknown: stop, so that the next start reads it anew.
                self._failed(name, error)
                self._broken = sentence(
                    "journal_unwritable",
                    "the journal cannot be written ({error}); check the disk, then start the agent again",
                    error=str(error),
                )
                self.stop()
                return
            except Exception as error:  # the outermost frame: whatever fails, footage goes on being landed and sent
                log.exception("worker_failed", worker=name)
                self._failed(name, error)
                did = False
            if not did:
                worker.wake.wait(_AFTER_FAILURE_S if name in self._failing else _IDLE_S)
                worker.wake.clear()

    def _failed(self, name: str, error: Exception) -> None:
        self._failing[name] = type(error).__name__
        log.error("step_failed", worker=name, error=str(error))

    # ------------------------------------------------------------------ the connections' threads
    def _received(self, opened: Opened) -> None:
        if opened.signed:
            self._clock.heard(opened.event.time, is_fresh=opened.kind is DownKind.NOTED)
        if isinstance(opened.data, Noted) and opened.data.compared is not None:
            self._comparison.receive(opened)
        elif opened.kind in {DownKind.NOTED, DownKind.REGISTER}:
            self._reporting.receive(opened)
        else:
            self._upload.receive(opened)

    def _greeted(self) -> None:
        """Hello was said on new connections."""
        self._upload.reconnected()
        self._comparison.reconnected()

    def _trust(self, ca_pem: str) -> None:
        """From the next connection on. May raise OSError."""
        self._identity = keep_broker_ca(self._config.data_dir, ca_pem)

    def _login(self) -> BrokerLogin:
        identity = self._identity
        return login_of(identity.gateway_id, identity.broker, knows_the_time=not self._clock.is_unset)

    def _state(self) -> Mapping[str, object]:
        return {
            "control": self._links.control.state.value,
            "bulk": self._links.bulk.state.value,
            "link_error": self._links.control.last_error or self._links.bulk.last_error,
            "set_aside": dict(self._links.set_aside),
            "clock_synchronised": self._clock.synchronised(),
            "clock_unset": self._clock.is_unset,
            "failing": dict(self._failing),
            "put_off_by_server": self._upload.put_off_by_server,
            "unanswered_since_us": self._reporting.unanswered_since_us,
            "inspection": self._field.inspection.progress(),
        }


def _journal(path: Path, clock: Clock, reserve: SpaceReserve) -> Journal:
    """The journal, on a full disk with what was kept aside for it.

    Its lock is tried for a while, since `status` holds it for a moment to see whether an agent runs.
    """
    until_s = clock.steady_s() + _LOCK_WAIT_S
    while True:
        try:
            return Journal.open(path, now_us=clock.now_us())
        except JournalFullError:
            if not reserve.give_up():
                raise
        except JournalInUseError:
            if clock.steady_s() >= until_s:
                raise
            threading.Event().wait(0.1)


def _corrected(clock: Clock, journal: Journal, identity: Identity) -> CorrectedClock:
    with journal.transaction() as rows:
        newest_us = newest_server_time_us(rows)
    return CorrectedClock(clock, newest_heard_us=max(newest_us, identity.server_time or 0))
