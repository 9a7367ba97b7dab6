"""A gateway is no longer trusted: its keys end, its broker login ends, its live connection is cut."""

from __future__ import annotations

from sqlalchemy import select, update

from edge.contract.instants import UtcMicros
from server.store.act_log import append_act
from server.store.database import Database
from server.store.tables import Gateway, GatewayKey
from server.usecases.gateways import REVOKED, UnknownGatewayError


def revoke_gateway(db: Database, id_or_name: str, *, by: str, now_us: UtcMicros) -> str:
    """The gateway's id. What it sealed stays; what it still delivers is set aside. Raises UnknownGatewayError."""
    with db.writing() as session:
        gateway = session.scalars(
            select(Gateway).where((Gateway.gateway_id == id_or_name) | (Gateway.name == id_or_name))
        ).one_or_none()
        if gateway is None:
            raise UnknownGatewayError(gateway_id=id_or_name)
        if gateway.state == REVOKED:
            return gateway.gateway_id
        gateway.state = REVOKED
        gateway.broker_generation += 1
        session.execute(
            update(GatewayKey)
            .where(GatewayKey.gateway_id == gateway.gateway_id, GatewayKey.until_us.is_(None))
            .values(until_us=now_us)
        )
        append_act(
            session,
            at_us=now_us,
            actor=by,
            verb="revoke",
            subject_kind="gateway",
            subject_id=gateway.gateway_id,
            data={"name": gateway.name},
        )
        return gateway.gateway_id
