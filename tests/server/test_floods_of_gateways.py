"""A gateway that is mad or stolen and floods the server: what it adds stays bounded, and the others go on."""

from __future__ import annotations

from itertools import islice
from typing import Any

import pytest
from bench import Bench, BenchGateway, content_of
from sqlalchemy import func, select

from edge.contract.instants import MICROS_PER_DAY, UtcMicros
from edge.contract.messages import Events, GatewayEvent, Hello, Receipt
from edge.contract.topics import DownKind, UpKind, UpTopic
from edge.platform.clock import SystemClock
from server.domain.gateway_limits import Limit, OverLimitError
from server.domain.presence import Presence, hear
from server.store.set_aside import set_aside
from server.store.tables import Clip, EventRow, Finding, MessageSeen, ReportRow, SetAside, SightingRow, Upload
from server.usecases.examine import examine
from server.usecases.judge import judge_gateways
from server.usecases.receive_events import record_over_limit

WAITING = 20
"""Clips that a gateway of these tests may have announced and not sent; nine tenths of them by reports."""


@pytest.fixture
def narrow(bench: Bench) -> Bench:
    """A server whose gateways may announce few clips and report few bytes."""
    bench.with_ingest(waiting_clips=WAITING, record_bytes_day=400_000)
    return bench


def new_clip(seed: int) -> bytes:
    return content_of(2_000, seed=seed)


def count(bench: Bench, table: type) -> int:
    (number,) = bench.rows(select(func.count()).select_from(table))
    return int(number)


def announce(gateway: BenchGateway, clips: int, *, first: int = 0) -> None:
    for seed in range(first, first + clips):
        gateway.report_clip(gateway.manifest(new_clip(seed)))


def kinds_heard(gateway: BenchGateway) -> list[str]:
    return [gateway.heard.get_nowait().kind.value for _ in range(gateway.heard.qsize())]


# ---------------------------------------------------------------------------------------------- clips that never come
def test_a_flood_of_reports_announces_no_more_than_the_limit_and_is_not_noted_beyond(narrow: Bench) -> None:
    gateway = narrow.gateway()
    announce(gateway, WAITING + 30)
    assert count(narrow, Clip) == count(narrow, SightingRow) == count(narrow, ReportRow) == WAITING * 9 // 10
    assert count(narrow, MessageSeen) == WAITING * 9 // 10
    assert kinds_heard(gateway).count("noted") == WAITING * 9 // 10
    assert count(narrow, SetAside) == 0


def test_a_flood_of_offers_is_refused_as_busy_and_leaves_no_more_rows_than_the_limit(narrow: Bench) -> None:
    gateway = narrow.gateway()
    for seed in range(WAITING + 30):
        gateway.offer(gateway.manifest(new_clip(seed)))
    assert count(narrow, Clip) == count(narrow, SightingRow) == WAITING
    refusal = _heard(gateway, DownKind.REFUSAL)[-1]
    assert (refusal.reason, refusal.permanent, refusal.retry_after_s) == ("busy", False, 60.0)


def _heard(gateway: BenchGateway, kind: DownKind) -> list[Any]:
    opened = [gateway.heard.get_nowait() for _ in range(gateway.heard.qsize())]
    return [one.data for one in opened if one.kind is kind]


def test_what_was_announced_can_be_sent_although_the_limit_is_reached_and_then_more_is_taken(narrow: Bench) -> None:
    """The limit must never keep back the clips that would end it, nor clips whose report did not fit any more."""
    gateway = narrow.gateway()
    announce(gateway, WAITING + 5)
    for seed in [WAITING + 4, 0, 1, 2, 3]:
        assert isinstance(gateway.upload(new_clip(seed)), Receipt)
    narrow.clock.pass_s(11)
    announce(gateway, 5, first=WAITING - 2)
    states = narrow.rows(select(Clip.state))
    assert (states.count("sealed"), states.count("announced")) == (5, WAITING * 9 // 10)


def test_an_honest_gateway_that_waited_for_weeks_gets_everything_in_whatever_its_number(narrow: Bench) -> None:
    gateway, waiting = narrow.gateway(), list(range(3 * WAITING))
    told: set[int] = set()
    for _round in range(40):
        for seed in islice((one for one in waiting if one not in told), 4):
            before = count(narrow, ReportRow)
            gateway.report_clip(gateway.manifest(new_clip(seed), sighting_id=f"sight-{seed:08}"))
            told |= {seed} if count(narrow, ReportRow) > before else set()
        for seed in waiting[:4]:
            manifest = gateway.manifest(new_clip(seed), sighting_id=f"sight-{seed:08}")
            if isinstance(gateway.upload(new_clip(seed), manifest), Receipt):
                waiting.remove(seed)
        narrow.clock.pass_s(60)
    assert waiting == []


def test_another_gateway_has_limits_of_its_own(narrow: Bench) -> None:
    hostile, honest = narrow.gateway("north"), narrow.gateway("south")
    announce(hostile, WAITING + 10)
    assert isinstance(honest.upload(new_clip(99)), Receipt)


def test_a_restart_knows_what_was_announced_before(narrow: Bench) -> None:
    gateway = narrow.gateway()
    announce(gateway, WAITING)
    narrow.with_ingest()
    announce(gateway, 10, first=100)
    assert count(narrow, Clip) == WAITING * 9 // 10


# ---------------------------------------------------------------------------------------------- records without end
def event(detail: str) -> Events:
    told = {str(part): detail * 400 for part in range(5)}
    return Events(events=(GatewayEvent(code="file_odd", at=UtcMicros(5), device="BC01", detail=told),))


def test_events_beyond_a_days_bytes_are_not_kept_until_time_has_passed(narrow: Bench) -> None:
    gateway = narrow.gateway()
    narrow.with_ingest(record_bytes_day=100_000)
    for _time in range(50):
        gateway.say(UpKind.EVENTS, event("x"))
    kept = count(narrow, MessageSeen)
    assert 20 < kept < 35
    gateway.say(UpKind.EVENTS, event("x"))
    assert count(narrow, MessageSeen) == kept
    narrow.clock.pass_s(3600)
    gateway.say(UpKind.EVENTS, event("x"))
    assert count(narrow, MessageSeen) == kept + 1


def test_the_same_content_met_without_end_fills_no_table(narrow: Bench) -> None:
    gateway = narrow.gateway()
    narrow.with_ingest(record_bytes_day=60_000)
    assert isinstance(gateway.upload(new_clip(1)), Receipt)
    for _time in range(80):
        gateway.offer(gateway.manifest(new_clip(1)))
    assert 20 < count(narrow, SightingRow) < 60


def test_saying_the_same_again_costs_nothing(narrow: Bench) -> None:
    gateway = narrow.gateway()
    message = gateway.message(UpKind.EVENTS, event("x"))
    narrow.with_ingest(record_bytes_day=10_000)
    for _time in range(40):
        gateway.send(UpKind.EVENTS, message)
    gateway.say(UpKind.EVENTS, event("y"))
    assert count(narrow, MessageSeen) == 2


def test_one_clip_offered_without_end_makes_a_bounded_number_of_grants(narrow: Bench) -> None:
    gateway = narrow.gateway()
    narrow.with_ingest(record_bytes_day=10_000)
    manifest = gateway.manifest(content_of(400_000))
    for _time in range(100):
        gateway.offer(manifest)
    assert 40 < count(narrow, Upload) < 80


# ---------------------------------------------------------------------------------------------- who is told
def test_a_gateway_over_its_limit_is_one_finding_that_names_it(narrow: Bench) -> None:
    gateway = narrow.gateway("crossroads-7")
    for first in (0, 100):
        announce(gateway, WAITING + 5, first=first)
        narrow.clock.pass_s(7200)
    judge_gateways(narrow.context.db, narrow.context.rules, narrow.clock.now_us())
    (finding,) = narrow.rows(select(Finding).where(Finding.kind == "gateway_over_limit"))
    assert '"crossroads-7"' in finding.evidence_json
    assert f'["limit", "clips"], ["most", "{WAITING}"]' in finding.evidence_json


def test_doctor_names_the_gateway_that_is_over_a_limit(bench: Bench) -> None:
    gateway = bench.gateway("crossroads-7")
    error = OverLimitError(gateway_id=gateway.gateway_id, limit=Limit.CLIPS, most=WAITING)
    for days_ago, is_new in ((20, True), (1, True), (0, False)):
        now_us = UtcMicros(SystemClock().now_us() - days_ago * MICROS_PER_DAY)
        assert record_over_limit(bench.context.db, error, now_us=now_us) is is_new
    bench.context.db.close()
    (check,) = [one for one in examine(bench.folder) if "crossroads-7" in str(one.detail)]
    assert not check.ok


def test_a_gateway_cannot_say_itself_that_another_or_it_is_over_a_limit(bench: Bench) -> None:
    gateway = bench.gateway()
    gateway.say(UpKind.EVENTS, Events(events=(GatewayEvent(code="gateway_over_limit", at=UtcMicros(5)),)))
    assert bench.rows(select(SetAside.reason)) == ["code_of_the_server"]


# ---------------------------------------------------------------------------------------------- words without end
def test_a_gateway_that_invents_an_act_with_each_hello_fills_no_table(bench: Bench) -> None:
    gateway = bench.gateway()
    for act in range(1_000, 1_040):
        gateway.hello(latest_act_index=act, latest_act_hash=f"{act:064x}")
    assert bench.rows(select(EventRow.code)) == ["history_lost"]


def test_a_gateway_that_invents_boots_is_on_record_once_an_hour_and_takes_bounded_memory(bench: Bench) -> None:
    gateway = bench.gateway()
    first = gateway.boot_id
    for number in range(25):
        for boot_id in (first, f"boot-{number:012}"):
            gateway.boot_id = boot_id
            gateway.hello()
    assert bench.rows(select(EventRow.code)) == ["gateway_cloned"]
    presence: Presence | None = None
    for number in range(200):
        presence, _ = hear(presence, f"boot-{number % 2 * number}", is_hello=True, now_s=number / 10)
        assert len(presence.refused) <= 16


def test_a_register_is_said_a_few_times_to_who_asks_without_end_and_later_again(bench: Bench) -> None:
    gateway = bench.gateway()
    hello = [gateway.message(UpKind.HELLO, _hello()) for _ in range(30)]
    bench.clock.pass_s(10)
    bench.says.clear()
    for message in hello:
        bench.control.take(
            UpTopic(gateway.gateway_id, UpKind.HELLO),
            message,
            received_us=bench.clock.now_us(),
            received_s=bench.clock.steady_s(),
        )
    bench.work()
    assert sum(topic.endswith("/register") for topic, _ in bench.says) <= 5
    bench.says.clear()
    bench.clock.pass_s(6)
    gateway.hello()
    assert sum(topic.endswith("/register") for topic, _ in bench.says) == 1


def _hello() -> Hello:
    return Hello(installation_id="inst-0001", software="test 1", register_number=0, clock_synchronised=True)


# ---------------------------------------------------------------------------------------------- what is set aside
def test_rubbish_of_one_gateway_keeps_nobody_elses_refused_message_from_being_kept(bench: Bench) -> None:
    hostile, honest = bench.gateway("north"), bench.gateway("south")
    for _time in range(150):
        hostile.send(UpKind.OFFER, b"rubbish")
    honest.send(UpKind.OFFER, b"half a message")
    topics = bench.rows(select(SetAside.topic))
    assert len(topics) <= 61
    assert sum(honest.gateway_id in topic for topic in topics) == 1


def test_a_full_table_of_refused_messages_loses_the_oldest_of_whoever_has_most_in_it(bench: Bench) -> None:
    with bench.context.db.writing() as session:
        for number in range(300):
            speaker = "gw-0000000000000001" if number == 0 else "gw-0000000000000002"
            set_aside(
                session,
                topic=f"tl/v1/up/{speaker}/offer",
                payload=b"x",
                reason="unreadable",
                detail=str(number),
                received_us=number,
                max_rows=100,
            )
    details = bench.rows(select(SetAside.detail).order_by(SetAside.row_id))
    assert len(details) <= 100
    assert details[0] == "0"
    assert details[-1] == "299"
