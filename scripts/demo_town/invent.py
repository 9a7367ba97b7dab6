"""Inventing a town from a seed: who, where, when, and which faults are planted on whom."""

from __future__ import annotations

import random
from dataclasses import replace

from demo_town import cast
from demo_town.plan import (
    MINUTE_US,
    ZONE,
    Case,
    Certificate,
    Clip,
    Device,
    Duty,
    Officer,
    Planted,
    Town,
    split_into_clips,
    weekly_schedule,
    window_end_us,
    years_around,
)
from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_SECOND, UtcMicros, instant_of, moment_of
from edge.contract.intervals import TimeInterval

_KNOCKED_MINUTES = 6
"""A monitor's view has moved when samples over five minutes say so alike."""


def invent_town(seed: int, now_us: UtcMicros) -> Town:
    """The town of a seed as it stands at `now_us`: every clip and duty lies in the last hours before."""
    return _Inventor(seed, now_us).town()


class _Inventor:
    """Carries the dice and what has been invented so far."""

    def __init__(self, seed: int, now_us: UtcMicros) -> None:
        self.seed, self.dice = seed, random.Random(seed)
        self.end_us = window_end_us(now_us)
        local = moment_of(self.end_us).astimezone(ZONE)
        self.day_start_us = instant_of(local.replace(hour=0, minute=0))
        self.clips: list[Clip] = []
        self.planted: list[Planted] = []
        self.sequence_from = self.dice.randint(3, 900)

    def town(self) -> Town:
        officers = cast.officers(self.dice)
        recorders, monitors = cast.recorders(self.dice), cast.monitors(self.dice)
        late, broken, wrong_clock, away = recorders
        late_duty = self._late_start(officers[0], late)
        broken_duty = self._interrupted(officers[1], broken)
        whole_duty = self._wrong_clock(officers[2], wrong_clock)
        empty_duty = self._no_recorder(officers[3])
        away_duty = self._not_docked(officers[4], away)
        pause = Duty("D-06", officers[2], "break", _after(whole_duty.interval, 10))
        stopped, certified = self._monitor_interrupted(monitors[0]), self._monitor_whole(monitors[1])
        certificates = self._certificates(stopped, certified)
        self._truncate_one(late, broken)
        self._cover_one(wrong_clock)
        self._flag_one()
        return Town(
            seed=self.seed,
            day_start_us=self.day_start_us,
            docked_us=UtcMicros(self.end_us + self.dice.randint(20, 50) * MICROS_PER_SECOND),
            units=cast.UNITS,
            officers=tuple(officers),
            devices=(*recorders, stopped, certified),
            held=dict(zip((d.number for d in recorders), (*officers[:3], officers[4]), strict=True)),
            duties=(late_duty, broken_duty, whole_duty, empty_duty, away_duty, pause),
            clips=tuple(sorted(self.clips, key=lambda clip: (clip.device.number, clip.true))),
            certificates=certificates,
            cases=self._cases((broken_duty, broken), (whole_duty, wrong_clock), (empty_duty, None)),
            sites=cast.sites(self.dice, stopped, certified),
            commissioning=tuple(self._when_put_up(monitor) for monitor in (stopped, certified)),
            planted=tuple(self.planted),
        )

    # ------------------------------------------------------------------ duties and what was recorded
    def _span(self, minutes: int) -> TimeInterval:
        """Some whole minutes in the last hour and a half."""
        start_us = UtcMicros(self.end_us - (minutes + self.dice.randint(1, 70)) * MINUTE_US)
        return TimeInterval(start_us, UtcMicros(start_us + minutes * MINUTE_US))

    def _film(self, device: Device, stretch: TimeInterval, *, first: int) -> int:
        """Plan the clips of one recording; the sequence number after the last."""
        for interval in split_into_clips(stretch, self.dice):
            self.clips.append(Clip(device, interval, first))
            first += 1
        return first

    def _ends(self, span: TimeInterval) -> TimeInterval:
        """A recording that starts and stops within seconds of a duty's ends."""
        early_s, late_s = self.dice.randint(-4, 6), self.dice.randint(0, 6)
        return TimeInterval(
            UtcMicros(span.start_us - early_s * MICROS_PER_SECOND), UtcMicros(span.end_us + late_s * MICROS_PER_SECOND)
        )

    def _late_start(self, officer: Officer, device: Device) -> Duty:
        duty = Duty("D-01", officer, "road", self._span(3))
        started_us = UtcMicros(duty.interval.start_us + self.dice.randint(45, 75) * MICROS_PER_SECOND)
        self._film(device, TimeInterval(started_us, self._ends(duty.interval).end_us), first=self.sequence_from)
        hole = TimeInterval(duty.interval.start_us, started_us)
        self.planted.append(Planted("late_start", "late_start", device.number, officer.number, duty.number, hole))
        return duty

    def _interrupted(self, officer: Officer, device: Device) -> Duty:
        """The seed decides whether files went missing (the sequence skips) or the recorder was stopped."""
        duty = Duty("D-02", officer, self.dice.choice(("road", "checkpoint", "accident")), self._span(4))
        hole, stretches = self._hole(self._ends(duty.interval), duty.interval)
        missing = self.dice.choice((0, 0, 1, 2))
        after = self._film(device, stretches[0], first=self.sequence_from)
        self._film(device, stretches[1], first=after + missing)
        cause = "segment_missing" if missing else "unknown"
        self.planted.append(
            Planted("interruption", f"interruption, {cause}", device.number, officer.number, duty.number, hole)
        )
        return duty

    def _wrong_clock(self, officer: Officer, device: Device) -> Duty:
        duty = Duty("D-03", officer, "road", _shifted(self._span(3), -12))
        whole = self._ends(duty.interval)
        self._film(device, whole, first=self.sequence_from)
        self.planted.append(Planted("clock_7s", "clock_offset", device.number, officer.number, duty.number, whole))
        return duty

    def _no_recorder(self, officer: Officer) -> Duty:
        duty = Duty("D-04", officer, "checkpoint", self._span(6))
        self.planted.append(
            Planted("no_recorder", "no_recorder_assigned", None, officer.number, duty.number, duty.interval)
        )
        return duty

    def _not_docked(self, officer: Officer, device: Device) -> Duty:
        duty = Duty("D-05", officer, "road", self._span(8))
        self.planted.append(
            Planted("not_docked", "undetermined", device.number, officer.number, duty.number, duty.interval)
        )
        return duty

    # ------------------------------------------------------------------ monitors
    def _monitor_interrupted(self, device: Device) -> Device:
        span = self._span(3)
        hole, stretches = self._hole(span, span)
        scheduled = replace(device, schedule=weekly_schedule(span))
        after = self._film(scheduled, stretches[0], first=self.sequence_from)
        self._film(scheduled, stretches[1], first=after)
        self.planted.append(Planted("monitor_interruption", "interruption, unknown", device.number, None, None, hole))
        return scheduled

    def _monitor_whole(self, device: Device) -> Device:
        """It writes one long file, and has been knocked since it was put up."""
        span = self._span(_KNOCKED_MINUTES)
        scheduled = replace(device, schedule=weekly_schedule(span))
        self.clips.append(Clip(scheduled, span, self.sequence_from, turned=True))
        self.planted.append(Planted("moved_monitor", "view_moved", device.number))
        return scheduled

    def _when_put_up(self, device: Device) -> Clip:
        """A minute and a half of what the monitor saw ten days ago."""
        start_us = UtcMicros(self.end_us - 10 * MICROS_PER_DAY)
        return Clip(device, TimeInterval(start_us, UtcMicros(start_us + 90 * MICROS_PER_SECOND)), 1)

    def _certificates(self, valid: Device, expired: Device) -> tuple[Certificate, ...]:
        def certificate(device: Device, function: str, until_days: int) -> Certificate:
            number = f"JD{self.dice.randint(10_000_000, 99_999_999)}"
            since_days = 365 - until_days
            valid_over = years_around(self.day_start_us, since_days=since_days, until_days=until_days)
            return Certificate(number, device, function, valid_over)

        ended = expired.functions[0]
        certificates = [
            certificate(
                device,
                function,
                self.dice.randint(-90, -2) if (device, function) == (expired, ended) else self.dice.randint(90, 300),
            )
            for device in (valid, expired)
            for function in device.functions
        ]
        self.planted.append(Planted("expired_certificate", "certificate_expired", expired.number))
        return tuple(certificates)

    # ------------------------------------------------------------------ faults of files, cases, sites
    def _hole(self, recorded: TimeInterval, span: TimeInterval) -> tuple[TimeInterval, list[TimeInterval]]:
        """A hole of 35 to 70 s well inside `span`, and what of `recorded` lies before and after it."""
        length_s = self.dice.randint(35, 70)
        room_s = span.duration_us // MICROS_PER_SECOND - length_s - 120
        start_us = UtcMicros(span.start_us + (60 + self.dice.randint(0, max(room_s, 0))) * MICROS_PER_SECOND)
        hole = TimeInterval(start_us, UtcMicros(start_us + length_s * MICROS_PER_SECOND))
        return hole, [TimeInterval(recorded.start_us, hole.start_us), TimeInterval(hole.end_us, recorded.end_us)]

    def _truncate_one(self, *devices: Device) -> None:
        """Cut one file that has neighbours on both sides; its hole becomes a gap of cause file_damaged."""
        numbers = {device.number for device in devices}
        inner = [
            index
            for index, (before, clip, after) in enumerate(
                zip(self.clips, self.clips[1:], self.clips[2:], strict=False), 1
            )
            if clip.device.number in numbers
            and before.device == clip.device == after.device
            and before.true.end_us == clip.true.start_us
            and clip.true.end_us == after.true.start_us
        ]
        index = self.dice.choice(inner)
        clip = replace(self.clips[index], fault=self.dice.choice(("index", "cut")))
        self.clips[index] = clip
        owner = next((p for p in self.planted if p.device == clip.device.number and p.duty is not None), None)
        self.planted.append(
            Planted(
                "truncated_file",
                "file_damaged",
                clip.device.number,
                owner.officer if owner else None,
                owner.duty if owner else None,
                clip.true,
            )
        )

    def _cover_one(self, device: Device) -> None:
        """Something lies on the lens for nearly all of the recorder's longest clip."""
        index = max(
            (i for i, clip in enumerate(self.clips) if clip.device == device),
            key=lambda i: self.clips[i].true.duration_us,
        )
        clip = self.clips[index]
        lens = TimeInterval(UtcMicros(clip.true.start_us + 4 * MICROS_PER_SECOND), clip.true.end_us)
        self.clips[index] = replace(clip, covered=lens)
        self.planted.append(Planted("covered_lens", "not_seeing", device.number, gap=lens))

    def _flag_one(self) -> None:
        """The wearer of one recorder pressed the key mark."""
        whole = [i for i, clip in enumerate(self.clips) if clip.device.kind == "recorder" and not clip.fault]
        index = self.dice.choice(whole)
        self.clips[index] = replace(self.clips[index], flagged=True)

    def _cases(self, *held: tuple[Duty, Device | None]) -> tuple[Case, ...]:
        """Two cases in the middle of a sound clip of their officer, and one whose officer had no recorder."""
        kinds = ("饮酒驾驶", "交通事故", "闯红灯")
        cases = []
        for kind, (duty, device) in zip(kinds, held, strict=True):
            shown = [clip.true for clip in self.clips if clip.device == device and not clip.fault]
            moment = self.dice.choice(shown) if shown else duty.interval
            cases.append(
                Case(
                    number=f"44030{self.dice.randint(10**9, 10**10 - 1)}",
                    kind=kind,
                    officer=duty.officer,
                    occurred_us=UtcMicros((moment.start_us + moment.end_us) // 2),
                    plate=f"粤B{self.dice.randint(10_000, 99_999)}",
                    has_footage=bool(shown),
                )
            )
        return tuple(cases)


def _after(interval: TimeInterval, minutes: int) -> TimeInterval:
    return TimeInterval(interval.end_us, UtcMicros(interval.end_us + minutes * MINUTE_US))


def _shifted(interval: TimeInterval, minutes: int) -> TimeInterval:
    return interval.shifted(minutes * MINUTE_US)
