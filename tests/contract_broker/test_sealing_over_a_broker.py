"""The server's half of the wire over real brokers: offer, chunks, seal, receipt, restart, and what is refused."""

from __future__ import annotations

import random

import pytest
from scripted_gateway import content_id, until
from served import Served, wait_a_little
from sqlalchemy import select

from edge.contract.messages import Grant, Have, Noted, Offer, Receipt, Refusal
from edge.contract.topics import DownKind, UpKind
from server.store.act_log import verify_acts
from server.store.tables import Act, Clip, EventRow, Gateway, SetAside, SightingRow

pytestmark = pytest.mark.broker


def content_of(size_bytes: int, seed: int = 7) -> bytes:
    return random.Random(seed).randbytes(size_bytes)


def clip_of(served: Served, content: bytes) -> Clip:
    with served.context.db.reading() as session:
        return session.get_one(Clip, content_id(content))


def set_aside_reasons(served: Served) -> list[str]:
    with served.context.db.reading() as session:
        return list(session.scalars(select(SetAside.reason)))


# ---------------------------------------------------------------------------------------------- the whole way
def test_a_clip_comes_in_and_its_receipt_goes_out(served: Served) -> None:
    gateway = served.gateway()
    gateway.hello()
    assert gateway.hear(DownKind.REGISTER).number == 1
    content = content_of(3_000_000)
    receipt = gateway.upload(content)
    assert isinstance(receipt, Receipt)
    clip = clip_of(served, content)
    assert (clip.state, clip.receipt is not None) == ("sealed", True)
    assert served.context.clip_files.path_of(clip.stored_path or "").read_bytes() == content
    with served.context.db.reading() as session:
        act = session.get_one(Act, receipt.act_index)
        assert (act.hash, act.verb, act.subject_id) == (receipt.act_hash, "seal", receipt.clip_id)
        assert verify_acts(session) == receipt.act_index
    gateway.link.stop()


def test_a_sealed_content_gets_the_same_receipt_again_and_only_a_sighting_more(served: Served) -> None:
    gateway, content = served.gateway(), content_of(600_000)
    first = gateway.upload(content)
    gateway.offer(gateway.manifest(content))
    assert gateway.hear(DownKind.RECEIPT) == first
    with served.context.db.reading() as session:
        assert len(session.scalars(select(SightingRow)).all()) == 2
        assert len(session.scalars(select(Act).where(Act.verb == "seal")).all()) == 1
    gateway.link.stop()


def test_another_gateway_with_the_same_content_gets_the_very_same_receipt(served: Served) -> None:
    north, south, content = served.gateway("north"), served.gateway("south"), content_of(600_000)
    first, second = north.upload(content), south.upload(content)
    assert isinstance(first, Receipt)
    assert isinstance(second, Receipt)
    assert first == second
    north.link.stop()
    south.link.stop()


def test_an_empty_file_is_sealed_without_a_single_chunk(served: Served) -> None:
    gateway = served.gateway()
    receipt = gateway.upload(b"")
    assert isinstance(receipt, Receipt)
    assert receipt.size_bytes == 0
    gateway.link.stop()


def test_a_report_is_noted_once_its_rows_stand_and_again_when_it_is_repeated(served: Served) -> None:
    gateway = served.gateway()
    manifest = gateway.manifest(b"abc")
    gateway.report_clip(manifest)
    noted = gateway.hear(DownKind.NOTED)
    assert isinstance(noted, Noted)
    assert clip_of(served, b"abc").state == "announced"
    gateway.counter -= 1
    gateway.report_clip(manifest)
    assert gateway.hear(DownKind.NOTED) == noted
    with served.context.db.reading() as session:
        assert len(session.scalars(select(SightingRow)).all()) == 1
    gateway.link.stop()


# ---------------------------------------------------------------------------------------------- the fence, the ranges
def test_a_damaged_chunk_is_asked_for_again_by_its_index(served: Served) -> None:
    gateway, content = served.gateway(), content_of(1_100_000)
    gateway.offer(gateway.manifest(content))
    grant = gateway.hear(DownKind.GRANT)
    gateway.send_chunk(grant, content, 1, check="0" * 16)
    have = gateway.hear(DownKind.HAVE)
    assert (have.bad_chunks, have.held) == ((1,), ())
    for index in range(3):
        gateway.send_chunk(grant, content, index)
    assert isinstance(gateway.hear(DownKind.RECEIPT), Receipt)
    gateway.link.stop()


def test_chunks_of_an_older_grant_are_dropped_and_what_is_held_stays(served: Served) -> None:
    gateway, content = served.gateway(), content_of(1_100_000)
    manifest = gateway.manifest(content)
    gateway.offer(manifest)
    old = gateway.hear(DownKind.GRANT)
    gateway.send_chunk(old, content, 0)
    assert gateway.hear(DownKind.HAVE).held == ((0, old.chunk_bytes),)
    gateway.offer(manifest)
    new = gateway.hear(DownKind.GRANT)
    assert new.upload > old.upload
    assert new.held == ((0, old.chunk_bytes),)
    gateway.send_chunk(old, content, 1)
    assert gateway.hears_nothing(DownKind.HAVE)
    for index in (1, 2):
        gateway.send_chunk(new, content, index)
    assert isinstance(gateway.hear(DownKind.RECEIPT), Receipt)
    gateway.link.stop()


def test_after_a_restart_of_the_server_only_what_is_missing_is_sent(served: Served) -> None:
    gateway, content = served.gateway(), content_of(1_100_000)
    manifest = gateway.manifest(content)
    gateway.offer(manifest)
    grant = gateway.hear(DownKind.GRANT)
    gateway.send_chunk(grant, content, 2)
    held = gateway.hear(DownKind.HAVE).held
    served.stop_worker()
    served.start_worker()
    gateway.offer(manifest)
    again = gateway.hear(DownKind.GRANT)
    assert again.held == held
    assert again.worker != grant.worker
    for index in (0, 1):
        gateway.send_chunk(again, content, index)
    assert isinstance(gateway.hear(DownKind.RECEIPT), Receipt)
    gateway.link.stop()


def test_bytes_that_are_not_those_announced_are_asked_for_once_more_and_then_refused_for_good(served: Served) -> None:
    gateway, announced, other = served.gateway(), content_of(700_000), content_of(700_000, seed=8)
    gateway.offer(gateway.manifest(announced))
    grant = gateway.hear(DownKind.GRANT)
    for _attempt in range(2):
        for index in range(2):
            gateway.send_chunk(grant, other, index)
        if _attempt == 0:
            assert until(lambda: any(_is_empty_have(gateway.heard.get(timeout=10).data) for _ in range(3)))
    refusal = gateway.hear(DownKind.REFUSAL)
    assert isinstance(refusal, Refusal)
    assert (refusal.permanent, refusal.reason) == (True, "hash_differs")
    assert clip_of(served, announced).state == "quarantined"
    with served.context.db.reading() as session:
        assert session.scalars(select(EventRow.code)).all() == ["hash_differs"]
    gateway.offer(gateway.manifest(announced))
    assert gateway.hear(DownKind.REFUSAL).permanent
    gateway.link.stop()


def _is_empty_have(data: object) -> bool:
    return isinstance(data, Have) and data.held == ()


# ---------------------------------------------------------------------------------------------- who is not believed
def test_a_message_with_a_bad_signature_is_set_aside_and_changes_nothing(served: Served) -> None:
    gateway = served.gateway()
    manifest = gateway.manifest(b"x")
    message = gateway.message(UpKind.OFFER, Offer(manifest=gateway.envelope(manifest)))
    forged = bytearray(message)
    at = forged.index(b'"sig":"') + 12
    forged[at : at + 4] = b"AAAA" if forged[at : at + 4] != b"AAAA" else b"BBBB"
    gateway.send(UpKind.OFFER, bytes(forged))
    assert until(lambda: "bad_signature" in set_aside_reasons(served))
    with served.context.db.reading() as session:
        assert session.scalars(select(Clip)).all() == []
    gateway.link.stop()


def test_a_report_forged_with_another_gateways_key_is_refused(served: Served) -> None:
    gateway, other = served.gateway("north"), served.gateway("south")
    manifest = gateway.manifest(b"x")
    gateway.key = other.key
    gateway.report_clip(manifest)
    assert until(lambda: "bad_signature" in set_aside_reasons(served))
    with served.context.db.reading() as session:
        assert session.scalars(select(SightingRow)).all() == []
    gateway.link.stop()
    other.link.stop()


def test_a_manifest_of_another_gateway_inside_an_own_offer_is_refused(served: Served) -> None:
    gateway, other = served.gateway("north"), served.gateway("south")
    foreign = other.envelope(other.manifest(b"x"))
    gateway.say(UpKind.OFFER, Offer(manifest=foreign))
    assert until(lambda: "manifest_bad_signature" in set_aside_reasons(served))
    gateway.link.stop()
    other.link.stop()


def test_the_broker_lets_no_gateway_speak_under_the_id_of_another(served: Served) -> None:
    gateway, other = served.gateway("north"), served.gateway("south")
    gateway.send(UpKind.REPORT, b"{}", gateway_id=other.gateway_id)
    wait_a_little()
    assert set_aside_reasons(served) == []
    gateway.link.stop()
    other.link.stop()


def test_a_revoked_gateway_is_cut_and_cannot_come_back(served: Served) -> None:
    from scripted_gateway import CLOCK

    from server.usecases.revoke_gateway import revoke_gateway

    gateway = served.gateway()
    revoke_gateway(served.context.db, gateway.gateway_id, by="test", now_us=CLOCK.now_us())
    assert until(lambda: not gateway.link.connected, seconds=30)
    assert not gateway.link.wait_connected(1.5)
    with served.context.db.reading() as session:
        assert session.get_one(Gateway, gateway.gateway_id).state == "revoked"
    gateway.link.stop()


def test_a_grant_reaches_the_gateway_it_is_for_and_no_other(served: Served) -> None:
    gateway, other = served.gateway("north"), served.gateway("south")
    gateway.offer(gateway.manifest(content_of(10_000)))
    assert isinstance(gateway.hear(DownKind.GRANT), Grant)
    assert other.heard.empty()
    gateway.link.stop()
    other.link.stop()
