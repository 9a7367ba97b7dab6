"""Whatever a broker loses, doubles, shuffles, repeats or changes: one seal for each content, each byte as it was."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from bench import Bench, clip_of, content_of
from blake3 import blake3
from fault_stage.places import CHUNK_BYTES, Places, feed, make_places
from fault_stage.promises import Kind, read_promises
from fault_stage.rough_way import CHANGES, Harm, RoughWay
from fault_stage.way_checks import broken_at_end, broken_at_start

from edge.contract.messages import Receipt
from edge.contract.topics import ChunkTopic, DownKind

ROUNDS = 60
SIZES = (1, CHUNK_BYTES - 1, CHUNK_BYTES, 3 * CHUNK_BYTES + 7, 6 * CHUNK_BYTES)
STORIES = [*((1, frozenset({harm})) for harm in Harm), *((seed, frozenset(Harm)) for seed in (2, 3))]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    made = Places.below(tmp_path)
    make_places(made)
    return made


@pytest.mark.parametrize(
    ("seed", "harms"), STORIES, ids=lambda one: one if isinstance(one, int) else "+".join(sorted(one))
)
def test_a_carrier_that_harms_messages_costs_time_alone(places: Places, seed: int, harms: frozenset[Harm]) -> None:
    dice = random.Random(seed)
    for number, size_bytes in enumerate(SIZES):
        feed(places, f"K-01_20261101T000000_000{number}.mp4", dice.randbytes(size_bytes))
    way = RoughWay(places, start=1, dice=dice, harms=harms)
    for _ in range(ROUNDS):
        way.round()
    assert sum(way.done.values()) > 0
    way.harms = frozenset()
    assert way.run()
    promises = list(read_promises(places.book))
    assert {promise.clip_id for promise in promises if promise.kind is Kind.RECEIPTED} == {
        promise.clip_id for promise in promises if promise.kind is Kind.LANDED
    }
    assert broken_at_start(promises, way, places) == []
    assert broken_at_end(way, places) == []


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """One server for all changes."""
    return Bench(tmp_path_factory.mktemp("shared") / "server")


@pytest.mark.parametrize("change", CHANGES)
def test_a_chunk_that_is_changed_on_its_way_never_counts(shared: Bench, change: str) -> None:
    bench, name = shared, f"north {list(CHANGES).index(change)}"
    gateway, content = bench.gateway(name), content_of(200_000, seed=100 + list(CHANGES).index(change))
    gateway.offer(gateway.manifest(content))
    grant = gateway.hear(DownKind.GRANT)
    chunk = content[: grant.chunk_bytes]
    topic = ChunkTopic(grant.worker, gateway.gateway_id, grant.upload, 0, blake3(chunk).hexdigest(8))
    gateway.publish_chunk(*CHANGES[change](random.Random(1), topic, chunk))
    bench.work()
    assert clip_of(bench, content).held_json == "[]"
    assert clip_of(bench, content).receipt is None
    assert isinstance(gateway.upload(content), Receipt)
    stored = bench.context.clip_files.final_path(clip_of(bench, content).clip_id)
    assert stored.read_bytes() == content


def test_a_chunk_with_other_bytes_and_a_check_that_fits_them_is_found_by_the_hash_of_the_whole(bench: Bench) -> None:
    gateway, content = bench.gateway(), content_of(200_000)
    gateway.offer(gateway.manifest(content))
    grant = gateway.hear(DownKind.GRANT)
    for index in range(-(-len(content) // grant.chunk_bytes)):
        chunk = content[index * grant.chunk_bytes : (index + 1) * grant.chunk_bytes]
        chunk = b"x" + chunk[1:] if index == 0 else chunk
        topic = ChunkTopic(grant.worker, gateway.gateway_id, grant.upload, index, blake3(chunk).hexdigest(8))
        gateway.publish_chunk(replace(topic), chunk)
    bench.work()
    assert clip_of(bench, content).receipt is None
    assert isinstance(gateway.upload(content), Receipt)
