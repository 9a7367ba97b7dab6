"""Commissioned views as they are kept: nothing is overwritten, the server is told once, damage reaches a person."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.contract.messages import GatewayEvent
from edge.domain.commissioned_view import RecordUnusableError, read_record
from edge.local.checks import Health
from edge.local.reference_checks import reference_checks
from edge.local.words import told as chinese
from edge.storage.overview import read_overview
from edge.storage.reference_files import ReferenceFiles, StoredReference
from edge.workers.commissionings import CommissioningWorker
from edge.workers.look_orders import look_order
from edge.workers.probing import probe_with
from tests.edge.commissioned import ARRAYS, kept
from tests.edge.films import film
from tests.edge.gateway import Gateway, ProbeHere
from tests.edge.landed_clips import FakeClock

CJK = re.compile(r"[\u4e00-\u9fff]")


# ------------------------------------------------------------------------------------------------ what is kept
def test_a_commissioning_torn_by_a_power_cut_leaves_the_old_reference_and_its_number_unused(tmp_path: Path) -> None:
    first = kept(tmp_path)
    first.record.with_name("000002.npz").write_bytes(b"torn")
    current = ReferenceFiles(tmp_path).current("MON07")
    assert current is not None
    assert current.sha256 == first.sha256
    kept(tmp_path)
    assert [stored.view.number for stored in ReferenceFiles(tmp_path).history("MON07")] == [1, 3]


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (b"", "damaged"),
        (b"[" * 100_000, "damaged"),
        (b'{"version": 1}', "damaged"),
        (b'{"version": 2}', "newer release"),
        (b" " * 300_000, "larger than"),
    ],
)
def test_a_record_that_cannot_be_read_is_said_with_what_to_do(kept: bytes, said: str) -> None:
    with pytest.raises(RecordUnusableError, match=said):
        read_record(kept, name="000001.json")


# ------------------------------------------------------------------------------------------------ the server
@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    one = Gateway(tmp_path)
    yield one
    one.journal.close()


def told(gateway: Gateway, seconds: float = 60) -> list[GatewayEvent]:
    clock = FakeClock()
    worker = CommissioningWorker(gateway.journal, gateway.outbox, gateway.home, clock=clock)
    for clock.steady in (0.0, seconds / 2, seconds):
        worker.step(gateway.now_us)
    return gateway.events()


def test_the_server_is_told_once_who_commissioned_what_and_why(gateway: Gateway) -> None:
    assert told(gateway) == []
    kept(gateway.home)
    (event,) = told(gateway)
    (stored,) = ReferenceFiles(gateway.home).history("MON07")
    assert (event.code, event.device, event.at) == ("view_commissioned", "MON07", stored.view.commissioned)
    assert event.detail == {
        "reference": stored.sha256,
        "number": "1",
        "by": "Li Wei",
        "reason": "mounted",
        "day": "8",
    }
    assert len(told(gateway)) == 1
    kept(gateway.home)
    assert [event.detail["number"] for event in told(gateway)] == ["1", "2"]


def test_a_damaged_record_keeps_no_other_from_being_told(gateway: Gateway) -> None:
    for device in ("MON07", "MON08"):
        kept(gateway.home, device)
    stored = ReferenceFiles(gateway.home).current("MON07")
    assert stored is not None
    stored.record.write_bytes(b"{")
    said = [(event.code, event.device) for event in told(gateway)]
    assert said == [("reference_unusable", None), ("view_commissioned", "MON08")]


def break_record(stored: StoredReference) -> None:
    stored.record.write_bytes(stored.record.read_bytes()[:-40])


def break_arrays(stored: StoredReference) -> None:
    stored.arrays.write_bytes(b"arrayz")


def lose_arrays(stored: StoredReference) -> None:
    stored.arrays.unlink()


def put_another_monitors_in_its_place(stored: StoredReference) -> None:
    stored.record.write_bytes(stored.record.read_bytes().replace(b"MON07", b"MON08"))


@pytest.mark.parametrize("harm", [break_record, break_arrays, lose_arrays, put_another_monitors_in_its_place])
def test_a_reference_that_cannot_be_used_reaches_a_person_once_and_until_it_is_mended(
    gateway: Gateway, harm: Callable[[StoredReference], None]
) -> None:
    kept(gateway.home)
    second = kept(gateway.home)
    whole = second.record.read_bytes()
    told(gateway)
    harm(second)
    (event,) = (event for event in told(gateway) if event.code != "view_commissioned")
    assert (event.code, event.device) == ("reference_unusable", "MON07")
    assert event.detail["record"].endswith("/000002.json")
    gateway.restart()
    assert len(told(gateway)) == 3
    with gateway.journal.transaction() as rows:
        (trouble,) = read_overview(rows, now_us=gateway.now_us).troubles
    assert (trouble.reason, trouble.count) == ("reference_unusable", 1)
    assert trouble.subject.startswith("MON07: ")
    (check,) = reference_checks(gateway.home)
    assert check.health is Health.BAD
    assert CJK.search(chinese(check.found, "zh-CN"))
    second.record.write_bytes(whole)
    second.arrays.write_bytes(ARRAYS)
    codes = Counter(event.code for event in told(gateway))
    assert codes == {"view_commissioned": 2, "reference_unusable": 1, "reference_usable_again": 1}
    with gateway.journal.transaction() as rows:
        assert read_overview(rows, now_us=gateway.now_us).troubles == ()


def test_a_damaged_record_that_was_replaced_holds_no_comparison_up(tmp_path: Path) -> None:
    first, second = kept(tmp_path), kept(tmp_path)
    break_record(first)
    files = ReferenceFiles(tmp_path)
    assert files.in_force("MON07", second.view.commissioned) == second
    with pytest.raises(RecordUnusableError):
        files.in_force("MON07", second.view.commissioned - 1)


def test_a_record_that_cannot_be_read_costs_the_comparison_and_is_told_of_the_clip(tmp_path: Path) -> None:
    stored = kept(tmp_path)
    break_record(stored)
    order = look_order(None, "MON07", ReferenceFiles(tmp_path), stored.view.commissioned)
    assert (order.record, order.reference) == (str(stored.record), None)
    path = film(tmp_path / "MON07_20261121080000_0001.mp4", seconds=1)
    probe = probe_with(ProbeHere(), path, name=path.name, size_bytes=path.stat().st_size, order=order)
    assert probe.reference is not None
    assert (probe.reference.state, probe.reference.samples) == ("unknown", 0)
    assert probe.view != ()


def test_a_damaged_record_is_told_in_its_turn_once_it_is_mended(gateway: Gateway) -> None:
    kept(gateway.home)
    kept(gateway.home)
    first, _ = ReferenceFiles(gateway.home).history("MON07")
    first.record.write_bytes(b"{torn" + (whole := first.record.read_bytes()))
    assert [event.code for event in told(gateway)] == ["reference_unusable"]
    first.record.write_bytes(whole)
    assert [event.detail["number"] for event in told(gateway) if event.code == "view_commissioned"] == ["1", "2"]
