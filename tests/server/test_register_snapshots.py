"""The register a gateway gets: numbered, signed, only what it needs, no name of a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from bench import BEGIN_US, Bench, BenchGateway
from sqlalchemy import select

from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_HOUR
from edge.contract.messages import Holding, Register
from edge.contract.topics import DownKind, UpKind
from server.store.recorded import record, replace
from server.store.tables import Assignment, Certificate, Device, Duty, Gateway, Officer, RegisterIssued, Unit

HOUR = MICROS_PER_HOUR


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "server")


def put(bench: Bench, model: Any, number: str, start_us: int, end_us: int | None, **values: Any) -> Any:
    blank = dict.fromkeys(column.key for column in model.__table__.columns if column.nullable)
    common = {
        "number": number,
        "valid_from_us": start_us,
        "valid_until_us": end_us,
        "recorded_us": bench.clock.now_us(),
        "recorded_by": "test",
        "withdrawn": False,
    }
    with bench.context.db.writing() as session:
        return record(session, model(**{**blank, **common, **values}))


def town(bench: Bench) -> None:
    put(bench, Unit, "U1", 0, None, name="队一")
    put(bench, Unit, "U1A", 0, None, name="组甲", parent_number="U1")
    put(bench, Unit, "U2", 0, None, name="队二")
    put(bench, Officer, "007", 0, None, name="王小明", unit_number="U1", kind="officer")
    for device, unit in (("BC01", "U1A"), ("BC02", "U2")):
        put(bench, Device, device, 0, None, kind="recorder", unit_number=unit, time_zone="Asia/Shanghai", functions="")
    put(bench, Assignment, "A1", BEGIN_US, BEGIN_US + 2 * HOUR, device_number="BC01", officer_number="007")
    put(bench, Duty, "D1", BEGIN_US, BEGIN_US + 4 * HOUR, officer_number="007", unit_number="U1", kind="road")


def register_of(bench: Bench, gateway: BenchGateway, held: int = 0) -> Register | None:
    gateway.hello(register_number=held)
    if gateway.heard.empty():
        return None
    register = gateway.hear(DownKind.REGISTER)
    assert isinstance(register, Register)
    return register


def test_a_duty_is_named_by_device_over_the_time_its_officer_holds_it(bench: Bench) -> None:
    town(bench)
    register = register_of(bench, bench.gateway())
    assert register is not None
    (duty,) = register.duties
    assert (duty.device, duty.must_record) == ("BC01", True)
    assert (duty.interval.start_us, duty.interval.end_us) == (BEGIN_US, BEGIN_US + 2 * HOUR)


def test_no_name_of_a_person_and_no_officers_number_reaches_a_gateway(bench: Bench) -> None:
    town(bench)
    register_of(bench, bench.gateway())
    (envelope,) = bench.rows(select(RegisterIssued.envelope))
    import base64
    import json

    payload = base64.b64decode(json.loads(envelope)["payload"]).decode()
    assert "王小明" not in payload
    assert '"007"' not in payload


def test_a_register_is_sent_until_it_is_held_and_not_again(bench: Bench) -> None:
    town(bench)
    gateway = bench.gateway()
    first = register_of(bench, gateway)
    assert first is not None
    assert register_of(bench, gateway) == first
    assert register_of(bench, gateway, held=first.number) is None


def test_a_changed_duty_makes_a_higher_number(bench: Bench) -> None:
    town(bench)
    gateway = bench.gateway()
    assert register_of(bench, gateway) is not None
    bench.clock.pass_s(5)
    with bench.context.db.writing() as session:
        old = session.scalars(select(Duty)).one()
        new = Duty(
            number="D1",
            valid_from_us=old.valid_from_us,
            valid_until_us=old.valid_from_us + HOUR,
            recorded_us=bench.clock.now_us(),
            recorded_by="test",
            withdrawn=False,
            officer_number="007",
            unit_number="U1",
            kind="office",
        )
        replace(session, old, new)
    register = register_of(bench, gateway, held=1)
    assert register is not None
    assert register.number == 2
    assert register.duties[0].must_record is False


def test_a_living_gateway_hears_of_a_change_without_asking(bench: Bench) -> None:
    gateway = bench.gateway()
    register_of(bench, gateway)
    bench.tidy()
    gateway.say(UpKind.HOLDING, Holding(register_number=1))
    gateway.heard.queue.clear()
    bench.tidy()
    assert gateway.heard.empty()
    town(bench)
    bench.tidy()
    assert gateway.hear(DownKind.REGISTER).number == 2
    bench.tidy()
    assert gateway.hear(DownKind.REGISTER).number == 2  # it may have been lost: it is said until it is held


def test_a_gateway_of_a_unit_gets_that_unit_and_those_below_it(bench: Bench) -> None:
    town(bench)
    gateway = bench.gateway()
    with bench.context.db.writing() as session:
        session.get_one(Gateway, gateway.gateway_id).unit_number = "U1"
    register = register_of(bench, gateway)
    assert register is not None
    assert [device.device for device in register.devices] == ["BC01"]


def test_a_withdrawn_certificate_says_so_as_its_result(bench: Bench) -> None:
    town(bench)
    common = {"device_number": "BC01", "function": "clock", "result": "pass"}
    put(bench, Certificate, "C1", 0, BEGIN_US + MICROS_PER_DAY, **common)
    put(bench, Certificate, "C2", 0, None, **common, withdrawn_us=BEGIN_US - 1)
    register = register_of(bench, bench.gateway())
    assert register is not None
    assert [(row.number, row.result) for row in register.certificates] == [("C1", "pass"), ("C2", "withdrawn")]


def test_duties_far_away_are_left_out(bench: Bench) -> None:
    town(bench)
    far_us = BEGIN_US + 30 * MICROS_PER_DAY
    put(bench, Assignment, "A2", far_us, far_us + HOUR, device_number="BC01", officer_number="007")
    put(bench, Duty, "D2", far_us, far_us + HOUR, officer_number="007", unit_number="U1", kind="road")
    register = register_of(bench, bench.gateway())
    assert register is not None
    assert [duty.number for duty in register.duties] == ["D1"]
