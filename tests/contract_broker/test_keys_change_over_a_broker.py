"""Keys that change while clips are on their way: the server's, its CA, and that of a gateway that lost its own."""

from __future__ import annotations

import copy
import queue
import random
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from docked_agent import Dock, assert_all_is_kept, until
from scripted_gateway import ScriptedGateway
from served import CLOCK, Served, has_dynamic_security, serving, wait_a_little
from sqlalchemy import select

from edge.contract.dsse import read_envelope
from edge.contract.messages import Receipt
from edge.contract.topics import DownKind
from edge.storage.identity import load_identity, load_server_keys
from server.store.tables import EventRow, SetAside
from server.usecases.revoke_gateway import revoke_gateway
from server.usecases.signing_keys import rotate_signing_key, signing_key_in_use
from server.usecases.tls_files import begin_new_ca
from server.usecases.tls_handover import GatewaysLeftBehindError, finish_new_ca, gateways_behind

pytestmark = pytest.mark.broker
CONTENTS = [random.Random(seed).randbytes(700_000 + seed) for seed in range(4)]


@pytest.fixture(params=["embedded", "mosquitto"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Served]:
    if request.param == "mosquitto" and not has_dynamic_security():
        pytest.skip("mosquitto with its dynamic-security plugin is not installed")
    with serving(request.param, tmp_path, tls=True) as running:
        yield running


@pytest.fixture
def dock(served: Served, tmp_path: Path) -> Iterator[Dock]:
    made = Dock(served, tmp_path)
    yield made
    made.kill()
    made.log.close()


def rotate(served: Served) -> None:
    """As the command does it: the server stands still meanwhile."""
    served.stop_worker()
    context = served.context
    rotate_signing_key(context.db, context.config.keys_dir, by="t", reason="yearly", now_us=CLOCK.now_us())
    served.context = replace(context, signer=signing_key_in_use(context.db, context.config.keys_dir))
    served.start_worker()


def keys_of_receipts(dock: Dock) -> list[str]:
    rows = dock.rows("SELECT receipt FROM content WHERE receipt IS NOT NULL ORDER BY receipted_us")
    return [read_envelope(raw).key_id for (raw,) in rows if isinstance(raw, bytes)]


@pytest.mark.parametrize("served", ["mosquitto"], indirect=True)
def test_receipts_under_a_new_key_are_believed_and_those_under_the_old_stay(dock: Dock, served: Served) -> None:
    dock.start()
    dock.put(*CONTENTS[:1])
    assert until(lambda: dock.receipted() == 1)
    first = served.context.signer.key_id
    rotate(served)
    dock.put(*CONTENTS[1:2], first=1)
    assert until(lambda: dock.receipted() == 2)
    dock.kill()
    rotate(served)
    rotate(served)
    dock.put(*CONTENTS[2:3], first=2)
    dock.start()
    assert until(lambda: dock.receipted() == 3)
    assert keys_of_receipts(dock)[0] == first
    assert len(set(keys_of_receipts(dock))) == 3
    assert load_server_keys(dock.data_dir).held.number == 4
    assert_all_is_kept(dock, CONTENTS[:3])


def test_a_new_ca_takes_over_when_every_gateway_holds_it_and_not_before(dock: Dock, served: Served) -> None:
    config, db = served.context.config, served.context.db
    before = load_identity(dock.data_dir).broker.ca_pem
    assert begin_new_ca(config, now_us=CLOCK.now_us())
    with pytest.raises(GatewaysLeftBehindError, match="dock"):
        finish_new_ca(config, db, leave_behind=False, now_us=CLOCK.now_us())
    dock.start()

    def all_hold_it() -> bool:
        with db.reading() as session:
            return not gateways_behind(session, (config.keys_dir / "ca-cert.pem").read_text())

    assert until(all_hold_it)
    assert finish_new_ca(config, db, leave_behind=False, now_us=CLOCK.now_us())
    if served.mosquitto is not None:
        served.mosquitto.take_up_certificate()
    served.worker.link.drop()
    dock.kill()
    dock.start()
    dock.put(*CONTENTS[:1])
    assert until(lambda: dock.receipted() == 1)
    after = load_identity(dock.data_dir).broker.ca_pem
    assert after != before
    assert until(lambda: load_identity(dock.data_dir).broker.ca_pem == (config.keys_dir / "ca-cert.pem").read_text())


@pytest.mark.parametrize("served", ["mosquitto"], indirect=True)
def test_a_gateway_that_lost_its_key_signs_what_waits_again_under_its_old_id(dock: Dock, served: Served) -> None:
    dock.start()
    dock.put(*CONTENTS[:1])
    assert until(lambda: dock.receipted() == 1)
    served.stop_worker()
    dock.put(*CONTENTS[1:], first=1)
    assert until(lambda: dock.rows("SELECT count(*) FROM sighting WHERE manifest IS NOT NULL") == [(4,)])
    dock.kill()
    lost = (dock.data_dir / "keys" / "gateway.pem").read_bytes()
    (dock.data_dir / "keys" / "gateway.pem").unlink()
    assert dock.enrol() == dock.gateway_id
    assert (dock.data_dir / "keys" / "gateway.pem").read_bytes() != lost
    served.start_worker()
    dock.start()
    assert until(lambda: dock.receipted() == 4)
    assert_all_is_kept(dock, CONTENTS)
    with served.context.db.reading() as session:
        assert session.scalars(select(SetAside).where(SetAside.reason == "bad_signature")).all() == []


def test_of_two_under_one_id_the_second_is_refused_and_a_person_is_told(served: Served) -> None:
    first = served.gateway("south")
    second = copied(first)
    for speaking in (first, second, first):  # the second may be the first after a restart, until the first speaks again
        speaking.hello()
        wait_a_little()
    second.offer(second.manifest(CONTENTS[0]))
    refusal = second.hear(DownKind.REFUSAL)
    assert (refusal.reason, refusal.permanent) == ("gateway_cloned", False)
    first.hear(DownKind.REFUSAL)  # one id, one topic: it hears it, too, and does not know the clip
    assert isinstance(first.upload(CONTENTS[1]), Receipt)
    with served.context.db.reading() as session:
        assert session.scalars(select(EventRow).where(EventRow.code == "gateway_cloned")).first() is not None
    second.link.stop()
    first.link.stop()


def copied(original: ScriptedGateway) -> ScriptedGateway:
    """A machine started on a copy of its data folder: the same id, key and login, another boot."""
    other = copy.copy(original)
    other.boot_id, other.counter, other.heard = f"boot-{secrets.token_hex(6)}", 0, queue.Queue()
    other.link = other.connection()
    return other.start()


def test_a_revoked_gateway_is_cut_and_what_it_still_says_is_kept_for_a_person(served: Served) -> None:
    gateway = served.gateway("south")
    gateway.hello()
    revoke_gateway(served.context.db, "south", by="t", now_us=CLOCK.now_us())
    gateway.offer(gateway.manifest(CONTENTS[0]))

    def kept() -> list[SetAside]:
        with served.context.db.reading() as session:
            return list(session.scalars(select(SetAside).where(SetAside.reason == "revoked_gateway")))

    # the hello may be read only after the revocation, and is then kept as well
    assert until(lambda: f"tl/v1/up/{gateway.gateway_id}/offer" in {row.topic for row in kept()})
    assert until(lambda: not gateway.link.connected, 30)
    assert not gateway.link.wait_connected(2)
    gateway.link.stop()
