"""When a clip began: every source's word, the best of them, and whether they can be true together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge.contract.instants import UtcMicros, parse_rfc3339
from edge.contract.manifest import StartSource, TimeStatement
from edge.domain.file_names import LocalStart
from edge.domain.start_time import (
    ContainerTime,
    decide_start,
    in_zone,
    starts_in_future,
    stated_by_container,
    stated_by_mtime,
    stated_by_name,
    stated_by_sidecar,
)

SHANGHAI, BERLIN = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin")
SECOND_US = 1_000_000
NOON_US = parse_rfc3339("2026-11-21T12:00:00Z")

instants_us = st.integers(0, 4_000_000_000).map(lambda second: UtcMicros(second * SECOND_US))
statements = st.builds(
    TimeStatement,
    source=st.sampled_from([source for source in StartSource if source is not StartSource.NONE]),
    start=instants_us,
    uncertainty_us=st.integers(0, 10 * SECOND_US),
)
zones = st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]).map(
    ZoneInfo
)


def _said(source: StartSource, second: float, uncertainty_s: float = 1) -> TimeStatement:
    return TimeStatement(
        source=source,
        start=UtcMicros(NOON_US + round(second * SECOND_US)),
        uncertainty_us=round(uncertainty_s * SECOND_US),
    )


# ------------------------------------------------------------------ laws
@given(st.lists(statements, max_size=4, unique_by=lambda statement: statement.source))
def test_the_best_source_decides_and_no_word_is_lost(said: list[TimeStatement]) -> None:
    decision = decide_start(said)
    assert sorted(decision.statements, key=repr) == sorted(said, key=repr)
    assert {decision.source, *decision.disagreeing} <= {*(word.source for word in said), StartSource.NONE}
    for source in (StartSource.SIDECAR, StartSource.NAME, StartSource.CONTAINER, StartSource.MTIME):
        for word in said:
            if word.source is source:
                assert (decision.start_us, decision.source) == (word.start, source)
                return
    assert (decision.start_us, decision.source) == (None, StartSource.NONE)


@given(st.lists(statements, max_size=4, unique_by=lambda statement: statement.source), st.randoms())
def test_the_order_of_the_words_does_not_matter(said: list[TimeStatement], random: object) -> None:
    shuffled = list(said)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert decide_start(shuffled) == decide_start(said)


@given(instants_us, st.integers(0, 5 * SECOND_US), st.integers(0, 5 * SECOND_US), st.integers(-20, 20))
def test_two_sources_disagree_exactly_beyond_both_uncertainties(
    start_us: UtcMicros, one_us: int, other_us: int, apart_s: int
) -> None:
    name = TimeStatement(source=StartSource.NAME, start=start_us, uncertainty_us=one_us)
    container = TimeStatement(
        source=StartSource.CONTAINER, start=UtcMicros(start_us + apart_s * SECOND_US), uncertainty_us=other_us
    )
    disagrees = abs(apart_s) * SECOND_US > one_us + other_us
    assert bool(decide_start([name, container]).disagreeing) is disagrees


@given(st.datetimes(datetime.fromisoformat("1971-01-02"), datetime.fromisoformat("2100-01-01")), zones)
def test_a_local_time_is_read_back_from_its_instant_unless_the_change_made_it_doubtful(
    moment: datetime, zone: ZoneInfo
) -> None:
    instant_us, doubt_us = in_zone(moment, zone)
    back = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant_us)).astimezone(zone)
    assume(not doubt_us)
    assert back.replace(tzinfo=None, fold=0) == moment


@given(instants_us, st.integers(0, 7200 * SECOND_US))
def test_the_time_of_change_is_the_end(modified_us: UtcMicros, media_us: int) -> None:
    said = stated_by_mtime(modified_us, media_us)
    assert said is not None
    assert said.start + media_us == modified_us
    assert stated_by_mtime(modified_us, None) is None


# ------------------------------------------------------------------ tables
@pytest.mark.parametrize(
    ("local", "zone", "instant", "doubt_s"),
    [
        pytest.param("2026-11-21T20:00:00", SHANGHAI, "2026-11-21T12:00:00Z", 0, id="a zone without summer time"),
        pytest.param("2026-07-01T12:00:00", BERLIN, "2026-07-01T10:00:00Z", 0, id="in summer"),
        pytest.param("2026-10-25T02:30:00", BERLIN, "2026-10-25T00:30:00Z", 3600, id="there twice"),
        pytest.param("2026-03-29T02:30:00", BERLIN, "2026-03-29T01:30:00Z", 3600, id="not there"),
    ],
)
def test_a_local_time_and_its_doubt(local: str, zone: ZoneInfo, instant: str, doubt_s: int) -> None:
    start = LocalStart(datetime.fromisoformat(local), is_utc=False)
    said = stated_by_name(start, zone)
    assert (said.start, said.uncertainty_us) == (parse_rfc3339(instant), (1 + doubt_s) * SECOND_US)


def test_a_name_in_utc_is_not_read_in_the_zone() -> None:
    start = LocalStart(datetime.fromisoformat("2026-11-21T12:00:00"), is_utc=True)
    assert stated_by_name(start, SHANGHAI).start == NOON_US


def test_a_sidecar_with_an_offset_is_not_read_in_the_zone() -> None:
    assert stated_by_sidecar(datetime.fromisoformat("2026-11-21T13:00:00+01:00"), SHANGHAI).start == NOON_US
    assert stated_by_sidecar(datetime.fromisoformat("2026-11-21T20:00:00"), SHANGHAI).start == NOON_US


@pytest.mark.parametrize(
    ("convention", "written"),
    [
        (ContainerTime.UTC, "2026-11-21T12:00:00Z"),
        (ContainerTime.LOCAL, "2026-11-21T20:00:00Z"),
        (ContainerTime.END, "2026-11-21T12:01:00Z"),
    ],
)
def test_a_container_is_read_by_its_devices_convention(convention: ContainerTime, written: str) -> None:
    said = stated_by_container(parse_rfc3339(written), 60 * SECOND_US, convention, SHANGHAI)
    assert said is not None
    assert said.start == NOON_US


def test_an_end_without_a_length_is_no_start() -> None:
    assert stated_by_container(NOON_US, None, ContainerTime.END, SHANGHAI) is None


@pytest.mark.parametrize(
    ("second", "disagrees"),
    [
        pytest.param(86_400 * 400, False, id="copied a year later"),
        pytest.param(-3, False, id="within both uncertainties"),
        pytest.param(-120, True, id="last changed before it can have ended"),
        pytest.param(-8 * 3600, False, id="local time on a disk without zones"),
        pytest.param(-8 * 3600 - 700, True, id="no zone explains this"),
        pytest.param(-15 * 3600, True, id="earlier than any zone"),
    ],
)
def test_the_time_of_change_contradicts_only_where_it_is_too_early(second: int, disagrees: bool) -> None:
    decision = decide_start([_said(StartSource.NAME, 0), _said(StartSource.MTIME, second, 5)])
    assert bool(decision.disagreeing) is disagrees


@pytest.mark.parametrize(
    ("start_s", "offset_s", "future"),
    [(-60, 0, False), (5, 0, False), (6, 0, True), (600, 600, False), (0, -60, True)],
    ids=["past", "at the limit", "beyond it", "a clock known to be ahead", "a clock known to be behind"],
)
def test_a_start_after_the_landing_is_in_the_future(start_s: int, offset_s: int, future: bool) -> None:
    decision = decide_start([_said(StartSource.NAME, start_s)])
    assert starts_in_future(decision, clock_offset_us=offset_s * SECOND_US, landed_us=NOON_US) is future


@pytest.mark.parametrize(("year", "expected"), [(1, "0002-01-01T00:00:00Z"), (9999, "9998-01-01T00:00:00Z")])
def test_a_start_at_an_end_of_the_calendar_is_moved_to_where_its_recording_can_be_written_down(
    year: int, expected: str
) -> None:
    moment = datetime(year, 1, 1, tzinfo=UTC)
    assert stated_by_sidecar(moment, ZoneInfo("Asia/Shanghai")).start == parse_rfc3339(expected)
    local = LocalStart(moment.replace(tzinfo=None), is_utc=False)
    assert stated_by_name(local, ZoneInfo("Asia/Shanghai")).start == parse_rfc3339(expected)
