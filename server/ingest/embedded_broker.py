"""Keeps the embedded broker's process running: starts it, hands it the logins, starts it again when it fails."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping

import structlog

from server.domain.broker_access import password_digest
from server.usecases.tls_files import TlsFiles

log = structlog.get_logger(__name__)
_READY_WAIT_S = 20.0
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.2, 10.0


class BrokerNotStartedError(Exception):
    """The embedded broker does not come up; the server says so and tries again."""

    def __init__(self, *, port: int, why: str) -> None:
        super().__init__(f"the embedded broker does not start on port {port}: {why}")
        self.port, self.why = port, why


class EmbeddedBroker:
    """One child process, supervised by one thread that lives as long as this object.

    The kernel ends the child with the thread that started it, so only that thread ever starts one.
    """

    def __init__(self, host: str, port: int, logins: Mapping[str, str], *, tls: TlsFiles | None = None) -> None:
        """`logins`: user -> password; only digests leave this process. `tls`: with it no connection is plain."""
        self.host, self.port, self._tls = host, port, tls
        self._digests = {user: password_digest(password) for user, password in logins.items()}
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._stopping, self._up = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="broker-supervisor", daemon=True)
        self.starts = 0
        self.last_error = ""

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def wait_up(self, timeout_s: float) -> bool:
        """Whether the broker takes connections, waiting up to `timeout_s`."""
        return self._up.wait(timeout_s)

    @property
    def up(self) -> bool:
        """Whether the broker takes connections."""
        return self._up.is_set()

    @property
    def pid(self) -> int | None:
        """The child's process id."""
        process = self._process
        return process.pid if process is not None else None

    def apply(self, logins: Mapping[str, str]) -> None:
        """From now on these users may log in (user -> password); sessions of all others are cut."""
        with self._lock:
            self._digests = {user: password_digest(password) for user, password in logins.items()}
            if self._up.is_set():
                self._tell({"logins": self._digests})

    def restart(self, why: str) -> None:
        """End the child; the supervisor starts another."""
        log.warning("embedded_broker_restarted", why=why)
        process = self._process
        if process is not None:
            process.kill()

    def stop(self) -> None:
        """End the child and the supervisor."""
        self._stopping.set()
        process = self._process
        if process is not None:
            process.kill()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    # ------------------------------------------------------------------ the supervisor's thread
    def _supervise(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                process = self._launch()
                pause_s = _FIRST_PAUSE_S
                code = process.wait()
                if not self._stopping.is_set():
                    self.last_error = f"its process ended with {code}"
                    log.warning("embedded_broker_ended", code=code)
            except BrokerNotStartedError as error:
                self.last_error = str(error)
                log.error("embedded_broker_not_started", port=error.port, why=error.why)
            self._up.clear()
            self._stopping.wait(pause_s)
            pause_s = min(pause_s * 2, _LONGEST_PAUSE_S)

    def _launch(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "server.ingest.broker_child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._process = process
        with self._lock:
            tls = None if self._tls is None else [str(self._tls.certificate), str(self._tls.key)]
            self._tell({"host": self.host, "port": self.port, "logins": self._digests, "tls": tls})
            if not self._says_ready(process):
                process.kill()
                _, complaint = process.communicate()
                why = complaint.strip().splitlines()[-1] if complaint.strip() else "it said nothing"
                raise BrokerNotStartedError(port=self.port, why=why)
            self._up.set()
        self.starts += 1
        self.last_error = ""
        log.info("embedded_broker_up", host=self.host, port=self.port, pid=process.pid)
        threading.Thread(target=_drain, args=(process,), name="broker-stderr", daemon=True).start()
        return process

    def _says_ready(self, process: subprocess.Popen[str]) -> bool:
        overdue = threading.Timer(_READY_WAIT_S, process.kill)
        overdue.start()
        try:
            return process.stdout is not None and process.stdout.readline() == "ready\n"
        finally:
            overdue.cancel()

    def _tell(self, message: Mapping[str, object]) -> None:
        process = self._process
        if process is None or process.stdin is None:
            return
        try:
            process.stdin.write(json.dumps(message) + "\n")
            process.stdin.flush()
        except OSError as error:  # it just died; the next one gets the logins at its start
            log.warning("embedded_broker_not_told", why=str(error))


def _drain(process: subprocess.Popen[str]) -> None:
    """Keep the child's error pipe empty; what stands there names no secret, and its end is logged by the supervisor."""
    if process.stderr is not None:
        for line in process.stderr:
            log.warning("embedded_broker_says", line=line.rstrip()[:500])
