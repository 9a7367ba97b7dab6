"""A forged, altered, foreign or unreadable message changes nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.dsse import NotAnEnvelopeError, SignatureRefusedError, read_envelope
from edge.contract.events import MessageRefusedError, UnknownVersionError, open_down, open_up
from edge.contract.manifest import ManifestKeyMismatchError, open_manifest, sign_manifest
from edge.contract.topics import DownKind, UpKind
from edge.contract.wire_model import MAX_CONTROL_BYTES
from edge.platform.signing import PublicKeys
from tests.contract.samples import (
    GATEWAY,
    GATEWAY_KEY,
    GATEWAY_KEYS,
    SERVER_KEY,
    SERVER_KEYS,
    golden_messages,
    manifest,
)

MESSAGES = golden_messages()
SIGNED_UP = ["hello", "report-clip", "report-docking", "events", "offer"]
SIGNED_DOWN = ["receipt", "refusal-permanent", "noted", "register"]


def kind_of(name: str) -> str:
    return name.split("-", maxsplit=1)[0]


def open_any(name: str, raw: bytes, *, gateway_id: str = GATEWAY) -> None:
    if name in SIGNED_UP or kind_of(name) in {"status", "holding"}:
        open_up(raw, UpKind(kind_of(name)), gateway_id=gateway_id, verifier=GATEWAY_KEYS)
    else:
        open_down(raw, DownKind(kind_of(name)), gateway_id=gateway_id, verifier=SERVER_KEYS)


def refused(name: str, raw: bytes, *, gateway_id: str = GATEWAY) -> str:
    with pytest.raises(MessageRefusedError) as error:
        open_any(name, raw, gateway_id=gateway_id)
    return error.value.reason


def with_payload(raw: bytes, change: Callable[[dict[str, object]], None]) -> bytes:
    """The envelope with another payload under the old signature."""
    document = json.loads(raw)
    event = json.loads(base64.b64decode(document["payload"]))
    change(event)
    document["payload"] = base64.b64encode(json.dumps(event).encode()).decode()
    return json.dumps(document, separators=(",", ":")).encode()


@pytest.mark.parametrize("name", [*SIGNED_UP, *SIGNED_DOWN])
def test_an_altered_payload_is_refused(name: str) -> None:
    def later(event: dict[str, object]) -> None:
        event["time"] = "2027-01-01T00:00:00Z"

    assert refused(name, with_payload(MESSAGES[name], later)) == "bad_signature"


@pytest.mark.parametrize("name", [*SIGNED_UP, *SIGNED_DOWN])
def test_the_bare_payload_of_a_signed_message_is_refused(name: str) -> None:
    assert refused(name, read_envelope(MESSAGES[name]).payload) == "unsigned"


@pytest.mark.parametrize("name", SIGNED_UP)
def test_a_gateway_message_signed_by_a_stranger_is_refused(name: str) -> None:
    stranger = PublicKeys({SERVER_KEY.key_id: SERVER_KEY.public_bytes})
    with pytest.raises(MessageRefusedError, match="unknown key"):
        open_up(MESSAGES[name], UpKind(kind_of(name)), gateway_id=GATEWAY, verifier=stranger)


@pytest.mark.parametrize("name", SIGNED_DOWN)
def test_a_server_message_signed_by_a_gateway_is_refused(name: str) -> None:
    with pytest.raises(MessageRefusedError, match="unknown key"):
        open_down(MESSAGES[name], DownKind(kind_of(name)), gateway_id=GATEWAY, verifier=GATEWAY_KEYS)


NOT_A_RECEIPT = [name for name in SIGNED_DOWN if kind_of(name) != DownKind.RECEIPT]


@pytest.mark.parametrize("name", [*SIGNED_UP, *NOT_A_RECEIPT, "status", "holding", "grant", "have", "refusal-busy"])
def test_a_message_of_another_gateway_is_refused(name: str) -> None:
    assert refused(name, MESSAGES[name], gateway_id="gw-ffffffffffffffff") == "wrong_gateway"


def test_a_receipt_serves_every_gateway_that_holds_the_same_content() -> None:
    opened = open_down(MESSAGES["receipt"], DownKind.RECEIPT, gateway_id="gw-ffffffffffffffff", verifier=SERVER_KEYS)
    assert opened.signed


def test_a_message_under_the_topic_of_another_kind_is_refused() -> None:
    with pytest.raises(MessageRefusedError) as error:
        open_up(MESSAGES["hello"], UpKind.OFFER, gateway_id=GATEWAY, verifier=GATEWAY_KEYS)
    assert error.value.reason == "wrong_kind"


@pytest.mark.parametrize("name", ["grant", "have", "refusal-busy", "status"])
def test_another_major_version_is_refused_by_name(name: str) -> None:
    document = json.loads(MESSAGES[name])
    document["type"] = document["type"].replace("v1", "v2")
    with pytest.raises(UnknownVersionError) as error:
        open_any(name, json.dumps(document).encode())
    assert error.value.major == 2


def test_a_permanent_refusal_without_a_signature_is_refused() -> None:
    assert refused("refusal-permanent", read_envelope(MESSAGES["refusal-permanent"]).payload) == "unsigned"


def test_an_oversize_message_is_refused_before_it_is_read() -> None:
    assert refused("hello", b"{" + b" " * MAX_CONTROL_BYTES) == "too_large"


@pytest.mark.parametrize(
    "raw", [b"", b"null", b"[]", b"{}", b'{"payloadType":1}', b'{"payloadType":"x","payload":"!","signatures":[]}',
            b"[" * 100_000, b"\xff\xfe", b'{"payloadType":"' + b"a" * 50]
)  # fmt: skip
def test_what_is_no_message_is_unreadable_and_nothing_worse(raw: bytes) -> None:
    assert refused("hello", raw) == "unreadable"


@given(st.integers(0, len(MESSAGES["receipt"]) - 1), st.integers(0, 7))
def test_a_flipped_bit_in_a_receipt_is_refused_or_changes_nothing(place: int, bit: int) -> None:
    raw = bytearray(MESSAGES["receipt"])
    raw[place] ^= 1 << bit
    whole = open_down(MESSAGES["receipt"], DownKind.RECEIPT, gateway_id=GATEWAY, verifier=SERVER_KEYS)
    try:
        opened = open_down(bytes(raw), DownKind.RECEIPT, gateway_id=GATEWAY, verifier=SERVER_KEYS)
    except MessageRefusedError:
        return
    assert opened.data == whole.data


def test_a_refusal_does_not_repeat_the_rejected_input() -> None:
    document = json.loads(MESSAGES["status"])
    document["data"]["waiting_clips"] = "a-name-nobody-may-see"
    with pytest.raises(MessageRefusedError) as error:
        open_any("status", json.dumps(document).encode())
    assert "a-name-nobody-may-see" not in str(error.value)


def test_a_manifest_that_names_another_key_is_refused() -> None:
    other = manifest().model_copy(update={"key_id": "0" * 32})
    with pytest.raises(ManifestKeyMismatchError):
        open_manifest(sign_manifest(other, GATEWAY_KEY), GATEWAY_KEYS)


def test_a_manifest_is_no_message() -> None:
    assert refused("offer", MESSAGES["manifest"]) == "unreadable"
    with pytest.raises((NotAnEnvelopeError, SignatureRefusedError)):
        open_manifest(MESSAGES["offer"], GATEWAY_KEYS)
