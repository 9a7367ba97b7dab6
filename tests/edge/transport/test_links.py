"""What the links hand over, and what they set aside: nothing unsigned, forged or foreign is acted on."""

from __future__ import annotations

import base64
import json

import pytest

from edge.contract.events import Opened, down_event
from edge.contract.instants import UtcMicros
from edge.contract.keyset import KeySet, ServerKey, sign_key_set
from edge.contract.messages import Grant, Noted, NotedItem, Receipt, Refusal, Register
from edge.contract.topics import DownKind
from edge.contract.wire_model import WireModel
from edge.platform.key_ring import KeyRing
from edge.platform.mqtt import BrokerLogin
from edge.platform.signing import SigningKey
from edge.transport.links import GatewayLinks

NOW = UtcMicros(1_790_000_000_000_000)
GATEWAY = "gw-0123456789abcdef"
SERVER_KEY, STRANGER = SigningKey.generate(), SigningKey.generate()
CLIP = "0" * 32
KEY_SET = KeySet(
    number=1,
    keys=(
        ServerKey(key_id=SERVER_KEY.key_id, public_key=base64.b64encode(SERVER_KEY.public_bytes).decode(), since=NOW),
    ),
)

SIGNED: dict[DownKind, WireModel] = {
    DownKind.RECEIPT: Receipt(
        clip_id=CLIP,
        size_bytes=1,
        sha256="0" * 64,
        sealed=NOW,
        upload=1,
        gateway_id=GATEWAY,
        act_index=1,
        act_hash="0" * 64,
    ),
    DownKind.REFUSAL: Refusal(clip_id=CLIP, reason="hash_differs", permanent=True),
    DownKind.NOTED: Noted(items=(NotedItem(boot_id="boot-0001", counter=1),)),
    DownKind.REGISTER: Register(number=1, issued=NOW),
}


class Links(GatewayLinks):
    """Links that were never started, with what they handed over."""

    def __init__(self) -> None:
        self.believed: list[Opened] = []
        super().__init__(
            BrokerLogin("mqtt://127.0.0.1:1", GATEWAY, "secret"),
            gateway_id=GATEWAY,
            keys=KeyRing(KEY_SET, keep=lambda _envelope: None),
            on_message=self.believed.append,
            on_connected=lambda: None,
            steady_s=lambda: 0.0,
        )

    def hear(self, topic: str, payload: bytes) -> None:
        self._received(topic, payload)


def message(kind: DownKind, data: WireModel, *, key: SigningKey = SERVER_KEY, gateway: str = GATEWAY) -> bytes:
    return down_event(kind, data, gateway_id=gateway, event_id="x", now_us=NOW, signer=key)


@pytest.mark.parametrize("kind", SIGNED)
def test_what_the_server_signed_is_handed_over(kind: DownKind) -> None:
    links = Links()
    links.hear(f"tl/v1/down/{GATEWAY}/{kind}", message(kind, SIGNED[kind]))
    assert [opened.data for opened in links.believed] == [SIGNED[kind]]


@pytest.mark.parametrize("kind", SIGNED)
def test_what_a_stranger_signed_is_set_aside(kind: DownKind) -> None:
    links = Links()
    links.hear(f"tl/v1/down/{GATEWAY}/{kind}", message(kind, SIGNED[kind], key=STRANGER))
    assert links.believed == []
    assert links.set_aside == {"bad_signature": 1}


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        pytest.param(f"tl/v1/down/{GATEWAY}/grant", b"\xff\x00", "unreadable", id="bytes that are no message"),
        pytest.param(f"tl/v1/down/{GATEWAY}/grant", b"{}", "unreadable", id="JSON that is no event"),
        pytest.param(f"tl/v1/down/{GATEWAY}/grant", b"[" * 50_000, "unreadable", id="nested too deeply"),
        pytest.param(f"tl/v1/down/{GATEWAY}/grant", b"x" * 1_000_000, "too_large", id="too large"),
        pytest.param(f"tl/v1/down/{GATEWAY}/other", b"{}", "foreign_topic", id="a kind nobody knows"),
        pytest.param("tl/v1/down/gw-ffffffffffffffff/grant", b"{}", "foreign_topic", id="another gateway's topic"),
        pytest.param(f"tl/v1/up/{GATEWAY}/hello", b"{}", "foreign_topic", id="our own direction"),
        pytest.param("$SYS/broker/version", b"{}", "foreign_topic", id="none of ours"),
        pytest.param(
            f"tl/v1/down/{GATEWAY}/register",
            message(DownKind.REGISTER, SIGNED[DownKind.REGISTER], gateway="gw-ffffffffffffffff"),
            "wrong_gateway",
            id="another gateway's register",
        ),
        pytest.param(
            f"tl/v1/down/{GATEWAY}/noted",
            message(DownKind.REGISTER, SIGNED[DownKind.REGISTER]),
            "wrong_kind",
            id="a register under the topic of noted",
        ),
    ],
)
def test_what_cannot_be_believed_is_set_aside_with_its_reason(topic: str, payload: bytes, reason: str) -> None:
    links = Links()
    links.hear(topic, payload)
    assert links.believed == []
    assert links.set_aside == {reason: 1}


def test_a_grant_needs_no_signature_since_it_can_do_no_harm() -> None:
    links = Links()
    grant = Grant(clip_id=CLIP, upload=1, worker="wk-00000001", chunk_bytes=1024, window_bytes=1024)
    links.hear(f"tl/v1/down/{GATEWAY}/grant", message(DownKind.GRANT, grant))
    assert [opened.data for opened in links.believed] == [grant]


def test_without_a_connection_nothing_is_taken_and_no_room_is_lost() -> None:
    links = Links()
    room_bytes = links.room_bytes
    assert not links.send_chunk("wk-00000001", 1, 0, b"chunk", lambda: None)
    assert links.room_bytes == room_bytes


NEW_KEY = SigningKey.generate()


def after_a_rotation() -> Register:
    """What the register brings: the set with the new key, signed by the old one."""
    old = KEY_SET.keys[0].model_copy(update={"until": NOW})
    new = ServerKey(key_id=NEW_KEY.key_id, public_key=base64.b64encode(NEW_KEY.public_bytes).decode(), since=NOW)
    envelope = json.loads(sign_key_set(KeySet(number=2, keys=(old, new)), SERVER_KEY))
    return Register(number=2, issued=NOW, key_sets=(envelope,))


def hear_register(links: Links, *, key: SigningKey = NEW_KEY) -> None:
    links.hear(f"tl/v1/down/{GATEWAY}/register", message(DownKind.REGISTER, after_a_rotation(), key=key))


def test_a_receipt_under_a_new_key_waits_until_a_register_brings_that_key() -> None:
    links = Links()
    receipt = SIGNED[DownKind.RECEIPT]
    links.hear(f"tl/v1/down/{GATEWAY}/receipt", message(DownKind.RECEIPT, receipt, key=NEW_KEY))
    assert links.believed == []
    hear_register(links)
    assert [opened.data for opened in links.believed] == [receipt, after_a_rotation()]


@pytest.mark.parametrize("kind", [DownKind.NOTED, DownKind.REFUSAL, DownKind.REGISTER])
def test_once_a_key_is_past_nothing_new_is_believed_by_it(kind: DownKind) -> None:
    links = Links()
    hear_register(links)
    links.hear(f"tl/v1/down/{GATEWAY}/{kind}", message(kind, SIGNED[kind]))
    assert links.set_aside == {"ended_key": 1}


def test_a_receipt_from_before_the_rotation_stays_good_and_one_from_after_it_does_not() -> None:
    links = Links()
    hear_register(links)
    for sealed in (NOW - 1, NOW):
        receipt = SIGNED[DownKind.RECEIPT].model_copy(update={"sealed": sealed})
        links.hear(f"tl/v1/down/{GATEWAY}/receipt", message(DownKind.RECEIPT, receipt))
    assert len(links.believed) == 2
    assert links.set_aside == {"ended_key": 1}


def test_a_register_cannot_bring_a_key_that_the_one_in_use_did_not_sign() -> None:
    links = Links()
    forged = json.loads(sign_key_set(KeySet(number=2, keys=(KEY_SET.keys[0],)), STRANGER))
    register = Register(number=2, issued=NOW, key_sets=(forged,))
    links.hear(f"tl/v1/down/{GATEWAY}/register", message(DownKind.REGISTER, register, key=STRANGER))
    assert links.believed == []
    assert links.set_aside == {"bad_signature": 1}
