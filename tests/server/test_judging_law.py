"""Judging after each arrival comes to the same as judging everything once, whatever arrives late and in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from judging_world import DAY_US, EIGHT_US, HOUR_US, MINUTE_US, NOW_US, World, world_at
from sql_counting import rows_read
from sqlalchemy import inspect, select

from edge.contract.instants import UtcMicros
from edge.contract.intervals import TimeInterval
from server.store import to_judge
from server.store.recorded import known_rows, replace
from server.store.tables import Certificate, Clip, Duty, Finding

Arrival = tuple[str, int, int, int, int]
"""What, on which day, from which minute, for how many minutes, and which of several."""
OLD_DAYS = (0, -1, -2, -9, -40, -700)
RECENT_DAYS = (0, -1, -3, -12)
LATEST_US = NOW_US + 4 * DAY_US

KINDS = (
    *("clip", "clip", "clip", "docking", "docking", "low", "listed", "unsealed", "seal", "damaged", "twice"),
    *("monitor", "dock_monitor", "certificate", "withdrawn", "duty", "timeless", "clock", "nobody"),
)
arrivals = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 5),
        st.integers(0, 55),
        st.integers(1, 60),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=7,
)


def town(folder: Path) -> World:
    """Two recorders, one of them held by two officers one after the other, and a monitor; duties on many days."""
    world = world_at(folder)
    world.people()
    world.device("R2")
    world.hold("R2", "008")
    world.device("M1", kind="monitor", schedule="mon-sun 08:00-10:00", functions="speed")
    world.certificate("Z1", "M1", "speed", EIGHT_US - 400 * DAY_US, EIGHT_US - 5 * DAY_US)
    for day in OLD_DAYS:
        span = TimeInterval(UtcMicros(EIGHT_US + day * DAY_US), UtcMicros(EIGHT_US + day * DAY_US + HOUR_US))
        world.duty(f"D{day}", span)
    return world


def arrive(world: World, arrival: Arrival, at_us: int) -> None:
    """Put one thing on record at `at_us`, marked as the server's own code marks it."""
    what, day_number, first, length, which = arrival
    place = Place(OLD_DAYS[day_number], RECENT_DAYS[day_number % 4], first, length, which, at_us)
    ARRIVALS[what](world, place)


@dataclass(frozen=True)
class Place:
    """Where an arrival lies: a day, for monitors one within the horizon, minutes from eight, and when it arrives."""

    day: int
    recent_day: int
    first_min: int
    length_min: int
    which: int
    at_us: int

    @property
    def span(self) -> TimeInterval:
        return _span(self.day, self.first_min, self.length_min)

    @property
    def recent(self) -> TimeInterval:
        return _span(self.recent_day, self.first_min, self.length_min)

    @property
    def docked_min(self) -> int:
        return self.day * 1440 + self.first_min + 90

    @property
    def clip(self) -> dict[str, Any]:
        return {"received_us": self.at_us, "sequence": self.which * 2}


def _span(day: int, first_min: int, length_min: int) -> TimeInterval:
    start_us = EIGHT_US + day * DAY_US + first_min * MINUTE_US
    return TimeInterval(UtcMicros(start_us), UtcMicros(start_us + length_min * MINUTE_US))


def _clock(world: World, at: Place) -> None:
    number = f"clock-{at.at_us}"
    world.docking("R1", at.docked_min, number=number, offset_us=9_000_000, recorded_us=at.at_us)
    world.clip("R1", at.span, offset_us=7_000_000, docking_number=number, **at.clip)


def _certificate(world: World, at: Place) -> None:
    start_us = at.recent.start_us
    world.certificate(f"Z{at.at_us}", "M1", "speed", start_us, start_us + 20 * DAY_US, recorded_us=at.at_us)


def _unsealed(world: World, at: Place) -> None:
    world.clip("R1", at.span, sealed_us=None, docking_number=f"dock-u{at.which}", **at.clip)


def _twice(world: World, at: Place) -> None:
    world.clip("R1" if at.which % 2 else "R2", at.span, content=f"shared {at.day}", **at.clip)


def _withdraw(world: World, at: Place) -> None:
    at_us = at.at_us
    with world.db.writing() as session:
        old = known_rows(session, Certificate, known_us=at_us, number="Z1")[-1]
        values = {name: getattr(old, name) for name in ("device_number", "function", "body", "performed_us")}
        values |= {name: getattr(old, name) for name in ("issued_us", "result", "supersedes")}
        row = Certificate(
            number="Z1",
            valid_from_us=old.valid_from_us,
            valid_until_us=old.valid_until_us,
            recorded_us=at_us,
            recorded_by="test",
            withdrawn=False,
            withdrawn_us=at_us,
            **values,
        )
        replace(session, old, row)
        to_judge.mark(session, "device", "M1", at_us, ())


def _seal(world: World, at: Place) -> None:
    at_us = at.at_us
    with world.db.writing() as session:
        for clip in session.scalars(select(Clip).where(Clip.sealed_us.is_(None))):
            clip.state, clip.sealed_us = "sealed", at_us
        to_judge.mark(session, "device", "R1", at_us, ())


def _correct_duty(world: World, at: Place) -> None:
    day, span, at_us = at.day, at.span, at.at_us
    with world.db.writing() as session:
        old = known_rows(session, Duty, known_us=at_us, number=f"D{day}")[-1]
        row = Duty(
            number=old.number,
            valid_from_us=span.start_us,
            valid_until_us=span.end_us,
            recorded_us=at_us,
            recorded_by="test",
            withdrawn=False,
            officer_number="007",
            unit_number="U1",
            kind="road",
            note=None,
        )
        replace(session, old, row)
        to_judge.mark(session, "duty", old.number, at_us)
        to_judge.mark(session, "officer", "007", at_us, [span])


ARRIVALS: dict[str, Callable[[World, Place], object]] = {
    "clip": lambda world, at: world.clip("R1", at.span, **at.clip),
    "damaged": lambda world, at: world.clip("R1", at.span, verdict="damaged", faults=["times_disagree"], **at.clip),
    "unsealed": _unsealed,
    "timeless": lambda world, at: world.clip("R1", None, verdict="damaged", **at.clip),
    "clock": _clock,
    "twice": _twice,
    "nobody": lambda world, at: world.clip(None, at.span, **at.clip),
    "monitor": lambda world, at: world.clip("M1", at.recent, **at.clip),
    "docking": lambda world, at: world.docking("R1", at.docked_min, recorded_us=at.at_us),
    "low": lambda world, at: world.docking("R1", at.docked_min, recorded_us=at.at_us, battery_percent=1.0),
    "listed": lambda world, at: world.docking("R1", at.docked_min, recorded_us=at.at_us, listed=[f"R1_{at.which}.mp4"]),
    "dock_monitor": lambda world, at: world.docking("M1", at.recent_day * 1440 + 300, recorded_us=at.at_us),
    "certificate": _certificate,
    "withdrawn": _withdraw,
    "seal": _seal,
    "duty": _correct_duty,
}


def _left_alone(row: Finding) -> bool:
    """A monitor's days before the horizon stay as they were judged; judging once never looks at them."""
    return row.device_number == "M1" and row.from_us is not None and row.from_us < LATEST_US - 34 * DAY_US


def live(world: World) -> set[tuple[object, ...]]:
    """Everything the open findings say."""
    with world.db.reading() as session:
        rows = [row for row in session.scalars(select(Finding).where(Finding.state == "open")) if not _left_alone(row)]
        names = [
            column.key for column in inspect(Finding).column_attrs if column.key not in {"opened_us", "changed_us"}
        ]
        return {tuple(getattr(row, name) for name in names) for row in rows}


@settings(max_examples=8, deadline=None)
@given(arrivals)
def test_judging_after_each_arrival_finds_what_judging_once_finds(told: list[Arrival]) -> None:
    with TemporaryDirectory() as one, TemporaryDirectory() as other:
        steps, once = town(Path(one)), town(Path(other))
        steps.judge(NOW_US)
        for number, arrival in enumerate(told):
            at_us = NOW_US + number * 5 * HOUR_US
            arrive(steps, arrival, at_us)
            steps.judge(at_us)
            arrive(once, arrival, at_us)
        steps.judge(LATEST_US)
        once.judge(LATEST_US)
        assert live(steps) == live(once)
        steps.db.close()
        once.db.close()


def test_judging_a_device_after_one_clip_reads_no_more_rows_when_it_had_hundreds_before(tmp_path: Path) -> None:
    read = []
    for name, days in (("few", 5), ("many", 105)):
        (tmp_path / name).mkdir()
        world = town(tmp_path / name)
        for day in range(days):
            at_us = EIGHT_US - (100 + day) * DAY_US
            for part in range(3):
                start_us = UtcMicros(at_us + part * 20 * MINUTE_US)
                span = TimeInterval(start_us, UtcMicros(start_us + 20 * MINUTE_US))
                world.clip("R1", span, received_us=at_us + 2 * HOUR_US)
            world.docking("R1", (at_us - EIGHT_US) // MINUTE_US + 90, recorded_us=at_us + 2 * HOUR_US)
        world.judge(NOW_US)
        world.clip("R1", TimeInterval(UtcMicros(EIGHT_US), UtcMicros(EIGHT_US + HOUR_US)), received_us=NOW_US)
        with rows_read(world.db) as rows:
            world.judge(NOW_US + 1)
        read.append(rows.count)
        assert rows.statements < 90
    assert read[1] <= read[0] + 2
