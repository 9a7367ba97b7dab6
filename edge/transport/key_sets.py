"""What a message of the server says of keys, read before anything is believed: each key set then proves itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edge.contract.dsse import NotAnEnvelopeError, read_envelope
from edge.contract.wire_model import MAX_CONTROL_BYTES

_MOST = 20


def signing_key_of(payload: bytes) -> str | None:
    """The key that an envelope names; None where the message is not signed."""
    try:
        return read_envelope(payload).key_id if len(payload) <= MAX_CONTROL_BYTES else None
    except NotAnEnvelopeError:
        return None


def key_sets_in(register: bytes) -> list[Mapping[str, Any]]:
    """The key sets that a register brings, oldest first; none where it cannot be read."""
    if len(register) > MAX_CONTROL_BYTES:
        return []
    try:
        data = json.loads(read_envelope(register).payload)["data"]
        found = data.get("key_sets", [])
    except (NotAnEnvelopeError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
    return [item for item in found[:_MOST] if isinstance(item, dict)] if isinstance(found, list) else []
