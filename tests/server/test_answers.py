"""The product in one question: was it recorded, can it be trusted, may it be used, then, as known then."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judging_world import DAY_US, EIGHT_US, EVERYONE, HOUR_US, NOW_US, RULES, World, minutes, world_at
from monitor_world import monitor, review

from server.domain.access import NotVisibleError
from server.store.recorded import known_rows, replace
from server.store.tables import Duty
from server.usecases.answer import UnknownSubjectKindError, answer
from server.usecases.cases import case
from server.usecases.officer_day import officer_day
from server.usecases.views import AnswerView


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = world_at(tmp_path)
    made.people()
    return made


def ask(world: World, kind: str, number: str, minute: float = 30, known_us: int = NOW_US) -> AnswerView:
    with world.db.reading() as session:
        return answer(
            session,
            subject_kind=kind,
            subject_number=number,
            at_us=minutes(minute, minute + 1).start_us,
            known_us=known_us,
            scope=EVERYONE,
            rules=RULES,
        )


def verdicts(view: AnswerView) -> tuple[str, str, str]:
    return view.recorded.verdict, view.trusted.verdict, view.usable.verdict


def codes(view: AnswerView) -> set[str]:
    return {reason.code for part in (view.recorded, view.trusted, view.usable) for reason in part.reasons}


@pytest.mark.parametrize(("kind", "number"), [("officer", "007"), ("device", "R1"), ("case", "C1")])
def test_footage_of_a_duty_answers_for_officer_recorder_and_case_alike(world: World, kind: str, number: str) -> None:
    world.duty()
    world.case()
    clip_id = world.clip("R1", minutes(-1, 61))
    world.docking("R1", 90)
    view = ask(world, kind, number)
    assert verdicts(view) == ("recorded", "trusted", "usable")
    assert ("clip", clip_id) in {(link.kind, link.number) for link in view.recorded.proof}
    assert {"gap.join_tolerance", "handin.deadline"} <= {rule.key for rule in view.recorded.rules}


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        pytest.param(5, ("gap", "not_trusted", "not_usable"), id="inside the gap"),
        pytest.param(30, ("recorded", "trusted", "usable"), id="after it"),
        pytest.param(70, ("recorded", "trusted", "usable"), id="after the duty, where the recorder still ran"),
        pytest.param(80, ("not_expected", "not_trusted", "not_usable"), id="after the duty, and nothing was recorded"),
        pytest.param(95, ("nothing_known", "undetermined", "undetermined"), id="after the last docking"),
    ],
)
def test_each_moment_has_its_own_answer(world: World, minute: float, expected: tuple[str, str, str]) -> None:
    world.duty()
    world.clip("R1", minutes(10, 75))
    world.docking("R1", 90)
    assert verdicts(ask(world, "officer", "007", minute)) == expected


def test_as_known_then_stands_beside_as_known_now(world: World) -> None:
    world.duty()
    world.docking("R1", 90)
    world.clip("R1", minutes(-1, 61), received_us=NOW_US - HOUR_US)
    before = ask(world, "officer", "007", known_us=NOW_US - HOUR_US - 1)
    assert before.recorded.verdict == "gap"
    assert ask(world, "officer", "007").recorded.verdict == "recorded"


def test_a_clip_that_is_not_sealed_yet_is_recorded_but_neither_trusted_nor_usable(world: World) -> None:
    world.duty()
    world.clip("R1", minutes(-1, 61), sealed_us=None)
    world.docking("R1", 90)
    assert verdicts(ask(world, "officer", "007")) == ("recorded", "undetermined", "undetermined")


def test_a_monitors_record_is_usable_when_site_certificate_clock_seal_and_review_stand(world: World) -> None:
    clip_id = monitor(world, EIGHT_US + DAY_US)
    assert verdicts(ask(world, "site", "S1")) == ("recorded", "trusted", "undetermined")
    review(world, clip_id)
    assert verdicts(ask(world, "site", "S1")) == ("recorded", "trusted", "usable")
    assert ("certificate", "Z1") in {(link.kind, link.number) for link in ask(world, "site", "S1").usable.proof}


@pytest.mark.parametrize(
    ("until_us", "site", "reason"),
    [
        (minutes(30, 31).start_us, {}, "certificate_expired"),
        (EIGHT_US + DAY_US, {"enforce_us": EIGHT_US + DAY_US}, "site_not_enforced_yet"),
        (EIGHT_US + DAY_US, {"notice_us": EIGHT_US - 31 * DAY_US}, "site_notice_too_short"),
        (EIGHT_US + DAY_US, {"stage": "reviewed"}, "site_not_published"),
    ],
)
def test_what_keeps_a_monitors_record_from_being_used_is_named(
    world: World, until_us: int, site: dict[str, object], reason: str
) -> None:
    review(world, monitor(world, until_us, **site))
    view = ask(world, "device", "M1")
    assert (view.usable.verdict, reason in codes(view)) == ("not_usable", True)


def test_a_gap_inside_the_cases_time_keeps_its_other_footage_from_being_used(world: World) -> None:
    world.duty()
    world.case()
    world.clip("R1", minutes(-1, 33))
    world.clip("R1", minutes(36, 61))
    world.docking("R1", 90)
    view = ask(world, "case", "C1")
    assert (view.usable.verdict, "unexplained_gap_in_case" in codes(view)) == ("not_usable", True)
    assert ask(world, "officer", "007").usable.verdict == "usable"


def test_who_is_absent_is_not_visible_and_an_unknown_kind_is_refused(world: World) -> None:
    for kind in ("device", "officer", "case", "site"):
        with pytest.raises(NotVisibleError):
            ask(world, kind, "nobody")
    with pytest.raises(UnknownSubjectKindError):
        ask(world, "horse", "007")


# ------------------------------------------------------------------- the past, as known then, never changes
def _late_duty(world: World, at_us: int) -> None:
    world.duty(f"D-{at_us}", minutes(20, 50), recorded_us=at_us)


def _late_clip(world: World, at_us: int) -> None:
    world.clip("R1", minutes(25, 45), received_us=at_us, sealed_us=at_us)


def _late_docking(world: World, at_us: int) -> None:
    world.docking("R1", 120, recorded_us=at_us)


def _late_rival(world: World, at_us: int) -> None:
    world.hold("R1", "008", minutes(0, 60), recorded_us=at_us)


def _late_certificate(world: World, at_us: int) -> None:
    world.certificate(f"Z-{at_us}", "R1", "clock", 0, None, result="fail", recorded_us=at_us)


def _late_case(world: World, at_us: int) -> None:
    world.case(f"C-{at_us}", recorded_us=at_us)


def _late_duplicate(world: World, at_us: int) -> None:
    world.clip("R9", minutes(25, 45), content="first", received_us=at_us, sealed_us=None)


def _changed_duty(world: World, at_us: int) -> None:
    with world.db.writing() as session:
        [old] = known_rows(session, Duty, known_us=at_us, number="D1")
        new = Duty(
            number="D1",
            valid_from_us=old.valid_from_us,
            valid_until_us=(old.valid_until_us or 0) - 60_000_000,
            recorded_us=at_us,
            recorded_by="test",
            replaces=None,
            withdrawn=False,
            officer_number="007",
            unit_number="U1",
            kind="office",
            note=None,
        )
        replace(session, old, new)


HAPPENINGS: list[Callable[[World, int], None]] = [
    _late_duty,
    _late_clip,
    _late_docking,
    _late_rival,
    _late_certificate,
    _late_case,
    _late_duplicate,
    _changed_duty,
]
KNOWN_US = NOW_US


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.sampled_from(HAPPENINGS), min_size=1, max_size=5, unique=True),
    st.integers(min_value=-5, max_value=70),
    st.booleans(),
)
def test_the_answer_for_a_past_known_never_changes_whatever_is_recorded_later(
    happenings: list[Callable[[World, int], None]], minute: int, judged: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = world_at(Path(folder))
        world.people()
        world.device("R9")
        world.duty()
        world.case()
        world.clip("R1", minutes(10, 40), content="first")
        world.docking("R1", 90)
        world.judge()

        def everything() -> list[object]:
            views = [
                asdict(ask(world, *one, minute=minute, known_us=KNOWN_US))
                for one in (("officer", "007"), ("device", "R1"), ("case", "C1"))
            ]
            with world.db.reading() as session:
                day = officer_day(
                    session,
                    "007",
                    date(2026, 11, 20),
                    scope=EVERYONE,
                    rules=RULES,
                    known_us=KNOWN_US,
                    now_us=KNOWN_US + DAY_US,
                )
                shown = case(session, "C1", scope=EVERYONE, rules=RULES, known_us=KNOWN_US, now_us=KNOWN_US + DAY_US)
            return [*views, day.duties, day.bands, day.cases, day.times, shown.links, shown.stretches]

        then = everything()
        for step, happening in enumerate(happenings, start=1):
            happening(world, KNOWN_US + step * HOUR_US)
            if judged:
                world.judge(KNOWN_US + step * HOUR_US)
            assert everything() == then
