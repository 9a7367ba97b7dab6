"""How this server itself logs in to the broker: its own child it knows by the certificate, another by its CA."""

from __future__ import annotations

from edge.platform.mqtt import BrokerLogin
from server.domain.broker_access import SERVER_USER, broker_password
from server.usecases.context import AppContext
from server.usecases.tls_files import broker_trust


def server_login(context: AppContext) -> BrokerLogin:
    """Made anew for each connection, since certificates are renewed. Raises OSError where a file cannot be read."""
    url = context.config.broker.server_url
    return BrokerLogin(
        url, SERVER_USER, broker_password(context.broker_master_key, SERVER_USER, 1), broker_trust(context.config)
    )
