"""The forms of the wire, written from asyncapi.yaml alone: envelopes, keys, connections, the enrolment call.

It knows nothing of the programs beside it; `document_gateway.py` brings a clip to its receipt with it.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import http.client
import json
import os
import queue
import secrets
import socket
import ssl
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

EVENT = "application/cloudevents+json"
MANIFEST = "application/vnd.tallylight.manifest+json"
KEY_SET = "application/vnd.tallylight.keyset+json"
Said = dict[str, Any]


def durable(path: Path, data: bytes) -> None:
    """What is on stable storage before which word."""
    with path.with_suffix(".new").open("wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    path.with_suffix(".new").rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def now() -> str:
    return f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def signed_bytes(kind: str, payload: bytes) -> bytes:
    """PAE."""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


class Key:
    """Ed25519, made once, durable before it is used."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raw = Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
            durable(path, raw)
        self.private = Ed25519PrivateKey.from_private_bytes(path.read_bytes())
        self.public = self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.id = hashlib.sha256(self.public).hexdigest()[:32]

    def envelope(self, kind: str, payload: Said) -> Said:
        data = json.dumps(payload).encode()
        signature = base64.b64encode(self.private.sign(signed_bytes(kind, data))).decode()
        return {
            "payloadType": kind,
            "payload": base64.b64encode(data).decode(),
            "signatures": [{"keyid": self.id, "sig": signature}],
        }


def opened(envelope: Said, kind: str, keys: dict[str, bytes]) -> tuple[Said, str]:
    """Payload and key id; raises where anything does not stand."""
    (signature,) = envelope["signatures"]
    payload = base64.b64decode(envelope["payload"])
    public = Ed25519PublicKey.from_public_bytes(keys[signature["keyid"]])
    public.verify(base64.b64decode(signature["sig"]), signed_bytes(kind, payload))
    if envelope["payloadType"] != kind:
        raise ValueError(envelope["payloadType"])
    return json.loads(payload), signature["keyid"]


def enrolled(folder: Path, key: Key, address: str, code: str) -> Said:
    """Enrolment: the whole answer, durable."""
    kept = folder / "answer.json"
    if kept.exists():
        return json.loads(kept.read_bytes())
    installation = f"inst-{secrets.token_hex(8)}"
    durable(folder / "installation", installation.encode())
    _, secret, fingerprint = code.strip().upper().split("-")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version, context.check_hostname = ssl.TLSVersion.TLSv1_3, False
    context.verify_mode = ssl.CERT_NONE
    at = urlsplit(address)
    connection = http.client.HTTPSConnection(at.hostname or "", at.port, timeout=20, context=context)
    connection.connect()
    certificate = x509.load_der_x509_certificate(connection.sock.getpeercert(binary_form=True))
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if hashlib.sha256(spki).digest() != base64.b32decode(fingerprint + "=" * (-len(fingerprint) % 8)):
        raise SystemExit("another server; nothing was sent")
    public = base64.b64encode(key.public).decode()
    proof = key.private.sign(f"tallylight enrolment\n{secret}\n{public}".encode())
    request = {
        "secret": secret,
        "public_key": public,
        "proof": base64.b64encode(proof).decode(),
        "installation_id": installation,
        "software": "written from the document",
    }
    connection.request("POST", "/api/v1/enrolments", json.dumps(request), {"Content-Type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        raise SystemExit(f"refused: {json.loads(body)['code']}")
    durable(kept, body)
    return json.loads(body)


def connected(answer: Said, came: mqtt.CallbackOnMessage, *subscriptions: str) -> mqtt.Client:
    """Connections: a new client at each attempt, with a pause between; a new login may not be known yet."""
    pause_s = 0.2
    while True:
        client, ready = _new_client(answer, came)
        at = urlsplit(answer["broker"]["url"])
        client.connect(at.hostname or "", at.port or 8883, keepalive=15)
        client.loop_start()
        if _stands(client, ready, subscriptions):
            return client
        client.loop_stop()
        if pause_s > 10:
            raise SystemExit("the broker refuses the login")
        time.sleep(pause_s)
        pause_s *= 2


def _new_client(answer: Said, came: mqtt.CallbackOnMessage) -> tuple[mqtt.Client, queue.Queue[bool]]:
    ready: queue.Queue[bool] = queue.Queue()
    client = mqtt.Client(
        mqtt.CallbackAPIVersion.VERSION2,
        client_id=f"{answer['gateway_id']}-{secrets.token_hex(16)}",
        clean_session=True,
        reconnect_on_failure=False,
    )
    client.username_pw_set(answer["gateway_id"], answer["broker"]["password"])
    if answer["broker"]["url"].startswith("mqtts:"):
        context = ssl.create_default_context(cadata=answer["broker"]["ca_pem"])
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        client.tls_set_context(context)
    client.on_socket_open = lambda _c, _u, sock: sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.on_connect = lambda _c, _u, _f, reason, _p: ready.put(not reason.is_failure)
    client.on_subscribe = lambda _c, _u, _m, reasons, _p: ready.put(not any(each.is_failure for each in reasons))
    client.on_message = came
    return client, ready


def _stands(client: mqtt.Client, ready: queue.Queue[bool], subscriptions: tuple[str, ...]) -> bool:
    try:
        if not ready.get(timeout=5):
            return False
        for pattern in subscriptions:
            client.subscribe(pattern, qos=1)
            if not ready.get(timeout=5):
                return False
    except queue.Empty:
        return False
    return True
