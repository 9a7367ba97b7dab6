"""How a gateway logs in: to a broker known by its CA and its name, and by a clock only where there is one."""

from __future__ import annotations

from edge.contract.enrolment import BrokerAccess
from edge.platform.mqtt import BrokerLogin
from edge.platform.tls import Trust


def login_of(gateway_id: str, broker: BrokerAccess, *, knows_the_time: bool) -> BrokerLogin:
    """`knows_the_time` False: whether certificates are valid yet, or still, is not asked."""
    trust = Trust(broker.ca_pem, checks_time=knows_the_time)
    return BrokerLogin(broker.url, gateway_id, broker.password, trust)
