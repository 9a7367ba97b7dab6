"""Renews the server's certificate long before it ends, while the server runs; listeners take it up by themselves."""

from __future__ import annotations

import threading

import structlog

from edge.platform.signing import KeyFileError
from server.usecases.context import AppContext
from server.usecases.tls_files import keep_certificate

log = structlog.get_logger(__name__)
_LOOK_EVERY_S = 3600.0


class CertificateKeeper:
    """Looks every hour. `start`, then `stop`."""

    def __init__(self, context: AppContext, *, look_every_s: float = _LOOK_EVERY_S) -> None:
        self._context, self._look_every_s = context, look_every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="certificate", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=15)

    def _run(self) -> None:
        while not self._stopping.wait(self._look_every_s):
            try:
                keep_certificate(self._context.config, now_us=self._context.clock.now_us())
            except (KeyFileError, OSError) as error:  # a full disk, a lost key: two months are left, `doctor` tells it
                log.error("tls_certificate_not_renewed", why=str(error))
