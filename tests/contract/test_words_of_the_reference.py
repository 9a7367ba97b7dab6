"""Every state of a monitor's view has words in both languages that say what is wrong, since when, and what to do."""

from __future__ import annotations

import re

import pytest

from edge.contract.fault_words import places_of
from edge.contract.inspection import ReferenceCheck, ReferenceState
from edge.contract.reference_words import REFERENCE_WORDS, reference_label, told_reference

CJK = re.compile(r"[\u4e00-\u9fff]")
MOVED = ReferenceCheck(
    state=ReferenceState.MOVED,
    reference="ab" * 32,
    samples=40,
    samples_used=38,
    dx_px=21.4,
    dy_px=-0.3,
    rotation_deg=-0.52,
    scale=1.011,
    from_s=60,
    to_s=360,
)


@pytest.mark.parametrize("state", ReferenceState)
def test_every_state_has_both_languages_with_the_same_places(state: ReferenceState) -> None:
    words = REFERENCE_WORDS[state]
    assert places_of(words.sentence[0]) == places_of(words.sentence[1])
    assert CJK.search(words.label[1])
    assert CJK.search(words.sentence[1])
    check = MOVED.model_copy(update={"state": state})
    assert "{" not in told_reference(check, "en") + told_reference(check, "zh-CN")


def test_a_moved_camera_is_told_with_direction_turn_zoom_and_time() -> None:
    said = told_reference(MOVED, "en")
    assert "from 0:01:00.0 to 0:06:00.0 (the scene went 21 px right, 0.5 degrees clockwise, zoom +1.1 %)" in said
    assert "0:01:00.0 至 0:06:00.0 摄像头" in told_reference(MOVED, "zh-CN")
    assert "右移 21 像素，顺时针转 0.5 度，缩放 +1.1 %" in told_reference(MOVED, "zh-CN")


def test_a_blocked_view_names_no_movement() -> None:
    bare = MOVED.model_copy(
        update={"state": ReferenceState.BLOCKED, "dx_px": None, "dy_px": None, "rotation_deg": None, "scale": None}
    )
    assert "px" not in told_reference(bare, "en")


def test_a_state_of_a_newer_gateway_is_shown_as_it_came() -> None:
    newer = MOVED.model_copy(update={"state": "half_moved"})
    assert told_reference(newer, "en").startswith("half moved")
    assert reference_label("half_moved", "zh-CN") == "half moved"
