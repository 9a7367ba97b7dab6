"""How this server itself logs in to the broker: its own child it knows by the certificate, another by its CA."""

from __future__ import annotations

from edge.platform.mqtt import BrokerLogin
from edge.platform.tls import SYSTEM_TRUST, Trust
from server.config import ServerConfig
from server.domain.broker_access import SERVER_USER, broker_password
from server.usecases.context import AppContext
from server.usecases.tls_files import tls_files


def server_login(context: AppContext) -> BrokerLogin:
    """Made anew for each connection, since certificates are renewed. Raises OSError where a file cannot be read."""
    url = context.config.broker.server_url
    return BrokerLogin(
        url, SERVER_USER, broker_password(context.broker_master_key, SERVER_USER, 1), trust_of(context.config)
    )


def trust_of(config: ServerConfig) -> Trust:
    """Whom the broker must be. Its own child shows the very certificate that lies here, under whatever name."""
    broker = config.broker
    if broker.embedded:
        return Trust(tls_files(config).certificate.read_text(), checks_name=False, checks_time=False)
    return SYSTEM_TRUST if broker.ca_file is None else Trust(broker.ca_file.read_text())
