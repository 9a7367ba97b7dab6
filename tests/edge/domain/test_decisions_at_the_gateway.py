"""Rest, disk, certificates, preliminary gaps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.coverage import CoverageState
from edge.contract.instants import UtcMicros, parse_rfc3339
from edge.contract.intervals import TimeInterval
from edge.contract.messages import Register, RegisterCertificate, RegisterDevice, RegisterDuty, RegisterRule
from edge.domain.certificates import check_certificates
from edge.domain.file_state import DiskLevel, Signature, disk_level, has_rested, modified_instant, rested_since
from edge.domain.preliminary_gaps import DEFAULT_TOLERANCE, DeviceFootage, judge_duties, tolerance_of

SECOND_US = 1_000_000
NOON_US = parse_rfc3339("2026-11-21T12:00:00Z")
SIGNATURE = Signature(1, 1)


def _at(second: float) -> UtcMicros:
    return UtcMicros(NOON_US + round(second * SECOND_US))


def _span(start_s: float, end_s: float) -> TimeInterval:
    return TimeInterval(_at(start_s), _at(end_s))


# ------------------------------------------------------------------ rest and disk
def test_a_file_rests_from_its_last_change() -> None:
    since_us = rested_since(_at(5), signature=SIGNATURE, before=SIGNATURE, since_us=_at(0))
    assert since_us == _at(0)
    assert rested_since(_at(5), signature=Signature(2, 1), before=SIGNATURE, since_us=_at(0)) == _at(5)
    assert rested_since(_at(5), signature=Signature(1, 1, 9, 9), before=SIGNATURE, since_us=_at(0)) == _at(5)
    assert not has_rested(_at(9.9), since_us, rest_s=10)
    assert has_rested(_at(10), since_us, rest_s=10)


def test_a_clock_that_was_set_back_starts_the_wait_anew() -> None:
    assert rested_since(_at(-99), signature=SIGNATURE, before=SIGNATURE, since_us=_at(0)) == _at(-99)


@pytest.mark.parametrize(
    ("used", "more", "level"), [(70, 9, "fine"), (70, 10, "low"), (94, 0, "low"), (94, 1, "stop"), (0, 100, "stop")]
)
def test_the_level_counts_what_is_about_to_be_stored(used: int, more: int, level: str) -> None:
    found = disk_level(used_bytes=used, total_bytes=100, more_bytes=more, warn_percent=80, stop_percent=95)
    assert found is DiskLevel(level)


@given(st.integers(-(2**70), 2**70))
def test_every_time_of_change_is_an_instant_that_can_be_written(modified_ns: int) -> None:
    assert 0 <= modified_instant(modified_ns) < 253_402_300_800 * SECOND_US


# ------------------------------------------------------------------ certificates
def _certificate(number: str, from_s: float, until_s: float, result: str = "pass") -> RegisterCertificate:
    return RegisterCertificate(
        device="M1", function="speed", number=number, result=result, valid_from=_at(from_s), valid_until=_at(until_s)
    )


def _register(*certificates: RegisterCertificate, functions: tuple[str, ...] = ("speed",)) -> Register:
    device = RegisterDevice(device="M1", kind="monitor", time_zone="Asia/Shanghai", functions=functions)
    return Register(number=4, issued=NOON_US, devices=(device,), certificates=certificates)


@pytest.mark.parametrize(
    ("certificates", "state", "number"),
    [
        pytest.param([_certificate("A", -9, 99)], "valid", "A", id="over the whole recording"),
        pytest.param([], "missing", None, id="none"),
        pytest.param([_certificate("A", 5, 99)], "missing", None, id="began while it recorded"),
        pytest.param([_certificate("A", -9, 5)], "expired", "A", id="ended while it recorded"),
        pytest.param([_certificate("A", -9, 0)], "expired", "A", id="ended as it began: the end is not inside"),
        pytest.param([_certificate("A", -9, 10)], "valid", "A", id="ended as it ended"),
        pytest.param([_certificate("A", -9, 5), _certificate("B", 5, 99)], "valid", "A", id="one after the other"),
        pytest.param([_certificate("A", -9, 5), _certificate("B", 6, 99)], "expired", "A", id="a second between them"),
        pytest.param([_certificate("A", -9, 99), _certificate("B", 3, 99, "fail")], "failed", "B", id="failed since"),
        pytest.param([_certificate("A", -9, 99, "fail"), _certificate("B", -1, 99)], "valid", "B", id="repaired since"),
        pytest.param([_certificate("A", -9, 99, "withdrawn")], "withdrawn", "A", id="withdrawn"),
    ],
)
def test_a_certificate_must_hold_over_the_whole_recording(
    certificates: list[RegisterCertificate], state: str, number: str | None
) -> None:
    (check,) = check_certificates(_register(*certificates), "M1", _span(0, 10))
    assert (check.state, check.number, check.register_number) == (state, number, 4)


def test_a_function_the_register_does_not_ask_for_is_not_required() -> None:
    (check,) = check_certificates(_register(_certificate("A", -9, 99), functions=()), "M1", _span(0, 10))
    assert check.state == "not_required"


@pytest.mark.parametrize(("register", "device"), [(None, "M1"), (_register(), None), (_register(), "M2")])
def test_of_an_unknown_device_nothing_is_said(register: Register | None, device: str | None) -> None:
    assert check_certificates(register, device, _span(0, 10)) == ()


# ------------------------------------------------------------------ preliminary gaps
def _duty(number: str = "D1", *, must_record: bool = True) -> RegisterDuty:
    return RegisterDuty(number=number, device="BC01", interval=_span(0, 3600), kind="road", must_record=must_record)


def _duties(*duties: RegisterDuty, rules: tuple[RegisterRule, ...] = ()) -> Register:
    return Register(number=1, issued=NOON_US, duties=duties, rules=rules)


def test_what_no_docking_has_shown_is_undetermined() -> None:
    (duty,) = judge_duties(_duties(_duty()), {})
    assert duty.total_us(CoverageState.UNDETERMINED) == 3600 * SECOND_US
    assert duty.gaps == ()


def test_an_interruption_is_a_gap_once_a_docking_came_after_it() -> None:
    footage = DeviceFootage((_span(0, 600), _span(1200, 3600)), (), _at(7200))
    (duty,) = judge_duties(_duties(_duty()), {"BC01": footage})
    assert duty.gaps == (_span(600, 1200),)


def test_a_duty_that_need_not_be_recorded_is_not_judged() -> None:
    assert judge_duties(_duties(_duty(must_record=False)), {}) == []


def test_the_registers_tolerance_stands_before_the_default() -> None:
    rules = (
        RegisterRule(key="gap.join_tolerance", value=5, unit="s"),
        RegisterRule(key="gap.start_grace", value=1, unit="min"),
        RegisterRule(key="gap.end_grace", value=7, unit="furlongs"),
    )
    tolerance = tolerance_of(_duties(rules=rules))
    assert (tolerance.join_us, tolerance.start_us) == (5 * SECOND_US, 60 * SECOND_US)
    assert tolerance.end_us == DEFAULT_TOLERANCE.end_us
    assert tolerance_of(None) == DEFAULT_TOLERANCE
