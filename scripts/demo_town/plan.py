"""What happens in the town: devices, people, duties, recorded stretches and faults, all from a seed. Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import timedelta
from zoneinfo import ZoneInfo

from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_SECOND, UtcMicros, instant_of, moment_of
from edge.contract.intervals import TimeInterval

ZONE = ZoneInfo("Asia/Shanghai")
MINUTE_US = 60 * MICROS_PER_SECOND
CLOCK_ERROR_S = 7


@dataclass(frozen=True, slots=True)
class Device:
    """A recorder or monitor. `offset_us` = its own clock - true time."""

    number: str
    kind: str
    unit: str
    model: str
    functions: tuple[str, ...] = ()
    schedule: str = ""
    offset_us: int = 0
    suffix: str = "mp4"


@dataclass(frozen=True, slots=True)
class Clip:
    """One file to be filmed. `true` is the interval in true time, whole seconds. `fault`: "", "index" or "cut".

    `covered`: when something is held before the lens. `turned`: the camera was knocked since its commissioning.
    """

    device: Device
    true: TimeInterval
    sequence: int
    fault: str = ""
    flagged: bool = False
    covered: TimeInterval | None = None
    turned: bool = False

    @property
    def file_name(self) -> str:
        """Device, start on the device's own clock in local time, sequence."""
        local = moment_of(UtcMicros(self.true.start_us + self.device.offset_us)).astimezone(ZONE)
        return f"{self.device.number}_{local:%Y%m%dT%H%M%S}_{self.sequence:04d}.{self.device.suffix}"


@dataclass(frozen=True, slots=True)
class Officer:
    """A member of a unit."""

    number: str
    name: str
    unit: str
    kind: str


@dataclass(frozen=True, slots=True)
class Duty:
    """An officer's duty."""

    number: str
    officer: Officer
    kind: str
    interval: TimeInterval


@dataclass(frozen=True, slots=True)
class Certificate:
    """Verification of one function of a monitor."""

    number: str
    device: Device
    function: str
    valid: TimeInterval


@dataclass(frozen=True, slots=True)
class Case:
    """An enforcement act at one instant."""

    number: str
    kind: str
    officer: Officer
    occurred_us: UtcMicros
    plate: str
    has_footage: bool


@dataclass(frozen=True, slots=True)
class Site:
    """A place for a monitor; `device` None where nothing is installed."""

    number: str
    kind: str
    road: str
    direction: str
    longitude_deg: float
    latitude_deg: float
    violations: str
    stage: str
    device: Device | None = None


@dataclass(frozen=True, slots=True)
class Planted:
    """One planted fault and how it must show: a finding of `kind` and `cause`, or a state.

    `gap` is the true interval of the hole where the fault makes one.
    """

    fault: str
    expected: str
    device: str | None = None
    officer: str | None = None
    duty: str | None = None
    gap: TimeInterval | None = None


@dataclass(frozen=True, slots=True)
class Town:
    """Everything that is so. `docked_us`: when the recorders are put into the dock, in true time.

    `commissioning`: what each monitor saw when it was put up; never part of the footage.
    """

    seed: int
    day_start_us: UtcMicros
    docked_us: UtcMicros
    units: dict[str, str]
    officers: tuple[Officer, ...]
    devices: tuple[Device, ...]
    held: dict[str, Officer]
    duties: tuple[Duty, ...]
    clips: tuple[Clip, ...]
    certificates: tuple[Certificate, ...]
    cases: tuple[Case, ...]
    sites: tuple[Site, ...]
    commissioning: tuple[Clip, ...]
    planted: tuple[Planted, ...] = field(default=())


def window_end_us(now_us: UtcMicros) -> UtcMicros:
    """The whole local minute by which every duty has ended, three minutes ago or more.

    Shortly after midnight it is a minute before midnight, so that all duties belong to one day.
    """
    minute = moment_of(UtcMicros(now_us - 3 * MINUTE_US)).astimezone(ZONE).replace(second=0, microsecond=0)
    earliest = minute - timedelta(minutes=100)
    if earliest.date() != minute.date():
        midnight = minute.replace(hour=0, minute=0)
        minute = midnight - timedelta(minutes=1)
    return instant_of(minute)


def split_into_clips(stretch: TimeInterval, dice: random.Random) -> list[TimeInterval]:
    """Successive intervals of 20 to 60 whole seconds that fill a stretch of at least 20 s."""
    total_s = stretch.duration_us // MICROS_PER_SECOND
    count = max(-(-total_s // 50), 1)
    lengths = [total_s // count] * count
    lengths[-1] += total_s - sum(lengths)
    for index in range(count - 1):
        given_s = dice.randint(0, max(min(8, lengths[index] - 20, 60 - lengths[index + 1]), 0))
        lengths[index] -= given_s
        lengths[index + 1] += given_s
    clips, at_us = [], stretch.start_us
    for length_s in lengths:
        end_us = UtcMicros(at_us + length_s * MICROS_PER_SECOND)
        clips.append(TimeInterval(at_us, end_us))
        at_us = end_us
    return clips


def weekly_schedule(interval: TimeInterval) -> str:
    """The one stretch of the week, in local minutes, such as "sat 07:03-07:07"."""
    start = moment_of(interval.start_us).astimezone(ZONE)
    end = moment_of(interval.end_us).astimezone(ZONE)
    return f"{start:%a} {start:%H:%M}-{end:%H:%M}".lower()


def years_around(at_us: UtcMicros, *, since_days: int, until_days: int) -> TimeInterval:
    """The interval from `since_days` before to `until_days` after (negative: before) an instant."""
    return TimeInterval(UtcMicros(at_us - since_days * MICROS_PER_DAY), UtcMicros(at_us + until_days * MICROS_PER_DAY))
