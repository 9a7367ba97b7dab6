"""The server's signing keys: one in use, those before it, and how the next takes its place.

A rotation is three steps, each whole or not at all: the next key in a file of its own; one transaction that ends the
old key, begins the new one and keeps the key set signed by the old; the new file in the old one's place. Whoever is
stopped in between starts again: before the transaction the old key signs, after it the new, whatever the files' names.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.dsse import Signer
from edge.contract.instants import UtcMicros
from edge.contract.keyset import KeySet, ServerKey, sign_key_set
from edge.contract.sentences import sentence
from edge.platform.durable import fsync_directory
from edge.platform.signing import SigningKey
from server.store.act_log import append_act
from server.store.database import Database
from server.store.tables import Act, ServerKeyRow

KEY_IN_USE, NEXT_KEY = "server-ed25519.pem", "server-ed25519-next.pem"
MOST_KEY_SETS = 10
"""How many rotations a gateway may have slept through; one that missed more enrols anew."""


class DatabaseOfAnotherServerError(Exception):
    """The signing key in the folder is not the one this database knows; signing would make a second identity."""

    def __init__(self, *, data_dir: Path, key_id: str) -> None:
        super().__init__(
            sentence(
                "other_server",
                "{data_dir}: the database does not know the signing key {key_id} in keys/. "
                "Restore keys and database from the same backup",
                data_dir=data_dir,
                key_id=key_id,
            )
        )
        self.data_dir, self.key_id = data_dir, key_id


@dataclass(frozen=True, slots=True)
class Rotated:
    """Which key signs from now on, and which did until now."""

    key_id: str
    before: str
    number: int
    """Of the key set."""


def signing_key_in_use(db: Database, keys_dir: Path) -> SigningKey:
    """The key to sign with, after an interrupted rotation was finished.

    Raises KeyFileError or DatabaseOfAnotherServerError.
    """
    key = SigningKey.load(keys_dir / KEY_IN_USE)
    if _is_in_use(db, key):
        return key
    if (keys_dir / NEXT_KEY).exists() and _is_in_use(db, SigningKey.load(keys_dir / NEXT_KEY)):
        _take_place(keys_dir)
        return SigningKey.load(keys_dir / KEY_IN_USE)
    raise DatabaseOfAnotherServerError(data_dir=keys_dir.parent, key_id=key.key_id)


def rotate_signing_key(db: Database, keys_dir: Path, *, by: str, reason: str, now_us: UtcMicros) -> Rotated:
    """A new key signs from now on; what the old one signed stays verifiable. No server may run meanwhile.

    Raises KeyFileError or DatabaseOfAnotherServerError.
    """
    old = signing_key_in_use(db, keys_dir)
    new = SigningKey.generate()
    new.save(keys_dir / NEXT_KEY)
    with db.writing() as session:
        newest = session.scalars(select(Act.at_us).order_by(Act.index.desc()).limit(1)).one()
        at_us = UtcMicros(max(now_us, newest + 1))  # every receipt of the old key lies before its end
        session.get_one(ServerKeyRow, old.key_id).until_us = at_us
        row = ServerKeyRow(key_id=new.key_id, public_key=new.public_bytes, since_us=at_us, until_us=None)
        session.add(row)
        session.flush()
        key_set = _key_set(session)
        row.key_set = sign_key_set(key_set, old)
        append_act(
            session,
            at_us=at_us,
            actor=by,
            verb="rotate",
            subject_kind="server_key",
            subject_id=new.key_id,
            data={"public_key": new.public_bytes.hex(), "before": old.key_id, "reason": reason},
        )
    _take_place(keys_dir)
    return Rotated(new.key_id, old.key_id, key_set.number)


def newest_key_set(session: Session, signer: Signer) -> dict[str, Any]:
    """The envelope, as a JSON object, of all keys that ever signed here; the first set is signed by its own key."""
    envelopes = key_sets(session)
    if envelopes:
        return envelopes[-1]
    envelope: dict[str, Any] = json.loads(sign_key_set(_key_set(session), signer))
    return envelope


def key_sets(session: Session) -> list[dict[str, Any]]:
    """The envelopes of the newest sets after the first, oldest first: each is signed by the key before it."""
    rows = session.scalars(
        select(ServerKeyRow.key_set)
        .where(ServerKeyRow.key_set.is_not(None))
        .order_by(ServerKeyRow.since_us.desc())
        .limit(MOST_KEY_SETS)
    )
    return [json.loads(envelope) for envelope in reversed([row for row in rows if row is not None])]


def _key_set(session: Session) -> KeySet:
    rows = session.scalars(select(ServerKeyRow).order_by(ServerKeyRow.since_us)).all()
    keys = tuple(
        ServerKey(
            key_id=row.key_id,
            public_key=base64.b64encode(row.public_key).decode(),
            since=UtcMicros(row.since_us),
            until=None if row.until_us is None else UtcMicros(row.until_us),
        )
        for row in rows
    )
    return KeySet(number=len(keys), keys=keys)


def _is_in_use(db: Database, key: SigningKey) -> bool:
    with db.reading() as session:
        row = session.get(ServerKeyRow, key.key_id)
        return row is not None and row.until_us is None


def _take_place(keys_dir: Path) -> None:
    """The old private key is gone with this: nobody needs it to verify, and whoever found it could sign."""
    (keys_dir / NEXT_KEY).replace(keys_dir / KEY_IN_USE)
    fsync_directory(keys_dir)
