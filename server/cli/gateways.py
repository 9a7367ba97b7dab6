"""Gateways: invite, list, revoke."""

from __future__ import annotations

from edge.contract.sentences import sentence
from server.cli.output import (
    DEFAULT_DATA,
    AsJson,
    DataDir,
    config_of,
    database_of,
    operator,
    print_json,
    print_table,
    terminal,
)

_STATES = {
    "invited": sentence("state_invited", "invited"),
    "active": sentence("state_active", "active"),
    "revoked": sentence("state_revoked", "revoked"),
}


def add_gateway(name: str, *, unit: str | None = None, data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Print a code for a new gateway, or for one that lost its key. It works once, for 24 hours."""
    from edge.contract.instants import UtcMicros, rfc3339
    from edge.platform.clock import SystemClock
    from server.usecases.enrol_gateway import invite_gateway
    from server.usecases.tls_files import tls_files, tls_fingerprint

    config = config_of(data)
    fingerprint = tls_fingerprint(tls_files(config).certificate)
    invitation = invite_gateway(
        database_of(config),
        name,
        unit_number=unit,
        tls_fingerprint=fingerprint,
        by=operator(),
        now_us=SystemClock().now_us(),
    )
    expires = rfc3339(UtcMicros(invitation.expires_us))
    if as_json:
        print_json(
            {
                "gateway_id": invitation.gateway_id,
                "code": str(invitation.code),
                "url": config.url,
                "expires": expires,
            }
        )
        return
    new = sentence("gateway_new", "new gateway")
    known = sentence("gateway_known", "known gateway, its old key ends when the code is used")
    said = sentence(
        "gateway_added",
        "{name} ({gateway}): {known}. On its machine type, before {expires}:",
        name=name,
        gateway=invitation.gateway_id,
        known=known if invitation.again else new,
        expires=expires,
    )
    terminal.say(said)
    terminal.say(f"tallylight-edge enrol {config.url} {invitation.code}")


def list_gateways(*, data: DataDir = DEFAULT_DATA, as_json: AsJson = False) -> None:
    """Every gateway, with its state and when it was last heard."""
    from sqlalchemy import select

    from edge.contract.instants import UtcMicros, rfc3339
    from server.store.tables import Gateway

    with database_of(config_of(data)).reading() as session:
        rows = [
            {
                "name": row.name,
                "gateway_id": row.gateway_id,
                "state": row.state,
                "unit": row.unit_number,
                "last_seen": None if row.last_seen_us is None else rfc3339(UtcMicros(row.last_seen_us)),
                "software": row.software,
            }
            for row in session.scalars(select(Gateway).order_by(Gateway.name))
        ]
    if as_json:
        print_json(rows)
        return
    print_table(
        (
            sentence("head_name", "name"),
            "id",
            sentence("head_state", "state"),
            sentence("head_unit", "unit"),
            sentence("head_heard", "last heard"),
            sentence("head_software", "software"),
        ),
        [[_STATES.get(value or "", value or "-") for value in row.values()] for row in rows],
    )


def revoke(gateway: str, *, data: DataDir = DEFAULT_DATA) -> None:
    """End a gateway, by id or name: its connection is cut within seconds, what it sealed stays."""
    from edge.platform.clock import SystemClock
    from server.usecases.revoke_gateway import revoke_gateway

    database = database_of(config_of(data))
    gateway_id = revoke_gateway(database, gateway, by=operator(), now_us=SystemClock().now_us())
    terminal.say(
        sentence(
            "gateway_revoked",
            "{gateway} is revoked. What it still delivers is set aside for a person to look at.",
            gateway=gateway_id,
        )
    )
