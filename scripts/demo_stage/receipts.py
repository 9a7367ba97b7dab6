"""Checking every receipt as a stranger would: with the published keys and the bytes of the file, trusting no page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.contract.dsse import read_envelope
from edge.contract.events import open_down
from edge.contract.identifiers import clip_id_of
from edge.contract.keyset import KeySet, open_key_set
from edge.contract.messages import Receipt
from edge.contract.sentences import sentence
from edge.contract.topics import DownKind
from edge.platform.signing import PublicKeys


class ReceiptWrongError(Exception):
    """A receipt does not say what it must."""

    def __init__(self, *, clip_id: str, why: str) -> None:
        super().__init__(sentence("demo_receipt", "receipt of clip {clip}: {why}", clip=clip_id, why=why))
        self.clip_id, self.why = clip_id, why


def server_keys(envelope: bytes) -> PublicKeys:
    """The keys of a key set that one of its own keys has signed. Raises SignatureRefusedError."""
    claimed = KeySet.model_validate_json(read_envelope(envelope).payload)
    keys = PublicKeys({key.key_id: key.public_bytes for key in claimed.keys})
    open_key_set(envelope, keys)
    return keys


def same_keys(published: bytes, pinned_file: Path) -> bool:
    """Whether the published keys are those that the gateway received when it enrolled."""
    pinned = read_envelope(pinned_file.read_bytes()).payload
    key_ids = [{key["key_id"] for key in json.loads(payload)["keys"]} for payload in (
        read_envelope(published).payload, pinned)]  # fmt: skip
    return key_ids[0] == key_ids[1]


def check_receipt(raw: bytes, keys: PublicKeys, *, clip_id: str, sha256: str, size_bytes: int) -> Receipt:
    """The receipt, once signature, clip, size and hash stand. Raises ReceiptWrongError or MessageRefusedError."""
    gateway_id = _gateway_named(raw)
    receipt = open_down(raw, DownKind.RECEIPT, gateway_id=gateway_id, verifier=keys).data
    if not isinstance(receipt, Receipt):
        raise ReceiptWrongError(clip_id=clip_id, why=sentence("demo_receipt_message", "it is another message"))
    if receipt.clip_id != clip_id or clip_id != clip_id_of(size_bytes, sha256):
        raise ReceiptWrongError(clip_id=clip_id, why=sentence("demo_receipt_clip", "it is about another clip"))
    if (receipt.sha256, receipt.size_bytes) != (sha256, size_bytes):
        why = sentence("demo_receipt_hash", "it names another hash or size than the file has")
        raise ReceiptWrongError(clip_id=clip_id, why=why)
    return receipt


def _gateway_named(raw: bytes) -> str:
    payload: Mapping[str, Any] = json.loads(read_envelope(raw).payload)
    return str(payload["gatewayid"])
