"""The server's keys as a gateway holds them: one key set, which only a key in use of that very set can replace."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog
from pydantic import ValidationError

from edge.contract.dsse import NotAnEnvelopeError, SignatureRefusedError, read_envelope
from edge.contract.instants import UtcMicros
from edge.contract.keyset import KeySet, open_key_set
from edge.platform.signing import PublicKeys

log = structlog.get_logger(__name__)


class KeyRing:
    """Satisfies `edge.contract.dsse.Verifier`. For any thread."""

    def __init__(self, held: KeySet, *, keep: Callable[[bytes], None]) -> None:
        """`keep` makes a newer set's envelope durable before it counts; it may raise OSError, then nothing changes."""
        self._held, self._keep = held, keep
        self._keys = verifier_of(held)
        self._lock = threading.Lock()

    @property
    def held(self) -> KeySet:
        """The set in force."""
        return self._held

    def knows(self, key_id: str) -> bool:
        """Whether the key is of this server, in use or past."""
        return self._held.key(key_id) is not None

    def verify(self, key_id: str, message: bytes, signature: bytes) -> None:
        """Raises SignatureRefusedError for an unknown key or a wrong signature."""
        self._keys.verify(key_id, message, signature)

    def may_have_signed(self, key_id: str, at_us: UtcMicros | None) -> bool:
        """Whether the key was in use then; None: now."""
        return self._held.may_have_signed(key_id, at_us)

    def follow(self, envelopes: Iterable[Mapping[str, Any]]) -> bool:
        """Go from set to set as far as each is signed by a key in use of the one before. Whether a newer one is held.

        Raises OSError where it could not be kept.
        """
        with self._lock:
            before = self._held.number
            for envelope in envelopes:
                self._step(json.dumps(envelope, separators=(",", ":")).encode())
            return self._held.number > before

    def _step(self, envelope: bytes) -> None:
        try:
            named = KeySet.model_validate_json(read_envelope(envelope).payload)
            if named.number <= self._held.number:
                return
            later = open_key_set(envelope, self._keys)
            signed_by = read_envelope(envelope).key_id
        except (NotAnEnvelopeError, SignatureRefusedError, ValidationError) as error:
            log.warning("key_set_refused", why=type(error).__name__)
            return
        if not (self._held.is_followed_by(later) and self._held.may_have_signed(signed_by, None)):
            log.warning("key_set_refused", why="it does not follow the one held", number=later.number)
            return
        self._keep(envelope)
        self._held, self._keys = later, verifier_of(later)
        log.info("key_set_taken", number=later.number)


def verifier_of(key_set: KeySet) -> PublicKeys:
    """All keys of a set, past ones too: old receipts stay verifiable."""
    return PublicKeys({key.key_id: key.public_bytes for key in key_set.keys})
