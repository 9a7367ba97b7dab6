"""What was seen and heard may be told again, by another gateway or a corrected clock: a person's decision stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from judging_world import DAY_US, EIGHT_US, EVERYONE, HOUR_US, NOW_US, RULES, World, minutes, world_at
from monitor_world import compared, monitor, review
from sqlalchemy import select, update

from edge.contract.inspection import FileVerdict, Inspection, SoundStretch, ViewStretch
from edge.contract.instants import UtcMicros
from server.domain.looks import MOST_SPELLS
from server.store.tables import Finding, FindingStep, SightingRow
from server.usecases.clips import clip
from server.usecases.step_finding import step_finding
from server.usecases.unassigned import assign_footage

SEVEN_S = 7_000_000
LATER_US = UtcMicros(NOW_US + DAY_US)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = world_at(tmp_path)
    made.people()
    return made


def seen(*stretches: tuple[str, float, float]) -> Inspection:
    """A clip whose picture was in these states."""
    view = tuple(ViewStretch(state=state, from_s=a, to_s=b, confidence=0.9) for state, a, b in stretches)
    return Inspection(verdict=FileVerdict.WHOLE, view=view)


def found(world: World, kind: str) -> list[tuple[str, float, float]]:
    """(state, from, until) of the findings of a kind, in seconds after eight."""
    with world.db.reading() as session:
        rows = session.scalars(select(Finding).where(Finding.kind == kind).order_by(Finding.from_us, Finding.state))
        return [
            (row.state, ((row.from_us or 0) - EIGHT_US) / 1e6, ((row.until_us or 0) - EIGHT_US) / 1e6) for row in rows
        ]


def decide(world: World, kind: str, *states: str, now_us: int = NOW_US) -> None:
    """A person takes these steps on the one finding of that kind."""
    with world.db.writing() as session:
        number = session.scalars(select(Finding.finding_id).where(Finding.kind == kind)).one()
        for state in states:
            step_finding(session, number, state=state, reason="looked at it", scope=EVERYONE, now_us=now_us)


def told_again(world: World, looks: Inspection, *, corrected_us: int = SEVEN_S) -> None:
    """The clip is met again, and its clock was measured this time, so that the new report speaks for it."""
    there = minutes(0, 10).shifted(-corrected_us)
    world.clip("R1", there, content="one", looks=looks, offset_us=corrected_us, received_us=NOW_US + 1)
    world.judge(LATER_US)


def told_first(world: World, looks: Inspection) -> None:
    world.clip("R1", minutes(0, 10), content="one", looks=looks)
    world.judge()


# ------------------------------------------------------------------------------------------------ told again
@pytest.mark.parametrize(("step", "state"), [(None, "open"), ("accepted", "accepted"), ("rejected", "rejected")])
@pytest.mark.parametrize("from_s", [100.0, 98.5])
def test_a_spell_that_is_told_again_with_a_corrected_clock_stays_one_finding(
    world: World, step: str | None, state: str, from_s: float
) -> None:
    told_first(world, seen(("covered", 100, 200)))
    if step is not None:
        decide(world, "not_seeing", step)
    told_again(world, seen(("covered", from_s, 200)))
    assert found(world, "not_seeing") == [(state, from_s - 7, 193)]


def test_a_spell_that_a_newer_report_no_longer_tells_is_withdrawn_while_it_is_open(world: World) -> None:
    told_first(world, seen(("covered", 100, 200)))
    told_again(world, seen(("seeing", 0, 600)))
    assert [state for state, _, _ in found(world, "not_seeing")] == ["withdrawn"]


@pytest.mark.parametrize("step", ["accepted", "rejected"])
def test_what_a_person_decided_of_a_picture_stays_though_a_newer_report_tells_nothing(world: World, step: str) -> None:
    told_first(world, seen(("covered", 100, 200)))
    decide(world, "not_seeing", step)
    told_again(world, seen(("seeing", 0, 600)))
    assert [state for state, _, _ in found(world, "not_seeing")] == [step]


def test_two_spells_that_become_one_keep_one_finding_and_no_double(world: World) -> None:
    told_first(world, seen(("covered", 0, 100), ("seeing", 100, 200), ("covered", 200, 300)))
    told_again(world, seen(("covered", 0, 300)), corrected_us=1)
    assert sorted(state for state, _, _ in found(world, "not_seeing")) == ["open", "withdrawn"]


def test_a_clip_that_a_person_gives_to_another_device_takes_even_decided_findings_along(world: World) -> None:
    world.device("R2")
    told_first(world, seen(("covered", 100, 200)))
    decide(world, "not_seeing", "accepted")
    with world.db.writing() as session:
        clip_id = session.scalars(select(SightingRow.clip_id)).one()
        assign_footage(session, clip_id, device_number="R2", reason="label", scope=EVERYONE, now_us=NOW_US + 5)
    world.judge(LATER_US)
    with world.db.reading() as session:
        rows = session.execute(select(Finding.device_number, Finding.state).where(Finding.kind == "not_seeing"))
        assert sorted((number or "", state) for number, state in rows) == [("R1", "withdrawn"), ("R2", "open")]


# ------------------------------------------------------------------------------------------------ how many
def test_many_spells_of_one_clip_are_few_findings_that_say_how_many(world: World) -> None:
    flicker = [
        (state, 20.0 * i + a, 20.0 * i + b)
        for i in range(180)
        for state, a, b in (("muted", 0, 12), ("hearing", 12, 20))
    ]
    sound = tuple(SoundStretch(state=state, from_s=a, to_s=b) for state, a, b in flicker)
    world.clip("R1", minutes(0, 60), looks=Inspection(verdict=FileVerdict.WHOLE, sound=sound))
    world.judge()
    with world.db.reading() as session:
        rows = session.scalars(select(Finding).where(Finding.kind == "not_hearing")).all()
        told = [dict(json.loads(row.evidence_json)) for row in rows]
    assert len(rows) == 1 < MOST_SPELLS
    assert (told[0]["spells"], told[0]["length_s"]) == ("180", "2160")
    assert (rows[0].from_us, rows[0].until_us) == (EIGHT_US, EIGHT_US + 3592 * 1_000_000)


# ------------------------------------------------------------------------------------------------ views
def test_a_recorder_has_no_commissioned_view_to_differ_from(world: World) -> None:
    world.clip("R1", minutes(0, 10), looks=compared("moved"))
    world.judge()
    assert found(world, "view_moved") == []


def test_a_second_report_of_a_clip_does_not_speak_over_the_first(world: World) -> None:
    """Whoever meets the same content later cannot accuse the camera with it."""
    world.device("M1", kind="monitor", schedule="on_event")
    world.clip("M1", minutes(0, 10), content="one", looks=compared("ok"))
    world.clip("M1", minutes(0, 10), content="one", looks=compared("moved"), received_us=NOW_US - HOUR_US // 2)
    world.clip("M1", minutes(20, 30), content="two", looks=compared("moved"))
    world.clip("M1", minutes(20, 30), content="two", looks=compared("ok"), received_us=NOW_US - HOUR_US // 2)
    world.judge()
    assert found(world, "view_moved") == [("open", 1200, 1800)]


def test_a_clip_that_a_person_gave_to_another_monitor_says_nothing_of_the_first(world: World) -> None:
    for number in ("M1", "M2"):
        world.device(number, kind="monitor", schedule="on_event")
    clip_id = world.clip("M1", minutes(0, 10), looks=compared("moved"))
    with world.db.writing() as session:
        assign_footage(session, clip_id, device_number="M2", reason="label", scope=EVERYONE, now_us=NOW_US - 5)
    world.judge()
    with world.db.reading() as session:
        assert session.scalars(select(Finding.device_number).where(Finding.kind == "view_moved")).all() == ["M2"]


def use_reasons(world: World, clip_id: str) -> set[str]:
    with world.db.reading() as session:
        told = clip(session, clip_id, scope=EVERYONE, rules=RULES, known_us=LATER_US + 1)
        return {reason.code for reason in told.usable.reasons if reason.code.startswith("view_")}


def test_what_was_said_of_a_blocked_view_says_nothing_of_a_moved_one(world: World) -> None:
    world.device("M1", kind="monitor", schedule="on_event")
    clips = [
        world.clip("M1", minutes(10 * number, 10 * number + 5), looks=compared(state))
        for number, state in enumerate(["blocked", "moved", "blocked"])
    ]
    world.judge()
    decide(world, "view_blocked", "rejected")
    assert [use_reasons(world, one) for one in clips] == [
        {"view_found_in_order"},
        {"view_moved"},
        {"view_found_in_order"},
    ]


def test_a_view_that_a_person_found_in_order_stays_so_when_the_matter_is_closed(world: World) -> None:
    clip_id = monitor(world, EIGHT_US + DAY_US, view="moved")
    review(world, clip_id)
    world.judge()
    decide(world, "view_moved", "rejected", "rectified")
    assert use_reasons(world, clip_id) == {"view_found_in_order"}


def test_a_decision_of_a_view_can_be_taken_back_by_looking_once_more(world: World) -> None:
    clip_id = monitor(world, EIGHT_US + DAY_US, view="moved")
    review(world, clip_id)
    world.judge()
    verdicts = []
    for step in ("accepted", "rejected", "accepted"):
        decide(world, "view_moved", step)
        with world.db.reading() as session:
            told = clip(session, clip_id, scope=EVERYONE, rules=RULES, known_us=LATER_US + 1)
        verdicts.append(told.usable.verdict)
    assert verdicts == ["not_usable", "usable", "not_usable"]


def test_a_view_found_in_order_once_is_asked_about_anew_when_later_clips_are_changed_again(world: World) -> None:
    world.device("M1", kind="monitor", schedule="on_event")
    before = world.clip("M1", minutes(0, 10), looks=compared("moved"))
    world.judge()
    decide(world, "view_moved", "rejected", now_us=minutes(30, 31).start_us)
    after = world.clip("M1", minutes(60, 70), looks=compared("moved"), received_us=NOW_US + 1)
    world.judge(LATER_US)
    assert found(world, "view_moved") == [("rejected", 0, 600), ("open", 3600, 4200)]
    assert (use_reasons(world, before), use_reasons(world, after)) == ({"view_found_in_order"}, {"view_moved"})


def test_a_confirmed_view_stays_confirmed_though_newer_reports_tell_nothing(world: World) -> None:
    world.device("M1", kind="monitor", schedule="on_event")
    world.clip("M1", minutes(0, 10), content="one", looks=compared("moved"))
    world.judge()
    decide(world, "view_moved", "accepted")
    there = minutes(0, 10).shifted(-SEVEN_S)
    world.clip("M1", there, content="one", looks=compared("ok"), offset_us=SEVEN_S, received_us=NOW_US + 1)
    world.judge(LATER_US)
    assert [state for state, _, _ in found(world, "view_moved")] == ["accepted"]


# ------------------------------------------------------------------------------------------------ old rows
@pytest.mark.parametrize(
    "stored",
    [
        {"view": [{"state": "covered", "from_s": 500, "to_s": 20, "confidence": 7}]},
        {"sound": [{"state": "x" * 99, "from_s": -5, "to_s": 1e12}], "view_model": None},
        {"reference": {"state": "moved", "reference": "r", "samples": -1, "samples_used": 0, "later": 1}},
    ],
)
def test_rows_that_an_earlier_contract_took_are_still_read(world: World, stored: dict[str, object]) -> None:
    clip_id = world.clip("R1", minutes(0, 10))
    with world.db.writing() as session:
        faults = [{"code": "crashed", "from_s": 9.0, "to_s": 1.0, "detail": "z" * 900}]
        session.execute(update(SightingRow).values(looks_json=json.dumps(stored), faults_json=json.dumps(faults)))
    world.judge()
    with world.db.reading() as session:
        told = clip(session, clip_id, scope=EVERYONE, rules=RULES, known_us=NOW_US)
        steps = session.scalars(select(FindingStep.finding_id)).all()
    assert told.sightings[0].faults[0].code == "crashed"
    assert len(steps) <= 1
