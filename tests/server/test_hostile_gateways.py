"""What a gateway with valid credentials can do to others: nothing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from bench import Bench, BenchGateway
from scripted_gateway import content_id
from sqlalchemy import select

from edge.contract.messages import Receipt, Refusal
from edge.contract.topics import DownKind
from server.domain.access import Role, Scope
from server.store.tables import Act, Clip, Finding, WrongBytes
from server.usecases.judge import judge_pending
from server.usecases.step_finding import step_finding


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "server")


def content_of(size_bytes: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size_bytes)


def poison(gateway: BenchGateway, announced: bytes, *, times: int = 2, chunks: int = 2) -> None:
    """Announce one content and send another, chunk checks in order."""
    wrong = content_of(len(announced), seed=99)
    gateway.offer(gateway.manifest(announced))
    grant = gateway.hear(DownKind.GRANT)
    for _time in range(times):
        for index in range(chunks):
            gateway.send_chunk(grant, wrong, index)


# ---------------------------------------------------------------------------------------------- poisoned contents
def test_the_true_bytes_of_a_content_that_another_gateway_poisoned_are_sealed(bench: Bench) -> None:
    hostile, honest, content = bench.gateway("north"), bench.gateway("south"), content_of(700_000)
    poison(hostile, content)
    assert hostile.hear(DownKind.REFUSAL).permanent
    assert isinstance(honest.upload(content), Receipt)
    assert bench.context.clip_files.final_path(content_id(content)).read_bytes() == content
    (quarantined,) = (bench.context.clip_files.root / "quarantine").iterdir()
    assert quarantined.read_bytes() == content_of(700_000, seed=99)


def test_a_gateway_stays_quarantined_until_a_person_rectifies_the_finding(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(700_000)
    poison(gateway, content)
    assert gateway.hear(DownKind.REFUSAL).permanent
    again = gateway.upload(content)
    assert isinstance(again, Refusal)
    assert again.permanent
    judge_pending(bench.context.db, bench.context.rules, bench.clock.now_us())
    (finding_id,) = bench.rows(select(Finding.finding_id).where(Finding.kind == "hash_differs"))
    person = Scope("chief", Role.SUPERVISOR, None, None)
    with bench.context.db.writing() as session:
        for state in ("accepted", "rectified"):
            step_finding(session, finding_id, state=state, reason="cable", scope=person, now_us=bench.clock.now_us())
    assert isinstance(gateway.upload(content), Receipt)


def test_false_bytes_left_behind_by_one_gateway_are_never_blamed_on_the_next(bench: Bench) -> None:
    hostile, honest, content = bench.gateway("north"), bench.gateway("south"), content_of(700_000)
    poison(hostile, content, times=1, chunks=1)
    bench.clock.pass_s(61)
    bench.lane.lapse(bench.clock.steady_s())
    assert isinstance(honest.upload(content), Receipt)
    assert bench.rows(select(WrongBytes)) == []


def test_a_false_size_announced_for_a_content_does_not_keep_the_true_one_out(bench: Bench) -> None:
    hostile, honest, content = bench.gateway("north"), bench.gateway("south"), content_of(10_000)
    lie = hostile.manifest(content).model_copy(update={"size_bytes": 9_999})
    hostile.report_clip(lie)
    assert isinstance(honest.upload(content), Receipt)
    assert len(bench.rows(select(Clip))) == 2


def test_whoever_offers_a_sealed_content_hears_the_stored_bytes(bench: Bench) -> None:
    north, south, content = bench.gateway("north"), bench.gateway("south"), content_of(10_000)
    north.upload(content)
    south.upload(content)
    first, second = [message for topic, message in bench.says if topic.endswith("/receipt")]
    assert first == second == bench.rows(select(Clip.receipt))[0]
    assert len(bench.rows(select(Act).where(Act.verb == "seal"))) == 1
