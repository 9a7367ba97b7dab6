"""Keeps the broker's logins equal to the register of gateways, so that a revoked one is cut within seconds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

import structlog
from sqlalchemy.exc import SQLAlchemyError

from server.store.database import Database
from server.usecases.gateways import broker_logins

log = structlog.get_logger(__name__)
_LOOK_EVERY_S = 5.0


class BrokerAdminError(Exception):
    """The broker did not take the logins; they are told again."""

    def __init__(self, *, why: str) -> None:
        super().__init__(f"the broker does not take its logins: {why}")
        self.why = why


class LoginKeeper:
    """Looks every 5 s, and at once when `poke` is called, because another process may change the register."""

    def __init__(self, db: Database, master_key: bytes, apply: Callable[[Mapping[str, str]], None]) -> None:
        """`apply` takes user -> password of all who may log in; it may raise BrokerAdminError."""
        self._db, self._master_key, self._apply = db, master_key, apply
        self._poked, self._stopping = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="broker-logins", daemon=True)
        self._applied: dict[str, str] | None = None
        self._first = threading.Event()
        self.last_error = ""

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._poked.set()
        if self._thread.is_alive():
            self._thread.join(timeout=15)

    def poke(self) -> None:
        """Look now."""
        self._poked.set()

    def wait_applied(self, timeout_s: float) -> bool:
        """Whether the broker has taken logins at least once, waiting up to `timeout_s`."""
        return self._first.wait(timeout_s)

    def forget(self) -> None:
        """The broker may have lost what it was told: tell it all again."""
        self._applied = None
        self.poke()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._poked.clear()
            try:
                self._look()
                self.last_error = ""
            except (BrokerAdminError, SQLAlchemyError) as error:
                self.last_error = str(error)
                log.warning("broker_logins_not_applied", why=str(error))
            except Exception as error:  # the loop's outer edge: without it no gateway would ever be cut again
                self.last_error = f"{type(error).__name__} {error}".strip()
                log.exception("broker_logins_not_applied")
            self._poked.wait(_LOOK_EVERY_S)

    def _look(self) -> None:
        with self._db.reading() as session:
            logins = broker_logins(session, self._master_key)
        if logins != self._applied:
            self._apply(logins)
            self._applied = logins
            self._first.set()
            log.info("broker_logins_applied", users=len(logins))
