"""A data folder as it is after enrolment, with a watched folder beside it."""

from __future__ import annotations

import base64
from pathlib import Path

from running_broker import GATEWAY_USER, USERS

from edge.contract.enrolment import BrokerAccess
from edge.contract.instants import UtcMicros
from edge.contract.keyset import KeySet, ServerKey, sign_key_set
from edge.platform.key_ring import KeyRing
from edge.platform.signing import SigningKey
from edge.storage.identity import Identity, gateway_key_made, installation_id_made, keep_identity

NOW = UtcMicros(1_790_000_000_000_000)


def make_enrolled(
    data_dir: Path, source: Path, broker_url: str, server_key: SigningKey, *, password: str = ""
) -> SigningKey:
    """The gateway's key; settings with short waits in `data_dir`/edge.toml."""
    data_dir.mkdir(parents=True)
    source.mkdir(parents=True, exist_ok=True)
    key = gateway_key_made(data_dir)
    public = ServerKey(
        key_id=server_key.key_id, public_key=base64.b64encode(server_key.public_bytes).decode(), since=NOW
    )
    identity = Identity(
        gateway_id=GATEWAY_USER,
        installation_id=installation_id_made(data_dir),
        server_url="http://127.0.0.1:1",
        broker=BrokerAccess(url=broker_url, password=password or USERS[GATEWAY_USER]),
        enrolled=NOW,
    )
    keep_identity(data_dir, identity, sign_key_set(KeySet(number=1, keys=(public,)), server_key))
    (data_dir / "edge.toml").write_text(
        f'resend_interval_s = 1\nstatus_interval_s = 1\n[[sources]]\nname = "folder"\nfolder = "{source}"\n'
        "rest_s = 0.3\nscan_interval_s = 0.2\n"
    )
    return key


def key_ring_of(*server_keys: SigningKey) -> KeyRing:
    """A set that names these keys, all in use, held in memory alone."""
    keys = tuple(
        ServerKey(key_id=key.key_id, public_key=base64.b64encode(key.public_bytes).decode(), since=NOW)
        for key in server_keys
    )
    return KeyRing(KeySet(number=1, keys=keys), keep=lambda _envelope: None)
