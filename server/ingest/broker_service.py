"""The broker as the server sees it: its own child process, or an external one that it administers."""

from __future__ import annotations

from edge.contract.sentences import sentence
from edge.platform.faults import os_complaint
from edge.platform.mqtt import BrokerLogin
from server.config import ServerConfig
from server.ingest.anonymous_access import refuse_anonymous_broker
from server.ingest.embedded_broker import EmbeddedBroker
from server.ingest.login_keeper import LoginKeeper
from server.ingest.mosquitto_admin import MosquittoAdmin
from server.usecases.context import AppContext
from server.usecases.gateways import broker_logins
from server.usecases.tls_files import broker_trust, tls_files

_DEAF_BEFORE_RESTART = 2


class AdminPasswordError(Exception):
    """The file with the administrator's password cannot be read; the server does not start."""

    def __init__(self, *, why: str) -> None:
        super().__init__(
            sentence(
                "admin_password",
                "broker.admin_password_file: {why}. An external broker needs the password of its dynamic-security "
                "administrator, so that gateways can be added and cut",
                why=why,
            )
        )
        self.why = why


class BrokerService:
    """Starts what there is to start, and keeps the logins equal to the register of gateways."""

    def __init__(self, context: AppContext) -> None:
        """Raises AdminPasswordError or AnonymousBrokerError."""
        config = context.config.broker
        self.embedded: EmbeddedBroker | None = None
        self._admin: MosquittoAdmin | None = None
        if config.embedded:
            with context.db.reading() as session:
                logins = broker_logins(session, context.broker_master_key)
            files = tls_files(context.config) if config.is_encrypted else None
            self.embedded = EmbeddedBroker(config.embedded_host, config.embedded_port, logins, tls=files)
            apply = self.embedded.apply
        else:
            login = _admin_login(context.config)
            refuse_anonymous_broker(login)
            self._admin = MosquittoAdmin(login, on_connected=lambda: self._keeper.forget())
            apply = self._admin.apply
        self._keeper = LoginKeeper(context.db, context.broker_master_key, apply)

    def start(self) -> None:
        """Begin; returns at once."""
        if self.embedded is not None:
            self.embedded.start()
        if self._admin is not None:
            self._admin.start()
        self._keeper.start()

    def stop(self) -> None:
        """End what was started."""
        self._keeper.stop()
        if self._admin is not None:
            self._admin.stop()
        if self.embedded is not None:
            self.embedded.stop()

    def wait_ready(self, timeout_s: float) -> bool:
        """Whether the broker takes our logins, waiting up to `timeout_s`."""
        if self.embedded is not None:
            return self.embedded.wait_up(timeout_s)
        return self._keeper.wait_applied(timeout_s)

    def gateways_changed(self) -> None:
        """Tell the broker now."""
        self._keeper.poke()

    def deaf(self, times: int) -> None:
        """The broker did not answer our ping: from the second time in a row the embedded one is started anew."""
        if self.embedded is not None and times >= _DEAF_BEFORE_RESTART:
            self.embedded.restart("it does not answer the server's ping")

    def trouble(self) -> str:
        """What is wrong, in words for the readiness page; empty: nothing."""
        if self.embedded is not None and not self.embedded.up:
            return self.embedded.last_error or "the embedded broker is starting"
        return self._keeper.last_error


def _admin_login(server: ServerConfig) -> BrokerLogin:
    config = server.broker
    if config.admin_password_file is None:
        raise AdminPasswordError(why=sentence("not_set", "it is not set"))
    try:
        password = config.admin_password_file.read_text().strip()
    except OSError as error:
        raise AdminPasswordError(why=os_complaint(error)) from error
    return BrokerLogin(config.url, config.admin_user, password, broker_trust(server))
