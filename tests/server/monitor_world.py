"""A monitor at an announced site with all its papers, its view compared, its record reviewed by a person."""

from __future__ import annotations

from judging_world import DAY_US, EIGHT_US, NOW_US, World, minutes

from edge.contract.inspection import FileVerdict, Inspection, ReferenceCheck
from server.store.tables import LinkRow


def monitor(world: World, until_us: int, *, view: str = "ok", **site: object) -> str:
    world.device("M1", kind="monitor", functions="speed", schedule="on_event")
    published = {"notice_us": EIGHT_US - 90 * DAY_US, "enforce_us": EIGHT_US - 30 * DAY_US} | site
    world.site("S1", "M1", **published)
    world.certificate("Z1", "M1", "speed", EIGHT_US - 300 * DAY_US, until_us)
    return world.clip("M1", minutes(29, 32), looks=compared(view))


def compared(state: str) -> Inspection:
    """A clip whose view was compared with the commissioning."""
    check = ReferenceCheck(state=state, reference="0" * 64, samples=8, samples_used=8)
    return Inspection(verdict=FileVerdict.WHOLE, reference=check)


def review(world: World, clip_id: str) -> None:
    """A person confirms that the clip belongs to a case: the record was looked at."""
    with world.db.writing() as session:
        session.add(
            LinkRow(
                case_number="C9",
                clip_id=clip_id,
                state="confirmed",
                score=1.0,
                reasons_json="[]",
                decided_by="wang",
                recorded_us=NOW_US - 1,
                replaces=None,
            )
        )
