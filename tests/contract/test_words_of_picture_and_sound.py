"""Every state of picture and sound is said in both languages: what, since when, how sure, what to do."""

from __future__ import annotations

from string import Formatter

import pytest
from pydantic import ValidationError

from edge.contract.inspection import SoundState, SoundStretch, ViewState, ViewStretch
from edge.contract.view_words import SOUND_WORDS, VIEW_WORDS, sound_label, told_sound, told_view, view_label


def test_every_state_has_words() -> None:
    assert set(VIEW_WORDS) == set(ViewState)
    assert set(SOUND_WORDS) == set(SoundState)


@pytest.mark.parametrize("words", [*VIEW_WORDS.values(), *SOUND_WORDS.values()])
def test_both_languages_say_the_same_values(words: tuple[tuple[str, str], tuple[str, str]]) -> None:
    english, chinese = ({name for _, name, _, _ in Formatter().parse(text) if name} for text in words[1])
    assert english == chinese
    assert "span" in english


@pytest.mark.parametrize("state", [*ViewState, "invented_later"])
def test_a_stretch_says_when_it_began(state: str) -> None:
    stretch = ViewStretch(state=state, from_s=3_723.45, to_s=3_800, confidence=0.926)
    assert "1:02:03.4" in told_view(stretch, "en")
    assert "1:02:03.4" in told_view(stretch, "zh-CN")


def test_a_stretch_says_how_sure_the_look_was() -> None:
    stretch = ViewStretch(state="covered", from_s=0, to_s=60, confidence=0.926)
    assert "93 %" in told_view(stretch, "en")
    assert "93%" in told_view(stretch, "zh-CN")


def test_what_has_no_visible_detail_is_never_called_covered() -> None:
    stretch = ViewStretch(state=ViewState.NO_VISIBLE_DETAIL, from_s=0, to_s=60, confidence=0.9)
    assert "cover" not in told_view(stretch, "en") + view_label(stretch.state, "en")
    assert "遮挡" not in told_view(stretch, "zh-CN") + view_label(stretch.state, "zh-CN")


def test_a_state_of_a_newer_gateway_is_shown_as_it_came() -> None:
    assert view_label("lens_fogged", "zh-CN") == "lens fogged"
    assert sound_label("wind", "en") == "wind"
    assert told_sound(SoundStretch(state="wind", from_s=0, to_s=1), "en") == "wind from 0:00:00.0 to 0:00:01.0"


@pytest.mark.parametrize("stretch", [ViewStretch, SoundStretch])
def test_a_stretch_that_ends_before_it_begins_is_refused(stretch: type[ViewStretch | SoundStretch]) -> None:
    said = {"state": "unknown", "from_s": 4.0, "to_s": 3.0, "confidence": 0.5}
    with pytest.raises(ValidationError, match="must not end before it begins"):
        stretch.model_validate(said)
    assert stretch.model_validate({**said, "to_s": 4.0}).to_s == 4.0
