"""Judging from rows: findings follow the facts, however late they come and in whatever order."""

from __future__ import annotations

from pathlib import Path

import pytest
from judging_world import (
    DAY_US,
    EIGHT_US,
    EVERYONE,
    GATEWAY,
    HOUR_US,
    NOW_US,
    RULES,
    World,
    minutes,
    world_at,
)
from sqlalchemy import select

from server.domain.access import Role, Scope
from server.store.recorded import known_rows, withdraw
from server.store.tables import Duty, EventRow, FindingStep, Gateway, Installation
from server.store.to_judge import mark
from server.usecases.findings import findings
from server.usecases.unassigned import unassigned


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = world_at(tmp_path)
    made.people()
    return made


# -------------------------------------------------------------------------------------------------- duties
def test_a_duty_recorded_throughout_makes_no_finding(world: World) -> None:
    world.duty()
    world.clip("R1", minutes(-1, 61))
    world.docking("R1", 90)
    world.judge()
    assert world.findings() == []


def test_a_late_start_and_a_missing_segment_are_found_with_their_causes(world: World) -> None:
    world.duty()
    world.clip("R1", minutes(5, 20), sequence=1)
    world.clip("R1", minutes(30, 61), sequence=3)
    world.docking("R1", 90)
    world.judge()
    assert world.findings() == [("interruption", "segment_missing"), ("late_start", "unknown")]


def test_a_damaged_file_is_the_cause_of_the_gap_it_leaves_and_a_finding_of_its_own(world: World) -> None:
    world.duty()
    world.clip("R1", minutes(-1, 20), sequence=1)
    world.clip("R1", minutes(20, 20.001), sequence=2, verdict="damaged", faults=["index_missing"], recorded=[])
    world.clip("R1", minutes(40, 61), sequence=3)
    world.docking("R1", 90)
    world.judge()
    assert world.findings() == [("clip_damaged", None), ("interruption", "file_damaged")]
    own = Scope("li", Role.OFFICER, frozenset({"U1"}), "007")
    with world.db.reading() as session:
        assert findings(session, scope=own, rules=RULES, now_us=NOW_US).total == 2, "the wearer sees both"


def test_judging_the_same_facts_again_writes_nothing(world: World) -> None:
    world.duty()
    world.clip("R1", minutes(5, 61))
    world.docking("R1", 90)
    world.judge()
    with world.db.reading() as session:
        before = len(session.scalars(select(FindingStep)).all())
    world.hold("R1", "007", minutes(-100, -90))
    world.judge()
    with world.db.reading() as session:
        assert len(session.scalars(select(FindingStep)).all()) == before


def test_a_finding_is_withdrawn_when_the_missing_footage_arrives_and_opened_again_when_it_goes(world: World) -> None:
    world.duty()
    world.clip("R1", minutes(-1, 20))
    world.clip("R1", minutes(30, 61))
    world.docking("R1", 90)
    world.judge()
    assert world.findings() == [("interruption", "unknown")]
    world.clip("R1", minutes(20, 30))
    world.judge()
    assert (world.findings(), world.findings("withdrawn")) == ([], [("interruption", "unknown")])


def test_footage_that_comes_before_its_duty_is_on_record_is_judged_when_the_duty_comes(world: World) -> None:
    world.clip("R1", minutes(5, 61))
    world.docking("R1", 90)
    world.judge()
    world.duty()
    world.judge()
    assert world.findings() == [("late_start", "unknown")]


def test_a_duty_without_a_recorder_is_found_when_it_is_over(world: World) -> None:
    world.duty("D2", officer_number="008")
    world.judge(now_us=minutes(0, 30).end_us)
    world.judge(now_us=minutes(0, 61).end_us)
    assert world.findings() == [("no_recorder_assigned", None)]
    with world.db.reading() as session:
        [found] = findings(session, scope=EVERYONE, rules=RULES, now_us=NOW_US).items
    assert (found.from_us, found.until_us) == (minutes(0, 60).start_us, minutes(0, 60).end_us)


def test_a_recorder_that_was_not_docked_is_found_only_after_the_deadline(world: World) -> None:
    world.duty()
    world.judge()
    assert world.findings() == []
    world.judge(now_us=minutes(0, 60).end_us + DAY_US)
    assert world.findings() == [("not_handed_in", None)]


def test_handing_in_late_withdraws_the_finding(world: World) -> None:
    world.duty()
    world.judge()
    late_us = minutes(0, 60).end_us + DAY_US
    world.judge(now_us=late_us)
    world.clip("R1", minutes(-1, 61), received_us=late_us + 1)
    world.docking("R1", 90, recorded_us=late_us + 1)
    world.judge(now_us=late_us + 2)
    assert world.findings("withdrawn") == [("not_handed_in", None)]
    assert ("not_handed_in", None) not in world.findings()


def test_until_a_listed_file_has_been_inspected_nothing_is_a_gap(world: World) -> None:
    world.duty()
    world.docking("R1", 90, listed=["R1_late.mp4"])
    world.judge()
    assert world.findings() == []
    world.clip("R1", minutes(-1, 61), file_name="R1_late.mp4")
    world.judge()
    assert world.findings() == []
    with world.db.reading() as session:
        assert findings(session, scope=EVERYONE, rules=RULES, now_us=NOW_US).total == 0


def test_listed_files_that_stay_away_beyond_the_deadline_are_found(world: World) -> None:
    world.docking("R1", 90, listed=["R1_late.mp4"])
    world.judge(now_us=EIGHT_US + 2 * DAY_US)
    assert world.findings() == [("not_yet_uploaded", None)]


def test_two_holders_at_once_are_never_guessed(world: World) -> None:
    world.hold("R1", "008", minutes(0, 60))
    world.duty()
    world.clip("R1", minutes(-1, 61))
    world.docking("R1", 90)
    world.judge()
    assert world.findings() == [("ambiguous_wearer", None)]


def test_footage_that_two_may_have_worn_waits_for_a_person_even_outside_every_duty(world: World) -> None:
    world.hold("R1", "008", minutes(0, 60))
    clip_id = world.clip("R1", minutes(10, 20))
    world.judge()
    assert world.findings() == [("unassigned_footage", "ambiguous_wearer")]
    with world.db.reading() as session:
        [waiting] = unassigned(session, scope=EVERYONE, rules=RULES, now_us=NOW_US).items
    assert (waiting.item.clip_id, waiting.why) == (clip_id, "ambiguous_wearer")


def test_more_tolerated_time_than_the_rule_allows_is_found(world: World) -> None:
    world.duty()
    second = 1 / 60
    world.clip("R1", minutes(29 * second, 30))
    world.clip("R1", minutes(30 + 2 * second, 61))
    world.docking("R1", 90)
    world.judge()
    assert world.findings() == [("tolerated_too_much", None)]


def test_a_duty_that_was_entered_by_mistake_takes_its_findings_with_it(world: World) -> None:

    world.duty()
    world.docking("R1", 90)
    world.judge()
    assert world.findings() == [("nothing_recorded", "unknown")]
    with world.db.writing() as session:
        [row] = known_rows(session, Duty, known_us=NOW_US)
        withdraw(session, row, recorded_us=NOW_US, recorded_by="test")
        mark(session, "duty", row.number, NOW_US)
    world.judge()
    assert world.findings() == []


# ------------------------------------------------------------------------------------------------- devices
def test_a_clock_beyond_its_limit_is_found_and_corrected_footage_counts_where_it_was(world: World) -> None:
    world.duty()
    dock = world.docking("R1", 90, offset_us=7_000_000)
    world.clip("R1", minutes(-1, 61), offset_us=7_000_000, docking_number=dock)
    world.judge()
    assert world.findings() == [("clock_offset", None)]


def test_an_expired_certificate_is_one_finding_that_names_every_recording_it_touches(world: World) -> None:
    world.device("M1", kind="monitor", functions="speed", schedule="on_event")
    world.certificate("Z1", "M1", "speed", EIGHT_US - 400 * DAY_US, EIGHT_US - DAY_US)
    clips = {world.clip("M1", minutes(first, first + 1)) for first in (0, 5, 9)}
    world.judge()
    assert world.findings() == [("certificate_expired", None)]
    with world.db.reading() as session:
        [found] = findings(session, scope=EVERYONE, rules=RULES, now_us=NOW_US).items
    assert {text for code, text in found.evidence if code == "clip"} == clips


def test_withdrawing_a_certificate_recalls_what_it_had_carried(world: World) -> None:
    world.device("M1", kind="monitor", functions="speed", schedule="on_event")
    world.certificate("Z1", "M1", "speed", 0, EIGHT_US + 300 * DAY_US)
    world.clip("M1", minutes(0, 1))
    world.judge()
    assert world.findings() == []
    world.certificate("Z2", "M1", "speed", EIGHT_US - DAY_US, EIGHT_US + 300 * DAY_US, result="fail")
    world.judge()
    assert world.findings() == [("certificate_failed", None)]


def test_a_monitors_schedule_is_expected_where_it_stood(world: World) -> None:
    world.device("M1", kind="monitor", schedule="mon-fri 08:00-09:00")

    world.put(Installation, "I1", EIGHT_US - HOUR_US, EIGHT_US + HOUR_US * 3, site_number="S1", device_number="M1")
    world.clip("M1", minutes(0, 20), sequence=1)
    world.clip("M1", minutes(25, 60), sequence=3)
    world.docking("M1", 90)
    world.judge()
    assert world.findings() == [("interruption", "segment_missing")]


def test_content_that_two_devices_claim_is_found_for_both(world: World) -> None:
    world.device("R2")
    world.clip("R1", minutes(0, 10), content="same")
    world.clip("R2", minutes(0, 10), content="same")
    world.judge()
    assert [kind for kind, _ in world.findings()] == [
        "content_claimed_twice",
        "content_claimed_twice",
        "unassigned_footage",
    ]


def test_a_start_in_the_future_is_found_and_is_no_coverage(world: World) -> None:
    world.duty()
    world.clip("R1", minutes(-1, 61), landed_us=minutes(-30, 0).start_us)
    world.docking("R1", 90)
    world.judge()
    assert ("start_in_future", None) in world.findings()
    assert ("nothing_recorded", "unknown") not in world.findings()  # nobody can say when it was recorded


def test_gateway_events_become_findings(world: World) -> None:
    with world.db.writing() as session:
        world.gateway(session)
        for code in ("gateway_cloned", "hash_differs", "grew_after_landing"):
            session.add(
                EventRow(
                    gateway_id=GATEWAY,
                    code=code,
                    at_us=NOW_US,
                    received_us=NOW_US,
                    device_number=None,
                    file_name="a.mp4",
                    detail_json="{}",
                )
            )

        mark(session, "all", "", NOW_US)
    world.judge()
    assert [kind for kind, _ in world.findings()] == ["file_changed", "gateway_cloned", "hash_differs"]


def test_a_silent_gateway_is_found_and_the_finding_goes_when_it_speaks(world: World) -> None:
    with world.db.writing() as session:
        world.gateway(session)
    world.judge(now_us=NOW_US + 3 * HOUR_US)
    assert world.findings() == [("gateway_silent", None)]
    with world.db.writing() as session:
        session.get_one(Gateway, GATEWAY).last_seen_us = NOW_US + 3 * HOUR_US
    world.judge(now_us=NOW_US + 3 * HOUR_US + 1)
    assert world.findings() == []
