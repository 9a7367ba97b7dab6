"""A gateway names what it holds; the server answers with receipts that never came, and with what it does not have."""

from __future__ import annotations

from bench import Bench, clip_of, content_of
from scripted_gateway import content_id
from sqlalchemy import select

from edge.contract.messages import HeldContent, Holding, Noted, Receipt
from edge.contract.topics import DownKind, UpKind
from server.store.tables import Act

CONTENTS = [content_of(20_000, seed=number) for number in range(3)]


def held(receipt: Receipt, **changed: object) -> HeldContent:
    content = HeldContent(clip_id=receipt.clip_id, act_index=receipt.act_index, act_hash=receipt.act_hash)
    return content.model_copy(update=changed)


def uploaded(bench: Bench) -> list[Receipt]:
    gateway = bench.gateway()
    receipts = [gateway.upload(content) for content in CONTENTS]
    bench.says.clear()
    return [receipt for receipt in receipts if isinstance(receipt, Receipt)]


def asked(bench: Bench, *contents: HeldContent) -> Noted:
    gateway = next(iter(bench.gateways.values()))
    gateway.say(UpKind.HOLDING, Holding(register_number=0, contents=contents))
    noted = gateway.hear(DownKind.NOTED)
    assert isinstance(noted, Noted)
    assert [(item.boot_id, item.counter) for item in noted.items] == [(gateway.boot_id, gateway.counter)]
    return noted


def test_what_both_have_is_answered_with_nothing_missing(bench: Bench) -> None:
    receipts = uploaded(bench)
    noted = asked(bench, *map(held, receipts))
    assert noted.compared is not None
    assert (noted.compared.not_held, noted.compared.unknown) == ((), ())
    assert [topic for topic, _ in bench.says if topic.endswith("/receipt")] == []


def test_a_receipt_of_another_history_is_not_held(bench: Bench) -> None:
    receipts = uploaded(bench)
    stranger = HeldContent(clip_id="0" * 32, act_index=3, act_hash="a" * 64)
    noted = asked(
        bench,
        held(receipts[0], act_hash="a" * 64),
        held(receipts[1], act_index=receipts[1].act_index + 900),
        held(receipts[2]),
        stranger,
    )
    assert noted.compared is not None
    assert set(noted.compared.not_held) == {receipts[0].clip_id, receipts[1].clip_id, stranger.clip_id}


def test_a_receipt_that_never_came_is_said_again(bench: Bench) -> None:
    receipts = uploaded(bench)
    noted = asked(bench, HeldContent(clip_id=receipts[1].clip_id))
    assert noted.compared is not None
    assert noted.compared.not_held == ()
    stored = [message for topic, message in bench.says if topic.endswith("/receipt")]
    assert stored == [clip_of(bench, CONTENTS[1]).receipt]


def test_a_content_nobody_told_of_is_unknown_and_one_on_its_way_is_not(bench: Bench) -> None:
    uploaded(bench)
    gateway, half = next(iter(bench.gateways.values())), content_of(1_500_000, seed=9)
    gateway.offer(gateway.manifest(half))
    noted = asked(bench, HeldContent(clip_id=content_id(half)), HeldContent(clip_id="1" * 32))
    assert noted.compared is not None
    assert (noted.compared.not_held, noted.compared.unknown) == ((), ("1" * 32,))


def test_comparing_writes_nothing_and_a_plain_holding_is_answered_as_ever(bench: Bench) -> None:
    receipts = uploaded(bench)
    before = bench.rows(select(Act.hash))
    asked(bench, *map(held, receipts))
    assert bench.rows(select(Act.hash)) == before
    bench.says.clear()
    next(iter(bench.gateways.values())).say(UpKind.HOLDING, Holding(register_number=0))
    assert [topic for topic, _ in bench.says if topic.endswith("/noted")] == []
