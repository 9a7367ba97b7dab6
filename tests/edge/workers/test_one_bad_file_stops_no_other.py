"""One file, sidecar or register row that nobody foresaw holds back itself at most, never the footage behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge.footage.inspect_call import inspect_call
from edge.workers.inspection import InspectionWorker
from tests.edge.films import film
from tests.edge.gateway import GATEWAY_ID, KEY, Gateway

FIRST, SECOND = "BC01_20261121T190000_0001.mp4", "BC01_20261121T191000_0002.mp4"


class UnforeseenError(Exception):
    """What nobody thought of."""


class ProbeThatFailsOn:
    """The probe; a file of the given name brings an error that the worker does not know."""

    def __init__(self, name: str) -> None:
        self.name, self.asked = name, 0

    def call(self, argument: Any, *, time_limit_s: float) -> Any:  # noqa: ARG002 - the port has it
        if argument["name"] == self.name:
            self.asked += 1
            raise UnforeseenError
        return inspect_call(argument)


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path)


@pytest.mark.parametrize("zone", ["Asia", "America/Argentina", "x" * 300, "/etc/passwd", "../../etc", "", "tzdata.zi"])
def test_a_sidecar_with_a_zone_that_is_none_is_told_and_its_clip_lands(gateway: Gateway, zone: str) -> None:
    film(gateway.folder / FIRST)
    (gateway.folder / (FIRST + ".json")).write_text(json.dumps({"time_zone": zone}))
    gateway.run()
    (manifest,) = gateway.manifests()
    assert [fault.code for fault in manifest.inspection.faults] == ["sidecar_unreadable"]
    assert manifest.capture.time_zone == "Asia/Shanghai"
    assert [event.code for event in gateway.events()] == ["sidecar_unreadable"]


def test_a_clip_that_makes_the_inspection_fail_lets_the_others_go_first_and_is_tried_again(gateway: Gateway) -> None:
    film(gateway.folder / FIRST, seed=1)
    film(gateway.folder / SECOND, seed=2)
    prober = ProbeThatFailsOn(FIRST)
    gateway.inspection = InspectionWorker(
        gateway.journal, gateway.outbox, gateway.area, [], gateway_id=GATEWAY_ID, signer=KEY, prober=prober
    )
    with pytest.raises(UnforeseenError):
        gateway.run()
    gateway.run()
    assert [manifest.sighting.file_name for manifest in gateway.manifests()] == [SECOND]
    assert prober.asked == 1, "not at every step"
    prober.name = ""
    gateway.run(61)
    assert [manifest.sighting.file_name for manifest in gateway.manifests()] == [SECOND, FIRST]
