"""Rules as data, access, certificates, clocks, sites, schedules and local times: the tables of the field."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.instants import UtcMicros, parse_rfc3339, rfc3339
from edge.contract.intervals import TimeInterval
from server.domain.access import PERMISSIONS, NotPermittedError, Permission, Role, Scope
from server.domain.calibration import CertificateFact, CertificateVerdict, endings, function_verdict, verified_until
from server.domain.clock import ClockVerdict, clock_verdict
from server.domain.publication import PublicationVerdict, Stage, is_public, notice_too_short, publication_verdict
from server.domain.rules import Rule, RuleNotInForceError, RuleSet, RulesOverlapError, RuleUnitError
from server.domain.schedule import NotAScheduleError, expected_on, parse_schedule
from server.domain.zones import (
    LocalTimeDoubleError,
    LocalTimeMissingError,
    day_interval,
    local_instant,
    months_after,
)
from server.store.rule_files import RuleFileError, load_rules

RULES = load_rules()
DAY_US = 86_400_000_000
SHANGHAI, PARIS = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Paris")


def at(text: str) -> UtcMicros:
    return parse_rfc3339(text)


# ------------------------------------------------------------------------------------------------------ rules
def test_a_limit_that_changed_is_two_rows_and_each_moment_has_its_own() -> None:
    before, since = at("2020-04-30T15:59:59.999999Z"), at("2020-04-30T16:00:00Z")
    assert RULES.value("statutory.review", before) == 10
    assert RULES.value("statutory.review", since) == 5
    assert RULES.rule("statutory.review", since).version == "cn-traffic since 2020-05-01"


def test_every_rule_names_its_source() -> None:
    assert all(rule.source and rule.note for rule in RULES.rules)


def test_two_rows_of_one_key_in_force_at_once_are_refused() -> None:
    rows = tuple(Rule("gap.x", 1, "s", "s", "n", version) for version in ("one", "two"))
    with pytest.raises(RulesOverlapError):
        RuleSet("test", "Asia/Shanghai", rows)


def test_a_rule_that_is_not_in_force_and_a_unit_that_does_not_fit_are_named() -> None:
    with pytest.raises(RuleNotInForceError):
        RULES.value("gap.unheard_of", at("2026-01-01T00:00:00Z"))
    with pytest.raises(RuleUnitError):
        RULES.duration_us("link.confirm_at", at("2026-01-01T00:00:00Z"))


@pytest.mark.parametrize(
    "text",
    [
        "name = 'x'\ntime_zone = 'Asia/Shanghai'\n"
        "[[rule]]\nkey = 'gap.x'\nvalue = 1\nunit = 's'\nsource = ''\nnote = ''",
        "name = 'x'\ntime_zone = 'Mars/Base'\nrule = []",
        "name = 'x'\ntime_zone = 'Asia/Shanghai'\nrule = []\nextra = 1",
        "name = ",
    ],
)
def test_a_rule_file_with_a_fault_is_refused_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(RuleFileError, match=r"rules\.toml"):
        load_rules(path)


# ----------------------------------------------------------------------------------------------------- access
def test_every_role_is_in_the_table_and_nobody_may_everything() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert all(granted < set(Permission) for granted in PERMISSIONS.values())


def test_an_officer_sees_their_own_records_and_nobody_elses() -> None:
    scope = Scope("li", Role.OFFICER, frozenset({"UA"}), "007")
    assert scope.sees_officer("007", "UA")
    assert not scope.sees_officer("008", "UA")
    assert not scope.sees_unit("UA")


def test_a_record_without_a_unit_is_visible_only_to_those_who_see_all() -> None:
    assert Scope("x", Role.SUPERVISOR, None).sees_unit(None)
    assert not Scope("x", Role.SUPERVISOR, frozenset({"UA"})).sees_unit(None)


def test_what_the_table_does_not_grant_is_refused() -> None:
    with pytest.raises(NotPermittedError):
        Scope("x", Role.ADMINISTRATOR, None).require(Permission.PLAY_CLIPS)


# ----------------------------------------------------------------------------------------------- certificates
def certificate(number: str, start: int, end: int | None, **more: object) -> CertificateFact:
    return CertificateFact(number, "speed", more.get("passed", True) is True, start, end, more.get("withdrawn"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("certificates", "verdict"),
    [
        pytest.param([], "missing", id="none at all"),
        pytest.param([certificate("A", 0, 100)], "valid", id="in force throughout"),
        pytest.param([certificate("A", 0, 20)], "valid", id="ends when the recording ends"),
        pytest.param([certificate("A", 0, 19)], "expired", id="ends one instant before the recording does"),
        pytest.param([certificate("A", 0, 10)], "expired", id="ended when the recording began"),
        pytest.param([certificate("A", 11, 100)], "missing", id="began after the recording"),
        pytest.param([certificate("A", 0, 10), certificate("B", 9, 100)], "valid", id="renewed in time"),
        pytest.param([certificate("A", 0, 100), certificate("B", 5, 5, passed=False)], "failed", id="failed later"),
        pytest.param(
            [certificate("A", 0, 100), certificate("B", 15, None, passed=False)], "failed", id="failed during"
        ),
        pytest.param([certificate("A", 0, 100, withdrawn=50)], "withdrawn", id="withdrawn by its issuer, even later"),
        pytest.param(
            [certificate("A", 0, 100, withdrawn=50), certificate("B", 0, 100)], "valid", id="another one stands"
        ),
        pytest.param([certificate("A", 0, None)], "valid", id="without an end"),
    ],
)
def test_a_function_over_a_recording(certificates: list[CertificateFact], verdict: str) -> None:
    recording = TimeInterval(UtcMicros(10), UtcMicros(20))
    assert function_verdict("speed", certificates, recording).verdict == CertificateVerdict(verdict)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(1, 50), st.booleans()), max_size=4),
    st.integers(0, 60),
    st.integers(1, 20),
    st.integers(0, 19),
)
def test_valid_over_a_recording_is_valid_at_each_of_its_instants(
    rows: list[tuple[int, int, bool]], start: int, length: int, offset: int
) -> None:
    facts = [certificate(str(i), begin, begin + size, passed=ok) for i, (begin, size, ok) in enumerate(rows)]
    whole = TimeInterval(UtcMicros(start), UtcMicros(start + length))
    inside = TimeInterval(UtcMicros(start + offset % length), UtcMicros(start + offset % length + 1))
    if function_verdict("speed", facts, whole).verdict is CertificateVerdict.VALID:
        assert function_verdict("speed", facts, inside).verdict is CertificateVerdict.VALID


def test_a_site_is_verified_until_the_first_of_its_functions_ends() -> None:
    facts = [
        CertificateFact("A", "speed", True, 0, 100),
        CertificateFact("B", "clock", True, 0, 60),
    ]
    assert verified_until(["speed", "clock"], facts, UtcMicros(10)) == 60
    assert verified_until(["speed", "clock", "optics"], facts, UtcMicros(10)) is None


@pytest.mark.parametrize(("days", "band"), [(61, None), (60, 60), (30, 30), (8, 30), (7, 7), (1, 7), (0, 0), (-5, 0)])
def test_a_certificate_that_ends_is_announced_in_three_bands(days: int, band: int | None) -> None:
    facts = [CertificateFact("A", "speed", True, 0, 1000 * DAY_US)]
    now_us = UtcMicros((1000 - days) * DAY_US)
    found = endings(["speed"], facts, now_us=now_us, bands_us=[60 * DAY_US, 30 * DAY_US, 7 * DAY_US])
    assert [one.band_days for one in found] == ([] if band is None else [band])


# ------------------------------------------------------------------------------------------------------ clock
@pytest.mark.parametrize(
    ("kind", "measured_s", "applied", "verdict"),
    [
        ("monitor", 1.0, False, ClockVerdict.WITHIN),
        ("monitor", -1.000001, False, ClockVerdict.BEYOND),
        ("recorder", 5.0, False, ClockVerdict.WITHIN),
        ("recorder", 7.0, True, ClockVerdict.CORRECTED),
        ("recorder", -7.0, False, ClockVerdict.BEYOND),
        ("recorder", None, False, ClockVerdict.UNKNOWN),
    ],
)
def test_a_clock_against_its_limit(kind: str, measured_s: float | None, applied: bool, verdict: ClockVerdict) -> None:
    measured_us = None if measured_s is None else round(measured_s * 1e6)
    applied_us = measured_us if applied and measured_us is not None else 0
    found = clock_verdict(kind, measured_us=measured_us, applied_us=applied_us, at_us=UtcMicros(0), rules=RULES)
    assert found is verdict


# ------------------------------------------------------------------------------------------------------ sites
@pytest.mark.parametrize(
    ("stage", "public"),
    [
        (Stage.PROPOSED, False),
        (Stage.REVIEWED, False),
        (Stage.ANNOUNCED, True),
        (Stage.ACTIVE, True),
        (Stage.SUSPENDED, True),
        (Stage.RETIRED, True),
    ],
)
def test_only_announced_sites_are_public(stage: Stage, public: bool) -> None:
    assert is_public(stage) is public
    assert is_public("something_new") is False


@pytest.mark.parametrize(
    ("stage", "notice_d", "enforce_d", "at_d", "verdict"),
    [
        ("active", 0, 30, 40, PublicationVerdict.PUBLISHED),
        ("active", 0, 30, 30, PublicationVerdict.PUBLISHED),
        ("active", 0, 30, 29, PublicationVerdict.NOT_ENFORCED_YET),
        ("active", 0, 29, 40, PublicationVerdict.NOTICE_TOO_SHORT),
        ("active", 10, 50, 5, PublicationVerdict.NOT_PUBLISHED),
        ("active", None, 30, 40, PublicationVerdict.NOT_PUBLISHED),
        ("proposed", 0, 30, 40, PublicationVerdict.NOT_PUBLISHED),
        ("suspended", 0, 30, 40, PublicationVerdict.SUSPENDED),
    ],
)
def test_a_record_rests_on_a_site_that_was_announced_in_time(
    stage: str, notice_d: int | None, enforce_d: int, at_d: int, verdict: PublicationVerdict
) -> None:
    notice_us = None if notice_d is None else notice_d * DAY_US
    found = publication_verdict(
        stage, notice_us=notice_us, enforce_us=enforce_d * DAY_US, at_us=UtcMicros(at_d * DAY_US), rules=RULES
    )
    assert found is verdict


def test_enforcement_without_any_notice_is_too_short() -> None:
    assert notice_too_short(notice_us=None, enforce_us=1, rules=RULES)
    assert not notice_too_short(notice_us=None, enforce_us=None, rules=RULES)


# -------------------------------------------------------------------------------------------------- schedules
@pytest.mark.parametrize(
    ("text", "day", "hours"),
    [
        ("continuous", date(2026, 11, 21), [(0, 24)]),
        ("on_event", date(2026, 11, 21), []),
        (None, date(2026, 11, 21), []),
        ("mon-fri 07:00-19:00", date(2026, 11, 20), [(7, 19)]),
        ("mon-fri 07:00-19:00", date(2026, 11, 21), []),
        ("sat 08:00-10:00, sat 12:00-13:30", date(2026, 11, 21), [(8, 10), (12, 13.5)]),
        ("fri-mon 22:00-06:00", date(2026, 11, 21), [(0, 6), (22, 24)]),
        ("fri 22:00-06:00", date(2026, 11, 21), [(0, 6)]),
    ],
)
def test_what_a_monitor_is_expected_to_record(text: str | None, day: date, hours: list[tuple[float, float]]) -> None:
    midnight = day_interval(day, SHANGHAI).start_us
    found = expected_on(parse_schedule(text), day, SHANGHAI)
    assert [((one.start_us - midnight) / 3.6e9, (one.end_us - midnight) / 3.6e9) for one in found] == hours


@pytest.mark.parametrize(
    "text", ["always", "mon 7-19", "mon-xyz 07:00-19:00", "mon 25:00-26:00", "mon 24:00-06:00", ","]
)
def test_a_text_that_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(NotAScheduleError):
        parse_schedule(text)


# ------------------------------------------------------------------------------------------------ local times
def test_a_local_time_at_a_change_of_clocks_is_refused() -> None:
    with pytest.raises(LocalTimeMissingError):
        local_instant(datetime.fromisoformat("2026-03-29T02:30"), PARIS)
    with pytest.raises(LocalTimeDoubleError):
        local_instant(datetime.fromisoformat("2026-10-25T02:30"), PARIS)
    assert rfc3339(local_instant(datetime.fromisoformat("2026-11-21T08:00"), SHANGHAI)) == "2026-11-21T00:00:00.000000Z"


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 5, 1), 24)])
def test_a_local_day_is_as_long_as_it_was(day: date, hours: int) -> None:
    assert day_interval(day, PARIS).duration_us == hours * 3_600_000_000


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2025-08-31T00:00:00+08:00", 6, "2026-02-28T00:00:00+08:00"),
        ("2025-01-15T00:00:00+08:00", 12, "2026-01-15T00:00:00+08:00"),
        ("2025-12-31T00:00:00+08:00", 2, "2026-02-28T00:00:00+08:00"),
        ("2024-02-29T00:00:00+08:00", 12, "2025-02-28T00:00:00+08:00"),
    ],
)
def test_months_are_calendar_months(start: str, months: int, end: str) -> None:
    assert months_after(at(start), months, SHANGHAI) == at(end)
