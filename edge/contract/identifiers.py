"""Identifiers: which form they have, and how a clip gets its name from its content."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated

from pydantic import StringConstraints

_TOPIC_ID = re.compile(r"[a-z0-9-]{8,40}")

TopicId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{8,40}$")]
"""An id made by us that may stand in a topic: no wildcard, no separator, no capital."""
ClipId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""First 128 bits of SHA-256 over (size, sha256) in lower-case hex: one content, one id."""
Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FieldNumber = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A number of the field (device, officer, duty, case) as given. Data only: never in a topic, never in a path."""
FileName = Annotated[str, StringConstraints(min_length=1, max_length=1024)]
"""A name or path as the device gave it. Data only."""


class NotATopicIdError(ValueError):
    """The text may not stand in a topic; whoever sent it is not one of ours."""

    def __init__(self, *, text: str) -> None:
        super().__init__(f"{text[:60]!r} is not an id of 8 to 40 of a-z, 0-9 and -")
        self.text = text


def checked_topic_id(text: str) -> str:
    """`text` if it may stand in a topic, else NotATopicIdError."""
    if _TOPIC_ID.fullmatch(text) is None:
        raise NotATopicIdError(text=text)
    return text


def clip_id_of(size_bytes: int, sha256_hex: str) -> str:
    """The id of a content: the first 128 bits of SHA-256 over its size (8 bytes, big endian) and its SHA-256."""
    return hashlib.sha256(size_bytes.to_bytes(8, "big") + bytes.fromhex(sha256_hex)).hexdigest()[:32]


def key_id_of(public_key: bytes) -> str:
    """The id of an Ed25519 public key (32 raw bytes): the first 128 bits of its SHA-256, lower-case hex."""
    return hashlib.sha256(public_key).hexdigest()[:32]


def gateway_id_of(token: bytes) -> str:
    """A gateway id from 8 random bytes."""
    return f"gw-{token.hex()}"


def worker_id_of(token: bytes) -> str:
    """A worker id from 8 random bytes; new at every start, so that chunks for a dead worker reach nobody."""
    return f"wk-{token.hex()}"
