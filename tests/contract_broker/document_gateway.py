"""A small gateway, written from asyncapi.yaml alone and run by itself: it knows nothing of the programs beside it.

usage: document_gateway.py FOLDER ADDRESS CODE CLIP [--spoil INDEX] [--lose INDEX] [--cut-after CHUNKS]

Brings one clip to its receipt and prints, as JSON, what it heard. `--spoil`, `--lose`: the chunk of that index is
damaged or lost on its first way. `--cut-after`: the program dies after so many chunks. Docstrings name the parts of the
document.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import queue
import secrets
import sys
import time
from pathlib import Path

import paho.mqtt.client as mqtt
from blake3 import blake3
from document_wire import EVENT, KEY_SET, MANIFEST, Key, Said, connected, durable, enrolled, now, opened

SIGNED_BY_SERVER = {"receipt", "noted", "register"}


class Gateway:
    """Two connections, one clip at a time."""

    def __init__(self, folder: Path, address: str, code: str) -> None:
        self.folder, self.key = folder, Key(folder / "key")
        self.answer = enrolled(folder, self.key, address, code)
        self.id: str = self.answer["gateway_id"]
        self.key_set = self._own_key_set()
        self.boot, self.counter = f"boot-{secrets.token_hex(8)}", 0
        self.inbox: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.heard: list[str] = []
        self.register_number = 0
        self.control = connected(self.answer, self._came, f"tl/v1/down/{self.id}/#")
        self.bulk = connected(self.answer, self._came)

    def _own_key_set(self) -> Said:
        """Keys: the first set is signed by one of the keys it names itself."""
        unread = json.loads(base64.b64decode(self.answer["key_set"]["payload"]))
        named = {key["key_id"]: base64.b64decode(key["public_key"]) for key in unread["keys"]}
        return opened(self.answer["key_set"], KEY_SET, named)[0]

    def _came(self, _client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
        if not message.retain:
            self.inbox.put((message.topic, bytes(message.payload)))

    # ------------------------------------------------------------------ saying
    def said(self, kind: str, data: Said, *, signed: bool) -> bytes:
        self.counter += 1
        event = {
            "specversion": "1.0",
            "id": f"{self.boot}.{self.counter}",
            "source": f"/gateways/{self.id}",
            "type": f"tallylight.v1.{kind}",
            "time": now(),
            "datacontenttype": "application/json",
            "gatewayid": self.id,
            "bootid": self.boot,
            "counter": self.counter,
            "data": data,
        }
        message = self.key.envelope(EVENT, {**event, "keyid": self.key.id}) if signed else event
        raw = json.dumps(message).encode()
        self.control.publish(f"tl/v1/up/{self.id}/{kind}", raw, qos=1)
        return raw

    def hello(self) -> None:
        installation = (self.folder / "installation").read_text()
        held = {"register_number": self.register_number, "latest_act_index": None, "latest_act_hash": None}
        hello = {"installation_id": installation, "software": "written from the document", "clock_synchronised": True}
        self.said("hello", {**hello, **held}, signed=True)

    # ------------------------------------------------------------------ hearing
    def hear(self, within_s: float) -> tuple[str, Said, bytes] | None:
        """The next word that can be believed; None after silence."""
        until = time.monotonic() + within_s
        while (left := until - time.monotonic()) > 0:
            try:
                topic, raw = self.inbox.get(timeout=left)
            except queue.Empty:
                return None
            kind, event = topic.rsplit("/", maxsplit=1)[1], json.loads(raw)
            is_signed = "payloadType" in event
            if is_signed:
                event, key_id = opened(event, EVENT, self._keys_in_use_for(event))
                believed = event["keyid"] == key_id
            else:
                believed = kind not in SIGNED_BY_SERVER and not event["data"].get("permanent")
            if not believed or event["type"] != f"tallylight.v1.{kind}":
                raise SystemExit(f"a {kind} that cannot be believed")
            self.heard.append(kind)
            return kind, event["data"], raw
        return None

    def _keys_in_use_for(self, envelope: Said) -> dict[str, bytes]:
        event = json.loads(base64.b64decode(envelope["payload"]))
        sealed = event["data"].get("sealed")
        keys = [key for key in self.key_set["keys"] if key["until"] is None or (sealed and sealed < key["until"])]
        return {key["key_id"]: base64.b64decode(key["public_key"]) for key in keys}

    def keep_register(self, data: Said, raw: bytes) -> None:
        durable(self.folder / "register.json", raw)
        self.register_number = data["number"]
        held = {"register_number": self.register_number, "latest_act_index": None, "latest_act_hash": None}
        self.said("holding", held, signed=False)

    # ------------------------------------------------------------------ one clip
    def manifest(self, clip: Path) -> Said:
        """The least that the schema demands; the same envelope at every offer, so it is durable."""
        kept = self.folder / f"{clip.name}.manifest"
        if not kept.exists():
            self.counter += 1
            content = clip.read_bytes()
            said = {
                "kind": "manifest",
                "version": "1",
                "gateway_id": self.id,
                "key_id": self.key.id,
                "boot_id": self.boot,
                "counter": self.counter,
                "size_bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "sighting": {
                    "sighting_id": f"si-{secrets.token_hex(8)}",
                    "device": "BC01",
                    "file_name": clip.name,
                    "path": clip.name,
                    "source": "folder",
                    "docking_id": f"dk-{secrets.token_hex(8)}",
                    "landed": now(),
                    "modified": now(),
                },
                "capture": {"start": None, "start_source": "none", "uncertainty_us": 0, "time_zone": "Asia/Shanghai"},
                "inspection": {"verdict": "whole"},
            }
            durable(kept, json.dumps(self.key.envelope(MANIFEST, said)).encode())
        return json.loads(kept.read_bytes())


class Upload:
    """Order of acts: grant, chunks, have, receipt; fence, serial, window, silence."""

    def __init__(self, gateway: Gateway, clip: Path, told: argparse.Namespace) -> None:
        self.gateway, self.content = gateway, clip.read_bytes()
        self.manifest = gateway.manifest(clip)
        self.sha256 = hashlib.sha256(self.content)
        size = len(self.content).to_bytes(8, "big")
        self.clip_id = hashlib.sha256(size + self.sha256.digest()).hexdigest()[:32]
        self.spoil, self.lose, self.cut_after, self.sent = told.spoil, told.lose, told.cut_after, 0
        self.fences: list[int] = []
        self.grant: Said = {"upload": 0}
        self.serial, self.window = 0, 0
        self.held: list[list[int]] = []
        self.first_held: list[list[int]] = []
        self.outstanding: set[int] = set()
        self.bad: list[int] = []
        self.report: Said = {}
        self.receipt: Said | None = None
        self.noted = False

    def offer(self) -> None:
        self.outstanding.clear()
        self.gateway.said("offer", {"manifest": self.manifest, "flagged": False}, signed=True)

    def run(self) -> Said:
        """Until receipt and noted are here; after silence the clip is offered again."""
        report = {"content": {"subject": "clip", "manifest": self.manifest}}
        self.gateway.said("report", report, signed=True)
        self.report = {"boot_id": self.gateway.boot, "counter": self.gateway.counter}
        self.offer()
        for _ in range(1000):
            word = self.gateway.hear(3.0)
            if word is None:
                self.offer()
                continue
            kind, data, raw = word
            if kind == "register":
                self.gateway.keep_register(data, raw)
            elif kind == "noted":
                self.noted |= self.report in data["items"]
            elif data["clip_id"] == self.clip_id:
                self.on_word(kind, data, raw)
            if self.receipt is not None and self.noted:
                return self.receipt
        raise SystemExit("neither receipt nor noted")

    def on_word(self, kind: str, data: Said, raw: bytes) -> None:
        """Fence and serial: what is not newer is dropped."""
        if kind == "grant" and data["upload"] > self.grant["upload"]:
            self.on_grant(data)
        elif kind == "have" and data["upload"] == self.grant["upload"] and data["serial"] > self.serial:
            self.on_have(data)
        elif kind == "receipt":
            self.receipt = self.checked(data, raw)
        elif kind == "refusal":
            raise SystemExit(f"refused: {data}")

    def on_grant(self, data: Said) -> None:
        self.grant, self.serial, self.window = data, 0, data["window_bytes"]
        self.fences.append(data["upload"])
        self.held = self.first_held = data["held"]
        self.outstanding.clear()
        self.fill()

    def on_have(self, data: Said) -> None:
        self.serial, self.window, self.held = data["serial"], data["window_bytes"], data["held"]
        self.bad += data["bad_chunks"]
        self.outstanding -= set(data["bad_chunks"])
        self.outstanding = {index for index in self.outstanding if not self.is_held(index)}
        self.fill()

    def span(self, index: int) -> tuple[int, int]:
        step: int = self.grant["chunk_bytes"]
        return index * step, min(len(self.content), (index + 1) * step)

    def is_held(self, index: int) -> bool:
        start, end = self.span(index)
        return any(first <= start and end <= last for first, last in self.held)

    def fill(self) -> None:
        """Lowest first, while outstanding bytes and the next chunk fit the window; one always fits."""
        for index in range(-(-len(self.content) // self.grant["chunk_bytes"])):
            if self.is_held(index) or index in self.outstanding:
                continue
            start, end = self.span(index)
            under_way = sum(len(range(*self.span(other))) for other in self.outstanding)
            if self.outstanding and under_way + end - start > self.window:
                return
            self.send(index, self.content[start:end])

    def send(self, index: int, chunk: bytes) -> None:
        check = blake3(chunk).digest(8).hex()
        if index == self.spoil:
            self.spoil, chunk = None, bytes([chunk[0] ^ 1]) + chunk[1:]
        self.outstanding.add(index)
        if index == self.lose:
            self.lose = None
            return
        lane = f"tl/v1/data/{self.grant['worker']}/{self.gateway.id}/{self.grant['upload']}/{index}/{check}"
        sent = self.gateway.bulk.publish(lane, chunk, qos=0)
        self.sent += 1
        if self.sent == self.cut_after:
            sent.wait_for_publish(20)
            os._exit(7)

    def checked(self, data: Said, raw: bytes) -> Said:
        """A receipt counts only for what lies here, and is kept as it came."""
        if (data["size_bytes"], data["sha256"]) != (len(self.content), self.sha256.hexdigest()):
            raise SystemExit("a receipt for other bytes")
        if not data["act_hash"]:
            raise SystemExit("a receipt without an act")
        durable(self.gateway.folder / f"{self.clip_id}.receipt", raw)
        return data


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("folder", type=Path)
    words.add_argument("address")
    words.add_argument("code")
    words.add_argument("clip", type=Path)
    words.add_argument("--spoil", type=int)
    words.add_argument("--lose", type=int)
    words.add_argument("--cut-after", type=int)
    told = words.parse_args()
    told.folder.mkdir(parents=True, exist_ok=True)
    gateway = Gateway(told.folder, told.address, told.code)
    gateway.hello()
    upload = Upload(gateway, told.clip, told)
    receipt = upload.run()
    summary = {
        "receipt": receipt,
        "heard": gateway.heard,
        "bad": upload.bad,
        "sent": upload.sent,
        "fences": upload.fences,
    }
    sys.stdout.write(json.dumps({**summary, "first_held": upload.first_held, "register": gateway.register_number}))


if __name__ == "__main__":
    main()
