"""Several contents are looked into at once: each verdict is its own file's, and what must come in order does."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from edge.contract.instants import UtcMicros
from edge.footage.inspect_call import inspect_call
from edge.platform.limited_worker import WorkerCrashedError, WorkerStoppedError
from edge.workers.inspection import InspectionWorker
from tests.edge.films import film
from tests.edge.gateway import GATEWAY_ID, KEY, Gateway


class ProbesTogether:
    """The probe; a call waits until as many are open at once as it was told to wait for."""

    def __init__(self, together: int = 1) -> None:
        self.together = threading.Barrier(together)
        self.asked: list[str] = []
        self.crashes_on = ""
        self.stopped = False
        self.looks_crash = False

    def call(self, argument: Any, *, time_limit_s: float) -> Any:  # noqa: ARG002 - the port has it
        if "structure" in argument:
            if self.looks_crash:
                raise WorkerCrashedError(detail="the process ended with status -11")
            return inspect_call(argument)
        self.asked.append(argument["name"])
        self.together.wait(timeout=60)
        if self.stopped:
            raise WorkerStoppedError
        if argument["name"] == self.crashes_on:
            raise WorkerCrashedError(detail="the process ended with status -11")
        return inspect_call(argument)


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(tmp_path)


def _inspecting(gateway: Gateway, prober: ProbesTogether, at_once: int) -> None:
    gateway.inspection = InspectionWorker(
        gateway.journal,
        gateway.outbox,
        gateway.area,
        [],
        gateway_id=GATEWAY_ID,
        signer=KEY,
        prober=prober,
        at_once=at_once,
    )


def _name(number: int) -> str:
    return f"BC01_20261121T19{number:02d}00_{number:04d}.mp4"


def test_three_are_looked_into_at_once_and_all_are_reported_before_their_docking(gateway: Gateway) -> None:
    for number in range(3):
        film(gateway.folder / _name(number), seed=number)
    _inspecting(gateway, ProbesTogether(3), 3)  # with fewer at once it would wait for ever
    gateway.run()
    assert sorted(manifest.sighting.file_name for manifest in gateway.manifests()) == [_name(n) for n in range(3)]
    kinds = [type(getattr(said, "content", said)).__name__ for said in gateway.said()]
    assert kinds.index("DockingReport") > max(place for place, kind in enumerate(kinds) if kind == "ClipReport")


def test_one_content_is_looked_into_once_however_many_names_it_has(gateway: Gateway) -> None:
    film(gateway.folder / _name(1))
    shutil.copy(gateway.folder / _name(1), gateway.folder / _name(2))
    prober = ProbesTogether()
    _inspecting(gateway, prober, 4)
    gateway.run()
    assert len(prober.asked) == 1
    assert len(gateway.manifests()) == 2


def test_a_crash_is_that_files_verdict_and_the_others_are_whole(gateway: Gateway) -> None:
    for number in range(3):
        film(gateway.folder / _name(number), seed=number)
    prober = ProbesTogether(3)
    prober.crashes_on = _name(1)
    _inspecting(gateway, prober, 3)
    gateway.run()
    found = {manifest.sighting.file_name: manifest.inspection for manifest in gateway.manifests()}
    assert [fault.code for fault in found[_name(1)].faults] == ["crashed"]
    assert [found[_name(number)].verdict for number in (0, 2)] == ["whole", "whole"]


def test_a_look_that_crashes_costs_the_bands_and_not_the_structure(gateway: Gateway) -> None:
    film(gateway.folder / _name(1))
    prober = ProbesTogether()
    prober.looks_crash = True
    _inspecting(gateway, prober, 1)
    gateway.run()
    (manifest,) = gateway.manifests()
    found = manifest.inspection
    assert (found.verdict, found.faults, [part.state for part in found.view]) == ("whole", (), ["unknown"])
    assert [part.state for part in found.sound] == ["unknown"]
    assert manifest.capture.recorded


def test_the_end_of_the_program_is_no_verdict(gateway: Gateway) -> None:
    film(gateway.folder / _name(1))
    prober = ProbesTogether()
    prober.stopped = True
    _inspecting(gateway, prober, 2)
    gateway.run(15)
    assert gateway.manifests() == []
    prober.stopped = False
    gateway.run(90)
    assert [manifest.inspection.verdict for manifest in gateway.manifests()] == ["whole"]


def test_how_far_it_is_can_be_asked(gateway: Gateway) -> None:
    sizes = {film(gateway.folder / _name(number), seed=number).stat().st_size for number in range(2)}
    prober = ProbesTogether()
    _inspecting(gateway, prober, 1)
    while len(gateway.landed()) < 2:
        gateway.intake.step(gateway.now_us)
        gateway.now_us = UtcMicros(gateway.now_us + 1_000_000)
    while not gateway.manifests():
        gateway.inspection.step(gateway.now_us)
        gateway.now_us = UtcMicros(gateway.now_us + 1_000_000)
    told = gateway.inspection.progress()
    assert told.inspected == 1
    assert told.inspected_bytes in sizes
    gateway.run()
    assert gateway.inspection.progress().inspected == 0, "it rests"
