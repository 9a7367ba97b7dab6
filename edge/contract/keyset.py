"""The server's key set: which keys sign receipts, and when. A new set is signed by a key of the old one."""

from __future__ import annotations

import base64
from typing import Annotated, Literal

from pydantic import Field

from edge.contract.dsse import KEY_SET_PAYLOAD_TYPE, Signer, Verifier, sign_envelope, verified_payload
from edge.contract.instants import Instant
from edge.contract.wire_model import WireModel


class ServerKey(WireModel):
    """One Ed25519 public key, base64 of 32 bytes. `until` None: in use."""

    key_id: str
    public_key: Annotated[str, Field(min_length=44, max_length=44)]
    since: Instant
    until: Instant | None = None

    @property
    def public_bytes(self) -> bytes:
        """The 32 raw bytes."""
        return base64.b64decode(self.public_key, validate=True)


class KeySet(WireModel):
    """Numbered; a gateway takes only a higher number."""

    kind: Literal["keyset"] = "keyset"
    number: Annotated[int, Field(ge=1)]
    keys: Annotated[tuple[ServerKey, ...], Field(min_length=1, max_length=100)]


def sign_key_set(key_set: KeySet, signer: Signer) -> bytes:
    """The key set's envelope as JSON bytes."""
    return sign_envelope(KEY_SET_PAYLOAD_TYPE, key_set.model_dump_json().encode(), signer)


def open_key_set(envelope: bytes, verifier: Verifier) -> KeySet:
    """The key set once the signature stands. Raises as `verified_payload`, or pydantic's ValidationError."""
    payload, _ = verified_payload(envelope, KEY_SET_PAYLOAD_TYPE, verifier)
    return KeySet.model_validate_json(payload)
