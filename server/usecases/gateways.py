"""Which gateway is speaking, and by which keys it may be believed."""

from __future__ import annotations

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from edge.contract.sentences import sentence
from edge.platform.signing import PublicKeys
from server.domain.broker_access import SERVER_USER, broker_password
from server.store.tables import Gateway, GatewayKey

INVITED, ACTIVE, REVOKED = "invited", "active", "revoked"


class UnknownGatewayError(LookupError):
    """No such gateway; whoever speaks under this id is not one of ours."""

    def __init__(self, *, gateway_id: str) -> None:
        super().__init__(
            sentence(
                "unknown_gateway",
                "gateway {gateway_id} is not known here: see `tallylight-server gateway list`",
                gateway_id=gateway_id,
            )
        )
        self.gateway_id = gateway_id


class RevokedGatewayError(Exception):
    """The gateway is no longer trusted; what it still delivers goes aside, for a person to look at."""

    def __init__(self, *, gateway_id: str) -> None:
        super().__init__(f"gateway {gateway_id} is revoked")
        self.gateway_id = gateway_id


def speaking_gateway(session: Session, gateway_id: str) -> Gateway:
    """The gateway if it may speak. Raises UnknownGatewayError or RevokedGatewayError."""
    gateway = session.get(Gateway, gateway_id)
    if gateway is None or gateway.state == INVITED:
        raise UnknownGatewayError(gateway_id=gateway_id)
    if gateway.state != ACTIVE:
        raise RevokedGatewayError(gateway_id=gateway_id)
    return gateway


def keys_of(session: Session, gateway_id: str, received_us: int) -> PublicKeys:
    """The keys that count for what is received at that moment."""
    rows = session.scalars(
        select(GatewayKey).where(
            GatewayKey.gateway_id == gateway_id,
            GatewayKey.since_us <= received_us,
            or_(GatewayKey.until_us.is_(None), GatewayKey.until_us > received_us),
        )
    )
    return PublicKeys({row.key_id: row.public_key for row in rows})


def broker_logins(session: Session, master_key: bytes) -> dict[str, str]:
    """User -> password of all who may log in to the broker now: the active gateways and the server."""
    logins = {SERVER_USER: broker_password(master_key, SERVER_USER, 1)}
    for gateway in session.scalars(select(Gateway).where(Gateway.state == ACTIVE)):
        logins[gateway.gateway_id] = broker_password(master_key, gateway.gateway_id, gateway.broker_generation)
    return logins
