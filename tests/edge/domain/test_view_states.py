"""When a camera is said not to see: several pictures must agree, what passes is not told, and no cause is invented."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.inspection import ViewState
from edge.contract.messages import Register, RegisterRule
from edge.domain.view_limits import DEFAULT_LOOK_LIMITS, LookLimits, limits_from, look_limits_of, rule_key
from edge.domain.view_states import CLASSES, ViewSample, times_to_refine, view_stretches
from tests.edge.domain.device_times import NOON_US

S = 1_000_000
LIMITS = DEFAULT_LOOK_LIMITS


def picture(at_s: float, state: ViewState | None, *, sure: float = 0.95, detail: float = 0.5) -> ViewSample:
    """A picture that the network takes for `state`; None where nothing could be decoded."""
    if state is None:
        return ViewSample(round(at_s * S))
    rest = (1 - sure) / (len(CLASSES) - 1)
    return ViewSample(round(at_s * S), tuple(sure if named is state else rest for named in CLASSES), detail)


def told(
    samples: list[ViewSample], *, until_s: float = 100, **more: list[tuple[int, int]]
) -> list[tuple[str, float, float]]:
    stretches = view_stretches(
        samples,
        LIMITS,
        recorded=more.get("recorded", [(0, round(until_s * S))]),
        **{name: value for name, value in more.items() if name != "recorded"},
    )
    return [(stretch.state, stretch.from_s, stretch.to_s) for stretch in stretches]


def every_ten(*states: ViewState | None, **more: float) -> list[ViewSample]:
    return [picture(10 * index, state, **more) for index, state in enumerate(states)]


SEEING, COVERED, DARK = ViewState.SEEING, ViewState.COVERED, ViewState.DARK
GLARE, DEFOCUSED = ViewState.GLARE, ViewState.DEFOCUSED


def test_a_camera_that_sees_throughout_is_one_stretch() -> None:
    assert told(every_ten(*[SEEING] * 10)) == [("seeing", 0, 100)]


def test_the_edges_of_a_cover_lie_half_way_between_pictures_of_different_opinion() -> None:
    samples = every_ten(*[SEEING] * 3, *[COVERED] * 4, *[SEEING] * 3)
    assert told(samples) == [("seeing", 0, 25), ("covered", 25, 65), ("seeing", 65, 100)]


@pytest.mark.parametrize("odd", [COVERED, DARK, DEFOCUSED, ViewState.CORRUPT])
def test_a_single_picture_of_other_opinion_says_nothing(odd: ViewState) -> None:
    assert told(every_ten(*[SEEING] * 4, odd, *[SEEING] * 5)) == [("seeing", 0, 100)]


def test_two_pictures_of_four_say_nothing_and_three_do() -> None:
    assert told(every_ten(*[SEEING] * 4, DARK, DARK, *[SEEING] * 4)) == [("seeing", 0, 100)]
    assert [state for state, _, _ in told(every_ten(*[SEEING] * 4, *[DARK] * 3, *[SEEING] * 3))] == [
        "seeing",
        "dark",
        "seeing",
    ]


def test_one_doubtful_picture_inside_a_cover_does_not_split_it() -> None:
    samples = every_ten(SEEING, SEEING, COVERED, COVERED, SEEING, COVERED, COVERED, SEEING, SEEING, SEEING)
    states = [state for state, _, _ in told(samples)]
    assert states.count("covered") == 2 or states == ["seeing", "covered", "seeing"]


def test_a_cover_of_twenty_seconds_is_found_once_it_was_looked_at_more_closely() -> None:
    seen = every_ten(SEEING, SEEING, COVERED, COVERED, SEEING, SEEING)
    closer = times_to_refine(seen, LIMITS, media_us=60 * S)
    assert closer == [at * S for at in (12, 14, 16, 18, 32, 34, 36, 38)]
    refined = seen + [picture(at / S, COVERED if 17 * S <= at <= 37 * S else SEEING) for at in closer]
    assert told(refined, until_s=60) == [("seeing", 0, 17), ("covered", 17, 37), ("seeing", 37, 60)]


def test_a_hand_that_passes_is_not_told() -> None:
    samples = [picture(at, COVERED if 20 <= at <= 23 else SEEING) for at in range(0, 60, 1)]
    assert told(samples, until_s=60) == [("seeing", 0, 60)]


@pytest.mark.parametrize(("lasts_s", "states"), [(20, ["seeing"]), (600, ["seeing", "glare", "seeing"])])
def test_a_low_sun_for_a_moment_is_no_fault_and_one_for_minutes_is_told(lasts_s: int, states: list[str]) -> None:
    samples = [picture(at, GLARE if 100 <= at < 100 + lasts_s else SEEING) for at in range(0, 900, 5)]
    assert [state for state, _, _ in told(samples, until_s=900)] == states


@pytest.mark.parametrize("cause", [COVERED, DEFOCUSED])
def test_where_no_detail_is_left_no_cause_is_named(cause: ViewState) -> None:
    samples = every_ten(*[cause] * 10, detail=0.004)
    assert told(samples) == [("no_visible_detail", 0, 100)]


def test_darkness_keeps_its_name_without_detail() -> None:
    assert told(every_ten(*[DARK] * 10, detail=0.0)) == [("dark", 0, 100)]


def test_a_short_clip_with_one_picture_is_told_only_when_it_is_plain() -> None:
    assert told([picture(0, COVERED, sure=0.97)], until_s=4) == [("covered", 0, 4)]
    assert told([ViewSample(0, (0.3, 0.6, 0.02, 0.04, 0.02, 0.02))], until_s=4) == [("seeing", 0, 4)]


def test_what_could_not_be_decoded_is_unknown_never_covered() -> None:
    samples = every_ten(SEEING, SEEING, None, None, SEEING)
    assert told(samples, until_s=50) == [("seeing", 0, 15), ("unknown", 15, 35), ("seeing", 35, 50)]
    assert told([], until_s=50) == [("unknown", 0, 50)]


def test_one_reason_after_another_is_told_as_two_stretches() -> None:
    samples = every_ten(*[SEEING] * 2, *[COVERED] * 4, *[DARK] * 4)
    assert told(samples) == [("seeing", 0, 15), ("covered", 15, 55), ("dark", 55, 100)]


def test_covered_and_defocused_in_turn_are_one_stretch_of_the_likelier() -> None:
    samples = every_ten(COVERED, DEFOCUSED, COVERED, COVERED, DEFOCUSED, COVERED, COVERED)
    assert told(samples, until_s=70) == [("covered", 0, 70)]


def test_a_hole_in_the_recording_has_no_state() -> None:
    samples = every_ten(*[SEEING] * 6)
    holes = told(samples, recorded=[(0, 20 * S), (30 * S, 60 * S)])
    assert holes == [("seeing", 0, 20), ("seeing", 30, 60)]
    assert told(samples, recorded=[]) == []


def test_a_frozen_picture_takes_the_place_of_seeing_alone() -> None:
    samples = every_ten(*[SEEING] * 4, *[DARK] * 6)
    assert told(samples, frozen=[(20 * S, 60 * S)]) == [("seeing", 0, 20), ("frozen", 20, 35), ("dark", 35, 100)]


def test_how_sure_the_look_was_goes_with_each_stretch() -> None:
    [stretch] = view_stretches(every_ten(*[COVERED] * 5, sure=0.8), LIMITS, recorded=[(0, 50 * S)])
    assert stretch.confidence == pytest.approx(0.96, abs=0.01)  # sure that it does not see, whatever the cause


@given(st.lists(st.sampled_from([*CLASSES, None]), min_size=1, max_size=40), st.floats(0.3, 1))
def test_every_recorded_instant_is_in_exactly_one_state(states: list[ViewState | None], sure: float) -> None:
    samples = every_ten(*states, sure=sure)
    recorded = [(0, 7 * S), (9 * S, 10 * len(states) * S + 9 * S)]
    stretches = view_stretches(samples, LIMITS, recorded=recorded)
    covered = sum(round(stretch.to_s * S) - round(stretch.from_s * S) for stretch in stretches)
    assert covered == sum(end - start for start, end in recorded)
    assert all(before.to_s <= after.from_s for before, after in pairwise(stretches))
    assert all(0 <= stretch.confidence <= 1 for stretch in stretches)


@given(st.lists(st.sampled_from([*CLASSES, None]), min_size=1, max_size=20), st.randoms())
def test_the_order_in_which_pictures_come_changes_nothing(states: list[ViewState | None], chance: object) -> None:
    samples = every_ten(*states)
    mixed = list(samples)
    chance.shuffle(mixed)  # type: ignore[attr-defined]  # hypothesis gives a random.Random
    assert told(samples) == told(mixed)


def test_the_defaults_are_the_rule_files(checkout: Path) -> None:
    rows = tomllib.loads((checkout / "configs/rules/cn-traffic.toml").read_text(encoding="utf-8"))["rule"]
    keys = {rule_key(field.name) for field in fields(LookLimits)}
    rules = tuple(
        RegisterRule(key=row["key"], value=row["value"], unit=row["unit"]) for row in rows if row["key"] in keys
    )
    assert {rule.key for rule in rules} == keys
    assert look_limits_of(Register(number=1, issued=NOON_US, rules=rules)) == DEFAULT_LOOK_LIMITS
    assert look_limits_of(None) == DEFAULT_LOOK_LIMITS


@pytest.mark.parametrize(
    ("key", "value", "unit", "field", "limit"),
    [
        ("view.sample_s", 0.5, "min", "view_sample_s", 30.0),
        ("view.sample_s", 5, "furlongs", "view_sample_s", DEFAULT_LOOK_LIMITS.view_sample_s),
        ("view.agree", 2, "", "view_agree", 2),
        ("view.agree", True, "", "view_agree", DEFAULT_LOOK_LIMITS.view_agree),
        ("frozen.grey", "much", "", "frozen_grey", DEFAULT_LOOK_LIMITS.frozen_grey),
        ("sound.mute_bytes_s", -1, "", "sound_mute_bytes_s", DEFAULT_LOOK_LIMITS.sound_mute_bytes_s),
    ],
)
def test_the_register_may_set_a_limit_and_nonsense_keeps_the_default(
    key: str, value: float | str | bool, unit: str, field: str, limit: float
) -> None:
    rules = (RegisterRule(key=key, value=value, unit=unit),)
    assert getattr(look_limits_of(Register(number=1, issued=NOON_US, rules=rules)), field) == limit


def test_limits_survive_the_way_into_a_worker() -> None:
    limits = LookLimits(view_sample_s=30.0, view_agree=2)
    assert limits_from(limits.values()) == limits


def test_a_dark_picture_among_pictures_that_do_not_decode_is_no_seeing() -> None:
    """They neither agree nor disagree: what was looked at decides alone."""
    assert told([picture(0, DARK, sure=0.99), *(picture(at, None) for at in (5, 10, 15))], until_s=20) == [
        ("dark", 0, 2.5),
        ("unknown", 2.5, 20),
    ]
