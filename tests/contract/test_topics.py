"""Who may write and read what."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.identifiers import NotATopicIdError, checked_topic_id, clip_id_of
from edge.contract.topics import (
    ChunkTopic,
    DownKind,
    DownTopic,
    ForeignTopicError,
    UpKind,
    UpTopic,
    gateway_may_publish,
    gateway_may_subscribe,
    gateway_subscription,
    parse_topic,
)

OWN, OTHER, WORKER = "gw-0123456789abcdef", "gw-fedcba9876543210", "wk-00000001"
ids = st.from_regex(r"[a-z0-9-]{8,40}", fullmatch=True)


@given(ids, ids, st.integers(0, 10**9), st.integers(0, 10**9), st.binary(min_size=8, max_size=8))
def test_a_topic_survives_the_wire(worker: str, gateway: str, upload: int, index: int, check: bytes) -> None:
    for topic in (
        UpTopic(gateway, UpKind.OFFER),
        DownTopic(gateway, DownKind.HAVE),
        ChunkTopic(worker, gateway, upload, index, check.hex()),
    ):
        assert parse_topic(str(topic)) == topic


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "tl/v1",
        "tl/v2/up/gw-0123456789abcdef/hello",
        "tl/v1/up/gw-0123456789abcdef/unknown",
        "tl/v1/up/gw-0123456789abcdef/hello/more",
        "tl/v1/up/+/hello",
        "tl/v1/up/short/hello",
        "tl/v1/up/GW-0123456789ABCDEF/hello",
        "tl/v1/data/wk-00000001/gw-0123456789abcdef/1/-2/0123456789abcdef",
        "tl/v1/data/wk-00000001/gw-0123456789abcdef/1/2/0123456789ABCDEF",
        "tl/v1/data/wk-00000001/gw-0123456789abcdef/1/٢/0123456789abcdef",
        "$SYS/broker/clients",
    ],
)
def test_a_foreign_topic_is_refused_by_name(topic: str) -> None:
    with pytest.raises(ForeignTopicError):
        parse_topic(topic)


@pytest.mark.parametrize(
    ("topic", "allowed"),
    [
        (str(UpTopic(OWN, UpKind.HELLO)), True),
        (str(ChunkTopic(WORKER, OWN, 1, 2, "0" * 16)), True),
        (str(UpTopic(OTHER, UpKind.HELLO)), False),
        (str(ChunkTopic(WORKER, OTHER, 1, 2, "0" * 16)), False),
        (str(DownTopic(OWN, DownKind.RECEIPT)), False),
        ("tl/v1/up", False),
        ("$CONTROL/dynamic-security/v1", False),
    ],
)
def test_a_gateway_writes_only_its_own_topics(topic: str, allowed: bool) -> None:
    assert gateway_may_publish(OWN, topic) is allowed


@pytest.mark.parametrize(
    ("pattern", "allowed"),
    [
        (gateway_subscription(OWN), True),
        (str(DownTopic(OWN, DownKind.RECEIPT)), True),
        (gateway_subscription(OTHER), False),
        ("tl/v1/down/+/receipt", False),
        (f"tl/v1/down/{OWN}/+/x", False),
        ("tl/v1/#", False),
        ("#", False),
        (f"tl/v1/up/{OWN}/#", False),
        (f"$share/x/tl/v1/down/{OTHER}/#", False),
    ],
)
def test_a_gateway_reads_only_what_is_sent_to_it(pattern: str, allowed: bool) -> None:
    assert gateway_may_subscribe(OWN, pattern) is allowed


@pytest.mark.parametrize(
    "text", ["", "a+b-cdefg", "../../etc", "gw-0123456789abcdef\n", "执法记录仪执法记录仪", "x" * 41]
)
def test_an_id_that_could_bend_a_topic_is_refused(text: str) -> None:
    with pytest.raises(NotATopicIdError):
        checked_topic_id(text)


def test_a_clip_is_named_by_its_content_alone() -> None:
    assert clip_id_of(5, "ab" * 32) == clip_id_of(5, "ab" * 32)
    assert len({clip_id_of(5, "ab" * 32), clip_id_of(6, "ab" * 32), clip_id_of(5, "cd" * 32)}) == 3
