"""A gateway joins: a code of one use is printed here, and redeemed there with a new key."""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from edge.contract.dsse import SignatureRefusedError
from edge.contract.enrolment import BrokerAccess, EnrolmentAnswer, EnrolmentCode, EnrolmentRequest, proof_message
from edge.contract.identifiers import gateway_id_of, key_id_of
from edge.contract.instants import MICROS_PER_HOUR, UtcMicros
from edge.contract.sentences import sentence
from edge.platform.signing import PublicKeys
from server.domain.broker_access import broker_password
from server.store.act_log import append_act
from server.store.database import Database
from server.store.tables import EnrolmentCodeRow, Gateway, GatewayKey
from server.usecases.context import AppContext
from server.usecases.gateways import ACTIVE, INVITED, REVOKED
from server.usecases.signing_keys import newest_key_set
from server.usecases.tls_files import broker_ca_pem

CODE_LIFE_US = 24 * MICROS_PER_HOUR


class Refused(StrEnum):
    """Why an enrolment is refused, each with what to do."""

    UNKNOWN_CODE = "unknown_code"
    EXPIRED_CODE = "expired_code"
    USED_CODE = "used_code"
    BAD_PROOF = "bad_proof"
    REVOKED = "revoked"
    KEY_IN_USE = "key_in_use"


_WHAT_TO_DO = {
    Refused.UNKNOWN_CODE: "this server did not give out this code: check it, or ask for a new one",
    Refused.EXPIRED_CODE: "the code is older than 24 hours: ask for a new one",
    Refused.USED_CODE: "the code was used by another key: ask for a new one, and ask who used this one",
    Refused.BAD_PROOF: "the request is not signed by the key it brings: run the enrolment again",
    Refused.REVOKED: "this gateway was revoked: it must be added under another name",
    Refused.KEY_IN_USE: "the key belongs to another gateway: remove keys/gateway.pem there and enrol anew",
}


class EnrolmentRefusedError(Exception):
    """The gateway does not join; nothing was changed."""

    def __init__(self, *, reason: Refused) -> None:
        super().__init__(_WHAT_TO_DO[reason])
        self.reason = reason


class GatewayNameTakenError(Exception):
    """A revoked gateway keeps its name for ever, because its footage names it."""

    def __init__(self, *, name: str) -> None:
        super().__init__(sentence("name_taken", "a gateway {name} was revoked; choose another name", name=repr(name)))
        self.name = name


@dataclass(frozen=True, slots=True)
class Invitation:
    """The code to type in at the gateway, and until when."""

    gateway_id: str
    name: str
    code: EnrolmentCode
    expires_us: int
    again: bool
    """Whether the gateway was known: it enrols anew under its old id."""


def invite_gateway(
    db: Database, name: str, *, unit_number: str | None, tls_fingerprint: bytes, by: str, now_us: UtcMicros
) -> Invitation:
    """A new code; a known name keeps its id and key until the code is used. Raises GatewayNameTakenError."""
    secret = secrets.token_bytes(16)
    code = EnrolmentCode(secret, tls_fingerprint)
    with db.writing() as session:
        gateway = session.scalars(select(Gateway).where(Gateway.name == name)).one_or_none()
        if gateway is not None and gateway.state == REVOKED:
            raise GatewayNameTakenError(name=name)
        again = gateway is not None
        if gateway is None:
            gateway = Gateway(
                gateway_id=gateway_id_of(secrets.token_bytes(8)),
                name=name,
                state=INVITED,
                added_us=now_us,
                broker_generation=1,
                register_held=0,
            )
            session.add(gateway)
        gateway.unit_number = unit_number or gateway.unit_number
        session.flush()
        session.add(
            EnrolmentCodeRow(
                secret_sha256=_digest(code.secret_text),
                gateway_id=gateway.gateway_id,
                expires_us=now_us + CODE_LIFE_US,
            )
        )
        _act(session, "invite", gateway, by, now_us, {"name": name, "unit": gateway.unit_number})
        return Invitation(gateway.gateway_id, name, code, now_us + CODE_LIFE_US, again)


def enrol_gateway(context: AppContext, request: EnrolmentRequest, *, now_us: UtcMicros) -> EnrolmentAnswer:
    """All the gateway must keep, on record when this returns; the same code with the same key may be repeated.

    Raises EnrolmentRefusedError.
    """
    public_key = _proved_key(request)
    key_id = key_id_of(public_key)
    with context.db.writing() as session:
        code = session.get(EnrolmentCodeRow, _digest(request.secret))
        if code is None:
            raise EnrolmentRefusedError(reason=Refused.UNKNOWN_CODE)
        gateway = session.get_one(Gateway, code.gateway_id)
        if gateway.state == REVOKED:
            raise EnrolmentRefusedError(reason=Refused.REVOKED)
        if code.used_us is None:
            _use(session, code, gateway, request, public_key, now_us)
        elif code.used_by_key_id != key_id:
            raise EnrolmentRefusedError(reason=Refused.USED_CODE)
        answer = EnrolmentAnswer(
            gateway_id=gateway.gateway_id,
            broker=_broker_access(context, gateway),
            key_set=newest_key_set(session, context.signer),
            server_time=now_us,
        )
    context.gateways_changed()
    return answer


def _use(
    session: Session,
    code: EnrolmentCodeRow,
    gateway: Gateway,
    request: EnrolmentRequest,
    public_key: bytes,
    now_us: UtcMicros,
) -> None:
    if now_us >= code.expires_us:
        raise EnrolmentRefusedError(reason=Refused.EXPIRED_CODE)
    key_id = key_id_of(public_key)
    known = session.get(GatewayKey, key_id)
    if known is not None and (known.gateway_id != gateway.gateway_id or known.until_us is not None):
        raise EnrolmentRefusedError(reason=Refused.KEY_IN_USE)
    session.execute(
        update(GatewayKey)
        .where(GatewayKey.gateway_id == gateway.gateway_id, GatewayKey.until_us.is_(None), GatewayKey.key_id != key_id)
        .values(until_us=now_us)
    )
    if known is None:
        session.add(GatewayKey(key_id=key_id, gateway_id=gateway.gateway_id, public_key=public_key, since_us=now_us))
    if gateway.state == ACTIVE:
        gateway.broker_generation += 1  # whoever holds the old password is no longer this gateway
    gateway.state, gateway.installation_id, gateway.software = ACTIVE, request.installation_id, request.software
    code.used_us, code.used_by_key_id = now_us, key_id
    _act(session, "enrol", gateway, f"gateway:{gateway.gateway_id}", now_us, {"key_id": key_id})


def _proved_key(request: EnrolmentRequest) -> bytes:
    """The public key, once the request proves that its sender holds the other half."""
    try:
        public_key = base64.b64decode(request.public_key, validate=True)
        proof = base64.b64decode(request.proof, validate=True)
        keys = PublicKeys({key_id_of(public_key): public_key})
        keys.verify(key_id_of(public_key), proof_message(request.secret, request.public_key), proof)
    except (binascii.Error, ValueError, SignatureRefusedError) as error:
        raise EnrolmentRefusedError(reason=Refused.BAD_PROOF) from error
    return public_key


def _broker_access(context: AppContext, gateway: Gateway) -> BrokerAccess:
    return BrokerAccess(
        url=context.config.broker_url,
        password=broker_password(context.broker_master_key, gateway.gateway_id, gateway.broker_generation),
        ca_pem=broker_ca_pem(context.config),
    )


def _act(session: Session, verb: str, gateway: Gateway, actor: str, now_us: UtcMicros, data: dict[str, object]) -> None:
    append_act(
        session,
        at_us=now_us,
        actor=actor,
        verb=verb,
        subject_kind="gateway",
        subject_id=gateway.gateway_id,
        data=data,
    )


def _digest(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()
