"""Who may log in to the broker, and who may say or hear what there.

A gateway's password follows from a master key, its id and a generation, so the server stores none and can fill an
emptied broker again; raising the generation makes an old password worthless.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from edge.contract.topics import ROOT, gateway_may_publish, gateway_may_subscribe

SERVER_USER = "tl-server"
PING_TOPIC = f"{ROOT}/down/{SERVER_USER}/ping"
"""The server hears its own word here when the broker lives."""
MASTER_KEY_BYTES = 32


def broker_password(master_key: bytes, user: str, generation: int) -> str:
    """52 characters of a-z and 2-7: HMAC-SHA-256 of the master key over user and generation."""
    digest = hmac.new(master_key, f"{user}|{generation}".encode(), hashlib.sha256).digest()
    return base64.b32encode(digest).decode().rstrip("=").lower()


def password_digest(password: str) -> str:
    """What a broker keeps of a password with 256 random bits: SHA-256, lower-case hex."""
    return hashlib.sha256(password.encode()).hexdigest()


def may_publish(user: str, topic: str) -> bool:
    """The server speaks under `down`, a gateway under its own `up` and `data`."""
    if user == SERVER_USER:
        return topic.startswith(f"{ROOT}/down/")
    return gateway_may_publish(user, topic)


def may_subscribe(user: str, pattern: str) -> bool:
    """The server hears every `up` and `data` and its own ping, a gateway its own `down`."""
    if user == SERVER_USER:
        return pattern == PING_TOPIC or pattern.startswith((f"{ROOT}/up/", f"{ROOT}/data/"))
    return gateway_may_subscribe(user, pattern)


def gateway_in(topic: str) -> str:
    """The gateway that a topic names, by which the broker let it through; "" where it names none."""
    parts = topic.split("/", 5)
    if topic.startswith(f"{ROOT}/up/") and len(parts) > 3:
        return parts[3]
    return parts[4] if topic.startswith(f"{ROOT}/data/") and len(parts) > 4 else ""
