"""The numbers in files' names: which file follows which, and which numbers are missing.

A device counts on over recordings, begins anew on a new day or recording, or goes back to the start when its digits
are used up (9999, then 0000 or 0001). Where it begins anew nothing is missing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge.contract.instants import MICROS_PER_DAY, MICROS_PER_HOUR, UtcMicros
from edge.contract.intervals import TimeInterval, interval_or_none
from edge.domain.device_files import FileFacts, by_time, is_unset

_NEAR_US = 2_000_000
_FARTHEST_BACK_US = 14 * MICROS_PER_HOUR
"""No setting of a zone moves a clock farther back; what is farther is a count that began anew."""
_LEAST_WRAP_DIGITS = 3


@dataclass(frozen=True, slots=True)
class MissingNumbers:
    """Numbers `first`..`last` that no file has, between two files. `place`: the hole they leave, None without one."""

    first: int
    last: int
    before: str
    after: str
    at_us: UtcMicros
    place: TimeInterval | None

    @property
    def text(self) -> str:
        """The range as people write it."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


@dataclass(frozen=True, slots=True)
class _Follower:
    """A file that may follow another by its number. Rank: at once, later, earlier, later since the clock was set."""

    rank: int
    apart_us: int
    before: int
    after: int


def chains(files: Sequence[FileFacts]) -> list[list[FileFacts]]:
    """The numbered files as runs in which each follows the one before by its number, in order of recording.

    Where two files have a number (a new day, a second count), the nearest in time follows.
    """
    numbered = sorted((file for file in files if file.sequence is not None and file.start_us is not None), key=by_time)
    followed_by: dict[int, int] = {}
    follows: dict[int, int] = {}
    for candidate in sorted(_followers(numbered), key=lambda found: (found.rank, found.apart_us, found.before)):
        if candidate.before in followed_by or candidate.after in follows:
            continue
        if candidate.rank and _belongs_to_earlier_run(numbered, candidate, followed_by):
            continue
        followed_by[candidate.before], follows[candidate.after] = candidate.after, candidate.before
    return [_run(numbered, head, followed_by) for head in range(len(numbered)) if head not in follows]


def _followers(numbered: Sequence[FileFacts]) -> Iterator[_Follower]:
    by_number: dict[int, list[int]] = {}
    for index, file in enumerate(numbered):
        by_number.setdefault(file.sequence or 0, []).append(index)
    starts = {number: [numbered[index].begin_us for index in found] for number, found in by_number.items()}
    for index, file in enumerate(numbered):
        end_us = file.end_us or 0
        for number in _next_numbers(file.sequence or 0):
            farthest_back_us = _FARTHEST_BACK_US if number > (file.sequence or 0) else _NEAR_US
            place = bisect_left(starts.get(number, []), end_us)
            for other in by_number.get(number, [])[max(0, place - 2) : place + 2]:
                apart_us = numbered[other].begin_us - end_us
                was_unset, is_lost = is_unset(file.begin_us), is_unset(numbered[other].begin_us)
                lost_its_time = is_lost and not was_unset
                if other == index or (apart_us < -farthest_back_us and not lost_its_time):
                    continue
                rank = 0 if abs(apart_us) <= _NEAR_US else 3 if was_unset and not is_lost else 1 if apart_us > 0 else 2
                yield _Follower(rank, abs(apart_us), index, other)


def _next_numbers(number: int) -> tuple[int, ...]:
    text = str(number)
    if len(text) >= _LEAST_WRAP_DIGITS and set(text) == {"9"}:
        return number + 1, 0, 1
    return (number + 1,)


def _belongs_to_earlier_run(numbered: Sequence[FileFacts], found: _Follower, followed_by: dict[int, int]) -> bool:
    """Whether the later number lies right behind a lower one that lost its successor: an older count, with a loss."""
    if found.after == 0:
        return False
    earlier, after = numbered[found.after - 1], numbered[found.after]
    if found.after - 1 in followed_by or found.after - 1 == found.before:
        return False
    is_lower = (earlier.sequence or 0) < (after.sequence or 0)
    return is_lower and abs(after.begin_us - (earlier.end_us or 0)) < found.apart_us


def _run(numbered: Sequence[FileFacts], head: int, followed_by: dict[int, int]) -> list[FileFacts]:
    run, index = [numbered[head]], head
    while index in followed_by:
        index = followed_by[index]
        run.append(numbered[index])
    return run


def missing_numbers(runs: Sequence[Sequence[FileFacts]], present: Sequence[FileFacts]) -> list[MissingNumbers]:
    """What lies between the end of each run and the beginning of the next by time, where the count goes up.

    `present` may hold files that cannot be placed in time: their numbers are not missing.
    """
    timeless = {file.sequence for file in present if file.sequence is not None and file.start_us is None}
    heads = sorted((run[0] for run in runs), key=by_time)
    begins = [head.begin_us for head in heads]
    found: list[MissingNumbers] = []
    for run in runs:
        tail = run[-1]
        after = _next_head(tail, run[0], heads, begins)
        if after is None or tail.sequence is None or after.sequence is None:
            continue
        missing = [
            number for number in (tail.sequence + 1, after.sequence - 1) if tail.sequence < number < after.sequence
        ]
        while missing and missing[0] in timeless:
            missing[0] += 1
        while missing and missing[-1] in timeless:
            missing[-1] -= 1
        if missing and missing[0] <= missing[-1]:
            found.append(_missing(missing[0], missing[-1], tail, after))
    return sorted(found, key=lambda one: (one.at_us, one.first))


def _next_head(tail: FileFacts, own: FileFacts, heads: Sequence[FileFacts], begins: Sequence[int]) -> FileFacts | None:
    """The run that comes next in time; where none does, the next by number within a day: the clock was set back."""
    end_us = tail.end_us or 0
    place = bisect_left(begins, end_us - _NEAR_US)
    for head in heads[place : place + 2]:
        if head is not own:
            return head
    near = [
        head
        for head in heads[bisect_left(begins, end_us - MICROS_PER_DAY) : place]
        if head is not own and (head.sequence or 0) > (tail.sequence or 0) + 1
    ]
    return min(near, key=lambda head: (head.sequence or 0, by_time(head)), default=None)


def _missing(first: int, last: int, before: FileFacts, after: FileFacts) -> MissingNumbers:
    at_us = UtcMicros(before.end_us or 0)
    return MissingNumbers(first, last, before.name, after.name, at_us, interval_or_none(at_us, after.begin_us))
