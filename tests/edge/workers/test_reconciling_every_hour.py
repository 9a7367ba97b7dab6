"""Beside the running work, once an hour: what happened to the landing area meanwhile is settled as at a start."""

from __future__ import annotations

import hashlib
from pathlib import Path

from edge.contract.identifiers import clip_id_of
from tests.edge.films import film
from tests.edge.gateway import Gateway

HOUR_S = 3600


def test_a_copy_that_goes_while_the_agent_runs_is_fetched_again_within_the_hour(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path)
    film(gateway.folder / "BC01_20261121_180000.mp4")
    gateway.run()
    (clip_id,) = gateway.landed()
    gateway.area.path_of(clip_id).unlink()
    gateway.run()
    assert gateway.landed() == {}
    gateway.run(HOUR_S, step_s=60)
    gateway.run()
    assert set(gateway.landed()) == {clip_id}
    told = [event.detail for event in gateway.events() if event.code == "landing_copy_missing"]
    assert told == [{"clip_id": clip_id, "fetched_again": "yes"}]


def test_a_whole_copy_without_a_row_is_adopted_within_the_hour(tmp_path: Path) -> None:
    gateway, content = Gateway(tmp_path), b"footage that lost its row"
    gateway.run()
    clip_id = clip_id_of(len(content), hashlib.sha256(content).hexdigest())
    gateway.area.path_of(clip_id).write_bytes(content)
    gateway.run(2 * HOUR_S + 120, step_s=60)
    gateway.run()
    assert clip_id in {manifest.clip_id for manifest in gateway.manifests()}


def test_a_clock_that_is_set_back_delays_nothing(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path)
    film(gateway.folder / "BC01_20261121_180000.mp4")
    gateway.run()
    (clip_id,) = gateway.landed()
    gateway.area.path_of(clip_id).unlink()
    gateway.now_us = type(gateway.now_us)(gateway.now_us - 10 * HOUR_S * 1_000_000)
    gateway.run(60)
    assert [event.detail["clip_id"] for event in gateway.events() if event.code == "landing_copy_missing"] == [clip_id]
