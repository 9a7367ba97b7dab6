"""What comes on record late about a time long past is judged all the same."""

from __future__ import annotations

from pathlib import Path

from judging_world import DAY_US, EVERYONE, NOW_US, minutes, world_at

from server.usecases.unassigned import assign_footage

LATER_US = NOW_US + 400 * DAY_US


def test_an_old_docking_that_comes_on_record_now_settles_its_duty(tmp_path: Path) -> None:
    world = world_at(tmp_path)
    world.people()
    world.duty()
    world.judge(LATER_US)
    assert [kind for kind, _ in world.findings()] == ["not_handed_in"]
    world.docking("R1", 90, recorded_us=LATER_US + 1)
    world.judge(LATER_US + 2)
    assert [kind for kind, _ in world.findings()] == ["nothing_recorded"]


def test_old_footage_that_a_person_assigns_now_fills_its_duty(tmp_path: Path) -> None:
    world = world_at(tmp_path)
    world.people()
    world.duty()
    clip_id = world.clip("unknown-7", minutes(0, 60))
    world.docking("R1", 90)
    world.judge(LATER_US)
    assert ("nothing_recorded", "unknown") in world.findings()
    with world.db.writing() as session:
        assign_footage(
            session, clip_id, device_number="R1", reason="label on the card", scope=EVERYONE, now_us=LATER_US + 1
        )
    world.judge(LATER_US + 2)
    assert ("nothing_recorded", "unknown") not in world.findings()
