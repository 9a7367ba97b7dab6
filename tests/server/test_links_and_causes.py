"""Which footage bears on which case, and what the evidence says about a gap."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from server.domain.admissibility import ClipStanding, Trust, Use, trust_of, trust_reasons, use_of, use_reasons
from server.domain.calibration import CertificateVerdict, FunctionVerdict
from server.domain.causes import gap_cause
from server.domain.clock import ClockVerdict
from server.domain.device_facts import ClipFact, DeviceFacts, DockFact
from server.domain.links import CaseTimes, Footage, LinkReason, LinkState, case_window, propose_link
from server.domain.publication import PublicationVerdict
from server.store.rule_files import load_rules

RULES = load_rules()
MINUTE_US = 60_000_000
NOON_US = UtcMicros(12 * 60 * MINUTE_US)


def span(first_min: float, last_min: float) -> TimeInterval:
    """Minutes around noon."""
    return TimeInterval(
        UtcMicros(NOON_US + round(first_min * MINUTE_US)), UtcMicros(NOON_US + round(last_min * MINUTE_US))
    )


def footage(
    first_min: float, last_min: float, *, officer: bool = True, site: bool = False, both: bool = False
) -> Footage:
    return Footage("clip", span(first_min, last_min), officer, site, both)


# ------------------------------------------------------------------------------------------------------ links
@pytest.mark.parametrize(
    ("seen", "state", "score"),
    [
        pytest.param(footage(-5, 5), "confirmed", 0.9, id="the officer's footage of the moment itself is certain"),
        pytest.param(footage(5, 15), "proposed", 0.6, id="within the window, but not the moment: a person decides"),
        pytest.param(footage(-5, 5, both=True), "proposed", 0.6, id="two held the recorder: a person decides"),
        pytest.param(footage(5, 15, both=True), None, 0, id="neither the moment nor a certain wearer"),
        pytest.param(footage(20, 30), None, 0, id="begins where the window ends: no overlap"),
        pytest.param(footage(-20, -10), None, 0, id="ends where the window begins: no overlap"),
        pytest.param(footage(-5, 5, officer=False), None, 0, id="somebody else's recorder somewhere"),
        pytest.param(footage(-5, 5, officer=False, site=True), "confirmed", 0.9, id="the monitor at the site"),
    ],
)
def test_how_strongly_footage_bears_on_a_case(seen: Footage, state: str | None, score: float) -> None:
    proposal = propose_link(CaseTimes(NOON_US), seen, RULES)
    assert (None if proposal is None else (proposal.state, proposal.score)) == (state and (LinkState(state), score))


def test_a_point_gets_the_rules_window_and_says_so() -> None:
    window = case_window(CaseTimes(NOON_US), RULES)
    assert (window.interval, window.assumed) == (span(-10, 20), True)
    proposal = propose_link(CaseTimes(NOON_US), footage(-5, 5), RULES)
    assert proposal is not None
    assert LinkReason.WINDOW_ASSUMED in proposal.reasons


def test_stated_times_are_the_window_and_count_for_more() -> None:
    times = CaseTimes(NOON_US, arrived_us=NOON_US - 2 * MINUTE_US, cleared_us=NOON_US + 40 * MINUTE_US)
    assert case_window(times, RULES).interval == span(-2, 40)
    proposal = propose_link(times, footage(30, 35), RULES)
    assert proposal is not None
    assert (proposal.state, LinkReason.STATED_WINDOW in proposal.reasons) == (LinkState.CONFIRMED, True)


@given(
    st.integers(-3600, 3600),
    st.one_of(st.none(), st.integers(-3600, 3600)),
    st.one_of(st.none(), st.integers(-3600, 3600)),
)
def test_a_case_always_has_a_window_that_holds_its_moment(
    occurred_s: int, arrived_s: int | None, cleared_s: int | None
) -> None:
    times = CaseTimes(
        UtcMicros(NOON_US + occurred_s * 1_000_000),
        None if arrived_s is None else NOON_US + arrived_s * 1_000_000,
        None if cleared_s is None else NOON_US + cleared_s * 1_000_000,
    )
    assert case_window(times, RULES).interval.contains(times.occurred_us)


@given(st.floats(-60, 60), st.floats(0.01, 60), st.booleans(), st.booleans(), st.booleans())
def test_a_score_lies_between_0_and_1_and_decides_the_state(
    first: float, length: float, officer: bool, site: bool, both: bool
) -> None:
    seen = footage(first, first + length, officer=officer, site=site, both=both)
    proposal = propose_link(CaseTimes(NOON_US), seen, RULES)
    if proposal is not None:
        assert 0.4 <= proposal.score <= 1
        assert (proposal.state is LinkState.CONFIRMED) == (proposal.score >= 0.8)


# ----------------------------------------------------------------------------------------------------- causes
def clip(first_min: float, last_min: float | None, sequence: int | None, *, verdict: str = "whole") -> ClipFact:
    start_us = NOON_US + round(first_min * MINUTE_US)
    end_us = None if last_min is None else NOON_US + round(last_min * MINUTE_US)
    whole = () if last_min is None else (span(first_min, last_min),)
    return ClipFact(
        clip_id=f"clip-{first_min}",
        file_name=f"{first_min}.mp4",
        start_us=start_us,
        end_us=end_us,
        recorded=whole,
        verdict=verdict,
        faults=("index_missing",) if verdict != "whole" else (),
        sequence=sequence,
        state="sealed",
        docking_number="d",
        received_us=0,
        sealed_us=0,
        measured_offset_us=None,
        applied_offset_us=0,
    )


def dock(**more: float) -> DockFact:
    until_us = NOON_US + 120 * MINUTE_US
    return DockFact(
        "d",
        until_us,
        until_us,
        True,
        battery_percent=more.get("battery"),
        free_bytes=round(more.get("free", 50e9)),
        total_bytes=round(64e9),
    )


@pytest.mark.parametrize(
    ("clips", "docking", "reaches_end", "cause"),
    [
        pytest.param([clip(-10, 0, 1), clip(5, 10, 3)], dock(), False, "segment_missing", id="number 2 is not there"),
        pytest.param([clip(-10, 0, 1), clip(5, 10, 2)], dock(), False, "unknown", id="no number is missing"),
        pytest.param(
            [clip(-10, 0, 1), clip(0, None, 2, verdict="unreadable"), clip(5, 10, 3)],
            dock(),
            False,
            "file_damaged",
            id="a file that cannot be read lies there",
        ),
        pytest.param(
            [clip(-10, 0, 1, verdict="damaged"), clip(5, 10, 2)], dock(), False, "file_damaged", id="a file breaks off"
        ),
        pytest.param([clip(-10, 0, 1)], dock(battery=3), True, "power", id="it came home with an empty battery"),
        pytest.param([clip(-10, 0, 1)], dock(battery=3), False, "unknown", id="an empty battery explains only the end"),
        pytest.param([clip(-10, 0, 1)], dock(free=1e6), True, "storage_full", id="it came home full"),
        pytest.param([clip(-10, 0, 1)], dock(battery=80), True, "unknown", id="nothing tells"),
    ],
)
def test_the_cause_of_a_gap_from_noon_to_five_past(
    clips: list[ClipFact], docking: DockFact, reaches_end: bool, cause: str
) -> None:
    device = DeviceFacts("A", tuple(clips), (docking,))
    explained = gap_cause(span(0, 5), [device], join_us=2_000_000, reaches_end=reaches_end)
    assert explained.cause == cause
    assert bool(explained.evidence) == (cause != "unknown")


# ------------------------------------------------------------------------------------------------ may it be used
def standing(**more: object) -> ClipStanding:
    facts: dict[str, object] = {
        "is_monitor": False,
        "sealed": True,
        "as_sealed": True,
        "verdict": "whole",
        "contested": False,
        "times_disagree": False,
        "clock": ClockVerdict.WITHIN,
        "offset_us": 0,
        "wearers": ("007",),
    }
    return ClipStanding(**(facts | more))  # type: ignore[arg-type]


SPEED_VALID = (FunctionVerdict("speed", CertificateVerdict.VALID, None),)
SPEED_EXPIRED = (FunctionVerdict("speed", CertificateVerdict.EXPIRED, None),)
MONITOR = {
    "is_monitor": True,
    "functions": SPEED_VALID,
    "publication": PublicationVerdict.PUBLISHED,
    "reviewed": True,
    "view": "ok",
}


@pytest.mark.parametrize(
    ("facts", "trust", "use"),
    [
        ({}, "trusted", "usable"),
        ({"sealed": False}, "undetermined", "undetermined"),
        ({"as_sealed": False}, "not_trusted", "not_usable"),
        ({"verdict": "damaged"}, "not_trusted", "not_usable"),
        ({"clock": ClockVerdict.CORRECTED}, "trusted", "usable"),
        ({"clock": ClockVerdict.BEYOND}, "not_trusted", "not_usable"),
        ({"clock": ClockVerdict.UNKNOWN}, "undetermined", "undetermined"),
        ({"contested": True}, "not_trusted", "not_usable"),
        ({"wearers": ()}, "trusted", "not_usable"),
        ({"wearers": ("007", "008")}, "trusted", "not_usable"),
        ({"unexplained_gap": True}, "trusted", "not_usable"),
        (MONITOR, "trusted", "usable"),
        (MONITOR | {"functions": SPEED_EXPIRED}, "trusted", "not_usable"),
        (MONITOR | {"publication": PublicationVerdict.NOTICE_TOO_SHORT}, "trusted", "not_usable"),
        (MONITOR | {"publication": None}, "trusted", "not_usable"),
        (MONITOR | {"reviewed": False}, "trusted", "undetermined"),
        (MONITOR | {"view": None}, "trusted", "undetermined"),
        (MONITOR | {"view": "suspect"}, "trusted", "undetermined"),
        (MONITOR | {"view": "moved"}, "trusted", "undetermined"),
        (MONITOR | {"view": "moved", "view_said": "accepted"}, "trusted", "not_usable"),
        (MONITOR | {"view": "moved", "view_said": "rejected"}, "trusted", "usable"),
        (MONITOR | {"clock": ClockVerdict.CORRECTED}, "not_trusted", "not_usable"),
    ],
)
def test_can_a_clip_be_trusted_and_may_it_be_used(facts: dict[str, object], trust: str, use: str) -> None:
    clip_standing = standing(**facts)
    assert trust_of(trust_reasons(clip_standing)) == Trust(trust)
    assert use_of(use_reasons(clip_standing)) == Use(use)


def test_every_reason_is_named_not_only_the_first() -> None:
    codes = {reason.code for reason in use_reasons(standing(sealed=False, verdict="damaged", wearers=()))}
    assert {"not_sealed_yet", "file_damaged", "wearer_unknown", "clock_within_limit"} <= codes
