"""When a monitor counts as moved or blocked: time lines one can see, one character is one sample every ten seconds.

`.` in place, `m` moved, `M` moved elsewhere, `?` nothing to measure, `x` nothing of the view left and the model blind,
`t` nothing left but the model sees (a truck), `n` dark without a view by night.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.inspection import ReferenceCheck, ReferenceState
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros, parse_rfc3339
from edge.contract.messages import Register, RegisterRule
from edge.domain.reference_check import (
    ReferenceLimits,
    SceneShift,
    ViewSample,
    confirmed_across_clips,
    judge_reference,
    reference_limits,
)
from server.store.rule_files import load_rules

LIMITS = ReferenceLimits()
HERE = SceneShift(0.01, -0.02, 0.01, 1.0001, 9, 9)
TURNED = SceneShift(1.1, 0.02, 0.02, 1.0, 9, 9)
ELSEWHERE = SceneShift(-2.0, 1.0, 0.0, 1.0, 9, 9)
REFERENCE = "ab" * 32
MINUTE_US = 60 * MICROS_PER_SECOND


def sample(sign: str, at_us: int) -> ViewSample:
    shift = {".": HERE, "m": TURNED, "M": ELSEWHERE}.get(sign)
    return ViewSample(
        at_us=at_us,
        shift=shift,
        agreement=0.85 if shift else 0.4 if sign == "?" else 0.05,
        detail=0.2 if shift or sign in "?t" else 0.0,
        own_agreement=0.9,
        own_detail=0.2,
        shift_limit_percent=0.3,
        comparable=sign != "n",
        not_seeing={"x": 0.95, "n": 0.9, "t": 0.1, "?": 0.2}.get(sign, 0.05),
    )


def verdict(line: str, every_s: int = 10) -> ReferenceCheck:
    samples = [sample(sign, place * every_s * MICROS_PER_SECOND) for place, sign in enumerate(line)]
    return judge_reference(samples, LIMITS, reference=REFERENCE, width_px=1920, height_px=1080)


FIVE_MINUTES = 31


@pytest.mark.parametrize(
    ("line", "state"),
    [
        pytest.param("." * 40, "ok", id="in place throughout"),
        pytest.param("m" * FIVE_MINUTES, "moved", id="moved throughout five minutes"),
        pytest.param("m" * (FIVE_MINUTES - 1), "suspect", id="a clip shorter than five minutes is suspect at most"),
        pytest.param("mm", "suspect", id="two samples that agree are a suspicion"),
        pytest.param("m", "suspect", id="all that there is says moved"),
        pytest.param("." * 30 + "m" * FIVE_MINUTES, "moved", id="moved in the midst of the clip"),
        pytest.param("." * 5 + "m" * FIVE_MINUTES + "." * 5, "moved", id="moved and moved back"),
        pytest.param("." * 20 + "m" + "." * 20, "ok", id="one odd sample"),
        pytest.param("m" + "." * 60 + "mm", "suspect", id="samples that agree, but most between them were in place"),
        pytest.param(".M.m.?." * 6, "suspect", id="samples that agree among more that are in place"),
        pytest.param("m?M?.?" + "." * 20, "ok", id="samples that contradict each other"),
        pytest.param("?" * 40, "unknown", id="too little to see is never ok"),
        pytest.param("." * 8 + "?" * 32, "unknown", id="measured in too few samples"),
        pytest.param("." * 10 + "?" * 30, "ok", id="measured in a quarter of the samples"),
        pytest.param("x" * 6 + "..", "blocked", id="gone in six of eight samples"),
        pytest.param("x" * 5 + "...", "ok", id="gone in five of eight"),
        pytest.param("." * 20 + "xxx.xx?x" + "." * 20, "blocked", id="blocked for a minute in the midst"),
        pytest.param("xxx", "suspect", id="gone in all of a short clip"),
        pytest.param("t" * 40, "unknown", id="a truck parked in front hides the view; nothing is claimed"),
        pytest.param("." * 20 + "t" * 20, "ok", id="a truck that came in front"),
        pytest.param("n" * 40, "unknown", id="a night without a view by night"),
        pytest.param("", "unknown", id="no picture at all"),
    ],
)
def test_a_clip_of_samples_every_ten_seconds(line: str, state: str) -> None:
    assert verdict(line).state == state


def test_a_verdict_names_what_moved_in_pixels_of_the_stream_and_from_when_to_when() -> None:
    check = verdict("." * 6 + "m" * FIVE_MINUTES + "....")
    assert (check.dx_px, check.dy_px, check.rotation_deg, check.scale) == (21.12, 0.38, 0.02, 1.0)
    assert (check.from_s, check.to_s) == (60.0, 360.0)
    assert (check.samples, check.samples_used, check.reference) == (41, 41, REFERENCE)


def test_three_samples_over_five_minutes_are_enough() -> None:
    assert verdict("mmm", every_s=150).state == ReferenceState.MOVED
    assert verdict("mmm", every_s=149).state == ReferenceState.SUSPECT


def test_without_a_view_model_a_vanished_view_is_unknown_and_not_blocked() -> None:
    blind = [
        ViewSample(place * 10_000_000, None, 0.0, 0.0, 0.9, 0.2, 0.3, comparable=True, not_seeing=None)
        for place in range(20)
    ]
    check = judge_reference(blind, LIMITS, reference=REFERENCE, width_px=1920, height_px=1080)
    assert check.state == ReferenceState.UNKNOWN


def test_a_drift_of_one_degree_over_a_week_is_found_against_the_commissioning() -> None:
    found = []
    for day in range(8):
        drifted = SceneShift(1.1 * day / 7, 0.0, 0.0, 1.0, 9, 9)
        samples = [
            ViewSample(place * 10_000_000, drifted, 0.9, 0.2, 0.9, 0.2, 0.3, not_seeing=0.0) for place in range(40)
        ]
        check = judge_reference(samples, LIMITS, reference=REFERENCE, width_px=1920, height_px=1080)
        found.append(check.state)
    assert found == ["ok"] * 2 + ["moved"] * 6


# ------------------------------------------------------------------------------------------------ across clips
def across(*clips: tuple[int, str]) -> ReferenceState | str:
    """(minute of its start, line) of clips; the verdict of the last."""
    checks = [(UtcMicros(minute * MINUTE_US), verdict(line)) for minute, line in clips]
    start_us, last = checks[-1]
    return confirmed_across_clips(last, start_us, checks[:-1], LIMITS, width_px=1920, height_px=1080).state


@pytest.mark.parametrize(
    ("clips", "state"),
    [
        pytest.param([(0, "mm"), (3, "mm"), (6, "mm")], "moved", id="three short clips over five minutes agree"),
        pytest.param([(0, "mm"), (2, "mm"), (4, "mm")], "suspect", id="three clips within four minutes"),
        pytest.param([(0, "mm"), (9, "mm")], "suspect", id="two clips"),
        pytest.param([(0, "mm"), (3, "..."), (6, "mm"), (9, "mm")], "suspect", id="one was in place meanwhile"),
        pytest.param([(0, "mm"), (3, "MM"), (6, "mm"), (9, "mm")], "suspect", id="one lay elsewhere"),
        pytest.param([(0, "mm"), (3, "??"), (6, "mm"), (9, "mm")], "moved", id="one could not tell"),
        pytest.param([(0, "mm"), (3, "mm"), (6, "...")], "ok", id="moved back"),
        pytest.param([(0, "xx"), (3, "xx"), (6, "xx")], "suspect", id="a vanished view is not a moved one"),
    ],
)
def test_short_clips_are_put_together(clips: list[tuple[int, str]], state: str) -> None:
    assert across(*clips) == state


@pytest.mark.parametrize(
    ("before", "after", "state"),
    [
        ([(0, "mm")], [(6, "mm")], "moved"),
        ([], [(5, "mm"), (9, "mm")], "moved"),
        ([(0, "mm")], [(4, "...")], "suspect"),
        ([(0, "...")], [(4, "mm"), (9, "mm")], "moved"),
    ],
)
def test_clips_that_were_looked_at_in_any_order_are_put_together(
    before: list[tuple[int, str]], after: list[tuple[int, str]], state: str
) -> None:
    def checks(clips: list[tuple[int, str]]) -> list[tuple[UtcMicros, ReferenceCheck]]:
        return [(UtcMicros(minute * MINUTE_US), verdict(line)) for minute, line in clips]

    told = confirmed_across_clips(
        verdict("mm"),
        UtcMicros(3 * MINUTE_US),
        checks(before),
        LIMITS,
        width_px=1920,
        height_px=1080,
        after=checks(after),
    )
    assert told.state == state


def test_clips_held_against_another_reference_do_not_count() -> None:
    checks = [(UtcMicros(minute * MINUTE_US), verdict("mm")) for minute in (0, 3, 6)]
    older = [(at_us, check.model_copy(update={"reference": "cd" * 32})) for at_us, check in checks[:2]]
    told = confirmed_across_clips(checks[2][1], checks[2][0], older, LIMITS, width_px=1920, height_px=1080)
    assert told.state == ReferenceState.SUSPECT


# --------------------------------------------------------------------------------------------------------- laws
@given(st.text(".mM?xtn", max_size=60), st.integers(1, 30))
def test_a_verdict_always_comes_and_never_says_ok_without_a_measurement(line: str, every_s: int) -> None:
    check = verdict(line, every_s)
    assert check.state in set(ReferenceState)
    assert check.samples == len(line)
    assert check.state != ReferenceState.OK or check.samples_used > 0
    assert check.state != ReferenceState.MOVED or "m" in line or "M" in line
    assert check.state != ReferenceState.BLOCKED or line.count("x") >= LIMITS.blocked_samples


@given(st.text(".?tn", max_size=60))
def test_traffic_and_night_alone_never_alarm(line: str) -> None:
    assert verdict(line).state in {ReferenceState.OK, ReferenceState.UNKNOWN}


# -------------------------------------------------------------------------------------------------------- rules
def test_the_limits_are_those_of_the_rule_file() -> None:
    rules = tuple(
        RegisterRule(key=rule.key, value=rule.value, unit=rule.unit)
        for rule in load_rules().rules
        if rule.key.startswith("reference.") and not isinstance(rule.value, tuple)
    )
    register = Register(number=1, issued=parse_rfc3339("2026-11-22T00:00:00Z"), rules=rules)
    assert reference_limits(register) == LIMITS
    assert {rule.key for rule in rules} == {f"reference.{name}" for name in ReferenceLimits.__dataclass_fields__}


def test_a_register_changes_a_limit_and_leaves_the_others() -> None:
    rules = (
        RegisterRule(key="reference.spread", value=10, unit="min"),
        RegisterRule(key="reference.shift", value="wide", unit="percent"),
    )
    limits = reference_limits(Register(number=1, issued=parse_rfc3339("2026-11-22T00:00:00Z"), rules=rules))
    assert (limits.spread, limits.shift) == (600, LIMITS.shift)
