"""What waits for `noted` goes oldest first, and what is refused without a word holds up nothing."""

from __future__ import annotations

from edge.domain.resending import MOST_BEHIND, TRIES_IN_VAIN, Attempts

WAITING = [("boot-1", counter) for counter in range(10)]


def tried_in_vain(attempts: Attempts, count: int) -> None:
    for number in range(count):
        for _ in range(TRIES_IN_VAIN):
            attempts.on_sent(("boot-1", number))


def test_the_oldest_go_first_as_many_as_there_are_places() -> None:
    assert Attempts().chosen(WAITING, (), places=4) == WAITING[:4]


def test_what_was_sent_in_vain_goes_behind_two_at_a_time() -> None:
    attempts = Attempts()
    tried_in_vain(attempts, 4)
    assert attempts.chosen(WAITING, (), places=4) == [WAITING[4], WAITING[5], WAITING[0], WAITING[1]]


def test_those_behind_take_turns_and_those_under_way_keep_their_places() -> None:
    attempts = Attempts()
    tried_in_vain(attempts, 4)
    for name in WAITING[:2]:
        attempts.on_sent(name)
    assert attempts.chosen(WAITING, WAITING[:2], places=4)[2:] == WAITING[:2]
    assert attempts.chosen(WAITING, (), places=4)[2:] == WAITING[2:4]


def test_once_one_of_them_is_noted_the_oldest_go_first_again() -> None:
    attempts = Attempts()
    tried_in_vain(attempts, 4)
    attempts.on_noted(WAITING[2])
    left = [name for name in WAITING if name != WAITING[2]]
    assert attempts.chosen(left, (), places=4) == left[:4]
    assert attempts.behind == 0


def test_a_silent_server_puts_no_more_behind_than_can_be_looked_through() -> None:
    attempts = Attempts()
    tried_in_vain(attempts, MOST_BEHIND + 50)
    assert attempts.behind == MOST_BEHIND
