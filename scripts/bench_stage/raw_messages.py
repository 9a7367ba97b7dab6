"""The broker's own speed: chunks of a file published and received by paho, without disk, hash or answer.

`python raw_messages.py receive PORT SIZE` says `ready`, then `done` for every SIZE bytes; `send PORT FILE` publishes.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from edge.platform.large_blocks import keep_large_blocks

_CHUNK_BYTES, _WINDOW = 1 << 20, 32


def _client(port: int) -> paho.Client:
    client = paho.Client(CallbackAPIVersion.VERSION2, protocol=paho.MQTTv5)
    client.max_inflight_messages_set(_WINDOW)
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


def receive(port: int, size_bytes: int) -> None:
    """Count bytes until the program is ended."""
    got, client = 0, _client(port)

    def count(_client: object, _user: object, message: paho.MQTTMessage) -> None:
        nonlocal got
        got += len(message.payload)
        if got >= size_bytes:
            got -= size_bytes
            client.publish("bench/done", b"", qos=1)

    client.on_message = count
    client.on_subscribe = lambda *_: print("ready", flush=True)
    client.subscribe("bench/bulk", qos=1)
    threading.Event().wait()


def send(port: int, path: Path) -> None:
    """Publish a file once, and print how long it took until the receiver had counted it."""
    done, subscribed = threading.Event(), threading.Event()
    client = _client(port)
    client.on_message = lambda *_: done.set()
    client.on_subscribe = lambda *_: subscribed.set()
    client.subscribe("bench/done", qos=1)
    subscribed.wait(10)
    places = threading.Semaphore(_WINDOW)

    def taken(*_: Any) -> None:
        places.release()

    client.on_publish = taken
    began_s = time.perf_counter()
    with path.open("rb", buffering=0) as file:
        while block := file.read(_CHUNK_BYTES):
            places.acquire()
            client.publish("bench/bulk", block, qos=1)
    done.wait(300)
    print(time.perf_counter() - began_s, flush=True)
    client.disconnect()


if __name__ == "__main__":
    keep_large_blocks()
    if sys.argv[1] == "receive":
        receive(int(sys.argv[2]), int(sys.argv[3]))
    else:
        send(int(sys.argv[2]), Path(sys.argv[3]))
