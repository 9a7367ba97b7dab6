"""A machine that does not know what time it is goes by the server's signed time, and by its own once that is right."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.instants import MICROS_PER_HOUR, UtcMicros
from edge.platform.corrected_clock import CorrectedClock
from edge.platform.version import RELEASED_US

NOW = UtcMicros(RELEASED_US + 10**13)


@dataclass
class Machine:
    """A clock whose two hands a test moves."""

    us: int = 0
    s: float = 0.0
    is_kept: bool = False

    def now_us(self) -> UtcMicros:
        return UtcMicros(self.us)

    def steady_s(self) -> float:
        return self.s

    def synchronised(self) -> bool:
        return self.is_kept


@pytest.mark.parametrize(
    ("machine_us", "is_kept", "newest_heard_us", "is_unset"),
    [
        pytest.param(0, False, 0, True, id="1970"),
        pytest.param(0, True, 0, True, id="1970, whatever the kernel says of it"),
        pytest.param(RELEASED_US - 1, False, 0, True, id="older than this release"),
        pytest.param(NOW, False, 0, False, id="a likely time, and nothing heard yet"),
        pytest.param(NOW, False, NOW + 2 * MICROS_PER_HOUR, True, id="earlier than what the server signed"),
        pytest.param(NOW, True, NOW + 2 * MICROS_PER_HOUR, False, id="the same, but a time service keeps it"),
        pytest.param(NOW, False, NOW + 1000, False, id="a moment behind the server is not unset"),
    ],
)
def test_when_a_clock_counts_as_unset(machine_us: int, is_kept: bool, newest_heard_us: int, is_unset: bool) -> None:
    clock = CorrectedClock(Machine(machine_us, is_kept=is_kept), newest_heard_us=newest_heard_us)
    assert clock.is_unset is is_unset
    assert not (is_unset and clock.synchronised())


def test_until_a_word_of_the_server_the_machines_time_is_all_there_is() -> None:
    assert CorrectedClock(Machine(5)).now_us() == 5


def test_a_fresh_word_sets_it_and_it_runs_on() -> None:
    machine = Machine(5)
    clock = CorrectedClock(machine)
    clock.heard(NOW, is_fresh=True)
    machine.s += 2.5
    assert clock.now_us() == NOW + 2_500_000
    assert clock.is_unset


def test_what_was_signed_long_ago_moves_no_hand_but_counts_as_a_time_that_has_passed() -> None:
    clock = CorrectedClock(Machine(NOW))
    clock.heard(UtcMicros(NOW + 2 * MICROS_PER_HOUR), is_fresh=False)
    assert clock.is_unset
    assert clock.now_us() == NOW


def test_once_the_machine_is_set_right_it_is_believed_again() -> None:
    machine = Machine(5)
    clock = CorrectedClock(machine)
    clock.heard(NOW, is_fresh=True)
    machine.us = NOW + 3
    assert (clock.now_us(), clock.is_unset) == (NOW + 3, False)


@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 5)), min_size=1, max_size=20))
def test_words_that_come_late_or_twice_never_set_it_back(words: list[tuple[int, int]]) -> None:
    machine = Machine(5)
    clock, before_us = CorrectedClock(machine), 0
    for signed_us, waited_s in words:
        machine.s += waited_s
        clock.heard(UtcMicros(NOW + signed_us), is_fresh=True)
        assert clock.now_us() >= before_us
        before_us = clock.now_us()
