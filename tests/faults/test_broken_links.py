"""Between gateway and broker the link is slow, cut, silent or changes bytes: it costs a window at most, and no clip."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from docked_agent import Dock, assert_all_is_kept
from fault_stage.sent_again import SentAgain
from running_broker import free_port
from scripted_gateway import ScriptedGateway, until
from served import Served, has_dynamic_security, serving

from edge.contract.identifiers import clip_id_of
from edge.contract.messages import Receipt
from edge.contract.topics import DownKind
from edge.platform.mqtt import BrokerLogin, MqttLink
from tests.faults.rough_link import RoughLink, rough_link, send_over

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]
WINDOW_BYTES, CHUNK_BYTES = 1 << 20, 64 << 10
TOPICS_BYTES = WINDOW_BYTES // 20
"""The counter counts the chunks' topics, too."""


@dataclass(frozen=True)
class Stage:
    """A server over Mosquitto, and a link that its gateways go over."""

    served: Served
    link: RoughLink
    folder: Path


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    if not has_dynamic_security():
        pytest.skip("mosquitto with its dynamic-security plugin is not installed")
    monkeypatch.setenv("TALLYLIGHT_INGEST__WINDOW_BYTES", str(WINDOW_BYTES))
    monkeypatch.setenv("TALLYLIGHT_INGEST__CHUNK_BYTES", str(CHUNK_BYTES))
    with serving("mosquitto", tmp_path) as served:
        assert served.mosquitto is not None
        with rough_link(free_port(), served.mosquitto.port) as link:
            yield Stage(served, link, tmp_path)


@pytest.fixture
def dock(stage: Stage) -> Iterator[Dock]:
    made = Dock(stage.served, stage.folder)
    send_over(made.data_dir, stage.link)
    yield made
    made.kill()
    made.log.close()


def sending(dock: Dock) -> bool:
    return bool(dock.rows("SELECT 1 FROM content WHERE state = 'sending'"))


def test_cuts_a_partition_and_a_slow_link_cost_one_window_each_at_most(stage: Stage, dock: Dock) -> None:
    dice, link = random.Random(3), stage.link
    contents = [dice.randbytes(4_000_000) for _ in range(3)]
    sizes = {clip_id_of(len(content), sha256(content).hexdigest()): len(content) for content in contents}
    counted = SentAgain(stage.folder / "agent.log", lambda upload: link.sent_bytes[upload], sizes)
    dock.put(*contents)
    link.rate_bytes_s, link.delay_s = 300_000, 0.02  # 16 KiB pieces, each of them late
    dock.start()
    assert until(lambda: sending(dock), 60)
    time.sleep(1)
    link.rate_bytes_s, link.delay_s = 3_000_000, 0.0
    for _ in range(3):
        assert until(lambda: sending(dock), 60)
        time.sleep(dice.uniform(0.1, 0.4))
        link.reset()
        time.sleep(0.5)
    assert until(lambda: sending(dock), 60)
    link.close_door()
    time.sleep(1)
    link.reset()  # who comes back from another address is unknown to whatever lies between
    link.open()
    link.rate_bytes_s = None
    assert_all_is_kept(dock, contents)
    counted.read_log()
    assert len(counted.costs_bytes) > len(contents), "no upload was interrupted"
    assert max(counted.costs_bytes) <= WINDOW_BYTES + TOPICS_BYTES, counted.told(WINDOW_BYTES)


def test_bytes_that_change_on_the_way_are_sent_again_and_never_sealed(stage: Stage, dock: Dock) -> None:
    contents = [random.Random(seed).randbytes(2_000_000) for seed in range(3)]
    dock.put(*contents)
    stage.link.rate_bytes_s = 3_000_000
    dock.start()
    assert until(lambda: sending(dock), 60)
    stage.link.flip_chance = 0.05
    assert until(lambda: stage.link.flipped >= 5, 30)
    stage.link.flip_chance = 0.0
    assert_all_is_kept(dock, contents)


def test_a_link_that_fell_silent_for_good_is_given_up_and_a_new_one_goes_on_where_the_server_says(stage: Stage) -> None:
    gateway, content = ScriptedGateway(stage.served.context), random.Random(5).randbytes(1_500_000)
    stage.served.broker.gateways_changed()
    login = BrokerLogin(f"mqtt://127.0.0.1:{stage.link.port}", gateway.gateway_id, gateway.answer.broker.password)
    subscription = [f"tl/v1/down/{gateway.gateway_id}/#"]
    gateway.link = MqttLink(login, subscription, on_message=gateway.hear_bytes, keepalive_s=2, retry_s=(0.1, 0.5))
    gateway.start()
    manifest = gateway.manifest(content)
    gateway.offer(manifest)
    grant = gateway.hear(DownKind.GRANT)
    for index in range(4):
        gateway.send_chunk(grant, content, index)
    held = gateway.hear(DownKind.HAVE).held
    connections = stage.link.connections
    stage.link.black_hole()
    gateway.send_chunk(grant, content, 5)
    assert until(lambda: stage.link.connections > connections, 20)
    assert gateway.link.wait_connected(20)
    gateway.offer(manifest)
    again = gateway.hear(DownKind.GRANT)
    assert again.upload > grant.upload
    assert sum(end - start for start, end in again.held) >= sum(end - start for start, end in held)
    assert isinstance(gateway.upload(content, manifest), Receipt)
    gateway.link.stop()
