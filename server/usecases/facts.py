"""What is on record at `known_us` about the footage and the dockings of devices, as decisions take it."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy.orm import Session

from edge.contract.intervals import TimeInterval
from server.domain.device_facts import DeviceFacts
from server.domain.rules import RuleSet
from server.usecases.clip_facts import clip_facts
from server.usecases.dock_facts import docks_about, latest_docks


def device_facts(
    session: Session, device_numbers: Iterable[str], window: TimeInterval, *, known_us: int, rules: RuleSet
) -> dict[str, DeviceFacts]:
    """The facts of each device about `window` and some days on either side; the number of statements is bounded.

    How much is read depends on the window and the devices, never on how much they ever recorded.
    """
    numbers = set(device_numbers)
    if not numbers:
        return {}
    clips = clip_facts(session, numbers, window, known_us=known_us, rules=rules)
    docks = docks_about(session, numbers, window, known_us=known_us)
    latest = latest_docks(session, numbers, known_us=known_us, rules=rules)
    return {
        number: DeviceFacts(
            number, tuple(clips.get(number, ())), tuple(docks.get(number, ())), tuple(latest.get(number, ()))
        )
        for number in numbers
    }
