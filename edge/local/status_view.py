"""The table a person at the dock reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from edge.contract.coverage import CoverageState
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros, moment_of
from edge.contract.sentences import Sentence
from edge.domain.path_text import shown_text
from edge.local.forecast_words import disk_sentences, recorder_sentence, uplink_sentences
from edge.local.status_facts import StatusFacts
from edge.local.words import told, word
from edge.platform.terminal import Language
from edge.storage.overview import DeviceLine, Overview, Trouble
from edge.workers.agent_state import AgentState
from edge.workers.probing import InspectionProgress

_MIB, _GIB = 1024**2, 1024**3
_LONG_US = 30 * MICROS_PER_SECOND
"""A look that takes longer is named. House rule."""
_DEVICE_COLUMNS = ("device", "last_docking", "landed", "receipted", "waits", "battery", "storage", "clock")
_DEVICE_CHARACTERS = 12  # what a terminal of 80 columns leaves; longer numbers go over two lines


def show_status(facts: StatusFacts, console: Console, language: Language, zone: ZoneInfo) -> None:
    """Print the whole status; local times in `zone`."""
    view = _View(facts, console, language, zone)
    view.head()
    if facts.overview is not None:
        view.devices(facts.overview)
        view.duties(facts.overview)
        view.troubles(facts.overview)


class _View:
    def __init__(self, facts: StatusFacts, console: Console, language: Language, zone: ZoneInfo) -> None:
        self._facts, self._console, self._language, self._zone = facts, console, language, zone

    def head(self) -> None:
        facts, agent = self._facts, self._facts.agent
        lines = Table(box=None, show_header=False, pad_edge=False)
        lines.add_column(style="bold", no_wrap=True)
        lines.add_column(overflow="fold")
        lines.add_row(self._word("gateway"), "-" if facts.identity is None else facts.identity.gateway_id)
        running = agent is not None
        lines.add_row(self._word("agent"), self._state("running" if running else "not_running", good=running))
        if agent is not None:
            lines.add_row(self._word("server"), self._state(agent.control, good=agent.control == "connected"))
            if agent.put_off_by_server:
                lines.add_row("", self._state(agent.put_off_by_server, good=False))
            if agent.unanswered_since_us is not None:
                since = self._time(UtcMicros(agent.unanswered_since_us))
                lines.add_row("", Text(f"{self._word('unanswered_since')} {since}", "red"))
                lines.add_row("", Text(self._word("unanswered_why"), "red"))
        if facts.overview is not None:
            self._inspection_lines(lines, facts.overview)
            self._waiting_lines(lines, facts.overview)
        self._disk_lines(lines)
        if facts.intake not in {None, "landing"}:
            lines.add_row(self._word("intake"), self._state(facts.intake or "", good=False))
        for folder in facts.missing_folders:
            lines.add_row(self._word("source"), Text(f"{shown_text(folder)} {self._word('source_missing')}", "red"))
        if agent is not None and agent.set_aside:
            lines.add_row(self._word("set_aside"), Text(", ".join(f"{key} {n}" for key, n in agent.set_aside.items())))
        if agent is not None and agent.failing:
            lines.add_row(self._word("failing"), Text(", ".join(f"{k}: {v}" for k, v in agent.failing.items()), "red"))
        if agent is not None and (agent.clock_unset or not agent.clock_synchronised):
            lines.add_row(self._word("gateway_clock"), self._clock_line(agent))
        self._console.print(lines)

    def _clock_line(self, agent: AgentState) -> Text:
        if agent.clock_unset:
            return Text(self._word("clock_unset"), "red")
        return Text(self._word("clock_unsynchronised"), "yellow")

    def _inspection_lines(self, lines: Table, overview: Overview) -> None:
        """How many of how many were looked into, how fast, and what takes long."""
        if not overview.uninspected:
            return
        agent = self._facts.agent
        progress = InspectionProgress() if agent is None else agent.inspection
        whole = progress.inspected + overview.uninspected
        text = f"{progress.inspected} / {whole} {self._word('clips')}"
        if progress.rate_bytes_s is not None:
            text += f", {progress.rate_bytes_s / _MIB:.0f} MiB/s"
        lines.add_row(self._word("inspecting"), text)
        for one in progress.running:
            if self._facts.now_us - one.since_us >= _LONG_US:
                size = f"{one.size_bytes / _GIB:.2f} GiB, {self._word('since')} {self._clock(UtcMicros(one.since_us))}"
                lines.add_row("", Text(f"{shown_text(one.name)}: {size}", "yellow"))

    def _waiting_lines(self, lines: Table, overview: Overview) -> None:
        waiting = overview.backlog
        if waiting.clips:
            oldest = self._ago(waiting.oldest_landed_us)
            text = f"{waiting.clips} {self._word('clips')}, {waiting.size_bytes / _GIB:.2f} GiB"
            lines.add_row(self._word("waiting"), f"{text}, {self._word('oldest')} {oldest}")
            if (forecasts := self._facts.forecasts) is not None:
                self._sentences(lines, uplink_sentences(forecasts.waiting, forecasts.uplink, self._zone))
        else:
            lines.add_row(self._word("waiting"), self._word("nothing_waits"))
        last = overview.last_receipt_us
        said = self._word("none_yet") if last is None else f"{self._time(last)} ({self._ago(last)})"
        lines.add_row(self._word("last_receipt"), said)
        for key, count in (("reports_waiting", overview.unnoted_messages), ("resting", overview.resting_files)):
            if count:
                lines.add_row(self._word(key), str(count))

    def _disk_lines(self, lines: Table) -> None:
        """How full it is, what comes of that, and the recorders that are nearly full."""
        facts = self._facts
        used = (1 - facts.free_bytes / facts.total_bytes) * 100 if facts.total_bytes else 0.0
        lines.add_row(self._word("disk"), f"{used:.0f} %, {facts.free_bytes / _GIB:.1f} GiB {self._word('free')}")
        if facts.forecasts is not None:
            self._sentences(lines, disk_sentences(facts.forecasts.disk, facts.now_us, self._zone))
            full = [line for line in facts.forecasts.recorders if line.room.nearly_full]
            self._sentences(lines, (recorder_sentence(line, self._zone) for line in full), style="yellow")

    def _sentences(self, lines: Table, sentences: Iterable[Sentence], *, style: str = "") -> None:
        for said in sentences:
            lines.add_row("", Text(told(said, self._language), style))

    def devices(self, overview: Overview) -> None:
        if not overview.devices:
            self._console.print(self._word("no_devices"))
            return
        columns = {key: [self._cell(key, line) for line in overview.devices] for key in _DEVICE_COLUMNS}
        told = {key: cells for key, cells in columns.items() if any(cells)}
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
        for key in told:
            justify: Literal["left", "right"] = "left" if key in {"device", "last_docking"} else "right"
            table.add_column(
                self._word(key),
                justify=justify,
                no_wrap=key != "device",
                min_width=_DEVICE_CHARACTERS if key == "device" else None,
                overflow="fold",
            )
        for cells in zip(*told.values(), strict=True):
            table.add_row(*cells)
        self._console.print(table)

    def _cell(self, column: str, line: DeviceLine) -> Text:
        match column:
            case "device":
                return Text(shown_text(line.device or self._word("no_device")), "" if line.device else "dim")
            case "last_docking" if line.last_docking_us is not None:
                return Text(self._day(line.last_docking_us))
            case "landed":
                return Text(str(line.clips))
            case "receipted":
                return Text(str(line.receipted_clips))
            case "waits":
                return Text(str(line.waiting_clips), "yellow" if line.waiting_clips else "")
            case "battery" if line.battery_percent is not None:
                return Text(f"{line.battery_percent:.0f} %")
            case "storage" if line.free_bytes is not None:
                return Text(f"{line.free_bytes / _GIB:.1f} GiB")
            case "clock" if line.clock_offset_us is not None:
                return Text(f"{line.clock_offset_us / MICROS_PER_SECOND:+.1f} s")
        return Text()

    def duties(self, overview: Overview) -> None:
        if not overview.duties:
            return
        table = Table(title=self._word("gaps"), title_justify="left", box=box.SIMPLE_HEAD)
        for key in ("duty", "device", "recorded", "undetermined", "missing"):
            table.add_column(self._word(key))
        for duty in overview.duties:
            missing = ", ".join(f"{self._time(gap.start_us)} - {self._clock(gap.end_us)}" for gap in duty.gaps)
            table.add_row(
                Text(f"{duty.number} {self._time(duty.interval.start_us)} - {self._clock(duty.interval.end_us)}"),
                Text(duty.device),
                _duration(duty.total_us(CoverageState.RECORDED)),
                _duration(duty.total_us(CoverageState.UNDETERMINED)),
                Text(missing, "red"),
            )
        self._console.print(table)

    def troubles(self, overview: Overview) -> None:
        if not overview.troubles:
            return
        table = Table(title=self._word("troubles"), title_justify="left", box=box.SIMPLE_HEAD)
        table.add_column(self._word("reason"), overflow="fold")
        table.add_column(self._word("count"), justify="right")
        table.add_column(self._word("example"), overflow="fold")
        for trouble in overview.troubles:
            table.add_row(self._reason(trouble), str(trouble.count), Text(shown_text(trouble.subject)))
        self._console.print(table)

    def _reason(self, trouble: Trouble) -> str:
        kind, _, reason = trouble.reason.partition(":")
        match kind:
            case "refused":
                return f"{self._word('refused')}: {self._word(reason)}"
            case "file":
                return f"{self._word('not_landed')}: {self._word(reason)}"
            case "landed" | "offered" | "sending" if reason != "landing_copy_unreadable":
                return f"{self._word('put_off')}: {self._word(reason)}"
            case _:
                return self._word(reason or kind)

    def _word(self, key: str) -> str:
        return word(key, self._language)

    def _state(self, key: str, *, good: bool) -> Text:
        return Text(self._word(key), "green" if good else "red")

    def _time(self, instant_us: UtcMicros) -> str:
        return f"{moment_of(instant_us).astimezone(self._zone):%Y-%m-%d %H:%M:%S}"

    def _day(self, instant_us: UtcMicros) -> str:
        """Day and minute; the year only where it is another."""
        local, now = (moment_of(us).astimezone(self._zone) for us in (instant_us, self._facts.now_us))
        return f"{local:%m-%d %H:%M}" if local.year == now.year else f"{local:%Y-%m-%d %H:%M}"

    def _clock(self, instant_us: UtcMicros) -> str:
        return f"{moment_of(instant_us).astimezone(self._zone):%H:%M:%S}"

    def _ago(self, instant_us: UtcMicros | None) -> str:
        if instant_us is None:
            return ""
        gap = _duration(self._facts.now_us - instant_us)
        return f"{gap}{self._word('ago')}" if self._language == "zh-CN" else f"{gap} {self._word('ago')}"


def _duration(length_us: int) -> str:
    """Hours and minutes, or seconds where it is short."""
    seconds = max(0, length_us) // MICROS_PER_SECOND
    if seconds < 120:
        return f"{seconds} s"
    if seconds < 7200:
        return f"{seconds // 60} min"
    if seconds < 2 * 86_400:
        return f"{seconds // 3600} h {seconds % 3600 // 60} min"
    return f"{seconds // 86_400} d"
