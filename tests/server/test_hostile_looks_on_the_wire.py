"""What a gateway with good keys claims of picture and sound is taken within the contract, or kept aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from bench import Bench, BenchGateway, reasons
from sqlalchemy import select

from edge.contract.dsse import sign_envelope
from edge.contract.manifest import MANIFEST_PAYLOAD_TYPE
from edge.contract.messages import ClipReport, Report
from edge.contract.topics import UpKind
from server.store.tables import SightingRow
from server.usecases.judge import judge_pending

COVERED = {"state": "covered", "from_s": 0, "to_s": 60, "confidence": 0.9}
MUTED = {"state": "muted", "from_s": 0, "to_s": 60}
FAULT = {"code": "crashed", "from_s": 0, "to_s": 1, "detail": ""}
CHECK = {"state": "moved", "reference": "0" * 64, "samples": 8, "samples_used": 8}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "server")


def tell(gateway: BenchGateway, inspection: str) -> None:
    """A report whose inspection is this JSON text, signed like any other."""
    manifest = gateway.manifest(b"x").model_dump(mode="json")
    manifest["inspection"] = "HERE"
    payload = json.dumps(manifest).replace('"HERE"', inspection).encode()
    envelope: dict[str, Any] = json.loads(sign_envelope(MANIFEST_PAYLOAD_TYPE, payload, gateway.key))
    gateway.say(UpKind.REPORT, Report(content=ClipReport(manifest=envelope)))


def said(**fields: Any) -> str:
    return json.dumps({"verdict": "whole", "media_us": 60_000_000} | fields)


@pytest.mark.parametrize(
    "inspection",
    [
        said(view=[COVERED | {"from_s": float("nan")}]),
        said(view=[COVERED | {"to_s": float("inf")}]),
        said(view=[COVERED | {"from_s": -1}]),
        said(view=[COVERED | {"to_s": 1e300}]),
        said(view=[COVERED | {"confidence": 7}]),
        said(view=[COVERED | {"confidence": float("nan")}]),
        said(view=[COVERED | {"state": "x" * 33}]),
        said(view=[COVERED | {"state": None}]),
        said(view=[COVERED] * 501),
        said(sound=[MUTED] * 501),
        said(faults=[FAULT] * 201),
        said(faults=[FAULT | {"from_s": float("nan")}]),
        said(faults=[FAULT | {"values": {str(number): 1 for number in range(13)}}]),
        said(view_model="v" * 10_000),
        said(reference=CHECK | {"samples": -1}),
        said(reference=CHECK | {"dx_px": float("inf")}),
        said(reference=CHECK | {"reference": "0" * 65}),
        said(view=[COVERED]).replace("covered", "\\ud800"),
        said(faults=[FAULT | {"values": {"frames": 0}}]).replace('"frames": 0', '"frames": 1' + "0" * 5000),
    ],
)
def test_what_leaves_the_contract_is_set_aside(bench: Bench, inspection: str) -> None:
    tell(bench.gateway(), inspection)
    assert reasons(bench) == ["manifest_unreadable"]
    assert bench.rows(select(SightingRow.sighting_id)) == []


@pytest.mark.parametrize(
    "inspection",
    [
        said(view=[COVERED] * 500, sound=[MUTED] * 500, faults=[FAULT] * 200),
        said(view=[COVERED | {"state": "\u0000<b>\u202e\u200b"}], view_model="\u0000" * 500),
        said(view=[COVERED | {"from_s": 999_999, "to_s": 1_000_000}]),
        said(faults=[FAULT | {"from_s": 1e300, "to_s": -1e300, "values": {"frames": 1e308, "why": "\u0000" * 9000}}]),
        said(faults=[FAULT | {"values": {"frames": 0}}]).replace('"frames": 0', '"frames": 1' + "0" * 4000),
        said(reference=CHECK | {"dx_px": 1e300, "scale": -1e300, "state": "\u0000"}),
        said(view=[COVERED | {"unheard_of": [[[]]]}], later={"than": "this"}),
    ],
)
def test_what_the_contract_lets_through_is_judged(bench: Bench, inspection: str) -> None:
    tell(bench.gateway(), inspection)
    assert reasons(bench) == []
    while judge_pending(bench.context.db, bench.context.rules, bench.clock.now_us()):
        pass
    assert len(bench.rows(select(SightingRow.sighting_id))) == 1
