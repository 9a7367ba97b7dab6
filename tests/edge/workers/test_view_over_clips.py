"""A monitor that writes short files: none of them alone can say that it moved, three over five minutes can."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from edge.contract.inspection import ReferenceCheck, ReferenceState
from edge.footage.inspect_call import inspect_call
from edge.footage.probe_result import FileLooks
from edge.workers.inspection import InspectionWorker
from tests.edge.films import film
from tests.edge.gateway import GATEWAY_ID, KEY, START_US, Gateway

REFERENCE = "ab" * 32


class LooksAlike:
    """The structure is real; every look says that the view was displaced by the same way, as far as it could tell."""

    def call(self, argument: Any, *, time_limit_s: float) -> Any:  # noqa: ARG002 - the port has it
        if "structure" not in argument:
            return inspect_call(argument)
        check = ReferenceCheck(
            state=ReferenceState.SUSPECT,
            reference=REFERENCE,
            samples=3,
            samples_used=3,
            dx_px=4.0,
            dy_px=-2.0,
            rotation_deg=0.0,
            scale=1.0,
        )
        return FileLooks(reference=check).model_dump(mode="json")


def _landed(gateway: Gateway, minute: int) -> None:
    name = film(gateway.folder / f"KK-07_20261121T11{minute:02d}00_{minute:04d}.mp4", seed=minute)
    closed_s = START_US / 1e6 - 3600 + 60 * minute
    os.utime(name, (closed_s, closed_s))


@pytest.mark.parametrize(
    ("minutes", "states"),
    [
        pytest.param((0, 3, 6), {"moved"}, id="one docking, in whatever order they are looked at"),
        pytest.param((0, 1, 2), {"suspect"}, id="three within two minutes"),
        pytest.param((0, 9), {"suspect"}, id="two"),
    ],
)
def test_short_clips_of_a_monitor_say_together_that_it_moved(
    tmp_path: Path, minutes: tuple[int, ...], states: set[str]
) -> None:
    gateway = Gateway(tmp_path)
    gateway.inspection = InspectionWorker(
        gateway.journal, gateway.outbox, gateway.area, [], gateway_id=GATEWAY_ID, signer=KEY, prober=LooksAlike()
    )
    for minute in minutes:
        _landed(gateway, minute)
    gateway.run()
    told = [manifest.inspection.reference for manifest in gateway.manifests()]
    assert len(told) == len(minutes)
    assert {check.state for check in told if check is not None} - {"suspect"} == states - {"suspect"}
