"""What persons decide: whose footage it is, what a finding comes to, which footage bears on a case."""

from __future__ import annotations

from pathlib import Path

import pytest
from judging_world import (
    DAY_US,
    EVERYONE,
    NOW_US,
    RULES,
    World,
    minutes,
    world_at,
)
from sqlalchemy import select

from server.domain.access import Role, Scope
from server.domain.findings import StepNotAllowedError
from server.store.recorded import known_rows, withdraw
from server.store.tables import Act, Assignment
from server.store.to_judge import mark
from server.usecases.decide_link import decide_link
from server.usecases.findings import findings
from server.usecases.link_case import current_links
from server.usecases.step_finding import step_finding
from server.usecases.unassigned import ReasonMissingError, assign_footage, unassigned


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = world_at(tmp_path)
    made.people()
    return made


# ------------------------------------------------------------------------------------- footage without an owner
def test_footage_of_unknown_origin_waits_for_a_person_and_then_counts(world: World) -> None:
    world.duty()
    clip_id = world.clip(None, minutes(-1, 61))
    world.docking("R1", 90)
    world.judge()
    assert world.findings() == [("nothing_recorded", "unknown"), ("unassigned_footage", "unknown_device")]
    with world.db.writing() as session:
        [waiting] = unassigned(session, scope=EVERYONE, rules=RULES, now_us=NOW_US).items
        assert (waiting.item.clip_id, waiting.why) == (clip_id, "unknown_device")
        assign_footage(session, clip_id, device_number="R1", reason="label on the card", scope=EVERYONE, now_us=NOW_US)
    world.judge(NOW_US + 1)
    assert world.findings() == []
    with world.db.reading() as session:
        assert unassigned(session, scope=EVERYONE, rules=RULES, now_us=NOW_US + 1).total == 0
        assert [act.verb for act in session.scalars(select(Act))] == ["footage.assigned"]


def test_nobody_assigns_footage_without_saying_why(world: World) -> None:
    clip_id = world.clip(None, minutes(0, 1))
    with pytest.raises(ReasonMissingError), world.db.writing() as session:
        assign_footage(session, clip_id, device_number="R1", reason="  ", scope=EVERYONE, now_us=NOW_US)


# ------------------------------------------------------------------------------------------------ persons' steps
def test_an_officer_explains_a_supervisor_accepts_and_each_step_is_an_act(world: World) -> None:
    world.duty()
    world.docking("R1", 90)
    world.judge()
    officer = Scope("li", Role.OFFICER, frozenset({"U1"}), "007")
    supervisor = Scope("wang", Role.SUPERVISOR, frozenset({"U1"}))
    with world.db.writing() as session:
        [found] = findings(session, scope=officer, rules=RULES, now_us=NOW_US).items
        assert found.next_states == ("explained",)
        with pytest.raises(StepNotAllowedError):
            step_finding(session, found.finding_id, state="accepted", reason="no", scope=officer, now_us=NOW_US)
        step_finding(session, found.finding_id, state="explained", reason="broken", scope=officer, now_us=NOW_US)
        done = step_finding(session, found.finding_id, state="accepted", reason="seen", scope=supervisor, now_us=NOW_US)
        assert [(step.state, step.by) for step in done.steps] == [
            ("open", "system"),
            ("explained", "li"),
            ("accepted", "wang"),
        ]
        assert [act.verb for act in session.scalars(select(Act))] == ["finding.explained", "finding.accepted"]
    world.judge()
    assert world.findings("accepted") == [("nothing_recorded", "unknown")]


# ------------------------------------------------------------------------------------------------------- links
def states_of_links(world: World) -> list[tuple[str, str]]:
    with world.db.reading() as session:
        return [(link.state, link.decided_by) for link in current_links(session, known_us=NOW_US + DAY_US)]


def test_a_case_finds_its_footage_whichever_comes_first(world: World) -> None:
    world.case()
    world.judge()
    assert states_of_links(world) == []
    world.clip("R1", minutes(25, 40))
    world.judge()
    assert states_of_links(world) == [("confirmed", "system")]


def test_an_assignment_that_comes_late_makes_the_link(world: World) -> None:
    world.case(officer_number="009")
    world.clip("R1", minutes(25, 40))
    world.judge()
    assert states_of_links(world) == []
    world.hold("R1", "009", minutes(0, 60))
    world.judge()
    assert states_of_links(world) == [("proposed", "system")]  # 007 held it too, so a person decides


def test_what_a_person_decided_stays_when_facts_change(world: World) -> None:

    world.case()
    clip_id = world.clip("R1", minutes(25, 40))
    world.judge()
    with world.db.writing() as session:
        decide_link(
            session, "C1", clip_id, state="rejected", reason="other road", scope=EVERYONE, rules=RULES, now_us=NOW_US
        )
    world.clip("R1", minutes(41, 45))
    world.judge()
    assert sorted(states_of_links(world)) == [("proposed", "system"), ("rejected", "chief")]


def test_a_link_whose_facts_vanish_is_gone(world: World) -> None:

    world.case()
    world.clip("R1", minutes(25, 40))
    world.judge()
    with world.db.writing() as session:
        [row] = known_rows(session, Assignment, known_us=NOW_US)
        withdraw(session, row, recorded_us=NOW_US, recorded_by="test")
        mark(session, "officer", "007", NOW_US)
    world.judge()
    assert states_of_links(world) == [("gone", "system")]
