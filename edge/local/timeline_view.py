"""The time line of a device, drawn in a terminal: one row for each band, numbered marks, and a sentence for each.

It says the same without colours. Where the terminal has no block characters, plain signs stand for them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from edge.contract.instants import MICROS_PER_SECOND
from edge.contract.intervals import TimeInterval, total_us
from edge.domain.clock import applied_offset_us
from edge.domain.path_text import shown_text
from edge.domain.time_bands import BandStretch, is_good
from edge.local.local_times import length_text, local_time, local_time_after
from edge.local.timeline_axis import Axis
from edge.local.timeline_events import TimeLineEvent, events_of
from edge.local.timeline_words import label, say
from edge.local.words import word
from edge.platform.terminal import Language
from edge.workers.inspect_report import InspectedDevice

MOST_SENTENCES = 40
_MARKS = "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LEAST_COLUMNS, _NUMBERS_COLUMNS = 20, 17
_LETTERS = {
    "covered": "C",
    "defocused": "F",
    "dark": "D",
    "glare": "G",
    "corrupt": "X",
    "no_visible_detail": "N",
    "frozen": "Z",
    "muted": "M",
    "absent": "A",
    "unknown": "?",
}
_FULL_SHARE = 0.999


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs for a column that is full, partly full, and empty."""

    full: str
    part: str
    none: str


BLOCKS, PLAIN = Glyphs("\u2588", "\u2584", "\u00b7"), Glyphs("#", "+", ".")


def glyphs_for(encoding: str) -> Glyphs:
    """Block characters where the terminal's encoding has them."""
    try:
        "".join((BLOCKS.full, BLOCKS.part, BLOCKS.none)).encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return PLAIN
    return BLOCKS


def show_timeline(device: InspectedDevice, console: Console, zone: ZoneInfo, language: Language) -> None:
    """Heading, drawing, legend, and one sentence for everything a person must know."""
    events = events_of(device.summary, zone, language)
    console.print(_heading(device, zone, language))
    if device.summary.coverage:
        for line in _drawing(device, events, console, zone, language):
            console.print(line, no_wrap=True, crop=True)
        if not device.summary.gaps and not any(event.style for event in events):
            console.print(Text(say("whole", language), "green"))
    placed = iter(_MARKS)
    for event in events[:MOST_SENTENCES]:
        mark = "-" if event.at_us is None else next(placed, "*")
        console.print(Padding(Text(f"[{mark}] {shown_text(event.said)}", event.style), (0, 0, 0, 1)))
    if len(events) > MOST_SENTENCES:
        console.print(Text(f" ... {say('more', language, count=len(events) - MOST_SENTENCES)}"))
    console.print()


def _heading(device: InspectedDevice, zone: ZoneInfo, language: Language) -> Text:
    summary, clock = device.summary, device.clock
    parts = [f"{word('device', language)} {shown_text(device.device)}"]
    if summary.coverage:
        first_us, last_us = summary.coverage[0].start_us, summary.coverage[-1].end_us
        parts.append(f"{local_time(first_us, zone)} - {local_time_after(last_us, first_us, zone)} ({zone.key})")
    if clock is None:
        parts.append(label("clock_unmeasured", language))
    else:
        used = "clock_applied" if applied_offset_us(clock) == clock.offset_us else "clock_shown"
        offset = f"{clock.offset_us / MICROS_PER_SECOND:+.1f} s"
        parts.append(f"{label('clock', language)} {offset} {label(used, language)}")
    parts.append(f"\u00b1{summary.uncertainty_us / MICROS_PER_SECOND:.1f} s")
    return Text("  ".join(parts), "bold")


def _drawing(
    device: InspectedDevice, events: Sequence[TimeLineEvent], console: Console, zone: ZoneInfo, language: Language
) -> list[Text]:
    coverage, glyphs = device.summary.coverage, glyphs_for(console.encoding)
    names = [label(key, language) for key in ("recorded", "seeing", "hearing", "marks")]
    left = max(map(cell_len, names)) + 1
    axis = Axis(
        TimeInterval(coverage[0].start_us, coverage[-1].end_us),
        max(_LEAST_COLUMNS, console.width - left - _NUMBERS_COLUMNS),
    )
    labels, ticks = axis.tick_lines(zone)
    recorded_us = total_us(coverage)
    lines = [Text(" " * left + labels, "dim"), Text(" " * left + ticks, "dim")]
    recorded = "".join(_glyph(share, glyphs) for share in axis.shares(coverage))
    lines.append(_row(names[0], left, recorded, _numbers(recorded_us, axis.span.duration_us), "green"))
    letters: set[str] = set()
    for name, band in ((names[1], device.bands.seeing), (names[2], device.bands.hearing)):
        if band:
            row = _band(axis, band, glyphs)
            letters.update(row)
            good_us = total_us(one.interval for one in band if is_good(one.state))
            lines.append(_row(name, left, row, _numbers(good_us, recorded_us), "cyan"))
    marks = _marks(axis, events)
    if marks.strip():
        lines.append(_row(names[3], left, marks, "", "bold"))
    lines.append(Text(" " * left + _legend(letters, glyphs, language), "dim"))
    return lines


def _row(name: str, left: int, drawn: str, numbers: str, style: str) -> Text:
    row = Text(name + " " * (left - cell_len(name)))
    row.append(drawn, style)
    row.append(numbers.rjust(_NUMBERS_COLUMNS - 1) if numbers else "")
    return row


def _glyph(share: float, glyphs: Glyphs) -> str:
    return glyphs.full if share >= _FULL_SHARE else glyphs.part if share > 0 else glyphs.none


def _band(axis: Axis, band: Sequence[BandStretch], glyphs: Glyphs) -> str:
    """A column with anything but the good state shows the letter of the worst: the one that fills most of it."""
    states = Counter[str]()
    for one in band:
        states[one.state] += one.interval.duration_us
    shares = {state: axis.shares([one.interval for one in band if one.state == state]) for state in states}
    row = []
    for column in range(axis.columns):
        bad = [(shares[state][column], state) for state in shares if not is_good(state) and shares[state][column] > 0]
        good = sum(shares[state][column] for state in shares if is_good(state))
        row.append(_LETTERS.get(max(bad)[1], "?") if bad else _glyph(good, glyphs) if good else " ")
    return "".join(row)


def _marks(axis: Axis, events: Sequence[TimeLineEvent]) -> str:
    row = [" "] * axis.columns
    placed = iter(_MARKS)
    for event in events[:MOST_SENTENCES]:
        if event.at_us is not None:
            column, mark = axis.column_of(event.at_us), next(placed, "*")
            row[column] = mark if row[column] == " " else "*"
    return "".join(row)


def _legend(letters: set[str], glyphs: Glyphs, language: Language) -> str:
    parts = [
        f"{glyph} {label(key, language)}"
        for glyph, key in ((glyphs.full, "legend_full"), (glyphs.part, "legend_part"), (glyphs.none, "legend_none"))
    ]
    parts += [f"{letter} {label(state, language)}" for state, letter in _LETTERS.items() if letter in letters]
    return "  ".join(parts)


def _numbers(part_us: int, whole_us: int) -> str:
    return f"{length_text(part_us)} {100 * part_us / max(1, whole_us):5.1f}%"
