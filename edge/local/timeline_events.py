"""What is to be said about a device's time line, in order of time: each with its place on it and its sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_SECOND, UtcMicros
from edge.contract.intervals import TimeInterval, total_us
from edge.domain.across_files import DeviceSummary
from edge.domain.clock_steps import ClockStep
from edge.domain.device_files import DEFAULT_LIMITS
from edge.domain.file_numbers import MissingNumbers
from edge.domain.gap_evidence import Gap
from edge.local.local_times import length_text, local_time, local_time_after
from edge.local.timeline_words import SENTENCES, say
from edge.local.words import told
from edge.platform.terminal import Language

_PPM = 1_000_000
_PARTS = {"en": "; ", "zh-CN": "；"}


@dataclass(frozen=True, slots=True)
class TimeLineEvent:
    """One thing a person must know. `at_us` None: it has no place on the time line."""

    at_us: UtcMicros | None
    said: str
    style: str


def events_of(summary: DeviceSummary, zone: ZoneInfo, language: Language) -> list[TimeLineEvent]:
    """Everything in order of time; what has no place comes last."""
    found = list(_Events(summary, zone, language).all())
    return sorted(found, key=lambda event: (event.at_us is None, event.at_us or 0))


@dataclass(frozen=True, slots=True)
class _Events:
    summary: DeviceSummary
    zone: ZoneInfo
    language: Language

    def all(self) -> Iterator[TimeLineEvent]:
        summary = self.summary
        in_gaps = {gap.interval for gap in summary.gaps if gap.cause == "segment_missing"}
        stepped = {(step.at_us, step.step_us) for step in summary.clock_steps}
        for gap in summary.gaps:
            if gap.cause != "clock_step" or (gap.interval.end_us, gap.interval.duration_us) not in stepped:
                yield TimeLineEvent(gap.interval.start_us, self._gap(gap), "red")
        for overlap in summary.overlaps:
            one, two = overlap.names
            said = self._say("overlap", **self._span(overlap.interval), one=one, two=two)
            yield TimeLineEvent(overlap.interval.start_us, said, "yellow")
        for step in summary.clock_steps:
            yield TimeLineEvent(step.at_us, self._step(step), "yellow")
        for missing in summary.missing_numbers:
            if missing.place not in in_gaps:
                yield TimeLineEvent(missing.at_us, self._missing(missing), "red")
        yield from self._without_place()

    def _without_place(self) -> Iterator[TimeLineEvent]:
        summary = self.summary
        for one in summary.not_counted:
            yield TimeLineEvent(None, self._say(f"alone_{one.reason}", name=one.name), "yellow")
        for name in summary.growing:
            yield TimeLineEvent(None, self._say("growing", name=name), "yellow")
        for double in summary.double_times:
            if not double.decided:
                at, other = local_time(double.taken_us, self.zone), local_time(double.other_us, self.zone)
                yield TimeLineEvent(None, self._say("double_undecided", name=double.name, at=at, other=other), "yellow")
        for copy in summary.duplicates:
            yield TimeLineEvent(None, self._say("duplicate", name=copy.name, of=copy.of), "yellow")
        drift = summary.drift
        if drift is not None and drift.is_beyond(DEFAULT_LIMITS.drift_limit_ppm):
            day_s = drift.ppm * MICROS_PER_DAY / _PPM / MICROS_PER_SECOND
            said = self._say(f"drift_{drift.source}", ppm=f"{drift.ppm:+.0f}", day=f"{day_s:+.1f}")
            yield TimeLineEvent(None, said, "yellow")
        if summary.tolerated:
            length = length_text(total_us(summary.tolerated))
            yield TimeLineEvent(None, self._say("tolerated", count=len(summary.tolerated), length=length), "")

    def _gap(self, gap: Gap) -> str:
        key = f"gap_{gap.cause}" if f"gap_{gap.cause}" in SENTENCES else "gap_unknown"
        evidence = self._evidence(gap.evidence) or self._say("no_evidence")
        said = self._say(key, **self._span(gap.interval), evidence=evidence)
        if gap.is_certain:
            return said
        return f"{said} {self._say('gap_uncertain', uncertainty=f'{gap.uncertainty_us / MICROS_PER_SECOND:g}')}"

    def _step(self, step: ClockStep) -> str:
        size = f"{step.step_us / MICROS_PER_SECOND:+.1f}" if step.kind == "zone" else f"{abs(step.step_us) / 1e6:.1f}"
        return self._say(
            f"step_{step.kind}",
            at=local_time(step.at_us, self.zone),
            size=size,
            before=step.before,
            after=step.after,
            evidence=self._evidence(step.evidence),
        )

    def _missing(self, missing: MissingNumbers) -> str:
        return self._say(
            "missing" if missing.place is None else "missing_in_gap",
            at=local_time(missing.at_us, self.zone),
            numbers=missing.text,
            before=missing.before,
            after=missing.after,
        )

    def _span(self, interval: TimeInterval) -> dict[str, str]:
        return {
            "start": local_time(interval.start_us, self.zone),
            "end": local_time_after(interval.end_us, interval.start_us, self.zone),
            "length": length_text(interval.duration_us),
        }

    def _evidence(self, evidence: tuple[str, ...]) -> str:
        return _PARTS[self.language].join(told(part, self.language) for part in evidence)

    def _say(self, key: str, **values: object) -> str:
        return say(key, self.language, **values)
