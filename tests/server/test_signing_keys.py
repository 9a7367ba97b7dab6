"""The key that signs is exchanged: what it signed stays good, and whoever is stopped in the middle starts again."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench import BEGIN_US, Bench
from sqlalchemy import select

from edge.contract.dsse import read_envelope
from edge.contract.events import open_down
from edge.contract.instants import UtcMicros
from edge.contract.keyset import KeySet, ServerKey
from edge.contract.messages import Register
from edge.contract.topics import DownKind
from edge.platform.clock import SystemClock
from edge.platform.key_ring import KeyRing
from edge.platform.signing import SigningKey
from edge.storage.identity import trusted_key_set
from server.config import load_config
from server.store.act_log import verify_acts
from server.store.database import Database
from server.store.tables import Act, ServerKeyRow
from server.usecases.folder_lock import AlreadyRunningError, folder_locked
from server.usecases.issue_register import issue_register
from server.usecases.set_up import open_context, set_up
from server.usecases.signing_keys import (
    KEY_IN_USE,
    NEXT_KEY,
    DatabaseOfAnotherServerError,
    key_sets,
    newest_key_set,
    rotate_signing_key,
    signing_key_in_use,
)

NOW = UtcMicros(BEGIN_US)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    set_up(tmp_path / "server", now_us=NOW)
    return tmp_path / "server"


def opened(folder: Path) -> Database:
    db = Database(load_config(folder).database_url)
    db.migrate()
    return db


def test_a_rotation_ends_one_key_begins_another_and_is_an_act(folder: Path) -> None:
    db, keys_dir = opened(folder), folder / "keys"
    before = signing_key_in_use(db, keys_dir)
    done = rotate_signing_key(db, keys_dir, by="console:anna", reason="yearly", now_us=NOW)
    assert (done.before, done.number) == (before.key_id, 2)
    assert signing_key_in_use(db, keys_dir).key_id == done.key_id
    assert not (keys_dir / NEXT_KEY).exists()
    with db.reading() as session:
        rows = session.scalars(select(ServerKeyRow).order_by(ServerKeyRow.since_us)).all()
        act = session.scalars(select(Act).where(Act.verb == "rotate")).one()
        verify_acts(session)
    assert [row.until_us for row in rows] == [rows[1].since_us, None]
    assert (act.actor, act.subject_id) == ("console:anna", done.key_id)


def test_every_act_of_the_old_key_lies_before_its_end_even_where_the_clock_was_set_back(folder: Path) -> None:
    db = opened(folder)
    rotate_signing_key(db, folder / "keys", by="t", reason="r", now_us=UtcMicros(NOW - 10**12))
    with db.reading() as session:
        begun = session.scalars(select(Act.at_us).where(Act.verb == "begin")).one()
        ended = session.scalars(select(ServerKeyRow.until_us).where(ServerKeyRow.until_us.is_not(None))).one()
    assert begun < ended


def test_a_gateway_of_the_first_day_follows_every_rotation_and_a_new_one_needs_none(folder: Path) -> None:
    db, keys_dir = opened(folder), folder / "keys"
    with db.reading() as session:
        first = newest_key_set(session, signing_key_in_use(db, keys_dir))
    held = trusted_key_set(_bytes(first))
    for number in range(3):
        rotate_signing_key(db, keys_dir, by="t", reason=str(number), now_us=NOW)
    ring = KeyRing(held, keep=lambda _envelope: None)
    with db.reading() as session:
        assert ring.follow(key_sets(session))
        newest = newest_key_set(session, signing_key_in_use(db, keys_dir))
    assert ring.held.number == 4
    assert trusted_key_set(_bytes(newest)) == ring.held


_STOPPED = """
import os, sys
from pathlib import Path
import server.usecases.signing_keys as signing_keys
from edge.contract.instants import UtcMicros
from server.config import load_config
from server.store.database import Database

folder, place = Path(sys.argv[1]), sys.argv[2]
def stop(*_arguments, **_named): os._exit(9)
if place == "before the transaction": signing_keys.sign_key_set = stop
if place == "inside the transaction": signing_keys.append_act = stop
if place == "after the transaction": signing_keys._take_place = stop
if place == "before anything": signing_keys.SigningKey.save = stop
db = Database(load_config(folder).database_url)
signing_keys.rotate_signing_key(db, folder / "keys", by="t", reason="r", now_us=UtcMicros(%d))
os._exit(0)
"""


@pytest.mark.kill
@pytest.mark.parametrize(
    ("place", "is_rotated"),
    [
        ("before anything", False),
        ("before the transaction", False),
        ("inside the transaction", False),
        ("after the transaction", True),
        ("nowhere", True),
    ],
)
def test_wherever_a_rotation_is_stopped_the_server_starts_and_can_rotate_again(
    folder: Path, place: str, is_rotated: bool
) -> None:
    before = SigningKey.load(folder / "keys" / KEY_IN_USE).key_id
    command = [sys.executable, "-c", _STOPPED % NOW, str(folder), place]
    done = subprocess.run(command, check=False, timeout=60)
    assert done.returncode == (0 if place == "nowhere" else 9)
    context = open_context(load_config(folder), SystemClock())
    assert (context.signer.key_id != before) is is_rotated
    with context.db.reading() as session:
        verify_acts(session)
        assert len(session.scalars(select(ServerKeyRow)).all()) == 1 + is_rotated
    again = rotate_signing_key(context.db, folder / "keys", by="t", reason="again", now_us=NOW)
    assert again.before == context.signer.key_id
    context.db.close()


def test_a_key_that_was_replaced_does_not_come_back_by_itself(folder: Path) -> None:
    db, keys_dir = opened(folder), folder / "keys"
    old = (keys_dir / KEY_IN_USE).read_bytes()
    rotate_signing_key(db, keys_dir, by="t", reason="r", now_us=NOW)
    (keys_dir / KEY_IN_USE).write_bytes(old)
    with pytest.raises(DatabaseOfAnotherServerError, match="same backup"):
        signing_key_in_use(db, keys_dir)


def test_no_key_is_exchanged_under_a_running_server(folder: Path) -> None:
    with folder_locked(folder), pytest.raises(AlreadyRunningError, match="end it first"), folder_locked(folder):
        raise AssertionError("both hold it")


def test_after_a_rotation_each_register_is_said_anew_with_the_sets_and_by_the_new_key(bench: Bench) -> None:
    gateway = bench.gateway()
    context = bench.context
    number, before = issue_register(
        context.db, gateway.gateway_id, rules=context.rules, signer=context.signer, now_us=NOW
    )
    done = rotate_signing_key(context.db, context.config.keys_dir, by="t", reason="r", now_us=NOW)
    signer = signing_key_in_use(context.db, context.config.keys_dir)
    later, envelope = issue_register(context.db, gateway.gateway_id, rules=context.rules, signer=signer, now_us=NOW)
    assert later == number + 1
    assert read_envelope(before).key_id == done.before
    register = open_down(envelope, DownKind.REGISTER, gateway_id=gateway.gateway_id, verifier=_only(signer)).data
    assert isinstance(register, Register)
    assert len(register.key_sets) == 1


def _only(key: SigningKey) -> KeyRing:
    named = ServerKey(key_id=key.key_id, public_key=base64.b64encode(key.public_bytes).decode(), since=NOW)
    return KeyRing(KeySet(number=1, keys=(named,)), keep=lambda _envelope: None)


def _bytes(envelope: dict[str, object]) -> bytes:
    return json.dumps(envelope).encode()
