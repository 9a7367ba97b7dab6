"""After a gateway lost its key and enrolled anew: what the server has not receipted or noted is signed by the new key.

The server believes the old key no longer. Boot id and counter stay, so that what it did receive is not taken twice.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import structlog

from edge.contract.dsse import EVENT_PAYLOAD_TYPE, MANIFEST_PAYLOAD_TYPE, Signer, read_envelope, sign_envelope
from edge.storage.journal import Journal, remember, remembered

log = structlog.get_logger(__name__)
_KEY = "signing_key_id"
_AT_ONCE = 200
_UNRECEIPTED = (
    "SELECT sighting.rowid, manifest FROM sighting JOIN content USING (clip_id)"
    " WHERE sighting.rowid > ? AND manifest IS NOT NULL AND content.state <> 'receipted'"
    " ORDER BY sighting.rowid LIMIT ?"
)
_UNNOTED = "SELECT rowid, message FROM outbox WHERE rowid > ? AND noted_us IS NULL ORDER BY rowid LIMIT ?"
_ANY_SIGNED = "SELECT message FROM outbox LIMIT 1"


def sign_what_waits_again(journal: Journal, signer: Signer) -> int:
    """How many statements were signed again: 0 where the key is the one that signed before.

    In transactions of some hundred rows, in their order; whoever is stopped begins again and passes over what is done.
    """
    with journal.transaction() as rows:
        if _signed_before(rows) in {None, signer.key_id}:
            remember(rows, _KEY, signer.key_id)
            return 0
    done = _all(journal, _UNRECEIPTED, "UPDATE sighting SET manifest = ? WHERE rowid = ?", manifest_signed_by, signer)
    done += _all(journal, _UNNOTED, "UPDATE outbox SET message = ? WHERE rowid = ?", event_signed_by, signer)
    with journal.transaction() as rows:
        remember(rows, _KEY, signer.key_id)
    log.info("signed_again", statements=done, key_id=signer.key_id)
    return done


def _signed_before(rows: sqlite3.Connection) -> str | None:
    """The key that signed so far; a journal of an older release tells it by what waits in it."""
    kept = remembered(rows, _KEY)
    if kept is not None:
        return kept
    waiting = rows.execute(_ANY_SIGNED).fetchone()
    return None if waiting is None else read_envelope(waiting[0]).key_id


def _all(journal: Journal, query: str, change: str, again: Callable[[bytes, Signer], bytes], signer: Signer) -> int:
    done, last = 0, 0
    while True:
        with journal.transaction() as rows:
            found = rows.execute(query, (last, _AT_ONCE)).fetchall()
            if not found:
                return done
            for rowid, signed in found:
                if read_envelope(signed).key_id != signer.key_id:
                    rows.execute(change, (again(signed, signer), rowid))
                    done += 1
            last = found[-1][0]


def manifest_signed_by(envelope: bytes, signer: Signer) -> bytes:
    """The same statement under this key."""
    statement = json.loads(read_envelope(envelope).payload)
    statement["key_id"] = signer.key_id
    return _signed(MANIFEST_PAYLOAD_TYPE, statement, signer)


def event_signed_by(envelope: bytes, signer: Signer) -> bytes:
    """The same message under this key; the manifest inside a clip's report is a statement of its own."""
    event = json.loads(read_envelope(envelope).payload)
    event["keyid"] = signer.key_id
    content = event["data"].get("content", {})
    if "manifest" in content:
        content["manifest"] = json.loads(manifest_signed_by(json.dumps(content["manifest"]).encode(), signer))
    return _signed(EVENT_PAYLOAD_TYPE, event, signer)


def _signed(payload_type: str, statement: dict[str, Any], signer: Signer) -> bytes:
    payload = json.dumps(statement, ensure_ascii=False, separators=(",", ":")).encode()
    return sign_envelope(payload_type, payload, signer)
