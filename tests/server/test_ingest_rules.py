"""What the server does with a gateway's words and bytes, power cuts, full disks and wrong bytes included."""

from __future__ import annotations

import errno
import random
from pathlib import Path

import pytest
from bench import Bench, BenchGateway
from scripted_gateway import content_id
from sqlalchemy import select, text

from edge.contract.identifiers import ClipId
from edge.contract.instants import UtcMicros
from edge.contract.manifest import ClockReading
from edge.contract.messages import (
    DockingReport,
    Events,
    GatewayEvent,
    Hello,
    Holding,
    ListedFile,
    Offer,
    Receipt,
    Refusal,
    Report,
    Status,
)
from edge.contract.topics import DownKind, UpKind
from server.store.clip_files import ClipFiles, PartFile, PartUnusableError, StoreFullError
from server.store.recorded import known_rows
from server.store.tables import Act, Clip, Docking, DockingFile, EventRow, Gateway, SetAside, SightingRow, Upload
from server.usecases.revoke_gateway import revoke_gateway
from server.usecases.seal_clip import seal_clip
from server.usecases.signing_state import resume_signing, why_signing_stopped

SECOND_US = 1_000_000


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "server")


def content_of(size_bytes: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size_bytes)


def clip_of(bench: Bench, content: bytes) -> Clip:
    with bench.context.db.reading() as session:
        return session.get_one(Clip, content_id(content))


def reasons(bench: Bench) -> list[str]:
    return bench.rows(select(SetAside.reason))


# ---------------------------------------------------------------------------------------------- power cuts
def granted(bench: Bench, gateway: BenchGateway, content: bytes, *, chunks: int) -> None:
    gateway.offer(gateway.manifest(content))
    grant = gateway.hear(DownKind.GRANT)
    for index in range(chunks):
        gateway.send_chunk(grant, content, index)


def test_a_cut_before_the_ranges_are_journalled_costs_those_bytes_and_no_others(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(1_500_000)
    granted(bench, gateway, content, chunks=1)
    held = gateway.hear(DownKind.HAVE).held
    with bench.context.clip_files.part_path(ClipId(content_id(content))).open("r+b") as part:
        part.seek(524_288)
        part.write(content[524_288:1_048_576])  # written, never journalled
    bench.restart()
    gateway.offer(gateway.manifest(content))
    assert gateway.hear(DownKind.GRANT).held == held
    assert isinstance(gateway.upload(content), Receipt)


def test_a_part_file_that_is_gone_is_asked_for_from_the_beginning(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(1_500_000)
    granted(bench, gateway, content, chunks=2)
    bench.context.clip_files.drop_part(ClipId(content_id(content)))
    bench.restart()
    gateway.offer(gateway.manifest(content))
    assert gateway.hear(DownKind.GRANT).held == ()


def test_a_part_file_cut_short_holds_no_more_than_it_has(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(1_500_000)
    granted(bench, gateway, content, chunks=2)
    with bench.context.clip_files.part_path(ClipId(content_id(content))).open("r+b") as part:
        part.truncate(600_000)
    bench.restart()
    gateway.offer(gateway.manifest(content))
    assert gateway.hear(DownKind.GRANT).held == ((0, 600_000),)


def whole_but_unsealed(bench: Bench, gateway: BenchGateway, content: bytes) -> str:
    """The state between the last `have` and the seal."""
    granted(bench, gateway, content, chunks=1)
    clip_id = content_id(content)
    part = bench.context.clip_files.part_path(ClipId(clip_id))
    part.write_bytes(content)
    with bench.context.db.writing() as session:
        session.execute(text("UPDATE clip SET held_json = :held"), {"held": f"[[0, {len(content)}]]"})
    return clip_id


def test_a_cut_between_the_last_range_and_the_rename_is_sealed_at_the_next_start(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(900_000)
    clip_id = whole_but_unsealed(bench, gateway, content)
    assert bench.restart().sealed == [clip_id]
    gateway.offer(gateway.manifest(content))
    assert gateway.hear(DownKind.RECEIPT).clip_id == clip_id


def test_a_cut_between_the_rename_and_the_transaction_is_sealed_at_the_next_start(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(900_000)
    clip_id = whole_but_unsealed(bench, gateway, content)
    bench.context.clip_files.finish(ClipId(clip_id))
    assert bench.restart().sealed == [clip_id]
    assert clip_of(bench, content).state == "sealed"


def test_a_cut_between_the_transaction_and_the_receipt_leads_to_the_same_receipt(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(900_000)
    clip_id = whole_but_unsealed(bench, gateway, content)
    context = bench.context
    receipt = seal_clip(
        context.db,
        clip_id,
        upload_number=1,
        gateway_id=gateway.gateway_id,
        stored_path=context.clip_files.finish(ClipId(clip_id)),
        signer=context.signer,
        now_us=bench.clock.now_us(),
    )
    bench.restart()
    bench.says.clear()
    gateway.offer(gateway.manifest(content))
    assert [message for topic, message in bench.says if topic.endswith("/receipt")] == [receipt]
    assert len(bench.rows(select(Act).where(Act.verb == "seal"))) == 1


def test_a_final_file_with_other_bytes_is_never_sealed(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(900_000)
    clip_id = whole_but_unsealed(bench, gateway, content)
    bench.context.clip_files.part_path(ClipId(clip_id)).write_bytes(content_of(900_000, seed=2))
    bench.context.clip_files.finish(ClipId(clip_id))
    assert bench.restart().begun_again == [clip_id]
    assert isinstance(gateway.upload(content), Receipt)


def test_a_part_file_that_no_row_knows_is_removed(bench: Bench) -> None:
    bench.context.clip_files.open_part(ClipId("0" * 32)).close()
    assert bench.restart().parts_removed == ["0" * 32]


# ---------------------------------------------------------------------------------------------- history
def test_a_sealed_file_that_is_gone_stops_signing_until_a_person_decides(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(600_000)
    gateway.upload(content)
    bench.context.clip_files.final_path(ClipId(content_id(content))).unlink()
    assert bench.restart().missing == [content_id(content)]
    with bench.context.db.reading() as session:
        assert why_signing_stopped(session) == [f"sealed_file_missing: clip_id {content_id(content)}"]
    bench.control.signing_stopped = True
    refusal = gateway.upload(content_of(600_000, seed=3))
    assert isinstance(refusal, Refusal)
    assert (refusal.reason, refusal.permanent) == ("signing_stopped", False)
    resume_signing(bench.context.db, by="console:test", reason="known loss", now_us=bench.clock.now_us())
    assert bench.restart().signing_stopped == []
    assert isinstance(gateway.upload(content_of(600_000, seed=3)), Receipt)


@pytest.mark.parametrize("kind", ["hello", "holding"])
def test_a_receipt_that_this_database_does_not_know_stops_signing(bench: Bench, kind: str) -> None:
    gateway = bench.gateway()
    act = {"latest_act_index": 900, "latest_act_hash": "a" * 64}
    if kind == "hello":
        gateway.hello(**act)
    else:
        gateway.say(UpKind.HOLDING, Holding(register_number=0, **act))
    with bench.context.db.reading() as session:
        assert why_signing_stopped(session) == [f"history_lost: held_act 900, held_hash {'a' * 64}"]


def test_a_receipt_that_is_in_the_chain_stops_nothing(bench: Bench) -> None:
    gateway = bench.gateway()
    receipt = gateway.upload(content_of(10_000))
    assert isinstance(receipt, Receipt)
    gateway.hello(latest_act_index=receipt.act_index, latest_act_hash=receipt.act_hash)
    with bench.context.db.reading() as session:
        assert why_signing_stopped(session) == []


def test_a_changed_act_is_found_at_start_and_stops_signing(bench: Bench) -> None:
    bench.gateway()
    with bench.context.db.writing() as session:
        session.execute(text("UPDATE act SET actor = 'nobody' WHERE act_index = 2"))
    assert len(bench.restart().signing_stopped) == 1


# ---------------------------------------------------------------------------------------------- room and disks
class BrokenPart(PartFile):
    """A disk whose cache cannot be trusted any more."""

    def flush(self) -> None:
        self.close()
        raise PartUnusableError(clip_id=self.clip_id, why=f"cannot be flushed (errno {errno.EIO})")


class FullPart(PartFile):
    """A disk without room."""

    def write_at(self, offset: int, data: bytes) -> None:
        del offset, data
        raise StoreFullError(path=self.path)


class TroubledFiles(ClipFiles):
    """Hands out one kind of part file."""

    kind: type[PartFile] = BrokenPart

    def open_part(self, clip_id: ClipId) -> PartFile:
        return self.kind(self.part_path(clip_id), clip_id)


def test_after_a_flush_error_no_byte_of_that_file_is_believed(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(1_500_000)
    granted(bench, gateway, content, chunks=1)
    healthy = bench.context.clip_files
    bench.with_clip_files(TroubledFiles(healthy.root))
    gateway.offer(gateway.manifest(content))
    gateway.send_chunk(gateway.hear(DownKind.GRANT), content, 1)
    assert gateway.hear(DownKind.REFUSAL).reason == "store_full"
    assert clip_of(bench, content).held_json == "[]"
    bench.with_clip_files(healthy)
    assert isinstance(gateway.upload(content), Receipt)


def test_a_full_disk_refuses_for_now_and_keeps_what_is_held(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(1_500_000)
    granted(bench, gateway, content, chunks=1)
    held = gateway.hear(DownKind.HAVE).held
    files = TroubledFiles(bench.context.clip_files.root)
    files.kind = FullPart
    bench.with_clip_files(files)
    gateway.offer(gateway.manifest(content))
    gateway.send_chunk(gateway.hear(DownKind.GRANT), content, 1)
    refusal = gateway.hear(DownKind.REFUSAL)
    assert (refusal.reason, refusal.permanent) == ("store_full", False)
    assert clip_of(bench, content).held_json == str([list(span) for span in held])


def test_below_the_reserve_new_clips_are_refused_and_sealed_ones_are_still_receipted(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "server")
    gateway, sealed = bench.gateway(), content_of(10_000)
    gateway.upload(sealed)
    path = bench.folder / "server.toml"
    path.write_text(path.read_text().replace("# reserve_bytes = 2147483648", f"reserve_bytes = {10**18}"))
    bench.restart()
    refusal = gateway.upload(content_of(10_000, seed=4))
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "store_full"
    assert isinstance(gateway.upload(sealed), Receipt)


def test_when_the_budgets_are_used_up_the_answer_is_busy(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "server")
    path = bench.folder / "server.toml"
    path.write_text(path.read_text().replace("# gateway_bytes = 67108864", "gateway_bytes = 1048576"))
    bench.restart()
    gateway = bench.gateway()
    gateway.offer(gateway.manifest(content_of(1_048_576)))
    gateway.hear(DownKind.GRANT)
    gateway.offer(gateway.manifest(content_of(1_048_576, seed=2)))
    refusal = gateway.hear(DownKind.REFUSAL)
    assert (refusal.reason, refusal.permanent) == ("busy", False)
    assert refusal.retry_after_s is not None
    bench.clock.pass_s(61)
    bench.lane.lapse(bench.clock.steady_s())
    gateway.offer(gateway.manifest(content_of(1_048_576, seed=2)))
    assert gateway.hear(DownKind.GRANT).window_bytes == 1_048_576
    assert bench.rows(select(Upload.state).order_by(Upload.number)) == ["lapsed", "open"]


def test_a_clip_one_gateway_is_sending_is_not_granted_to_another(bench: Bench) -> None:
    north, south, content = bench.gateway("north"), bench.gateway("south"), content_of(1_500_000)
    granted(bench, north, content, chunks=1)
    south.offer(south.manifest(content))
    assert south.hear(DownKind.REFUSAL).reason == "busy"


def test_chunks_of_another_gateway_never_reach_a_clip(bench: Bench) -> None:
    north, south, content = bench.gateway("north"), bench.gateway("south"), content_of(1_500_000)
    north.offer(north.manifest(content))
    grant = north.hear(DownKind.GRANT)
    south.send_chunk(grant, content, 0)
    assert clip_of(bench, content).held_json == "[]"


# ---------------------------------------------------------------------------------------------- clocks and sightings
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
    gateway = bench.gateway()
    for _time in range(130):
        gateway.send(UpKind.OFFER, b"")
        bench.clock.pass_s(10)
    assert len(reasons(bench)) == 100
