"""Every fault has a label and one sentence in both languages, with the same places."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.code_words import clock_text
from edge.contract.fault_sentences import FAULT_SENTENCES, VALUE_WORDS
from edge.contract.fault_words import fault_label, fault_of, places_of, told_fault
from edge.contract.inspection import Fault, FaultCode

CJK = re.compile(r"[\u4e00-\u9fff]")


def test_every_code_has_words_and_no_words_have_no_code() -> None:
    assert set(FAULT_SENTENCES) == set(FaultCode)


@pytest.mark.parametrize("code", FaultCode)
def test_both_languages_have_the_same_places(code: FaultCode) -> None:
    english, chinese = FAULT_SENTENCES[code].sentence
    assert places_of(english) == places_of(chinese)
    assert CJK.search(chinese)
    assert CJK.search(FAULT_SENTENCES[code].label[1])
    assert not CJK.search(english)


@pytest.mark.parametrize("place", VALUE_WORDS)
def test_words_for_values_stand_in_some_sentence_and_in_both_languages(place: str) -> None:
    assert any(place in places_of(words.sentence[0]) for words in FAULT_SENTENCES.values())
    for english, chinese in VALUE_WORDS[place].values():
        assert CJK.search(chinese)
        assert not CJK.search(english)


def test_a_fault_says_what_is_wrong_since_when_and_what_to_do() -> None:
    fault = fault_of(
        FaultCode.DATA_HOLE, from_s=3725.96, to_s=3730.0, samples=(5, 9), frames=4, shown_again_at_s=3731.25
    )
    assert fault.detail == (
        "The data are destroyed from 1:02:05.9 to 1:02:10.0, 4 pictures; what follows may be smeared until 1:02:11.2:"
        " fetch the file from the device again"
    )
    assert told_fault(fault, "en") == fault.detail
    assert "1:02:05.9 至 1:02:10.0" in told_fault(fault, "zh-CN")


def test_a_value_that_is_a_code_is_told_in_the_reader_s_language() -> None:
    fault = fault_of(FaultCode.CLOCK_STEP, from_s=1.0, to_s=1.5, direction="back", step=5.0)
    assert "set back by about 5 s" in told_fault(fault, "en")
    assert "拨慢约 5 秒" in told_fault(fault, "zh-CN")


def test_a_value_known_in_the_reader_s_language_is_put_in() -> None:
    fault = fault_of(FaultCode.SIDECAR_UNREADABLE, why="not JSON")
    assert "（不是 JSON）" in told_fault(fault, "zh-CN", {"why": "不是 JSON"})


def test_a_fault_without_the_values_of_its_sentence_cannot_be_made() -> None:
    with pytest.raises(KeyError):
        fault_of(FaultCode.DATA_HOLE, from_s=1.0)


def test_a_fault_of_an_older_gateway_is_shown_as_it_came() -> None:
    assert told_fault(Fault(code="data_cut", detail="12 frames lost"), "en") == "cut off: 12 frames lost"


def test_a_code_of_a_newer_gateway_is_shown_as_it_came() -> None:
    assert fault_label("lens_cracked", "zh-CN") == "lens cracked"
    assert told_fault(Fault(code="lens_cracked", detail="seen at noon"), "en") == "lens cracked: seen at noon"


def test_a_value_with_braces_is_data_and_never_a_place() -> None:
    fault = fault_of(FaultCode.DUPLICATE, other="{other}{span}.mp4")
    assert "{other}{span}.mp4" in told_fault(fault, "zh-CN")


@given(st.floats(0, 1e6))
def test_a_place_is_never_told_later_than_it_is(seconds: float) -> None:
    hours, minutes, rest = clock_text(seconds).split(":")
    told_s = int(hours) * 3600 + int(minutes) * 60 + float(rest)
    assert told_s <= seconds + 1e-5
    assert seconds - told_s < 0.1 + 1e-5


@pytest.mark.parametrize(
    "absurd", [1e308, -1e308, 10**300, 10**4000, -(10**4000), "x" * 100_000, "{0.__class__}", "<b>"]
)
@pytest.mark.parametrize("code", FaultCode)
def test_what_a_gateway_that_is_not_itself_claims_is_told_in_a_bounded_sentence(
    code: FaultCode, absurd: str | float
) -> None:
    """A page that fails over one number of one gateway shows nobody anything."""
    values = dict.fromkeys(places_of(FAULT_SENTENCES[code].sentence[0]) - {"span"}, absurd)
    place = absurd if isinstance(absurd, float) else None
    fault = Fault(code=code, from_s=place, to_s=place, values=values)
    for language in ("en", "zh-CN"):
        assert len(told_fault(fault, language)) < 2_000
