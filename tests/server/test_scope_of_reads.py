"""A supervisor of unit B sees nothing of unit A, in any reading function; an officer sees themselves alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import asdict
from datetime import date

import pytest
from judging_world import DAY_US, EIGHT_US, MINUTE_US, NOW_US, RULES, World, minutes, world_at
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.domain.access import NotPermittedError, NotVisibleError, Role, Scope
from server.domain.publication import NotPublicError
from server.store.tables import Finding
from server.usecases.answer import answer
from server.usecases.cases import case, cases, cases_without_footage
from server.usecases.clips import clip, clips
from server.usecases.decide_link import decide_link
from server.usecases.devices import device_coverage, devices, gateways
from server.usecases.exempt_case import exempt_case
from server.usecases.finding_reads import finding_views
from server.usecases.findings import finding, findings
from server.usecases.officer_day import officer_day
from server.usecases.public_sites import public_site, public_sites
from server.usecases.sites import sites
from server.usecases.step_finding import step_finding
from server.usecases.today import today
from server.usecases.unassigned import assign_footage, unassigned

A, B = "of-unit-a", "of-unit-b"
"""Every number and name of a unit carries its mark, so that a leak shows in the text of any view."""
DAY = date(2026, 11, 20)


def supervisor(unit: str) -> Scope:
    return Scope("chief", Role.SUPERVISOR, frozenset({f"U-{unit}"}))


def officer(unit: str) -> Scope:
    return Scope("self", Role.OFFICER, frozenset({f"U-{unit}"}), f"O-{unit}")


@pytest.fixture(scope="module")
def two_units(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = world_at(tmp_path_factory.mktemp("world"))
    for mark in (A, B):
        unit, person, recorder, camera = f"U-{mark}", f"O-{mark}", f"R-{mark}", f"M-{mark}"
        world.people(unit, person, recorder)
        world.device(camera, unit, kind="monitor", functions="speed", schedule="on_event")
        world.site(f"S-{mark}", camera, unit, notice_us=EIGHT_US - 90 * DAY_US, enforce_us=EIGHT_US - 30 * DAY_US)
        world.site(f"hidden-{mark}", None, unit, stage="proposed")
        world.certificate(f"Z-{mark}", camera, "speed", 0, EIGHT_US - DAY_US)
        world.duty(f"D-{mark}", minutes(0, 60), officer_number=person, unit_number=unit)
        world.case(f"C-{mark}", officer_number=person, unit_number=unit, place=mark, plate=mark)
        world.case(f"bare-{mark}", EIGHT_US - 9 * 60 * MINUTE_US, officer_number=person, unit_number=unit)
        for name, device in (("worn", recorder), ("seen", camera)):
            world.clip(device, minutes(10, 45), file_name=f"{name}-{mark}.mp4", content=f"{name}-{mark}")
        world.docking(recorder, 90, number=f"dock-{mark}")
    world.clip(None, None, file_name=f"lost-{A}.mp4", content=f"lost-{A}")
    with world.db.writing() as session:
        world.gateway(session).unit_number = f"U-{A}"
    world.judge()
    return world


def clip_id(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:32]


LISTS: dict[str, Callable[[Session, Scope], object]] = {
    "today": lambda s, scope: today(s, scope=scope, rules=RULES, now_us=EIGHT_US + 95 * MINUTE_US),
    "findings": lambda s, scope: findings(s, scope=scope, rules=RULES, now_us=NOW_US, limit=500),
    "clips": lambda s, scope: clips(s, scope=scope, rules=RULES, known_us=NOW_US, limit=500),
    "cases": lambda s, scope: cases(s, scope=scope, rules=RULES, now_us=NOW_US, limit=500),
    "bare cases": lambda s, scope: cases_without_footage(s, scope=scope, rules=RULES, now_us=NOW_US, limit=500),
    "unassigned": lambda s, scope: unassigned(s, scope=scope, rules=RULES, now_us=NOW_US, limit=500),
    "devices": lambda s, scope: devices(s, scope=scope, rules=RULES, now_us=NOW_US, limit=500),
    "gateways": lambda s, scope: gateways(s, scope=scope, now_us=NOW_US),
    "sites": lambda s, scope: sites(s, scope=scope, rules=RULES, now_us=NOW_US, limit=500),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_for_unit_b_holds_nothing_of_unit_a(two_units: World, name: str) -> None:
    with two_units.db.reading() as session:
        seen_by_b = repr(LISTS[name](session, supervisor(B)))
        seen_by_a = repr(LISTS[name](session, supervisor(A)))
    ids_of_a = [clip_id(f"{kind}-{A}") for kind in ("worn", "seen", "lost")]
    assert A not in seen_by_b
    assert not [one for one in ids_of_a if one in seen_by_b]
    assert name == "unassigned" or A in seen_by_a, "the test must be able to fail"


def _ask(kind: str, number: str) -> Callable[[Session, Scope], object]:
    return lambda s, scope: answer(
        s,
        subject_kind=kind,
        subject_number=number,
        at_us=minutes(20, 21).start_us,
        known_us=NOW_US,
        scope=scope,
        rules=RULES,
    )


ONE_OF_A: dict[str, Callable[[Session, Scope], object]] = {
    "officer day": lambda s, scope: officer_day(
        s, f"O-{A}", DAY, scope=scope, rules=RULES, known_us=NOW_US, now_us=NOW_US
    ),
    "clip worn": lambda s, scope: clip(s, clip_id(f"worn-{A}"), scope=scope, rules=RULES, known_us=NOW_US),
    "clip seen": lambda s, scope: clip(s, clip_id(f"seen-{A}"), scope=scope, rules=RULES, known_us=NOW_US),
    "clip lost": lambda s, scope: clip(s, clip_id(f"lost-{A}"), scope=scope, rules=RULES, known_us=NOW_US),
    "case": lambda s, scope: case(s, f"C-{A}", scope=scope, rules=RULES, known_us=NOW_US, now_us=NOW_US),
    "coverage": lambda s, scope: device_coverage(
        s, f"R-{A}", minutes(0, 60), scope=scope, rules=RULES, known_us=NOW_US
    ),
    "finding": lambda s, scope: finding(s, _finding_of_a(s), scope=scope),
    "answer device": _ask("device", f"R-{A}"),
    "answer officer": _ask("officer", f"O-{A}"),
    "answer case": _ask("case", f"C-{A}"),
    "answer site": _ask("site", f"S-{A}"),
    "decide link": lambda s, scope: decide_link(
        s,
        f"C-{A}",
        clip_id(f"worn-{A}"),
        state="confirmed",
        reason="x",
        scope=scope,
        rules=RULES,
        now_us=NOW_US,
    ),
    "exempt case": lambda s, scope: exempt_case(s, f"C-{A}", reason="x", scope=scope, now_us=NOW_US),
    "step finding": lambda s, scope: step_finding(
        s, _finding_of_a(s), state="accepted", reason="x", scope=scope, now_us=NOW_US
    ),
    "assign footage": lambda s, scope: assign_footage(
        s, clip_id(f"lost-{A}"), device_number=f"R-{B}", reason="x", scope=scope, now_us=NOW_US
    ),
}


def _finding_of_a(session: Session) -> str:
    return session.scalars(select(Finding.finding_id).where(Finding.duty_number == f"D-{A}")).first() or ""


@pytest.mark.parametrize("name", ONE_OF_A)
def test_what_is_unit_as_is_absent_for_unit_b_and_looks_like_what_never_was(two_units: World, name: str) -> None:
    with two_units.db.reading() as session:
        with pytest.raises(NotVisibleError) as refused:
            ONE_OF_A[name](session, supervisor(B))
        assert "no " in str(refused.value)
        assert A not in str(refused.value)


READS = [name for name in ONE_OF_A if name not in ("decide link", "exempt case", "step finding", "assign footage")]


@pytest.mark.parametrize("name", READS)
def test_unit_a_itself_sees_it(two_units: World, name: str) -> None:
    with two_units.db.reading() as session:
        assert ONE_OF_A[name](session, supervisor(A)) is not None


@pytest.mark.parametrize("name", ["officer day", "clip worn", "finding", "answer officer", "answer device"])
def test_an_officer_sees_their_own_and_nobody_elses(two_units: World, name: str) -> None:
    with two_units.db.reading() as session:
        assert ONE_OF_A[name](session, officer(A)) is not None
        with pytest.raises(NotVisibleError):
            ONE_OF_A[name](session, officer(B))


@pytest.mark.parametrize("name", ["today", "cases", "unassigned", "devices", "gateways", "sites"])
def test_what_no_officer_needs_no_officer_may_list(two_units: World, name: str) -> None:
    with two_units.db.reading() as session, pytest.raises(NotPermittedError):
        LISTS[name](session, officer(A))


def test_a_link_to_another_units_footage_shows_the_case_and_hides_the_footage(two_units: World) -> None:
    with two_units.db.reading() as session:
        shown = case(session, f"C-{B}", scope=supervisor(B), rules=RULES, known_us=NOW_US, now_us=NOW_US)
        assert [link.clip_id for link in shown.links] == [clip_id(f"worn-{B}")]


def test_the_public_sees_announced_sites_and_of_them_only_what_is_allowed(two_units: World) -> None:
    with two_units.db.reading() as session:
        page = public_sites(session, rules=RULES, now_us=NOW_US)
        assert [one.site_number for one in page.items] == [f"S-{A}", f"S-{B}"]
        for number in (f"hidden-{A}", "never-was"):
            with pytest.raises(NotPublicError, match="no site of this number"):
                public_site(session, number, rules=RULES, now_us=NOW_US)
        fields = set(asdict(page.items[0]))
        text = repr(page)
    assert fields == {
        "site_number",
        "kind",
        "road",
        "direction",
        "stake",
        "district",
        "longitude_deg",
        "latitude_deg",
        "violations",
        "stage",
        "notice_date",
        "enforcement_date",
        "basis",
        "unit_name",
        "verified_until",
    }
    for secret in ("M-of", "R-of", "O-of", "name ", "hidden", "gw-"):
        assert secret not in text


@pytest.mark.parametrize(
    ("query", "kind", "found"),
    [("g30", None, 2), (f"g30 {A}", None, 1), ("", "speed", 2), ("", "noise", 0), ("g31", None, 0)],
)
def test_the_public_list_is_searched_by_place_road_and_kind(
    two_units: World, query: str, kind: str | None, found: int
) -> None:
    with two_units.db.reading() as session:
        assert public_sites(session, rules=RULES, now_us=NOW_US, query=query, kind=kind).total == found


def test_lists_are_read_page_by_page_without_loss_or_repetition(two_units: World) -> None:
    everyone = Scope("chief", Role.SUPERVISOR, None)
    with two_units.db.reading() as session:
        for read in (
            lambda after: findings(session, scope=everyone, rules=RULES, now_us=NOW_US, limit=2, after=after),
            lambda after: clips(session, scope=everyone, rules=RULES, known_us=NOW_US, limit=2, after=after),
            lambda after: cases(session, scope=everyone, rules=RULES, now_us=NOW_US, limit=1, after=after),
            lambda after: devices(session, scope=everyone, rules=RULES, now_us=NOW_US, limit=3, after=after),
            lambda after: public_sites(session, rules=RULES, now_us=NOW_US, limit=1, after=after),
        ):
            page = read(None)
            seen = [repr(item) for item in page.items]
            while page.next_after is not None:
                page = read(page.next_after)
                seen += [repr(item) for item in page.items]
            assert len(seen) == len(set(seen)) == page.total


def test_views_of_findings_carry_the_steps_this_person_may_take(two_units: World) -> None:
    with two_units.db.reading() as session:
        row = session.get(Finding, _finding_of_a(session))
        assert row is not None
        [view] = finding_views(session, [row], scope=supervisor(A), known_us=NOW_US)
    assert view.next_states == ("accepted", "rejected")


def test_nobody_is_told_how_many_clips_there_are_that_he_may_not_see(two_units: World) -> None:
    two_units.clip(None, minutes(0, 10))
    of_all_units = Scope("of cases", Role.CASE_OFFICER, None)
    with two_units.db.reading() as session:
        whole = clips(session, scope=of_all_units, rules=RULES, known_us=NOW_US, limit=200)
        assert whole.total == len(whole.items)
        assert clips(session, scope=of_all_units, rules=RULES, known_us=NOW_US, limit=1).total is None
