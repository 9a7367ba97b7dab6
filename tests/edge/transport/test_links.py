"""What the links hand over, and what they set aside: nothing unsigned, forged or foreign is acted on."""

from __future__ import annotations

import pytest

from edge.contract.events import Opened, down_event
from edge.contract.instants import UtcMicros
from edge.contract.messages import Grant, Noted, NotedItem, Receipt, Refusal, Register
from edge.contract.topics import DownKind
from edge.contract.wire_model import WireModel
from edge.platform.mqtt import BrokerLogin
from edge.platform.signing import PublicKeys, SigningKey
from edge.transport.links import GatewayLinks

NOW = UtcMicros(1_790_000_000_000_000)
GATEWAY = "gw-0123456789abcdef"
SERVER_KEY, STRANGER = SigningKey.generate(), SigningKey.generate()
CLIP = "0" * 32

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
            verifier=PublicKeys({SERVER_KEY.key_id: SERVER_KEY.public_bytes}),
            on_message=self.believed.append,
            on_connected=lambda: None,
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
