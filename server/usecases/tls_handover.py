"""A new CA without locking a gateway out: gateways hold both, then the new one issues, then the old goes."""

from __future__ import annotations

import json

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.dsse import read_envelope
from edge.contract.instants import UtcMicros
from edge.contract.sentences import sentence
from server.config import ServerConfig
from server.store.database import Database
from server.store.tables import Gateway, RegisterIssued
from server.usecases.gateways import ACTIVE
from server.usecases.tls_files import broker_ca_pem, take_new_ca

_NAMED = 20


class GatewaysLeftBehindError(Exception):
    """Gateways that do not hold the new CA would find the broker no more; nothing was changed."""

    def __init__(self, *, names: list[str]) -> None:
        super().__init__(
            sentence(
                "gateways_left_behind",
                "{count} gateways do not hold the new CA yet ({names}): wait until each has connected, revoke those "
                "that are gone, or say --leave-behind; such a gateway then needs a new code",
                count=len(names),
                names=tuple(names[:_NAMED]),
            )
        )
        self.names = names


def gateways_behind(session: Session, ca_pem: str) -> list[str]:
    """Names of the active gateways that have not said that they hold a register with these CAs."""
    rows = session.execute(
        select(Gateway.name, Gateway.register_held, RegisterIssued.number, RegisterIssued.envelope)
        .join(RegisterIssued, RegisterIssued.gateway_id == Gateway.gateway_id, isouter=True)
        .where(Gateway.state == ACTIVE)
        .order_by(Gateway.name)
    )
    return [
        name
        for name, held, number, envelope in rows
        if envelope is None or held != number or _ca_pem_in(envelope) != ca_pem
    ]


def finish_new_ca(config: ServerConfig, db: Database, *, leave_behind: bool, now_us: UtcMicros) -> bool:
    """The new CA takes over. False: none was begun. Raises GatewaysLeftBehindError or KeyFileError."""
    with db.reading() as session:
        behind = gateways_behind(session, broker_ca_pem(config) or "")
    if behind and not leave_behind:
        raise GatewaysLeftBehindError(names=behind)
    return take_new_ca(config, now_us=now_us)


def _ca_pem_in(register: bytes) -> str:
    """From bytes that this server signed itself."""
    return str(json.loads(read_envelope(register).payload)["data"].get("broker_ca_pem", ""))
