"""The running server: broker, ingest, judging, pages and figures, started in order and stopped in reverse."""

from __future__ import annotations

import os
import signal
import socket
import threading
from dataclasses import replace
from pathlib import Path
from types import FrameType

import structlog
import uvicorn
from prometheus_client import start_http_server

from edge.contract.sentences import Sentence, sentence
from edge.platform.clock import SystemClock
from edge.platform.faults import os_reason
from edge.platform.large_blocks import keep_large_blocks
from edge.platform.tls import ServedCertificate
from server.config import ServerConfig
from server.ingest import metrics
from server.ingest.broker_service import BrokerService
from server.ingest.certificate_keeper import CertificateKeeper
from server.ingest.judging import JudgingLoop
from server.ingest.store_watch import StoreWatch
from server.ingest.worker import IngestWorker
from server.portal.routes import public_router
from server.store.clip_files import STORE_MISSING
from server.store.database import DatabaseReplacedError
from server.store.database_check import refuse_damaged
from server.usecases.context import AppContext, Readiness
from server.usecases.folder_lock import lock_folder
from server.usecases.reconcile_clips import reconcile_clips
from server.usecases.set_up import open_context
from server.usecases.setting_paths import database_path
from server.usecases.signing_state import why_signing_stopped
from server.usecases.tls_files import tls_files
from server.web.app import create_app

log = structlog.get_logger(__name__)
_START_WAIT_S = 30.0


class CannotStartError(Exception):
    """The server does not start; the message says what to change."""


class UnfitAddressError(CannotStartError):
    """An address would carry plain words beyond this machine, or nobody could reach it."""

    def __init__(self, *, why: list[Sentence]) -> None:
        super().__init__(sentence("unfit_addresses", "{why}", why=tuple(why)))
        self.why = why


class CertificateUnusableError(CannotStartError):
    """Certificate and key cannot be served with; a person corrects the files or the settings."""

    def __init__(self, *, path: Path, why: str) -> None:
        super().__init__(
            sentence(
                "certificate_unusable",
                "{path}: certificate and key cannot be used together ({why}). Correct `tls` in the settings",
                path=path,
                why=why,
            )
        )
        self.path, self.why = path, why


class PortBusyError(CannotStartError):
    """Another program listens there."""

    def __init__(self, *, host: str, port: int, key: str) -> None:
        super().__init__(
            sentence(
                "port_busy",
                "port {port} on {host} is in use: end that program, or set `{key}` to another port",
                port=port,
                host=host,
                key=key,
            )
        )
        self.host, self.port, self.key = host, port, key


class Server:
    """Start, then `stop`. One per data folder."""

    def __init__(self, config: ServerConfig) -> None:
        """Raises CannotStartError, or what the parts of the data folder raise."""
        unfit = config.unfit_addresses()
        if unfit:
            raise UnfitAddressError(why=unfit)
        self.config = config
        self._lock = lock_folder(config.data_dir)
        self._sockets = [_bound(config.http.host, config.http.port, "http.port")]
        if config.broker.embedded:
            _bound(config.broker.embedded_host, config.broker.embedded_port, "broker.embedded_port").close()
        refuse_damaged(database_path(config))
        opened = open_context(config, SystemClock())
        served = _served(config) if config.is_encrypted else None
        self._broker = BrokerService(opened)
        self.context: AppContext = replace(
            opened, readiness=self.readiness, gateways_changed=self._broker.gateways_changed
        )
        self._worker = IngestWorker(self.context, on_deaf=self._broker.deaf)
        self._judging = JudgingLoop(self.context)
        self._certificate = CertificateKeeper(self.context)
        self._store_watch = StoreWatch(self.context)
        app = create_app(self.context, public=public_router(self.context))
        self._http = uvicorn.Server(
            uvicorn.Config(
                app,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ssl_context_factory=(lambda _config, _default: served.listening)
                if served and config.http.is_encrypted
                else None,
            )
        )
        self._http_thread = threading.Thread(
            target=self._http.run, kwargs={"sockets": self._sockets}, name="http", daemon=True
        )

    def start(self) -> None:
        """Everything that was left over is settled before the first message is taken."""
        reconcile_clips(self.context, now_us=self.context.clock.now_us())
        self._broker.start()
        self._broker.wait_ready(_START_WAIT_S)
        self._worker.start()
        self._judging.start()
        self._certificate.start()
        self._store_watch.start()
        if self.config.metrics.enabled:
            self._start_metrics()
        self._http_thread.start()
        self._worker.wait_connected(_START_WAIT_S)
        log.info("server_up", url=self.config.url, ready=self.readiness().ready)

    def stop(self) -> None:
        """Finish what is being written, then end; also what was started only in part."""
        self._http.should_exit = True
        if self._http_thread.is_alive():
            self._http_thread.join(timeout=15)
        self._store_watch.stop()
        self._certificate.stop()
        self._judging.stop()
        self._worker.stop()
        self._broker.stop()
        self.context.db.close()
        os.close(self._lock)
        log.info("server_stopped")

    def readiness(self) -> Readiness:
        """What keeps the server from doing all its work."""
        reasons = []
        if trouble := self._broker.trouble():
            reasons.append(f"broker: {trouble}")
        if not self._worker.link.connected:
            reasons.append(f"ingest: no connection to the broker ({self._worker.link.last_error or 'connecting'})")
        if not self._worker.alive:
            reasons.append("ingest: the worker has ended")
        if trouble := self._worker.trouble:
            reasons.append(f"ingest: the last step failed and was not answered: {trouble}")
        if not self._judging.alive:
            reasons.append("judging: the loop has ended")
        if not self.context.clip_files.is_made:
            reasons.append(STORE_MISSING)
        elif self.context.clip_files.free_bytes() < self.config.store.reserve_bytes:
            reasons.append("store: less free space than store.reserve_bytes, new clips are refused")
        try:
            self.context.db.refuse_replaced()
        except DatabaseReplacedError as error:
            reasons.append(f"database: {error.strerror}")
        with self.context.db.reading() as session:
            reasons.extend(f"signing has stopped: {reason}" for reason in why_signing_stopped(session))
        return Readiness(tuple(reasons))

    def _start_metrics(self) -> None:
        port = self.config.metrics.port
        try:
            start_http_server(port, addr="127.0.0.1", registry=metrics.REGISTRY)
        except OSError as error:
            raise PortBusyError(host="127.0.0.1", port=port, key="metrics.port") from error


def run(config: ServerConfig) -> None:
    """Until SIGINT or SIGTERM. Raises CannotStartError."""
    ending = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        ending.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    keep_large_blocks()
    server = Server(config)
    try:
        server.start()
        while not ending.wait(0.5):
            pass
    finally:
        server.stop()


def _served(config: ServerConfig) -> ServedCertificate:
    files = tls_files(config)
    try:
        return ServedCertificate(files.certificate, files.key)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        why = os_reason(error) if isinstance(error, OSError) else str(error)
        raise CertificateUnusableError(path=files.certificate, why=why) from error


def _bound(host: str, port: int, key: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise PortBusyError(host=host, port=port, key=key) from error
    return listening
