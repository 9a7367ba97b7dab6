"""DSSE envelopes: a payload, its type, and an Ed25519 signature over both; the signed bytes are kept as they came.

Source: DSSE v1.0 (pre-authentication encoding), github.com/secure-systems-lab/dsse.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Protocol

EVENT_PAYLOAD_TYPE = "application/cloudevents+json"
MANIFEST_PAYLOAD_TYPE = "application/vnd.tallylight.manifest+json"
KEY_SET_PAYLOAD_TYPE = "application/vnd.tallylight.keyset+json"


class Signer(Protocol):
    """Holds one Ed25519 private key."""

    @property
    def key_id(self) -> str: ...

    def sign(self, message: bytes) -> bytes: ...


class Verifier(Protocol):
    """Knows public keys. `verify` raises SignatureRefusedError where the key is unknown or the signature wrong."""

    def verify(self, key_id: str, message: bytes, signature: bytes) -> None: ...


class NotAnEnvelopeError(ValueError):
    """The bytes are no DSSE envelope with exactly one signature; the message is set aside."""

    def __init__(self, *, why: str) -> None:
        super().__init__(f"not a signed envelope: {why}")
        self.why = why


class SignatureRefusedError(Exception):
    """The signature does not stand; nothing in the message may be believed."""

    def __init__(self, *, key_id: str, why: str) -> None:
        super().__init__(f"signature by key {key_id[:40]!r} refused: {why}")
        self.key_id, self.why = key_id, why


@dataclass(frozen=True, slots=True)
class Envelope:
    """A read, not yet verified envelope. `key_id` is only a hint."""

    payload_type: str
    payload: bytes
    key_id: str
    signature: bytes


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def sign_envelope(payload_type: str, payload: bytes, signer: Signer) -> bytes:
    """The envelope as JSON bytes."""
    signature = signer.sign(pre_authentication_encoding(payload_type, payload))
    document = {
        "payloadType": payload_type,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [{"keyid": signer.key_id, "sig": base64.b64encode(signature).decode()}],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def read_envelope(data: bytes) -> Envelope:
    """The parts of an envelope. Raises NotAnEnvelopeError; believes nothing."""
    try:
        document = json.loads(data)
        (signed,) = document["signatures"]
        parts = document["payloadType"], document["payload"], signed["keyid"], signed["sig"]
        if not all(isinstance(part, str) for part in parts):
            raise NotAnEnvelopeError(why="a field is not text")
        kind, payload, key_id, signature = parts
        return Envelope(
            kind, base64.b64decode(payload, validate=True), key_id, base64.b64decode(signature, validate=True)
        )
    except (KeyError, TypeError, ValueError, RecursionError, binascii.Error) as error:
        if isinstance(error, NotAnEnvelopeError):
            raise
        raise NotAnEnvelopeError(why=f"{type(error).__name__}") from error


def verified_payload(data: bytes, payload_type: str, verifier: Verifier) -> tuple[bytes, str]:
    """The payload of an envelope and the key that signed it, once the signature stands.

    Raises NotAnEnvelopeError or SignatureRefusedError.
    """
    envelope = read_envelope(data)
    if envelope.payload_type != payload_type:
        raise NotAnEnvelopeError(why=f"payload type {envelope.payload_type[:60]!r}, expected {payload_type!r}")
    message = pre_authentication_encoding(envelope.payload_type, envelope.payload)
    verifier.verify(envelope.key_id, message, envelope.signature)
    return envelope.payload, envelope.key_id
