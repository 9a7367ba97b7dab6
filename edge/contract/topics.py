"""Topics `tl/v1`: who writes what where. Ids in topics are made by us and match `[a-z0-9-]{8,40}`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from edge.contract.identifiers import checked_topic_id

ROOT = "tl/v1"


class UpKind(StrEnum):
    """Control messages from a gateway."""

    HELLO = "hello"
    STATUS = "status"
    REPORT = "report"
    EVENTS = "events"
    OFFER = "offer"
    HOLDING = "holding"


class DownKind(StrEnum):
    """Control messages to a gateway."""

    GRANT = "grant"
    HAVE = "have"
    RECEIPT = "receipt"
    REFUSAL = "refusal"
    NOTED = "noted"
    REGISTER = "register"


class ForeignTopicError(ValueError):
    """The topic is none of ours, or malformed; the message is set aside."""

    def __init__(self, *, topic: str) -> None:
        super().__init__(f"topic {topic[:120]!r} is not part of {ROOT}")
        self.topic = topic


@dataclass(frozen=True, slots=True)
class UpTopic:
    """`tl/v1/up/{gateway}/{kind}`"""

    gateway_id: str
    kind: UpKind

    def __str__(self) -> str:
        return f"{ROOT}/up/{self.gateway_id}/{self.kind}"


@dataclass(frozen=True, slots=True)
class DownTopic:
    """`tl/v1/down/{gateway}/{kind}`"""

    gateway_id: str
    kind: DownKind

    def __str__(self) -> str:
        return f"{ROOT}/down/{self.gateway_id}/{self.kind}"


@dataclass(frozen=True, slots=True)
class ChunkTopic:
    """`tl/v1/data/{worker}/{gateway}/{upload}/{index}/{check}`; check is the first 64 bits of the chunk's BLAKE3."""

    worker_id: str
    gateway_id: str
    upload: int
    index: int
    check: str

    def __str__(self) -> str:
        return f"{ROOT}/data/{self.worker_id}/{self.gateway_id}/{self.upload}/{self.index}/{self.check}"


def parse_topic(topic: str) -> UpTopic | DownTopic | ChunkTopic:
    """What a topic says. Raises ForeignTopicError for anything that is not exactly one of ours."""
    parts = topic.split("/")
    try:
        match parts:
            case ["tl", "v1", "up", gateway, kind]:
                return UpTopic(checked_topic_id(gateway), UpKind(kind))
            case ["tl", "v1", "down", gateway, kind]:
                return DownTopic(checked_topic_id(gateway), DownKind(kind))
            case ["tl", "v1", "data", worker, gateway, upload, index, check]:
                return ChunkTopic(
                    checked_topic_id(worker),
                    checked_topic_id(gateway),
                    _number(upload),
                    _number(index),
                    _check(check),
                )
    except ValueError as error:
        raise ForeignTopicError(topic=topic) from error
    raise ForeignTopicError(topic=topic)


def server_subscriptions(worker_id: str) -> list[str]:
    """What an ingest worker listens to: every gateway's control, and chunks for its own lane."""
    return [f"{ROOT}/up/#", f"{ROOT}/data/{worker_id}/#"]


def gateway_subscription(gateway_id: str) -> str:
    """What a gateway listens to."""
    return f"{ROOT}/down/{gateway_id}/#"


def gateway_may_publish(gateway_id: str, topic: str) -> bool:
    """The publish rule of a gateway: its own `up` and its own lane in any worker's data."""
    parts = topic.split("/")
    if parts[:2] != ["tl", "v1"] or len(parts) < 5:
        return False
    return (parts[2] == "up" and parts[3] == gateway_id) or (parts[2] == "data" and parts[4] == gateway_id)


def gateway_may_subscribe(gateway_id: str, pattern: str) -> bool:
    """The subscribe rule of a gateway: its own `down` and nothing wider."""
    own = f"{ROOT}/down/{gateway_id}"
    return pattern == f"{own}/#" or (pattern.startswith(f"{own}/") and not set(pattern[len(own) :]) & {"+", "#"})


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError(text)
    return int(text)


def _check(text: str) -> str:
    if len(text) != 16 or set(text) - set("0123456789abcdef"):
        raise ValueError(text)
    return text
