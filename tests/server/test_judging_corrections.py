"""What is corrected on record is judged again wherever it mattered: where it left as well as where it came to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from judging_world import DAY_US, EIGHT_US, EVERYONE, GATEWAY, HOUR_US, NOW_US, RULES, World, minutes, world_at
from sqlalchemy import select
from sqlalchemy.orm import Session

from edge.contract.instants import UtcMicros
from edge.platform.signing import SigningKey
from server.store.database import Database
from server.store.tables import Finding
from server.usecases.import_register import import_csv
from server.usecases.link_case import current_links
from server.usecases.seal_clip import seal_clip
from server.usecases.unassigned import assign_footage

SITES = ("S1", "S2")
INSTALLED = "number,site_number,device_number,valid_from\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = world_at(tmp_path)
    made.people()
    return made


def told(world: World, kind: str, text: str, at_us: int = NOW_US) -> None:
    """A register's CSV file comes in."""
    summary = import_csv(world.db, kind, text.encode(), by="test", now_us=at_us, rules=RULES)
    assert summary.errors == ()


def say(world: World, clip_id: str, device: str, at_us: int) -> None:
    """A person says which device a clip is from."""
    with world.db.writing() as session:
        assign_footage(session, clip_id, device_number=device, reason="label", scope=EVERYONE, now_us=at_us)


def linked(world: World, number: str = "C1") -> list[tuple[str, str]]:
    with world.db.reading() as session:
        rows = current_links(session, known_us=NOW_US + DAY_US, case_numbers=[number])
        return [(row.clip_id, row.state) for row in rows]


# ------------------------------------------------------------------------------------------- installations
def test_an_installation_corrected_to_another_site_takes_its_links_from_the_cases_of_the_first(world: World) -> None:
    world.device("M1", kind="monitor", functions="speed")
    for site in SITES:
        world.site(site)
    told(world, "installations", f"{INSTALLED}I1,S1,M1,2026-11-01 00:00\n", NOW_US - 2)
    world.clip("M1", minutes(20, 40))
    world.case("C1", officer_number=None, site_number="S1")
    world.judge(NOW_US - 1)
    assert [state for _, state in linked(world)] != []
    told(world, "installations", f"{INSTALLED}I1,S2,M1,2026-11-01 00:00\n")
    world.judge(NOW_US + 1)
    assert {state for _, state in linked(world)} == {"gone"}


def test_days_before_a_monitor_stood_anywhere_are_not_missed_once_its_first_installation_is_known(world: World) -> None:
    told(world, "devices", "number,kind,unit_number,schedule\nM1,monitor,U1,mon-sun 08:00-10:00\n")
    world.site("S1")
    world.judge(NOW_US)
    assert ("not_handed_in", None) in world.findings()
    told(world, "installations", f"{INSTALLED}I1,S1,M1,2026-11-20 00:00\n", NOW_US + 1)
    world.judge(NOW_US + 2)
    assert ("not_handed_in", None) not in world.findings()


# ------------------------------------------------------------------------------------------- dockings
def test_a_docking_corrected_to_another_device_explains_no_gap_of_the_first_any_more(world: World) -> None:
    world.device("R2")
    world.duty()
    world.clip("R1", minutes(-1, 30))
    head = "number,device_number,docked,until,battery_percent\n"
    five_days = "2026-11-25 08:00,2026-11-25 08:00"
    told(world, "dockings", f"{head}K1,R1,{five_days},1\nK2,R1,2026-11-26 08:00,2026-11-26 08:00,80\n", NOW_US)
    later_us = NOW_US + 8 * DAY_US
    world.judge(later_us)
    assert ("early_stop", "power") in world.findings()
    told(world, "dockings", f"{head}K1,R2,{five_days},1\n", later_us + 1)
    world.judge(later_us + 2)
    assert ("early_stop", "unknown") in world.findings()


def test_a_listed_file_that_turns_out_to_name_no_device_settles_the_docking_that_listed_it(world: World) -> None:
    world.duty()
    world.docking("R1", 90, number="K1", listed=["odd.mp4"])
    later_us = NOW_US + 5 * DAY_US
    world.judge(later_us)
    assert ("not_yet_uploaded", None) in world.findings()
    world.clip(None, minutes(300, 310), file_name="odd.mp4", docking_number="K1", received_us=later_us + 1)
    world.judge(later_us + 2)
    kinds = [kind for kind, _ in world.findings()]
    assert "not_yet_uploaded" not in kinds
    assert "nothing_recorded" in kinds


# ------------------------------------------------------------------------------------- footage that persons assign
def test_a_damaged_file_without_times_leaves_the_device_it_was_assigned_to_by_mistake(world: World) -> None:
    world.device("R2")
    clip_id = world.clip(None, None, verdict="damaged")
    say(world, clip_id, "R2", NOW_US + 1)
    world.judge(NOW_US + 2)
    say(world, clip_id, "R1", NOW_US + 3)
    world.judge(NOW_US + 4)
    with world.db.reading() as session:
        damaged = select(Finding.device_number).where(Finding.kind == "clip_damaged", Finding.state == "open")
        assert list(session.scalars(damaged)) == ["R1"]


def test_an_assigned_file_that_arrives_is_no_longer_missed_at_the_device_a_person_named(world: World) -> None:
    clip_id = world.clip(None, minutes(0, 10), sealed_us=None)
    say(world, clip_id, "R1", NOW_US + 1)
    later_us = NOW_US + 9 * DAY_US
    world.judge(later_us)
    assert ("not_yet_uploaded", None) in world.findings()
    seal(world, clip_id, later_us + 1)
    world.judge(later_us + 2)
    assert ("not_yet_uploaded", None) not in world.findings()


def test_assigned_footage_has_an_owner_as_soon_as_it_is_known_who_held_the_device(world: World) -> None:
    world.device("R2")
    clip_id = world.clip(None, minutes(0, 10))
    say(world, clip_id, "R2", NOW_US + 1)
    world.judge(NOW_US + 2)
    assert world.findings() == [("unassigned_footage", "no_wearer")]
    head = "number,device_number,officer_number,valid_from,valid_until\n"
    told(world, "assignments", f"{head}A9,R2,007,2026-11-20 00:00,2026-11-21 00:00\n", NOW_US + 3)
    world.judge(NOW_US + 4)
    assert world.findings() == []


@pytest.mark.parametrize("first", ["X1", "X2"])
def test_footage_that_two_unknown_devices_claim_waits_until_both_are_known(world: World, first: str) -> None:
    for number in ("X1", "X2"):
        world.clip(number, minutes(0, 10), content="same")
    world.judge(NOW_US)
    devices = "number,kind,unit_number\n"
    told(world, "devices", f"{devices}{first},monitor,U1\n", NOW_US + 1)
    world.judge(NOW_US + 2)
    assert ("unassigned_footage", "unknown_device") in world.findings()


# ------------------------------------------------------------------------------------------- long cases, and restarts
def test_footage_of_the_third_day_of_a_long_case_is_linked_although_it_arrives_last(world: World) -> None:
    world.case("C1", arrived_us=EIGHT_US + HOUR_US, cleared_us=EIGHT_US + 3 * DAY_US)
    later_us = NOW_US + 4 * DAY_US
    world.judge(later_us)
    world.clip("R1", minutes(2880, 2900), received_us=later_us + 1)
    world.judge(later_us + 2)
    assert len(linked_at(world, later_us + 3)) == 1


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_docking_settles_old_duties_although_the_server_stopped_while_judging_it(world: World, written: int) -> None:
    world.duty()
    world.case()
    later_us = NOW_US + 30 * DAY_US
    world.judge(later_us)
    assert [kind for kind, _ in world.findings()] == ["not_handed_in"]
    world.docking("R1", 29 * 1440, recorded_us=later_us + 1)
    database, world.db = world.db, StopsWriting(world.db, written)
    with pytest.raises(StoppedError):
        world.judge(later_us + 2)
    world.db = database
    world.judge(later_us + 3)
    assert [kind for kind, _ in world.findings()] == ["nothing_recorded"]


class StoppedError(Exception):
    """The power went off."""


class StopsWriting(Database):
    """The same database, of which only so many transactions more are written."""

    def __init__(self, database: Database, left: int) -> None:
        super().__init__(str(database.engine.url))
        self._left = left

    @contextmanager
    def writing(self) -> Iterator[Session]:
        self._left -= 1
        if self._left < 0:
            raise StoppedError
        with super().writing() as session:
            yield session


def linked_at(world: World, known_us: int) -> list[str]:
    with world.db.reading() as session:
        return [row.clip_id for row in current_links(session, known_us=known_us, case_numbers=["C1"])]


def seal(world: World, clip_id: str, at_us: int) -> None:
    """The bytes have arrived."""
    seal_clip(
        world.db,
        clip_id,
        upload_number=1,
        gateway_id=GATEWAY,
        stored_path="stored.mp4",
        signer=SigningKey.generate(),
        now_us=UtcMicros(at_us),
    )
