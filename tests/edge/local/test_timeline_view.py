"""The drawn time line of a device: readable without colours, from 80 columns on, in both languages."""

from __future__ import annotations

import io
import re
from string import Formatter
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from edge.contract.inspection import SoundState, SoundStretch, ViewState, ViewStretch
from edge.domain.across_files import summarise
from edge.domain.device_files import FileFacts
from edge.domain.time_bands import Bands, FileBands, bands_of
from edge.local.timeline_axis import Axis
from edge.local.timeline_events import events_of
from edge.local.timeline_view import BLOCKS, PLAIN, glyphs_for, show_timeline
from edge.local.timeline_words import LABELS, SENTENCES
from edge.platform.terminal import Language
from edge.workers.inspect_report import InspectedDevice
from tests.edge.domain.device_times import a_file, numbered, span

CJK = re.compile(r"[\u4e00-\u9fff]")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def _shown(files: list[FileFacts], language: Language = "en", *, width: int = 80, bands: Bands | None = None) -> str:
    output = io.StringIO()
    device = InspectedDevice("BC01", None, summarise(files), bands or Bands())
    show_timeline(device, Console(file=output, width=width), SHANGHAI, language)
    return output.getvalue()


def _row(text: str, name: str) -> str:
    (row,) = [line for line in text.splitlines() if line.startswith(name + " ")]
    return row[len(name) + 1 :]


@pytest.mark.parametrize("width", [80, 100, 160])
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_it_fits_the_terminal(width: int, language: Language) -> None:
    text = _shown(numbered((0, 60), (120, 180), (150, 230), (300, 400)), language, width=width)
    assert max(cell_len(line.rstrip()) for line in text.splitlines()) <= width


def test_a_gap_is_drawn_where_it_is_and_said_with_its_number() -> None:
    text = _shown([a_file("a", span(0, 60), sequence=1), a_file("c", span(120, 180), sequence=3)])
    drawn = _row(text, "recorded")[:54]
    assert (drawn[0], drawn[27], drawn[53]) == (BLOCKS.full, BLOCKS.none, BLOCKS.full)
    assert _row(text, "marks   ")[18] == "1"
    assert "2:00.0  66.7%" in _row(text, "recorded")
    said = "[1] From 2026-11-21 20:01:00 to 20:02:00 (1:00.0) nothing is recorded: no file numbered 2."
    assert said in " ".join(text.split())


def test_ticks_stand_at_round_local_times() -> None:
    labels, ticks = Axis(span(0, 3600), 60).tick_lines(SHANGHAI)
    assert labels.split() == ["20:00", "20:15", "20:30", "20:45"]
    assert [place for place, sign in enumerate(ticks) if sign == "|"] == [0, 15, 30, 45]


@pytest.mark.parametrize(
    ("seconds", "first"), [(20, "20:00:00"), (7 * 3600, "20:00"), (40 * 86400, "1"), (3000 * 86400, "202")]
)
def test_every_span_has_ticks_of_its_own(seconds: int, first: str) -> None:
    labels, _ = Axis(span(0, seconds), 60).tick_lines(SHANGHAI)
    assert labels.strip().startswith(first)
    assert len(labels) == 60


def test_seeing_and_hearing_show_what_was_in_the_way() -> None:
    view = (
        ViewStretch(state=ViewState.SEEING, from_s=0, to_s=50, confidence=0.9),
        ViewStretch(state=ViewState.COVERED, from_s=50, to_s=100, confidence=0.8),
    )
    sound = (
        SoundStretch(state=SoundState.HEARING, from_s=0, to_s=75),
        SoundStretch(state="muted", from_s=75, to_s=100),
    )
    file = a_file("a", span(0, 100))
    bands = bands_of([FileBands(file.recorded, file.start_us, view, sound)])
    text = _shown([file], bands=bands)
    assert "C covered" in text
    assert "M muted" in text
    seeing = _row(text, "seeing  ")
    assert (seeing[0], seeing[53]) == (BLOCKS.full, "C")
    assert "50.0%" in seeing
    assert "75.0%" in _row(text, "hearing ")


def test_a_terminal_without_block_characters_gets_plain_signs() -> None:
    assert (glyphs_for("utf-8"), glyphs_for("ascii"), glyphs_for("gb18030")) == (BLOCKS, PLAIN, BLOCKS)


def test_what_has_no_place_is_said_without_a_mark() -> None:
    text = _shown([a_file("a", span(0, 60)), a_file("copy", span(0, 60), content="a"), a_file("odd")])
    assert "[-] copy holds the same bytes as a and counts once" in text
    assert "[-] odd says nowhere when it began" in text


def test_a_file_whose_name_moves_or_colours_is_shown_harmlessly() -> None:
    assert "\x1b" not in _shown([a_file("\x1b[31m", span(0, 60)), a_file("[bold]b", span(30, 90))])


def test_a_clock_set_forward_is_said_once() -> None:
    summary = summarise(numbered((0, 60), (60, 120), (150, 210)))
    (event,) = events_of(summary, SHANGHAI, "en")
    assert event.said.startswith("Before 2026-11-21 20:02:30 the clock was set forward by 30.0 s")


def test_a_thousand_things_to_say_do_not_fill_the_screen() -> None:
    text = _shown([a_file(f"f{place}", span(100 * place, 100 * place + 50)) for place in range(200)])
    assert "and 159 more" in text


def test_every_sentence_has_both_languages_with_the_same_places() -> None:
    for key, (english, chinese) in SENTENCES.items():
        places = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (english, chinese)]
        assert places[0] - {"evidence"} >= places[1] - {"evidence"}, key
        assert CJK.search(chinese), key
    assert all(CJK.search(chinese) for _, chinese in LABELS.values())


@pytest.mark.parametrize("state", [*ViewState, *SoundState])
def test_every_state_has_a_word(state: str) -> None:
    assert state in LABELS


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(1, 90)), min_size=1, max_size=9), st.integers(20, 200))
def test_the_columns_share_out_what_is_covered(found: list[tuple[int, int]], columns: int) -> None:
    coverage = summarise(
        [a_file(f"f{place}", span(*(start, start + length))) for place, (start, length) in enumerate(found)]
    ).coverage
    whole = span(0, 600)
    axis = Axis(whole, columns)
    covered_us = sum(
        share * (axis.edge_us(column + 1) - axis.edge_us(column)) for column, share in enumerate(axis.shares(coverage))
    )
    assert covered_us == pytest.approx(sum(one.duration_us for one in coverage))
