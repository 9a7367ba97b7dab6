"""Local times in names that exist twice, or not at all, when summer time changes: both readings against the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edge.contract.instants import UtcMicros
from edge.domain.device_files import FileFacts


@dataclass(frozen=True, slots=True)
class DoubleTime:
    """A start with two readings. `decided`: a neighbouring file left only one of them."""

    name: str
    taken_us: UtcMicros
    other_us: UtcMicros
    decided: bool


def resolve_double_times(files: Sequence[FileFacts], *, join_us: int) -> tuple[list[FileFacts], list[DoubleTime]]:
    """The files with the reading that joins a neighbour whose time is sure; what was found out helps the next.

    Where both readings join a file, or neither does, the first stays and so does the uncertainty.
    """
    sure = {file.content: file for file in files if file.other_start_us is None and file.start_us is not None}
    open_ = {file.content: file for file in files if file.other_start_us is not None and file.start_us is not None}
    taken: dict[str, DoubleTime] = {}
    progress = True
    while open_ and progress:
        progress = False
        for content, file in sorted(open_.items(), key=lambda item: (item[1].begin_us, item[1].name)):
            first, second = file, second_reading(file)
            joins = [any(_join(one, known, join_us) for known in sure.values()) for one in (first, second)]
            if joins[0] == joins[1]:
                continue
            right, wrong = (first, second) if joins[0] else (second, first)
            width_us = abs((wrong.start_us or 0) - (right.start_us or 0))
            sure[content] = replace(right, other_start_us=None, uncertainty_us=max(0, right.uncertainty_us - width_us))
            taken[content] = _double(right, wrong, decided=True)
            del open_[content]
            progress = True
    for content, file in open_.items():
        taken[content] = _double(file, second_reading(file), decided=False)
    resolved = [sure.get(file.content, file) for file in files]
    return resolved, sorted(taken.values(), key=lambda double: (double.taken_us, double.name))


def second_reading(file: FileFacts) -> FileFacts:
    """The same file on the other reading of its local time."""
    if file.start_us is None or file.other_start_us is None:
        return file
    by_us = file.other_start_us - file.start_us
    return replace(
        file,
        start_us=file.other_start_us,
        other_start_us=file.start_us,
        recorded=tuple(interval.shifted(by_us) for interval in file.recorded),
    )


def _join(one: FileFacts, known: FileFacts, join_us: int) -> bool:
    """Whether one begins where the other ends, in the order of their numbers where both have one."""
    behind = abs(one.begin_us - (known.end_us or 0)) <= join_us
    before = abs(known.begin_us - (one.end_us or 0)) <= join_us
    if one.sequence is None or known.sequence is None:
        return behind or before
    return (behind and one.sequence == known.sequence + 1) or (before and known.sequence == one.sequence + 1)


def _double(right: FileFacts, wrong: FileFacts, *, decided: bool) -> DoubleTime:
    return DoubleTime(right.name, UtcMicros(right.start_us or 0), UtcMicros(wrong.start_us or 0), decided)
