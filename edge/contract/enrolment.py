"""How a gateway joins: a code of one use that also pins the server's TLS key, a request and an answer over HTTP."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from edge.contract.identifiers import TopicId
from edge.contract.instants import Instant
from edge.contract.sentences import sentence
from edge.contract.wire_model import ShortText, WireModel

ENROLMENT_PATH = "/api/v1/enrolments"
_PREFIX = "TL1"


class NotAnEnrolmentCodeError(ValueError):
    """The text is no enrolment code; a person mistyped or cut it."""

    def __init__(self) -> None:
        super().__init__(
            sentence(
                "not_a_code",
                "not an enrolment code: copy it whole as `tallylight-server gateway add` prints it,"
                " TL1-SECRET-FINGERPRINT",
            )
        )


@dataclass(frozen=True, slots=True)
class EnrolmentCode:
    """128 random bits, and the SHA-256 of the server's TLS public key (SubjectPublicKeyInfo, DER)."""

    secret: bytes
    tls_fingerprint: bytes

    def __str__(self) -> str:
        return f"{_PREFIX}-{_base32(self.secret)}-{_base32(self.tls_fingerprint)}"

    @property
    def secret_text(self) -> str:
        """The part that is sent."""
        return _base32(self.secret)


def parse_enrolment_code(text: str) -> EnrolmentCode:
    """Raises NotAnEnrolmentCodeError; spaces around it and lower case are forgiven."""
    parts = text.strip().upper().split("-")
    try:
        prefix, secret_text, fingerprint_text = parts
        secret, fingerprint = _from_base32(secret_text), _from_base32(fingerprint_text)
    except (ValueError, binascii.Error) as error:
        raise NotAnEnrolmentCodeError from error
    if prefix != _PREFIX or len(secret) != 16 or len(fingerprint) != 32:
        raise NotAnEnrolmentCodeError
    return EnrolmentCode(secret, fingerprint)


class EnrolmentRequest(WireModel):
    """The public half of the gateway's key, and proof that it holds the other: a signature over `proof_message`."""

    secret: Annotated[str, Field(min_length=26, max_length=26)]
    public_key: Annotated[str, Field(min_length=44, max_length=44)]
    proof: Annotated[str, Field(min_length=88, max_length=88)]
    installation_id: TopicId
    software: ShortText


class BrokerAccess(WireModel):
    """How the gateway reaches the broker. The user name is the gateway id."""

    url: Annotated[str, Field(pattern=r"^mqtts?://")]
    password: Annotated[str, Field(min_length=16, max_length=128)]
    ca_pem: Annotated[str, Field(max_length=20_000)] | None = None


class EnrolmentAnswer(WireModel):
    """All that a gateway must keep. The same code with the same key gets the same answer again."""

    gateway_id: TopicId
    broker: BrokerAccess
    key_set: dict[str, Any]
    server_time: Instant


def proof_message(secret: str, public_key: str) -> bytes:
    """What the new key signs, so that nobody enrols a key he does not hold."""
    return f"tallylight enrolment\n{secret}\n{public_key}".encode()


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode().rstrip("=")


def _from_base32(text: str) -> bytes:
    return base64.b32decode(text + "=" * (-len(text) % 8))
