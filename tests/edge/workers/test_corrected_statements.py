"""What stands beside the footage and comes or is corrected after it landed is told as a new meeting with it; what was
said before stays on record.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.contract.instants import MICROS_PER_HOUR, MICROS_PER_SECOND, UtcMicros, rfc3339
from tests.edge.gateway import Gateway


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    made = Gateway(tmp_path)
    (made.folder / "video.mp4").write_bytes(b"a recording" * 100)
    yield made
    made.journal.close()


def say(gateway: Gateway, text: str, name: str = "video.mp4.json") -> None:
    """Write a statement as of the gateway's present moment."""
    path = gateway.folder / name
    path.write_text(text)
    os.utime(path, ns=(gateway.now_us * 1000, gateway.now_us * 1000))


def docking(gateway: Gateway, docked_us: int, *, offset_s: int) -> str:
    told_us = UtcMicros(docked_us)
    device_us = UtcMicros(docked_us + offset_s * MICROS_PER_SECOND)
    return json.dumps(
        {
            "device": "BC-07",
            "docked": rfc3339(told_us),
            "gateway_time": rfc3339(told_us),
            "device_time": rfc3339(device_us),
            "uncertainty_s": 0.5,
        }
    )


def devices(gateway: Gateway) -> list[str | None]:
    return [manifest.sighting.device for manifest in gateway.manifests()]


@pytest.mark.parametrize("first", [None, "{not json", '{"device": "BC-01"}'], ids=["none", "unreadable", "wrong"])
def test_a_sidecar_that_came_or_was_corrected_later_is_told(gateway: Gateway, first: str | None) -> None:
    if first is not None:
        say(gateway, first)
    gateway.run(40)
    before = devices(gateway)
    say(gateway, '{"device": "BC-02", "start": "2026-11-21T08:00:00+08:00"}')
    gateway.run(40)
    assert devices(gateway) == [*before, "BC-02"]
    old, new = gateway.manifests()
    assert (new.clip_id, new.sighting.path) == (old.clip_id, old.sighting.path)
    assert new.capture.start_source == "sidecar"
    assert len(gateway.landed()) == 1
    assert gateway.dockings()[-1].device == "BC-02"
    assert [file.clip_id for file in gateway.dockings()[-1].files] == [new.clip_id]
    gateway.run(40)
    assert len(devices(gateway)) == len(before) + 1


def test_a_corrected_sidecar_is_no_longer_listed_as_unreadable(gateway: Gateway) -> None:
    say(gateway, "{not json")
    gateway.run(40)
    question = "SELECT count(*) FROM seen_file WHERE reason = 'sidecar_unreadable'"
    with gateway.journal.transaction() as rows:
        assert rows.execute(question).fetchone()[0] == 1
    say(gateway, '{"device": "BC-02"}')
    gateway.run(40)
    with gateway.journal.transaction() as rows:
        assert rows.execute(question).fetchone()[0] == 0


def test_a_sidecar_that_is_still_being_corrected_is_waited_for(gateway: Gateway) -> None:
    gateway.run(40)
    for number in range(5):
        say(gateway, json.dumps({"device": f"BC-{number}"}))
        gateway.run(5)
    gateway.run(40)
    assert devices(gateway) == [None, "BC-4"]


def test_a_sidecar_that_is_only_touched_or_taken_away_says_nothing_new(gateway: Gateway) -> None:
    say(gateway, '{"device": "BC-01"}')
    gateway.run(40)
    say(gateway, '{"device": "BC-01"}')
    gateway.run(40)
    (gateway.folder / "video.mp4.json").unlink()
    gateway.run(40)
    assert devices(gateway) == ["BC-01"]


def test_a_docking_file_that_comes_or_is_corrected_later_speaks_of_the_meeting_it_names(gateway: Gateway) -> None:
    docked_us = gateway.now_us
    gateway.run(40)
    for offset_s in (700, 7):
        say(gateway, docking(gateway, docked_us, offset_s=offset_s), "docking.json")
        gateway.run(40)
    assert devices(gateway) == [None, "BC-07", "BC-07"]
    offsets = [None if manifest.clock is None else manifest.clock.offset_us for manifest in gateway.manifests()]
    assert offsets == [None, 700 * MICROS_PER_SECOND, 7 * MICROS_PER_SECOND]


def test_the_next_docking_measures_no_clock_for_what_landed_before_it(gateway: Gateway) -> None:
    say(gateway, docking(gateway, gateway.now_us, offset_s=7), "docking.json")
    gateway.run(40)
    gateway.now_us = UtcMicros(gateway.now_us + MICROS_PER_HOUR)
    say(gateway, docking(gateway, gateway.now_us, offset_s=900), "docking.json")
    gateway.run(40)
    assert len(gateway.manifests()) == 1


def test_what_an_older_release_landed_is_not_looked_at_again(gateway: Gateway) -> None:
    say(gateway, '{"device": "BC-01"}')
    gateway.run(40)
    with gateway.journal.transaction() as rows:
        rows.execute("UPDATE seen_file SET beside = NULL")
    say(gateway, '{"device": "BC-02"}')
    gateway.run(40)
    assert devices(gateway) == ["BC-01"]
