"""When must a duty be judged again although nothing arrives?"""

from __future__ import annotations

from edge.contract.coverage import CoverageState
from server.usecases.duty_verdicts import DutyVerdict


def next_due_us(verdict: DutyVerdict, now_us: int) -> int | None:
    """The next moment at which time alone changes the verdict; None once it is settled or nothing is expected."""
    if not verdict.must_record:
        return None
    if now_us < verdict.interval.end_us:
        return verdict.interval.end_us
    unsettled = any(stretch.judged.state is CoverageState.UNDETERMINED for stretch in verdict.stretches)
    return verdict.deadline_us if unsettled and now_us < verdict.deadline_us else None
