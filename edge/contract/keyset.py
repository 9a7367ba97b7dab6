"""The server's key set: which keys sign receipts, and when. A new set is signed by a key of the old one."""

from __future__ import annotations

import base64
from typing import Annotated, Literal

from pydantic import Field

from edge.contract.dsse import KEY_SET_PAYLOAD_TYPE, Signer, Verifier, sign_envelope, verified_payload
from edge.contract.instants import Instant, UtcMicros
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

    def key(self, key_id: str) -> ServerKey | None:
        """The key of that id, in use or past."""
        return next((key for key in self.keys if key.key_id == key_id), None)

    def may_have_signed(self, key_id: str, at_us: UtcMicros | None) -> bool:
        """Whether the key was in use at that moment; None: whether it is in use now."""
        key = self.key(key_id)
        return key is not None and (key.until is None or (at_us is not None and at_us < key.until))

    def is_followed_by(self, later: KeySet) -> bool:
        """Whether a set keeps what this one says of its keys: none disappears, changes or comes to life again."""
        kept = all((found := later.key(key.key_id)) and _goes_on(key, found) for key in self.keys)
        return later.number == self.number + 1 and kept


def _goes_on(before: ServerKey, after: ServerKey) -> bool:
    ended_as_it_did = before.until is None or before.until == after.until
    return ended_as_it_did and (before.public_key, before.since) == (after.public_key, after.since)


def sign_key_set(key_set: KeySet, signer: Signer) -> bytes:
    """The key set's envelope as JSON bytes."""
    return sign_envelope(KEY_SET_PAYLOAD_TYPE, key_set.model_dump_json().encode(), signer)


def open_key_set(envelope: bytes, verifier: Verifier) -> KeySet:
    """The key set once the signature stands. Raises as `verified_payload`, or pydantic's ValidationError."""
    payload, _ = verified_payload(envelope, KEY_SET_PAYLOAD_TYPE, verifier)
    return KeySet.model_validate_json(payload)
