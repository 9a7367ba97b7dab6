"""What a power cut leaves is settled at the next start, and what is lost stops signing until a person decides."""

from __future__ import annotations

import pytest
from bench import Bench, BenchGateway, clip_of, content_of, granted
from scripted_gateway import content_id
from sqlalchemy import select, text

from edge.contract.identifiers import ClipId
from edge.contract.messages import (
    Holding,
    Receipt,
    Refusal,
)
from edge.contract.topics import DownKind, UpKind
from server.store.tables import Act
from server.usecases.seal_clip import seal_clip
from server.usecases.signing_state import resume_signing, why_signing_stopped


def test_a_cut_before_the_ranges_are_journalled_costs_those_bytes_and_no_others(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(1_500_000)
    granted(bench, gateway, content, chunks=1)
    held = gateway.hear(DownKind.HAVE).held
    with bench.context.clip_files.part_path(ClipId(content_id(content))).open("r+b") as part:
        part.seek(524_288)
        part.write(content[524_288:1_048_576])  # written, never journalled
    bench.restart()
    gateway.offer(gateway.manifest(content))
    assert gateway.hear(DownKind.GRANT).held == held
    assert isinstance(gateway.upload(content), Receipt)


def test_a_part_file_that_is_gone_is_asked_for_from_the_beginning(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(1_500_000)
    granted(bench, gateway, content, chunks=2)
    bench.context.clip_files.drop_part(ClipId(content_id(content)))
    bench.restart()
    gateway.offer(gateway.manifest(content))
    assert gateway.hear(DownKind.GRANT).held == ()


def test_a_part_file_cut_short_holds_no_more_than_it_has(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(1_500_000)
    granted(bench, gateway, content, chunks=2)
    with bench.context.clip_files.part_path(ClipId(content_id(content))).open("r+b") as part:
        part.truncate(600_000)
    bench.restart()
    gateway.offer(gateway.manifest(content))
    assert gateway.hear(DownKind.GRANT).held == ((0, 600_000),)


def whole_but_unsealed(bench: Bench, gateway: BenchGateway, content: bytes) -> str:
    """The state between the last `have` and the seal."""
    granted(bench, gateway, content, chunks=1)
    clip_id = content_id(content)
    part = bench.context.clip_files.part_path(ClipId(clip_id))
    part.write_bytes(content)
    with bench.context.db.writing() as session:
        session.execute(text("UPDATE clip SET held_json = :held"), {"held": f"[[0, {len(content)}]]"})
    return clip_id


def test_a_cut_between_the_last_range_and_the_rename_is_sealed_at_the_next_start(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(900_000)
    clip_id = whole_but_unsealed(bench, gateway, content)
    assert bench.restart().sealed == [clip_id]
    gateway.offer(gateway.manifest(content))
    assert gateway.hear(DownKind.RECEIPT).clip_id == clip_id


def test_a_cut_between_the_rename_and_the_transaction_is_sealed_at_the_next_start(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(900_000)
    clip_id = whole_but_unsealed(bench, gateway, content)
    bench.context.clip_files.finish(ClipId(clip_id))
    assert bench.restart().sealed == [clip_id]
    assert clip_of(bench, content).state == "sealed"


def test_a_cut_between_the_transaction_and_the_receipt_leads_to_the_same_receipt(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(900_000)
    clip_id = whole_but_unsealed(bench, gateway, content)
    context = bench.context
    receipt = seal_clip(
        context.db,
        clip_id,
        upload_number=1,
        gateway_id=gateway.gateway_id,
        stored_path=context.clip_files.finish(ClipId(clip_id)),
        signer=context.signer,
        now_us=bench.clock.now_us(),
    )
    bench.restart()
    bench.says.clear()
    gateway.offer(gateway.manifest(content))
    assert [message for topic, message in bench.says if topic.endswith("/receipt")] == [receipt]
    assert len(bench.rows(select(Act).where(Act.verb == "seal"))) == 1


def test_a_final_file_with_other_bytes_is_never_sealed(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(900_000)
    clip_id = whole_but_unsealed(bench, gateway, content)
    bench.context.clip_files.part_path(ClipId(clip_id)).write_bytes(content_of(900_000, seed=2))
    bench.context.clip_files.finish(ClipId(clip_id))
    assert bench.restart().begun_again == [clip_id]
    assert isinstance(gateway.upload(content), Receipt)


def test_a_final_file_of_a_clip_that_was_only_announced_since_is_left_for_its_grant(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(900_000)
    bench.control.signing_stopped = True  # an older database was put back, and a gateway spoke before a person decided
    assert isinstance(gateway.upload(content), Refusal)
    final = bench.context.clip_files.final_path(ClipId(content_id(content)))
    final.parent.mkdir()
    final.write_bytes(content)
    assert bench.restart().sealed == []
    assert final.read_bytes() == content
    assert isinstance(gateway.upload(content), Receipt)


def test_a_part_file_that_no_row_knows_is_removed(bench: Bench) -> None:
    bench.context.clip_files.open_part(ClipId("0" * 32)).close()
    assert bench.restart().parts_removed == ["0" * 32]


# ---------------------------------------------------------------------------------------------- history
def test_a_sealed_file_that_is_gone_stops_signing_until_a_person_decides(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(600_000)
    gateway.upload(content)
    bench.context.clip_files.final_path(ClipId(content_id(content))).unlink()
    assert bench.restart().missing == [content_id(content)]
    with bench.context.db.reading() as session:
        (reason,) = why_signing_stopped(session)
        assert reason.startswith("sealed_file_missing: ")
        assert f"(clip_id {content_id(content)})" in reason
    bench.control.signing_stopped = True
    refusal = gateway.upload(content_of(600_000, seed=3))
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.permanent) == ("signing_stopped", False)
    resume_signing(bench.context.db, by="console:test", reason="known loss", now_us=bench.clock.now_us())
    assert bench.restart().signing_stopped == []
    assert isinstance(gateway.upload(content_of(600_000, seed=3)), Receipt)


@pytest.mark.parametrize("kind", ["hello", "holding"])
def test_a_receipt_that_this_database_does_not_know_stops_signing(bench: Bench, kind: str) -> None:
    gateway = bench.gateway()
    act = {"latest_act_index": 900, "latest_act_hash": "a" * 64}
    if kind == "hello":
        gateway.hello(**act)
    else:
        gateway.say(UpKind.HOLDING, Holding(register_number=0, **act))
    with bench.context.db.reading() as session:
        (reason,) = why_signing_stopped(session)
        assert reason.startswith(f"history_lost: gateway {gateway.gateway_id} ")
        assert f"(held_act 900, held_hash {'a' * 64})" in reason


def test_a_clip_that_was_on_its_way_when_signing_stopped_waits_for_the_decision(bench: Bench) -> None:
    north, south, content = bench.gateway("north"), bench.gateway("south"), content_of(1_000_000)
    north.offer(north.manifest(content))
    grant = north.hear(DownKind.GRANT)
    north.send_chunk(grant, content, 0)
    south.hello(latest_act_index=900, latest_act_hash="a" * 64)
    north.send_chunk(grant, content, 1)
    assert clip_of(bench, content).state == "receiving"
    bench.control.signing_stopped = False  # as after `resume-signing`
    bench.work()
    assert clip_of(bench, content).state == "sealed"


def test_a_receipt_that_is_in_the_chain_stops_nothing(bench: Bench) -> None:
    gateway = bench.gateway()
    receipt = gateway.upload(content_of(10_000))
    assert isinstance(receipt, Receipt)
    gateway.hello(latest_act_index=receipt.act_index, latest_act_hash=receipt.act_hash)
    with bench.context.db.reading() as session:
        assert why_signing_stopped(session) == []


def test_a_changed_act_is_found_at_start_and_stops_signing(bench: Bench) -> None:
    bench.gateway()
    with bench.context.db.writing() as session:
        session.execute(text("UPDATE act SET actor = 'nobody' WHERE act_index = 2"))
    assert len(bench.restart().signing_stopped) == 1


# ---------------------------------------------------------------------------------------------- room and disks
