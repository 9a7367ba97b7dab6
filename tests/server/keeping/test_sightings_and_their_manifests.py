"""A sighting's row is compared with the manifest that its gateway signed, and the exact item is named."""

from __future__ import annotations

import json
import sqlite3

import pytest
from bench import Bench, content_of
from scripted_gateway import content_id
from sqlalchemy import select

from edge.contract.dsse import MANIFEST_PAYLOAD_TYPE, sign_envelope
from edge.contract.instants import MICROS_PER_SECOND, UtcMicros
from edge.contract.intervals import TimeInterval
from edge.contract.manifest import ClockReading
from edge.contract.messages import Receipt
from server.domain.verification import Portion
from server.store.clip_checks import GOOD
from server.store.tables import ClipCheck
from server.usecases.signing_state import why_signing_stopped
from server.usecases.tell_verified import verify_and_tell
from server.usecases.verify_store import Scope, Verified, Watching

CONTENT, ANNOUNCED = content_of(60_000, seed=3), content_of(60_000, seed=4)
CLIP = content_id(CONTENT)
START_US = 1_795_000_000_000_000


@pytest.fixture
def met(bench: Bench) -> Bench:
    """A sealed clip met twice, with a measured clock, and a clip that was only announced."""
    gateway = bench.gateway()
    gateway.hello()
    clock = ClockReading(
        offset_us=3_000_000, uncertainty_us=1_000, measured=UtcMicros(START_US), gateway_synchronised=True
    )
    for sighting_id in ("sight-00000001", "sight-00000002"):
        manifest = gateway.manifest(CONTENT, sighting_id=sighting_id, clock=clock)
        recorded = (TimeInterval(UtcMicros(START_US), UtcMicros(START_US + 60 * MICROS_PER_SECOND)),)
        capture = manifest.capture.model_copy(update={"recorded": recorded})
        assert isinstance(gateway.upload(CONTENT, manifest.model_copy(update={"capture": capture})), Receipt)
    gateway.report_clip(gateway.manifest(ANNOUNCED, sighting_id="sight-00000003"))
    return bench


def verified(bench: Bench, scope: Scope | None = None) -> tuple[Verified, dict[str, str]]:
    bench.clock.us = 4_000_000_000_000_000  # nothing is on its way any more
    context = bench.context
    done = verify_and_tell(
        context.db, context.clip_files, scope or Scope(), mark=None, clock=bench.clock, watching=Watching()
    )
    with context.db.reading() as session:
        return done, {row.clip_id: row.outcome for row in session.scalars(select(ClipCheck))}


def told(done: Verified) -> list[tuple[str, str, list[str]]]:
    return [(one.item, one.said.code, list(one.said.values.get("fields", ()))) for one in done.wrong]


def edit(bench: Bench, sighting_id: str, change: str) -> None:
    database = bench.folder / "tallylight.sqlite3"
    with sqlite3.connect(database) as rows:
        changed = rows.execute(f"UPDATE sighting SET {change} WHERE sighting_id = ?", (sighting_id,))  # noqa: S608  (ours)
        assert changed.rowcount == 1
    rows.close()


def test_sightings_as_they_were_signed_have_nothing_wrong(met: Bench) -> None:
    done, _ = verified(met)
    assert done.ok, done.wrong


EDITS = {
    "device_number = 'BC02'": ["device_number"],
    "device_number = NULL": ["device_number"],
    "start_us = start_us - 1": ["start_us"],
    "corrected_start_us = corrected_start_us + 60000000": ["corrected_start_us"],
    "end_us = end_us + 1": ["end_us"],
    "corrected_end_us = NULL": ["corrected_end_us"],
    "docking_number = 'dock-99999999'": ["docking_number"],
    "file_name = 'b.mp4'": ["file_name"],
    "path = 'elsewhere/a.mp4'": ["path"],
    "landed_us = landed_us + 1": ["landed_us"],
    "start_source = 'mtime'": ["start_source"],
    "uncertainty_us = 0": ["uncertainty_us"],
    "verdict = 'damaged'": ["verdict"],
    "media_us = media_us + 1": ["media_us"],
    "sequence = 7": ["sequence"],
    "recording = 'R7'": ["recording"],
    "measured_offset_us = 0": ["measured_offset_us"],
    "reference_state = 'ok'": ["reference_state"],
}


@pytest.mark.parametrize("change", EDITS)
def test_an_edited_field_of_a_sighting_is_named_and_signing_stops(met: Bench, change: str) -> None:
    edit(met, "sight-00000002", change)
    done, outcomes = verified(met)
    assert told(done) == [("sight-00000002", "verify_sighting_differs", EDITS[change])]
    assert outcomes == {CLIP: "verify_sighting_differs"}
    with met.context.db.reading() as session:
        (reason,) = why_signing_stopped(session)
    assert "sight-00000002" in str(reason)


def test_a_correction_that_no_measured_clock_explains_is_named(met: Bench) -> None:
    edit(
        met, "sight-00000001", "applied_offset_us = 9, corrected_start_us = start_us - 9, corrected_end_us = end_us - 9"
    )
    done, _ = verified(met)
    assert told(done) == [("sight-00000001", "verify_sighting_differs", ["applied_offset_us"])]


@pytest.mark.parametrize(
    "change", ["recorded_json = '[]'", "faults_json = '[{}]'", """looks_json = '{"view": [1]}'""", "faults_json = '{'"]
)
def test_what_each_release_writes_in_its_own_way_is_told_and_stops_nothing(met: Bench, change: str) -> None:
    edit(met, "sight-00000001", change)
    done, _ = verified(met)
    assert [one.item for one in done.wrong] == ["sight-00000001"]
    with met.context.db.reading() as session:
        assert why_signing_stopped(session) == []


@pytest.mark.parametrize(
    "change",
    [
        "clip_id = (SELECT clip_id FROM clip WHERE state = 'announced')",
        "gateway_id = 'gw-ffffffffffffffff'",
        "manifest = x'7b7d'",
        "manifest = (SELECT manifest FROM sighting WHERE sighting_id = 'sight-00000003')",
        "manifest = CAST(replace(CAST(manifest AS TEXT), 'payload\":\"ey', 'payload\":\"fy') AS BLOB)",
    ],
)
def test_a_sighting_put_under_another_clip_or_manifest_is_named(met: Bench, change: str) -> None:
    edit(met, "sight-00000001", change)
    done, _ = verified(met)
    assert {one.item for one in done.wrong} == {"sight-00000001"}


def test_a_clip_that_never_came_is_looked_at_as_well_in_its_portion(met: Bench) -> None:
    edit(met, "sight-00000003", "device_number = 'BC09'")
    found = [verified(met, Scope(portion=Portion(number, 3)))[0] for number in (1, 2, 3)]
    assert [one.item for done in found for one in done.wrong] == ["sight-00000003"]


def test_a_row_of_a_release_that_wrote_no_empty_looks_is_in_order(met: Bench) -> None:
    edit(met, "sight-00000001", "looks_json = '{}'")
    done, outcomes = verified(met)
    assert done.ok
    assert set(outcomes.values()) == {GOOD}


def test_a_manifest_that_a_stricter_contract_reads_no_more_is_told_and_stops_nothing(met: Bench) -> None:
    gateway = next(iter(met.gateways.values()))
    statement = json.loads(gateway.manifest(CONTENT, sighting_id="sight-00000001").model_dump_json())
    statement["capture"]["uncertainty_us"] = -1
    envelope = sign_envelope(MANIFEST_PAYLOAD_TYPE, json.dumps(statement).encode(), gateway.key)
    edit(met, "sight-00000001", f"manifest = x'{envelope.hex()}'")
    done, _ = verified(met)
    assert [(item, code) for item, code, _ in told(done)] == [("sight-00000001", "verify_manifest_refused")]
    with met.context.db.reading() as session:
        assert why_signing_stopped(session) == []


def test_the_document_for_programs_names_sighting_clip_and_fields(met: Bench) -> None:
    edit(met, "sight-00000001", "device_number = 'BC02'")
    done, _ = verified(met)
    document = json.dumps(done.wrong[0].as_json())
    assert all(word in document for word in ("sight-00000001", CLIP, "device_number"))
