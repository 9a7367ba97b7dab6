"""CloudEvents 1.0 in structured JSON mode, bare or as the payload of a DSSE envelope, with a version.

Source: CloudEvents specification 1.0.2 (attributes, extension names in lower case).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from edge.contract.dsse import (
    EVENT_PAYLOAD_TYPE,
    NotAnEnvelopeError,
    SignatureRefusedError,
    Signer,
    Verifier,
    sign_envelope,
    verified_payload,
)
from edge.contract.identifiers import TopicId
from edge.contract.instants import Instant, UtcMicros
from edge.contract.messages import DOWN_MODELS, SIGNED_DOWN, SIGNED_UP, UP_MODELS, Refusal
from edge.contract.topics import DownKind, UpKind
from edge.contract.wire_model import MAX_CONTROL_BYTES, WireModel

MAJOR_VERSION = 1
_TYPE = re.compile(r"tallylight\.v(?P<major>\d{1,4})\.(?P<kind>[a-z]{2,20})")


class MessageRefusedError(Exception):
    """A message that cannot be believed or read. It is set aside with the reason; nothing else changes."""

    def __init__(self, *, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


class UnknownVersionError(MessageRefusedError):
    """The peer speaks another major version; one of the two must be updated."""

    def __init__(self, *, major: int) -> None:
        super().__init__(
            reason="unknown_version",
            detail=f"message of version {major}, this program reads {MAJOR_VERSION}: update the older of the two",
        )
        self.major = major


class CloudEvent(WireModel):
    """The attributes used here. `gatewayid` is the gateway it concerns, whichever way it goes."""

    specversion: Literal["1.0"] = "1.0"
    id: Annotated[str, Field(min_length=1, max_length=128)]
    source: Annotated[str, Field(min_length=1, max_length=128)]
    type: Annotated[str, Field(max_length=64)]
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"
    gatewayid: TopicId
    keyid: Annotated[str, Field(max_length=64)] | None = None
    bootid: TopicId | None = None
    counter: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    data: dict[str, object]


@dataclass(frozen=True, slots=True)
class Opened:
    """A message that was read and, where its kind demands it, verified. `raw` are the bytes as they came."""

    kind: UpKind | DownKind
    event: CloudEvent
    data: WireModel
    raw: bytes
    signed: bool


def up_event(
    kind: UpKind,
    data: WireModel,
    *,
    gateway_id: str,
    boot_id: str,
    counter: int,
    now_us: UtcMicros,
    signer: Signer,
) -> bytes:
    """A gateway's message as bytes for the wire: signed where its kind demands it, else bare."""
    event = CloudEvent(
        id=f"{boot_id}.{counter}",
        source=f"/gateways/{gateway_id}",
        type=f"tallylight.v{MAJOR_VERSION}.{kind}",
        time=now_us,
        gatewayid=gateway_id,
        keyid=signer.key_id if kind in SIGNED_UP else None,
        bootid=boot_id,
        counter=counter,
        data=data.model_dump(mode="json"),
    )
    return _encode(event, signer if kind in SIGNED_UP else None)


def down_event(
    kind: DownKind, data: WireModel, *, gateway_id: str, event_id: str, now_us: UtcMicros, signer: Signer
) -> bytes:
    """The server's message as bytes for the wire. A refusal is signed exactly when it is permanent."""
    signed = kind in SIGNED_DOWN or (isinstance(data, Refusal) and data.permanent)
    event = CloudEvent(
        id=event_id,
        source="/server",
        type=f"tallylight.v{MAJOR_VERSION}.{kind}",
        time=now_us,
        gatewayid=gateway_id,
        keyid=signer.key_id if signed else None,
        data=data.model_dump(mode="json"),
    )
    return _encode(event, signer if signed else None)


def open_up(raw: bytes, kind: UpKind, *, gateway_id: str, verifier: Verifier) -> Opened:
    """A gateway's message, believed only if topic, payload and signature name the same gateway and kind.

    Raises MessageRefusedError with the reason: too_large, unreadable, bad_signature, unsigned, unknown_version,
    wrong_kind, wrong_gateway, wrong_key, no_counter, bad_data.
    """
    event, signed = _read(raw, verifier)
    if kind in SIGNED_UP:
        if not signed:
            raise MessageRefusedError(reason="unsigned", detail=f"{kind} must be signed")
        if event.bootid is None or event.counter is None:
            raise MessageRefusedError(reason="no_counter", detail=f"{kind} carries no boot id and counter")
    return _checked(raw, event, kind, UP_MODELS[kind], gateway_id, signed)


def open_down(raw: bytes, kind: DownKind, *, gateway_id: str, verifier: Verifier) -> Opened:
    """The server's message; the same rules. A permanent refusal without a signature is refused.

    A receipt may name another gateway: it says that a content is sealed, and its stored bytes go to whoever offers it.
    """
    event, signed = _read(raw, verifier)
    if kind in SIGNED_DOWN and not signed:
        raise MessageRefusedError(reason="unsigned", detail=f"{kind} must be signed")
    owner = event.gatewayid if kind is DownKind.RECEIPT else gateway_id
    opened = _checked(raw, event, kind, DOWN_MODELS[kind], owner, signed)
    if isinstance(opened.data, Refusal) and opened.data.permanent and not signed:
        raise MessageRefusedError(reason="unsigned", detail="a permanent refusal must be signed")
    return opened


def _encode(event: CloudEvent, signer: Signer | None) -> bytes:
    payload = event.model_dump_json(exclude_none=False).encode()
    return payload if signer is None else sign_envelope(EVENT_PAYLOAD_TYPE, payload, signer)


def _read(raw: bytes, verifier: Verifier) -> tuple[CloudEvent, bool]:
    if len(raw) > MAX_CONTROL_BYTES:
        raise MessageRefusedError(reason="too_large", detail=f"{len(raw)} bytes, limit {MAX_CONTROL_BYTES}")
    signed = b'"payloadType"' in raw[:200]
    payload, key_id = raw, None
    if signed:
        try:
            payload, key_id = verified_payload(raw, EVENT_PAYLOAD_TYPE, verifier)
        except NotAnEnvelopeError as error:
            raise MessageRefusedError(reason="unreadable", detail=str(error)) from error
        except SignatureRefusedError as error:
            raise MessageRefusedError(reason="bad_signature", detail=str(error)) from error
    try:
        event = CloudEvent.model_validate_json(payload)
    except (ValidationError, RecursionError) as error:
        raise MessageRefusedError(reason="unreadable", detail=_brief(error)) from error
    if signed and event.keyid != key_id:
        raise MessageRefusedError(
            reason="wrong_key", detail="the message names another key than the one that signed it"
        )
    return event, signed


def _checked(
    raw: bytes, event: CloudEvent, kind: UpKind | DownKind, model: type[WireModel], gateway_id: str, signed: bool
) -> Opened:
    match = _TYPE.fullmatch(event.type)
    if match is None:
        raise MessageRefusedError(reason="wrong_kind", detail=f"type {event.type!r}")
    if int(match["major"]) != MAJOR_VERSION:
        raise UnknownVersionError(major=int(match["major"]))
    if match["kind"] != kind.value:
        raise MessageRefusedError(reason="wrong_kind", detail=f"type {event.type!r} under topic kind {kind}")
    if event.gatewayid != gateway_id:
        raise MessageRefusedError(reason="wrong_gateway", detail=f"message of {event.gatewayid} under {gateway_id}")
    try:
        data = model.model_validate(event.data)
    except ValidationError as error:
        raise MessageRefusedError(reason="bad_data", detail=_brief(error)) from error
    return Opened(kind, event, data, raw, signed)


def _brief(error: ValidationError | RecursionError) -> str:
    """Where and what, without the rejected input: it may hold what a log must not."""
    if isinstance(error, RecursionError):
        return "nested too deeply"
    first = error.errors(include_input=False, include_url=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
