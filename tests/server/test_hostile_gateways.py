"""What a gateway with valid credentials can do to others: nothing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from bench import BEGIN_US, Bench, BenchGateway
from scripted_gateway import content_id
from sqlalchemy import select

from edge.contract.dsse import EVENT_PAYLOAD_TYPE, sign_envelope
from edge.contract.events import CloudEvent
from edge.contract.instants import EARLIEST_US, LATEST_US, UtcMicros, parse_rfc3339, rfc3339
from edge.contract.manifest import ClockReading
from edge.contract.messages import Events, GatewayEvent, Receipt, Refusal
from edge.contract.topics import DownKind, UpKind
from server.domain.access import Role, Scope
from server.ingest.judging import JudgingLoop
from server.store.tables import Act, Clip, Docking, Duty, Finding, SetAside, SightingRow, ToJudge, WrongBytes
from server.store.to_judge import mark
from server.usecases.judge import judge_pending
from server.usecases.signing_state import why_signing_stopped
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


def test_repeating_a_chunk_does_not_hold_a_content_against_its_true_owner(bench: Bench) -> None:
    hostile, honest, content = bench.gateway("north"), bench.gateway("south"), content_of(700_000)
    hostile.offer(hostile.manifest(content))
    grant = hostile.hear(DownKind.GRANT)
    for _time in range(3):
        hostile.send_chunk(grant, content, 0)
        bench.clock.pass_s(31)
        bench.lane.lapse(bench.clock.steady_s())
    assert isinstance(honest.upload(content), Receipt)


# ---------------------------------------------------------------------------------------------- absurd values
def docking(**changes: object) -> dict[str, object]:
    times = {"docked": "2026-11-21T08:00:00Z", "until": "2026-11-21T09:00:00Z"}
    return {"subject": "docking", "docking_id": "dock-00000001", "device": "R1", "source": "dock", **times, **changes}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        pytest.param(UpKind.HOLDING, {"register_number": 0, "latest_act_index": 2**70}, id="an act"),
        pytest.param(UpKind.HOLDING, {"register_number": 2**63}, id="a register"),
        pytest.param(UpKind.REPORT, {"content": docking(free_bytes=2**70)}, id="free storage"),
        pytest.param(UpKind.REPORT, {"content": docking(until=2**70)}, id="a time as a number"),
        pytest.param(UpKind.REPORT, {"content": docking(until="9999-12-31T23:59:59Z")}, id="the end of time"),
        pytest.param(UpKind.REPORT, {"content": docking(device="R\u0000")}, id="a device"),
    ],
)
def test_a_number_or_time_that_nobody_can_write_down_is_set_aside(
    bench: Bench, kind: UpKind, data: dict[str, object]
) -> None:
    gateway = bench.gateway()
    gateway.send(kind, raw_message(gateway, kind, data))
    assert bench.rows(select(SetAside.reason)) == ["bad_data"]


def raw_message(gateway: BenchGateway, kind: UpKind, data: dict[str, object]) -> bytes:
    """A well-signed message whose data no honest gateway can make."""
    gateway.counter += 1
    event = CloudEvent(
        id="hostile",
        source=f"/gateways/{gateway.gateway_id}",
        type=f"tallylight.v1.{kind}",
        time=gateway.now_us(),
        gatewayid=gateway.gateway_id,
        keyid=gateway.key.key_id,
        bootid=gateway.boot_id,
        counter=gateway.counter,
        data=data,
    )
    return sign_envelope(EVENT_PAYLOAD_TYPE, event.model_dump_json().encode(), gateway.key)


@pytest.mark.parametrize(
    "code", ["history_lost", "sealed_file_missing", "acts_broken", "hash_differs", "gateway_cloned"]
)
def test_a_gateway_cannot_say_what_only_the_server_may_say(bench: Bench, code: str) -> None:
    gateway = bench.gateway()
    gateway.say(UpKind.EVENTS, Events(events=(GatewayEvent(code=code, at=UtcMicros(5)),)))
    assert bench.rows(select(SetAside.reason)) == ["code_of_the_server"]
    with bench.context.db.reading() as session:
        assert why_signing_stopped(session) == []


def test_a_docking_that_ends_before_it_begins_is_judged_as_one_instant(bench: Bench) -> None:
    gateway = bench.gateway()
    with bench.context.db.writing() as session:
        mark(session, "device", "R1", bench.clock.now_us())
    report = docking(until="2026-11-21T07:00:00Z", docked="2026-11-21T08:00:00Z")
    gateway.send(UpKind.REPORT, raw_message(gateway, UpKind.REPORT, {"content": report}))
    (row,) = bench.rows(select(Docking))
    assert row.valid_until_us == row.valid_from_us
    assert judge_pending(bench.context.db, bench.context.rules, bench.clock.now_us()) == 1


def test_an_offset_that_leaves_the_calendar_is_not_applied(bench: Bench) -> None:
    gateway = bench.gateway()
    gateway.hello()
    clock = ClockReading(offset_us=-(2**53) + 1, uncertainty_us=1, measured=UtcMicros(1), gateway_synchronised=True)
    gateway.report_clip(gateway.manifest(b"x", start_us=parse_rfc3339("9990-01-01T00:00:00Z"), clock=clock))
    assert bench.rows(select(SightingRow.applied_offset_us)) == [0]


def test_one_subject_that_cannot_be_judged_keeps_no_other_waiting(bench: Bench) -> None:
    with bench.context.db.writing() as session:
        session.add(broken_duty())
        mark(session, "duty", "D-BROKEN", 1)
        mark(session, "duty", "D-OTHER", 2)
    loop = JudgingLoop(bench.context)
    loop.look(bench.clock.now_us())
    waiting = bench.rows(select(ToJudge.subject_number).where(ToJudge.subject_kind == "duty"))
    again = bench.rows(select(ToJudge.subject_number).where(ToJudge.subject_kind == "duty_due"))
    assert (waiting, again) == ([], ["D-BROKEN"])


def broken_duty() -> Duty:
    """A row as only a fault of ours could write it: it ends before it begins."""
    return Duty(
        number="D-BROKEN",
        officer_number="1",
        unit_number="A",
        kind="road_patrol",
        valid_from_us=BEGIN_US,
        valid_until_us=BEGIN_US - 10,
        recorded_us=1,
        recorded_by="test",
        replaces=None,
        withdrawn=False,
    )


def test_dockings_at_the_ends_of_the_calendar_are_judged(bench: Bench) -> None:
    gateway = bench.gateway()
    for number, (docked, until) in enumerate([(EARLIEST_US, EARLIEST_US), (EARLIEST_US, LATEST_US), (LATEST_US, 0)]):
        times = {"docking_id": f"dock-0000000{number}", "docked": rfc3339(docked), "until": rfc3339(UtcMicros(until))}
        gateway.send(UpKind.REPORT, raw_message(gateway, UpKind.REPORT, {"content": docking(**times)}))
    assert judge_pending(bench.context.db, bench.context.rules, bench.clock.now_us()) == 1
    assert len(bench.rows(select(Docking))) == 3
