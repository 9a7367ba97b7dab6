"""What was seen and heard stands beside coverage: for a person to confirm, never a gap by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from judging_world import DAY_US, EIGHT_US, EVERYONE, NOW_US, RULES, World, minutes, world_at
from monitor_world import compared, monitor, review
from sqlalchemy import select

from edge.contract.inspection import FileVerdict, Inspection, SoundStretch, ViewStretch
from edge.contract.instants import UtcMicros
from server.store.tables import Finding
from server.usecases.answer import answer
from server.usecases.step_finding import step_finding


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = world_at(tmp_path)
    made.people()
    return made


def seen(*stretches: tuple[str, float, float], confidence: float = 0.9) -> Inspection:
    """A clip whose picture was in these states."""
    view = tuple(ViewStretch(state=state, from_s=a, to_s=b, confidence=confidence) for state, a, b in stretches)
    return Inspection(verdict=FileVerdict.WHOLE, view=view)


def heard(*stretches: tuple[str, float, float]) -> Inspection:
    """A clip whose sound was in these states."""
    sound = tuple(SoundStretch(state=state, from_s=a, to_s=b) for state, a, b in stretches)
    return Inspection(verdict=FileVerdict.WHOLE, sound=sound)


def found(world: World, kind: str) -> list[tuple[int, int]]:
    """(from, until) of the live findings of a kind, in seconds after eight."""
    with world.db.reading() as session:
        rows = session.scalars(select(Finding).where(Finding.kind == kind, Finding.state != "withdrawn"))
        return sorted(((row.from_us or 0) - EIGHT_US, (row.until_us or 0) - EIGHT_US) for row in rows)


def s(*pairs: tuple[float, float]) -> list[tuple[int, int]]:
    return [(round(a * 1e6), round(b * 1e6)) for a, b in pairs]


@pytest.mark.parametrize(
    ("looks", "spells"),
    [
        (seen(("seeing", 0, 600)), s()),
        (seen(("seeing", 0, 100), ("covered", 100, 160), ("seeing", 160, 600)), s((100, 160))),
        (seen(("covered", 100, 129)), s()),  # shorter than the rule asks a person to look at
        (seen(("dark", 0, 20), ("covered", 20, 40)), s((0, 40))),  # one spell, whatever it is called
        (seen(("covered", 0, 40), ("seeing", 40, 50), ("dark", 50, 90)), s((0, 40), (50, 90))),
        (seen(("unknown", 0, 600)), s()),
        (seen(("covered", 0, 600), confidence=0.55), s()),
        (seen(("no_visible_detail", 0, 60), ("frozen", 100, 200)), s((0, 60), (100, 200))),
        (seen(("covered", 500, 900)), s((500, 600))),  # no longer than the file
    ],
)
def test_a_spell_without_a_usable_picture_is_for_a_person(
    world: World, looks: Inspection, spells: list[tuple[int, int]]
) -> None:
    world.clip("R1", minutes(0, 10), looks=looks)
    world.judge()
    assert found(world, "not_seeing") == spells


def test_not_seeing_takes_nothing_from_coverage(world: World) -> None:
    world.duty()
    world.clip("R1", minutes(-1, 61), looks=seen(("covered", 0, 3600)))
    world.docking("R1", 90)
    world.judge()
    assert [kind for kind, _ in world.findings()] == ["not_seeing"]


@pytest.mark.parametrize(("state", "spells"), [("covered", s()), ("dark", s()), ("frozen", s((0, 600)))])
def test_a_monitor_is_never_accused_by_the_network_alone(
    world: World, state: str, spells: list[tuple[int, int]]
) -> None:
    world.device("M1", kind="monitor", schedule="on_event")
    world.clip("M1", minutes(0, 10), looks=seen((state, 0, 600)))
    world.judge()
    assert found(world, "not_seeing") == spells


@pytest.mark.parametrize(
    ("looks", "spells"),
    [
        (heard(("hearing", 0, 600)), s()),
        (heard(("hearing", 0, 100), ("muted", 100, 120), ("hearing", 120, 600)), s((100, 120))),
        (heard(("muted", 100, 109)), s()),
        (heard(("absent", 0, 600)), s((0, 600))),
    ],
)
def test_a_spell_without_sound_is_for_a_person(world: World, looks: Inspection, spells: list[tuple[int, int]]) -> None:
    world.clip("R1", minutes(0, 10), looks=looks)
    world.judge()
    assert found(world, "not_hearing") == spells


def test_a_monitor_need_not_have_sound(world: World) -> None:
    world.device("M1", kind="monitor", schedule="on_event")
    world.clip("M1", minutes(0, 10), looks=heard(("absent", 0, 600)))
    world.judge()
    assert found(world, "not_hearing") == []


def test_a_monitor_that_moved_is_one_finding_until_it_is_as_commissioned_again(world: World) -> None:
    world.device("M1", kind="monitor", schedule="on_event")
    states = ["ok", "moved", "suspect", "moved", "ok", "moved", "blocked"]
    for number, state in enumerate(states):
        world.clip("M1", minutes(10 * number, 10 * number + 5), looks=compared(state))
    world.judge()
    assert found(world, "view_moved") == s((600, 2100), (3000, 3300))
    assert found(world, "view_blocked") == s((3600, 3900))


def test_a_clip_that_arrives_late_joins_the_finding_a_person_has_decided(world: World) -> None:
    world.device("M1", kind="monitor", schedule="on_event")
    world.clip("M1", minutes(10, 15), looks=compared("moved"))
    world.judge()
    with world.db.reading() as session:
        before = session.scalars(select(Finding.finding_id).where(Finding.kind == "view_moved")).one()
    world.clip("M1", minutes(0, 5), looks=compared("moved"), received_us=NOW_US + 1)
    world.judge(UtcMicros(NOW_US + DAY_US))
    with world.db.reading() as session:
        after = session.scalars(select(Finding).where(Finding.kind == "view_moved")).one()
    assert (after.finding_id, after.from_us) == (before, EIGHT_US)


@pytest.mark.parametrize(
    ("view", "said", "use", "reason"),
    [
        ("suspect", None, "undetermined", "view_suspect"),
        ("unknown", None, "undetermined", "view_unknown"),
        ("moved", None, "undetermined", "view_moved"),
        ("moved", "accepted", "not_usable", "view_moved"),
        ("moved", "rejected", "usable", "view_found_in_order"),
        ("blocked", "accepted", "not_usable", "view_blocked"),
    ],
)
def test_what_a_look_found_of_a_monitor_counts_against_it_once_a_person_confirmed_it(
    world: World, view: str, said: str | None, use: str, reason: str
) -> None:
    review(world, monitor(world, EIGHT_US + DAY_US, view=view))
    world.judge()
    if said is not None:
        with world.db.writing() as session:
            finding_id = session.scalars(select(Finding.finding_id).where(Finding.kind == f"view_{view}")).one()
            step_finding(session, finding_id, state=said, reason="looked at it", scope=EVERYONE, now_us=NOW_US)
    with world.db.reading() as session:
        answered = answer(
            session,
            subject_kind="device",
            subject_number="M1",
            at_us=minutes(30, 31).start_us,
            known_us=NOW_US + 1,
            scope=EVERYONE,
            rules=RULES,
        )
    codes = {told.code for told in answered.usable.reasons}
    assert (answered.usable.verdict, reason in codes) == (use, True)
