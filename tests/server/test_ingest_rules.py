"""What the server does with a gateway's words: believed, put on record once, or set aside with the reason."""

from __future__ import annotations

import pytest
from bench import Bench, reasons
from scripted_gateway import content_id
from sqlalchemy import select

from edge.contract.instants import UtcMicros
from edge.contract.manifest import ClockReading
from edge.contract.messages import (
    DockingReport,
    Events,
    GatewayEvent,
    Hello,
    ListedFile,
    Offer,
    Receipt,
    Report,
    Status,
)
from edge.contract.topics import DownKind, UpKind
from server.store.recorded import known_rows
from server.store.tables import Clip, Docking, DockingFile, EventRow, Gateway, SightingRow
from server.usecases.revoke_gateway import revoke_gateway

SECOND_US = 1_000_000


@pytest.mark.parametrize(
    ("synchronised", "server_ahead_s", "applied_s"),
    [
        pytest.param(True, 0.0, 7, id="a gateway that can be trusted corrects"),
        pytest.param(False, 0.0, 0, id="an unsynchronised one only shows"),
        pytest.param(True, 5.0, 0, id="one that is 5 s from the server only shows"),
    ],
)
def test_a_measured_offset_is_applied_only_where_the_gateways_clock_stands(
    bench: Bench, synchronised: bool, server_ahead_s: float, applied_s: int
) -> None:
    gateway = bench.gateway()
    message = gateway.message(UpKind.STATUS, Status(waiting_clips=0, waiting_bytes=0, free_bytes=1, total_bytes=1))
    gateway.send(UpKind.STATUS, message)
    with bench.context.db.writing() as session:
        session.get_one(Gateway, gateway.gateway_id).clock_difference_us = round(server_ahead_s * SECOND_US)
    start_us = 1_795_000_000 * SECOND_US
    clock = ClockReading(
        offset_us=7 * SECOND_US,
        uncertainty_us=100_000,
        measured=UtcMicros(start_us),
        gateway_synchronised=synchronised,
    )
    gateway.report_clip(gateway.manifest(b"x", start_us=start_us, clock=clock))
    (row,) = bench.rows(select(SightingRow))
    assert (row.start_us, row.measured_offset_us) == (start_us, 7 * SECOND_US)
    assert row.corrected_start_us == start_us - applied_s * SECOND_US
    assert row.corrected_end_us == row.corrected_start_us + 60 * SECOND_US


def test_before_a_hello_no_offset_is_applied(bench: Bench) -> None:
    gateway = bench.gateway()
    clock = ClockReading(offset_us=5, uncertainty_us=1, measured=UtcMicros(1), gateway_synchronised=True)
    gateway.report_clip(gateway.manifest(b"x", clock=clock))
    assert bench.rows(select(SightingRow.applied_offset_us)) == [0]
    gateway.hello()
    gateway.report_clip(gateway.manifest(b"y", clock=clock))
    assert sorted(bench.rows(select(SightingRow.applied_offset_us))) == [0, 5]


def test_a_sighting_id_used_for_a_second_content_is_set_aside(bench: Bench) -> None:
    gateway = bench.gateway()
    gateway.report_clip(gateway.manifest(b"x", sighting_id="sight-00000001"))
    gateway.report_clip(gateway.manifest(b"y", sighting_id="sight-00000001"))
    gateway.offer(gateway.manifest(b"z", sighting_id="sight-00000001"))
    assert reasons(bench) == ["sighting_reused", "sighting_reused"]
    assert bench.rows(select(Clip.clip_id)) == [content_id(b"x")]


# ---------------------------------------------------------------------------------------------- dockings and events
def docking(part: int, parts: int, *names: str) -> DockingReport:
    files = tuple(ListedFile(name=name, size_bytes=1, modified=UtcMicros(1)) for name in names)
    return DockingReport(
        docking_id="dock-00000001",
        device="BC01",
        docked=UtcMicros(100 * SECOND_US),
        until=UtcMicros(200 * SECOND_US),
        source="dock",
        files=files,
        part=part,
        parts=parts,
        battery_percent=80.0,
    )


def test_a_docking_is_complete_when_all_its_parts_are_in_and_not_before(bench: Bench) -> None:
    gateway = bench.gateway()
    gateway.say(UpKind.REPORT, Report(content=docking(2, 2, "b.mp4")))
    before_us = bench.clock.now_us()
    gateway.say(UpKind.REPORT, Report(content=docking(1, 2, "a.mp4")))
    with bench.context.db.reading() as session:
        (then,) = known_rows(session, Docking, known_us=before_us - 1)
        (now,) = known_rows(session, Docking, known_us=bench.clock.now_us())
    assert (then.complete, now.complete) == (False, True)
    assert sorted(bench.rows(select(DockingFile.name))) == ["a.mp4", "b.mp4"]


def test_a_docking_told_again_adds_nothing(bench: Bench) -> None:
    gateway = bench.gateway()
    for _time in range(2):
        gateway.say(UpKind.REPORT, Report(content=docking(1, 1, "a.mp4")))
    assert len(bench.rows(select(Docking))) == 1
    assert len(bench.rows(select(DockingFile))) == 1


def test_a_docking_of_another_gateway_cannot_be_rewritten(bench: Bench) -> None:
    north, south = bench.gateway("north"), bench.gateway("south")
    north.say(UpKind.REPORT, Report(content=docking(1, 1, "a.mp4")))
    south.say(UpKind.REPORT, Report(content=docking(1, 1)))
    assert reasons(bench) == ["docking_of_another_gateway"]
    assert bench.rows(select(Docking.gateway_id)) == [north.gateway_id]


def test_a_docking_says_nothing_beyond_the_moment_it_was_told(bench: Bench) -> None:
    gateway = bench.gateway()
    told_us = bench.clock.now_us()
    ahead = docking(1, 1).model_copy(update={"until": UtcMicros(told_us + 3_600 * SECOND_US)})
    gateway.say(UpKind.REPORT, Report(content=ahead))
    (until_us,) = bench.rows(select(Docking.valid_until_us))
    assert told_us <= until_us <= bench.clock.now_us()


def test_events_are_kept_once_however_often_they_are_told(bench: Bench) -> None:
    gateway = bench.gateway()
    event = GatewayEvent(code="sidecar_unreadable", at=UtcMicros(5), device="BC01", file_name="a.json")
    message = gateway.message(UpKind.EVENTS, Events(events=(event,)))
    for _time in range(3):
        gateway.send(UpKind.EVENTS, message)
        assert gateway.hear(DownKind.NOTED).items[0].counter == gateway.counter
    assert bench.rows(select(EventRow.code)) == ["sidecar_unreadable"]


# ---------------------------------------------------------------------------------------------- who is believed
@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        pytest.param(b"", "unreadable", id="nothing"),
        pytest.param(b"\xff\xfe", "unreadable", id="no text"),
        pytest.param(b"[" * 100_000, "unreadable", id="deeply nested"),
        pytest.param(b'{"payloadType": 1}', "unreadable", id="half an envelope"),
        pytest.param(b"x" * 900_001, "too_large", id="too large"),
    ],
)
def test_a_message_that_cannot_be_read_is_set_aside_with_the_reason(bench: Bench, payload: bytes, reason: str) -> None:
    gateway = bench.gateway()
    gateway.send(UpKind.OFFER, payload)
    assert reasons(bench) == [reason]


def test_an_unsigned_offer_is_set_aside(bench: Bench) -> None:
    gateway = bench.gateway()
    bare = gateway.message(UpKind.STATUS, Status(waiting_clips=0, waiting_bytes=0, free_bytes=1, total_bytes=1))
    gateway.send(UpKind.OFFER, bare.replace(b"v1.status", b"v1.offer"))
    assert reasons(bench) == ["unsigned"]


def test_a_message_of_a_newer_major_version_is_set_aside_saying_so(bench: Bench) -> None:
    gateway = bench.gateway()
    bare = gateway.message(UpKind.STATUS, Status(waiting_clips=0, waiting_bytes=0, free_bytes=1, total_bytes=1))
    gateway.send(UpKind.STATUS, bare.replace(b"v1.status", b"v2.status"))
    assert reasons(bench) == ["unknown_version"]


def test_a_revoked_gateways_words_go_aside_and_nothing_of_them_counts(bench: Bench) -> None:
    gateway = bench.gateway()
    revoke_gateway(bench.context.db, "north", by="test", now_us=bench.clock.now_us())
    gateway.offer(gateway.manifest(b"x"))
    assert reasons(bench) == ["revoked_gateway"]
    assert bench.rows(select(Clip)) == []


def test_an_invented_gateway_is_not_believed(bench: Bench) -> None:
    gateway = bench.gateway()
    gateway.send(UpKind.HELLO, b"{}", gateway_id="gw-0000000000000000")
    assert reasons(bench) == ["unknown_gateway"]


def test_of_two_alive_under_one_id_the_second_is_refused_and_a_person_is_told(bench: Bench) -> None:
    gateway = bench.gateway()
    gateway.hello()
    hello = Hello(installation_id="inst-0001", software="test 1", register_number=0, clock_synchronised=True)
    gateway.say(UpKind.HELLO, hello, boot_id="boot-of-clone")
    bench.clock.pass_s(20)
    gateway.offer(gateway.manifest(b"x"))
    assert gateway.hear(DownKind.GRANT).clip_id == content_id(b"x")
    gateway.say(UpKind.OFFER, Offer(manifest=gateway.envelope(gateway.manifest(b"y" * 9))), boot_id="boot-of-clone")
    assert gateway.hear(DownKind.REFUSAL).reason == "gateway_cloned"
    assert bench.rows(select(EventRow.code)) == ["gateway_cloned"]
    assert reasons(bench) == ["gateway_cloned"]


def test_what_is_set_aside_is_bounded(bench: Bench) -> None:
    settings = bench.folder / "server.toml"
    settings.write_text(settings.read_text().replace("# set_aside_rows = 10000", "set_aside_rows = 100"))
    bench.restart()
    gateway = bench.gateway()
    for _time in range(130):
        gateway.send(UpKind.OFFER, b"")
        bench.clock.pass_s(10)
    assert len(reasons(bench)) == 100


def test_the_answer_to_the_last_chunk_of_a_small_clip_is_its_receipt(bench: Bench) -> None:
    gateway = bench.gateway()
    bench.says.clear()
    assert isinstance(gateway.upload(b"small"), Receipt)
    kinds = [topic.rpartition("/")[2] for topic, _ in bench.says]
    assert kinds == [DownKind.GRANT, DownKind.RECEIPT]
