"""The manifest: the gateway's signed statement about a clip. Its own envelope, so that it can be exported alone."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from edge.contract.dsse import MANIFEST_PAYLOAD_TYPE, Signer, Verifier, sign_envelope, verified_payload
from edge.contract.identifiers import FieldNumber, FileName, Sha256Hex, TopicId, clip_id_of
from edge.contract.inspection import Inspection
from edge.contract.instants import Instant
from edge.contract.wire_model import Count, ShortText, WholeNumber, WireInterval, WireModel


class StartSource(StrEnum):
    """Where a clip's start time comes from, best first."""

    SIDECAR = "sidecar"
    NAME = "name"
    CONTAINER = "container"
    MTIME = "mtime"
    NONE = "none"


class ClockReading(WireModel):
    """A device's clock against the gateway's, measured at docking before it is set.

    offset_us = device - gateway; corrected time = original - offset. Applied only while the gateway is synchronised.
    """

    offset_us: WholeNumber
    uncertainty_us: Count
    measured: Instant
    gateway_synchronised: bool


class TimeStatement(WireModel):
    """One source's word about the start, on the device's own clock."""

    source: StartSource
    start: Instant
    uncertainty_us: Count


class Capture(WireModel):
    """When the clip was recorded, on the device's own clock (originals are never rewritten)."""

    start: Instant | None
    start_source: StartSource
    uncertainty_us: Count
    time_zone: Annotated[str, Field(max_length=64)]
    recorded: Annotated[tuple[WireInterval, ...], Field(max_length=2000)] = ()
    statements: Annotated[tuple[TimeStatement, ...], Field(max_length=8)] = ()


class CertificateCheck(WireModel):
    """What the gateway's register says about one function over the whole capture; preliminary."""

    function: Annotated[str, Field(max_length=32)]
    state: Annotated[str, Field(max_length=32)]
    number: ShortText | None = None
    register_number: Count


class Sighting(WireModel):
    """One meeting of a gateway with a clip's content."""

    sighting_id: TopicId
    device: FieldNumber | None
    file_name: FileName
    path: FileName
    source: Annotated[str, Field(max_length=64)]
    docking_id: TopicId
    landed: Instant
    modified: Instant
    sequence: WholeNumber | None = None
    recording: FieldNumber | None = None
    flagged: bool = False


class Manifest(WireModel):
    """The signed statement. `clip_id` follows from size and SHA-256."""

    kind: Literal["manifest"] = "manifest"
    version: Annotated[str, Field(pattern=r"^1(\.\d+)?$")] = "1"
    gateway_id: TopicId
    key_id: str
    boot_id: TopicId
    counter: Count
    size_bytes: Annotated[int, Field(ge=0, le=1 << 50)]
    sha256: Sha256Hex
    sighting: Sighting
    capture: Capture
    clock: ClockReading | None = None
    inspection: Inspection
    certificates: Annotated[tuple[CertificateCheck, ...], Field(max_length=20)] = ()

    @property
    def clip_id(self) -> str:
        """The id of the content."""
        return clip_id_of(self.size_bytes, self.sha256)


class ManifestKeyMismatchError(ValueError):
    """The manifest names another key or gateway than the one that signed it."""

    def __init__(self, *, named: str, actual: str) -> None:
        super().__init__(f"manifest names {named!r} but was signed by {actual!r}")
        self.named, self.actual = named, actual


def sign_manifest(manifest: Manifest, signer: Signer) -> bytes:
    """The manifest's envelope as JSON bytes."""
    return sign_envelope(MANIFEST_PAYLOAD_TYPE, manifest.model_dump_json().encode(), signer)


def open_manifest(envelope: bytes, verifier: Verifier) -> Manifest:
    """The manifest in an envelope once signature and key stand.

    Raises NotAnEnvelopeError, SignatureRefusedError, ManifestKeyMismatchError or pydantic's ValidationError.
    """
    payload, key_id = verified_payload(envelope, MANIFEST_PAYLOAD_TYPE, verifier)
    manifest = Manifest.model_validate_json(payload)
    if manifest.key_id != key_id:
        raise ManifestKeyMismatchError(named=manifest.key_id, actual=key_id)
    return manifest
