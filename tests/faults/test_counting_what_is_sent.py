"""What is sent again is counted from outside: in the bytes that pass, and in what the gateway was told is held."""

from __future__ import annotations

import json
import socket
from collections import Counter
from pathlib import Path

import pytest
from demo_stage.programs import StageError
from fault_stage.chunk_counter import ChunkCounter, PublishedBytes
from fault_stage.sent_again import SentAgain
from hypothesis import given
from hypothesis import strategies as st

CHUNK_TOPIC = b"tl/v1/data/wk-12345678/gw-12345678/7/0/0123456789abcdef"
OTHER_TOPIC = b"tl/v1/up/gw-12345678/offer"


def packet(first: int, body: bytes) -> bytes:
    """An MQTT control packet: its first byte, its length in groups of seven bits, its body."""
    length, left = b"", len(body)
    while left > 0x7F:
        length, left = length + bytes([left & 0x7F | 0x80]), left >> 7
    return bytes([first]) + length + bytes([left]) + body


def publication(topic: bytes, size_bytes: int) -> bytes:
    return packet(0x32, len(topic).to_bytes(2) + topic + b"\0\1" + bytes(size_bytes))


@given(st.lists(st.integers(0, 3), max_size=12), st.lists(st.integers(1, 400), max_size=20), st.integers(0, 20_000))
def test_chunks_are_counted_however_the_stream_is_cut(kinds: list[int], cuts: list[int], size_bytes: int) -> None:
    forms = (publication(CHUNK_TOPIC, size_bytes), publication(OTHER_TOPIC, 200), packet(0x40, b"\0\1"), b"\xc0\0")
    stream, counted, counter = b"".join(forms[kind] for kind in kinds), Counter[int](), PublishedBytes()
    for cut in cuts:
        counted, stream = counted + counter.take(stream[:cut]), stream[cut:]
    counted += counter.take(stream)
    assert counted == Counter({7: kinds.count(0) * len(forms[0])})


def test_a_port_of_the_counter_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(StageError, match=f"port {port} of 127.0.0.1, wanted for counting chunks"):
            ChunkCounter(port, 1).start()


def test_what_was_sent_under_a_grant_and_is_not_held_at_the_next_is_sent_again(tmp_path: Path) -> None:
    again = SentAgain(tmp_path / "log", {1: 1_000, 2: 500, 3: 800}.__getitem__, {"clip": 2_000})

    def log(**entry: object) -> None:
        with again.log.open("a") as file:
            file.write(json.dumps({"clip_id": "clip", **entry}) + "\n")

    log(event="granted", upload=1, held_bytes=0)
    again.log.write_text(again.log.read_text() + '{"event": "half of an en')  # it was ended while it wrote this
    log(event="granted", upload=2, held_bytes=700)
    again.read_log()
    log(event="granted", upload=3, held_bytes=1_200)
    log(event="receipted")
    again.read_log()
    assert again.costs_bytes == [300, 0, 0]
